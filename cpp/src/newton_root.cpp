// Newton's method for roots: x <- x - a J(x)^-1 r(x). The step comes from a QR of J with column pivoting, which names a
// singular J; a is halved until ||r|| falls by (1 - 1e-4 a). O(n^3) an iteration.
#include <algorithm>
#include <cmath>

#include "steep/least_squares.hpp"

namespace steep {

Result NewtonRoot::solve(Objective& f, const double* x0, const SolveOptions& options) {
  if (!f.has_jacobian() || f.residual_count() != f.dim())
    throw std::invalid_argument("method newton_root needs as many residuals as variables, got " +
                                std::to_string(f.residual_count()) + " and " + std::to_string(f.dim()));
  Run run(f, options, {}, 200);
  return run.guard([&] {
    const Index n = f.dim();
    Vector x(x0, x0 + n), x1(n), p(n), D(n, 1.0);
    GaussNewtonModel model(f, Factorization::qr);
    const auto size = [&] { return model.residuals().size() ? model.residuals().lpNorm<Eigen::Infinity>() : 0.0; };
    run.measure("largest residual");
    const auto certify = [&] { run.certify("residual_norm", size(), INFINITY); };
    double fun = model.linearize(run, x);
    ++run.result().nfev;
    certify();
    run.start(x, fun, model.gradient(), size());  // the measure is the largest |r_i|, not the gradient J'r
    for (;;) {
      for (Index i = 0; i < n; ++i) D[i] = model.norms()[i] > 0 ? model.norms()[i] : 1;
      model.prepare(D, {});
      if (!model.step(0, p))
        run.fail(Status::singular,
                 "The Jacobian is singular: rank " + std::to_string(model.rank()) + " of " + std::to_string(n) + ".");
      double a = 1;
      for (int halvings = 0;; ++halvings, a *= 0.5) {
        for (Index i = 0; i < n; ++i) x1[i] = x[i] + a * p[i];
        const double fun1 = run.evaluate(x1, nullptr);
        if (pure_ || fun1 <= (1 - 2e-4 * a) * fun) break;
        // Steps of nothing but the rounding of x: there is no better point.
        if (model.scaled_norm(p) <= 1e-12 * std::sqrt(2 * fun) || x1 == x || halvings >= 50) {
          if (halvings == 0 || norm2(p) <= std::max(xtol_, 1e-12) * norm2(x))
            run.fail(Status::converged, "Converged: the step is rounding of x.");
          run.fail(Status::line_search_failed,
                   "No step along Newton's direction decreases ||r||: the Jacobian is nearly "
                   "singular, or there is no root nearby.");
        }
      }
      const double length = norm2(p), reach = norm2(x), before = size();
      x.swap(x1);
      fun = model.linearize(run, x);
      certify();
      run.step_with(x, fun, model.gradient(), size(), a);
      // A small step of large variables says nothing of small ones, but for the residuals that it left.
      if (a == 1 && length <= xtol_ * reach && size() <= 1e-4 * before)
        run.fail(Status::converged, "Converged: the relative step is at most xtol.");
    }
  });
}

}  // namespace steep
