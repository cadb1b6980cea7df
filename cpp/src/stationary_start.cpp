// The start of methods that have a Hessian H, where the gradient vanishes there: it may be a maximum or a saddle. H with a
// small shift is factored; where that fails, its pivot gives v with v'Hv < 0, along which f falls from any stationary
// point. O(dim^3 / 3), and only then.
#include <algorithm>

#include "steep/factor.hpp"
#include "steep/run.hpp"
#include "steep/second_order.hpp"

namespace steep {

double start_with_hessian(Run& run, Vector& x, Vector& g, double extra) {
  Objective& f = run.objective();
  const Index n = f.dim();
  double fun = run.begin(x, g, extra);
  if (run.optimality(x, g) <= run.threshold() && !f.is_convex() && f.has_hessian() && run.limit() > 0) {
    Vector H(n * n), v(n), x1(n), g1(n);
    run.hessian(x, H.data());
    Factor factor(n, f.threads());
    const double shift = 1e-8 * matrix_bounds(H.data(), n).frobenius;
    if (all_finite(H) && shift > 0 && !factor.factor(H.data(), shift) &&
        factor.negative_direction(H.data(), shift, v) <= 0) {
      const double size = std::max(1.0, norm2(x)) / norm2(v);
      for (double step = size; step > 1e-8 * size; step *= 0.5) {
        for (const double t : {step, -step}) {
          for (Index i = 0; i < n; ++i) x1[i] = x[i] + t * v[i];
          const double fun1 = run.evaluate(x1, nullptr);
          if (!(fun1 < fun - 1e-13 * std::abs(fun))) continue;
          fun1 == -INFINITY ? std::fill(g1.begin(), g1.end(), 0.0) : (void)run.evaluate(x1, &g1);
          if (!all_finite(g1)) continue;
          x.swap(x1), g.swap(g1), fun = fun1;
          run.step(x, fun, g, step, extra);
          return fun;
        }
      }
      run.fail(Status::not_positive_definite,
               "The start is stationary but no minimum: the Hessian has a direction of negative curvature.");
    }
  }
  run.stop_at_start();
  return fun;
}

}  // namespace steep
