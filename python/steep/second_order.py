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
wins while p is small and the fit is to be exact. ``bench/crossover.py`` measures where that ends.
"""
