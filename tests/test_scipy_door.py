"""Every method as scipy.optimize.minimize(..., method=steep.X()), on SciPy's terms."""

import numpy as np
import pytest
from scipy.optimize import (
    Bounds,
    OptimizeResult,
    OptimizeWarning,
    minimize,
    rosen,
    rosen_der,
    rosen_hess,
    rosen_hess_prod,
)

import steep

X0 = np.array([-1.2, 1.0, -1.2, 1.0])
METHODS = [
    steep.BFGS(),
    steep.LBFGS(),
    steep.ConjugateGradient(),
    steep.Newton(),
    steep.TrustRegion(),
    steep.NewtonCG(),
]
IDS = [m.name for m in METHODS]


@pytest.mark.parametrize("method", METHODS, ids=IDS)
def test_answers_like_scipy(method):
    res = minimize(rosen, X0, jac=rosen_der, hess=rosen_hess, method=method)
    assert isinstance(res, OptimizeResult)
    assert res.success is True
    assert res.status == 0
    assert res.status_name == "converged"
    assert isinstance(res.message, str)
    assert np.abs(res.jac).max() <= 1e-5
    assert np.abs(rosen_der(res.x)).max() <= 1e-5
    assert min(res.nit, res.nfev, res.njev) > 0
    np.testing.assert_array_equal(X0, [-1.2, 1.0, -1.2, 1.0])


@pytest.mark.parametrize("method", METHODS, ids=IDS)
def test_without_derivatives(method):
    res = minimize(rosen, X0, method=method)
    assert res.success
    assert np.abs(rosen_der(res.x)).max() <= 1e-3


def test_hessian_products():
    res = minimize(rosen, X0, jac=rosen_der, hessp=rosen_hess_prod, method=steep.NewtonCG())
    assert res.success
    assert res.nhev > 0


def test_jac_true_is_one_call_an_evaluation():
    calls = 0

    def both(x):
        nonlocal calls
        calls += 1
        return rosen(x), rosen_der(x)

    res = minimize(both, X0, jac=True, method=steep.BFGS())
    assert res.success
    assert calls == res.nfev


@pytest.mark.parametrize("method", METHODS, ids=IDS)
def test_callbacks_of_both_styles(method):
    points, results = [], []
    minimize(rosen, X0, jac=rosen_der, hess=rosen_hess, method=method, callback=points.append)

    def keep(intermediate_result):
        results.append(intermediate_result)

    res = minimize(rosen, X0, jac=rosen_der, hess=rosen_hess, method=method, callback=keep)
    assert len(points) == len(results) == res.nit
    for x, r in zip(points, results, strict=True):
        np.testing.assert_array_equal(x, r.x)
        assert r.fun == rosen(x)


@pytest.mark.parametrize("method", METHODS, ids=IDS)
def test_stop_iteration(method):
    def stop(x):
        raise StopIteration

    res = minimize(rosen, X0, jac=rosen_der, hess=rosen_hess, method=method, callback=stop)
    assert res.nit == 1
    assert not res.success
    assert res.status_name == "interrupted"
    assert res.fun <= rosen(X0)


@pytest.mark.parametrize("bounds", [Bounds([-2] * 4, [0.5, 2, 0.5, 2]), [(-2, 0.5), (None, 2), (-2, 0.5), (-2, None)]])
def test_bounds(bounds):
    res = minimize(rosen, X0, jac=rosen_der, method=steep.LBFGS(), bounds=bounds)
    peer = minimize(rosen, X0, jac=rosen_der, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-14, "gtol": 1e-9})
    assert res.success
    np.testing.assert_allclose(res.x, peer.x, atol=1e-6)


def test_options():
    res = minimize(rosen, X0, jac=rosen_der, method=steep.BFGS(), tol=1e-2, options={"maxiter": 100})
    assert res.success
    assert res.trace["gradient_norm"][-2] > 1e-2
    assert minimize(rosen, X0, jac=rosen_der, method=steep.BFGS(), options={"maxiter": 2}).status_name == "max_iter"
    assert minimize(rosen, X0, jac=rosen_der, method=steep.BFGS(), options={"gtol": 1e-2}).nit == res.nit
    res = minimize(rosen, X0, jac=rosen_der, method=steep.BFGS(), options={"return_all": True})
    assert len(res.allvecs) == res.nit + 1
    with pytest.warns(OptimizeWarning, match="Unknown solver options: xtol"):
        minimize(rosen, X0, jac=rosen_der, method=steep.BFGS(), options={"xtol": 1})


def test_display(capsys):
    minimize(rosen, X0, jac=rosen_der, method=steep.BFGS(), options={"disp": True})
    assert "Converged" in capsys.readouterr().out


def test_args():
    res = minimize(lambda x, a: a * x @ x, [1.0, 2.0], args=(2.0,), jac=lambda x, a: 2 * a * x, method=steep.BFGS())
    assert res.success
    res = minimize(lambda x, a: a * x @ x, [1.0, 2.0], args=2.0, jac=lambda x, a: 2 * a * x, method=steep.BFGS())
    assert res.success


def test_methods_refuse_bounds_and_constraints_they_do_not_take():
    with pytest.raises(ValueError, match="does not take bounds"):
        minimize(rosen, X0, jac=rosen_der, method=steep.BFGS(), bounds=[(0, 1)] * 4)
    with pytest.raises(ValueError, match="must have no constraints"):
        minimize(rosen, X0, jac=rosen_der, method=steep.BFGS(), constraints={"type": "ineq", "fun": lambda x: x[0]})


@pytest.mark.parametrize(("peer", "method"), [("BFGS", steep.BFGS()), ("L-BFGS-B", steep.LBFGS())])
def test_rosenbrock_100_takes_no_more_evaluations(peer, method):
    x0 = np.tile([-1.2, 1.0], 50)
    extra = {"ftol": 0.0} if peer == "L-BFGS-B" else {}
    for gtol in (1e-5, 1e-8):
        theirs = minimize(rosen, x0, jac=rosen_der, method=peer, options={"gtol": gtol, "maxiter": 5000} | extra)
        ours = minimize(rosen, x0, jac=rosen_der, method=method, tol=gtol)
        assert ours.success
        assert ours.nfev <= theirs.nfev
