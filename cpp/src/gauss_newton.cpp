// Gauss-Newton: x <- x + a p, p = -J^+ r, the step of least norm where J is rank-deficient. Full steps when `pure`,
// else halved until f falls by a ten-thousandth of what its slope promises.
#include <algorithm>
#include <cmath>

#include "steep/least_squares.hpp"

namespace steep {

Result GaussNewton::solve(Objective& f, const double* x0, const SolveOptions& options) {
  if (!f.has_gauss_newton())
    throw std::invalid_argument("method gauss_newton needs residuals, and " + f.name() + " has none");
  Run run(f, options);
  if (!pure_) run.watch_for_stall();
  return run.guard([&] {
    const Index n = f.dim();
    Vector x(x0, x0 + n), x1(n), p(n), D(n, 1.0);
    GaussNewtonModel model(f, factorization_);
    double fun = model.linearize(run, x);
    ++run.result().nfev;
    run.start(x, fun, model.gradient(), run.optimality(x, model.gradient()));
    for (;;) {
      for (Index i = 0; i < n; ++i) D[i] = model.norms()[i] > 0 ? model.norms()[i] : 1;
      model.prepare(D, {});
      if (model.rank() < n) {  // of least norm in x itself, not in scaled variables
        D.assign(n, 1.0);
        model.prepare(D, {});
      }
      const bool regular = model.step(0, p);
      if (!all_finite(p) || (!regular && !model.stores_jacobian()))
        run.fail(Status::singular, "J'J is singular: use Levenberg-Marquardt.");
      const double slope = dot(model.gradient(), p);
      double a = 1, fun1 = NAN;
      for (int halvings = 0;; ++halvings, a *= 0.5) {
        for (Index i = 0; i < n; ++i) x1[i] = x[i] + a * p[i];
        if (x1 == x) run.line_search_failed();
        fun1 = run.evaluate(x1, nullptr);
        if (pure_ || fun1 <= fun + 1e-4 * a * slope) break;
        // A decrease within the rounding of f: the gradient judges.
        if (std::abs(fun1 - fun) <= 1e-14 * fun && -a * slope <= 1e-12 * fun) break;
        if (halvings >= 60) run.line_search_failed();
      }
      x.swap(x1);
      fun = model.linearize(run, x);
      run.step(x, fun, model.gradient(), a);
    }
  });
}

}  // namespace steep
