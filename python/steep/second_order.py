r"""
Second order for networks: from MATLAB's ``trainlm`` and ``trainbr``, and when Levenberg-Marquardt wins.

From MATLAB
-----------
=================================  ================================================================================
MATLAB                             steep
=================================  ================================================================================
``fitnet(20)``                     ``steep.MLP([d, 20, 1], activation="tanh", dtype="float64",
                                   initialization="nguyen_widrow")``
``feedforwardnet([20 10])``        ``steep.MLP([d, 20, 10, 1], ...)``
``net.trainFcn = 'trainlm'``       ``optimizer=steep.LevenbergMarquardt()`` of :func:`steep.train`
``net.trainFcn = 'trainbr'``       ``optimizer=steep.BayesianRegularization()``
``net.trainFcn = 'trainscg'``      ``optimizer=steep.LBFGS()`` or ``steep.ConjugateGradient()``
``mu, mu_dec, mu_inc, mu_max``     ``steep.LevenbergMarquardt.matlab(mu=..., mu_dec=..., mu_inc=..., mu_max=...)``
``epochs, time, min_grad``         ``epochs=1000, max_time=..., tol=1e-7`` of :func:`steep.train`
``max_fail = 6``                   ``early_stopping=steep.EarlyStopping("val_loss", patience=6)``
``goal``                           a callback that returns True: ``callbacks=lambda e: e.logs["loss"] < goal``
``divideFcn = 'dividerand'``       ``validation=0.15``: rows by ``seed``; a test set is kept apart by hand
``mapminmax``, ``mapstd``          ``steep.MinMax``, ``steep.Standardize``: folded into the network's predict
``performFcn = 'mse'``             ``loss="squared_error"``, half of it; ``run.history["loss"]`` is mse / 2
``performParam.regularization``    ``penalty=steep.L2(a)``, ``a / 2`` times the sum of squared weights
``net(x)``, ``sim(net, x)``        ``net.predict(X)``, with a row an observation (MATLAB: a column)
``gamma`` of ``tr.gamk``           ``net.posterior.effective_parameters``
``num2cell``, ``parfor`` restarts  ``steep.LevenbergMarquardt(restarts=8)``, ``steep.fit_many``
``genFunction``, ``save``          ``net.save(path)``, ``steep.load(path)``; ``posterior=True`` for intervals
=================================  ================================================================================

MATLAB's

.. code-block:: matlab

    net = fitnet(10, 'trainlm');  net.trainParam.epochs = 200;  net.trainParam.max_fail = 6;
    net.divideParam.valRatio = 0.2;  net.divideParam.testRatio = 0;
    [net, tr] = train(net, x', t');  y = net(x')';

is

>>> import numpy as np, steep
>>> rng = np.random.default_rng(0)
>>> x = rng.uniform(-3, 3, size=(400, 1))
>>> t = np.sin(2 * x) + 0.05 * rng.normal(size=x.shape)
>>> net = steep.MLP([1, 10, 1], activation="tanh", dtype="float64", seed=0, initialization="nguyen_widrow")
>>> net.input_scale = 1 / 3  # mapminmax
>>> run = steep.train(
...     net, x, t, optimizer=steep.LevenbergMarquardt.matlab(), epochs=200, validation=0.2,
...     early_stopping=steep.EarlyStopping("val_loss", patience=6),
... )
>>> y = net.predict(x)
>>> bool(np.sqrt(np.mean((y - t) ** 2)) < 0.06)
True

Without ``.matlab()`` the damping follows the gain ratio (Nielsen's rule), which needs fewer trials than the fixed
factors, and standard deviations come with the fit: ``net.predict(x, return_std=True)``.

When Levenberg-Marquardt wins, and when it does not
---------------------------------------------------
A step costs about ``n k p^2`` operations for n rows, k outputs and p parameters, and ``p^3 / 3`` for its system: it
wins while p is small and the fit is to be exact. One run of ``bench/crossover.py`` on two cores, two seconds a method
(milliseconds until each first had what the last of the three ended at, and where each ended):

==============================  ====  ===========================  ===========================
network                         p     ms: LM, L-BFGS, Adam         end: LM, L-BFGS, Adam
==============================  ====  ===========================  ===========================
Friedman, 5,000 rows, 5-5-1       36    77,   73, 1725             5.0e-4, 4.3e-4, 1.3e-3
5-20-1                           141    57,  413, 1967             1.1e-7, 2.6e-6, 1.7e-5
5-60-1                           421   354,  689, 1822             8.7e-9, 5.7e-7, 7.3e-6
5-150-1                         1051  1712,  923, 1970             3.4e-6, 3.0e-6, 2.9e-5
5-400-1                         2801  2238,  103,   97             1.1e-1, 1.4e-4, 7.1e-5
digits, 1,797 rows, 64-3-10      235  2001,  137, 1572             0.298, 0.290, 0.294
64-8-10                          610  2068,   25,  448             0.034, 0.032, 0.032
64-16-10                        1210  2278,    5,    8             0.140, 0.023, 0.024
==============================  ====  ===========================  ===========================

On regression it was first between about 100 and 500 parameters, and level with L-BFGS at 36; above 1,000, take L-BFGS
or Adam. On classification with ten outputs it never was first: k multiplies its cost, and a cross-entropy is not to be
fitted exactly. Take L-BFGS there.
"""
