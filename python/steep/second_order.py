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
``mapminmax``, ``mapstd``          ``net.fit_scaling(X, y, steep.MinMax())``, ``steep.Standardize()``: part of predict
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
>>> net.fit_scaling(x, t, steep.MinMax())  # mapminmax
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
wins while p is small and the fit is to be exact. ``bench/crossover.py`` on two cores, two seconds a method, medians of
three seeds (milliseconds until each first had what the worst of the three ended at, where each ended, and of how many
seeds it was first):

==============================  ====  ===========================  =======================  =======
network                         p     ms: LM, L-BFGS, Adam         end: LM, L-BFGS, Adam    first
==============================  ====  ===========================  =======================  =======
Friedman, 5,000 rows, 5-5-1       36    86,   70, 1805             5.0e-4, 4.3e-4, 8.8e-4   1, 2, 0
5-20-1                           141    53,  269, 1959             9.5e-9, 8.2e-7, 1.4e-5   3, 0, 0
5-60-1                           421   220,  486, 1946             4.2e-9, 5.2e-7, 8.7e-6   3, 0, 0
5-150-1                         1051  1624,  895, 1966             3.0e-6, 5.9e-6, 2.8e-5   0, 3, 0
5-400-1                         2801  2216,   91,   97             1.1e-1, 1.4e-4, 7.1e-5   0, 3, 0
digits, 1,797 rows, 64-3-10      235  1509,   77, 1633             0.298, 0.290, 0.294      0, 3, 0
64-8-10                          610  2055,   37,  393             0.034, 0.032, 0.032      0, 3, 0
64-16-10                        1210  2275,    3,    6             0.200, 0.023, 0.024      0, 3, 0
64-32-10                        2410  2807,    2,    2             1.51, 0.020, 0.021       0, 0, 3
==============================  ====  ===========================  =======================  =======

On regression it was first for every seed between about 100 and 400 parameters, and ended two orders of magnitude lower.
At 36 L-BFGS is level with it; at 1,000 it still ends lowest, but later than L-BFGS has a good fit; beyond, take L-BFGS
or Adam. On classification with ten outputs it never was first: k multiplies its cost, and a cross-entropy is not to
be fitted exactly. Take L-BFGS there.

Where the matrix is too large, products with it are not: a Hessian-vector product (``Risk.hessian_product``) costs 1.5
to 1.7 gradients, a Gauss-Newton one (``Risk.gauss_newton_product``) 1.5 (784-100-10, 4,096 rows, float32 and float64),
and ``optimizer="newton_cg"`` needs nothing else.
"""
