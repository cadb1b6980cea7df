// Leaving stationary points that are no minima, for methods that have a Hessian H: H with a small shift is factored; where
// that fails, its pivot gives v with v'Hv < 0, along which f falls from a saddle or a maximum. O(dim^3 / 3), and only where
// the gradient vanishes.
#include <algorithm>

#include "steep/factor.hpp"
#include "steep/run.hpp"
#include "steep/second_order.hpp"

namespace steep {
namespace {

enum class Curvature { none, followed, hidden };  // hidden: negative, but f falls nowhere beyond its rounding

// Follows a direction of negative curvature from the stationary point x, as a step of the run.
Curvature follow_curvature(Run& run, Vector& x, Vector& g, double& fun, double extra) {
  Objective& f = run.objective();
  const Index n = f.dim();
  Vector H(n * n), v(n), x1(n), g1(n);
  run.hessian(x, H.data());
  Factor factor(n, f.threads());
  const double shift = 1e-8 * matrix_bounds(H.data(), n).frobenius;
  if (!all_finite(H) || !(shift > 0) || factor.factor(H.data(), shift)) return Curvature::none;
  if (!(factor.negative_direction(H.data(), shift, v) <= 0)) return Curvature::none;
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
      return Curvature::followed;
    }
  }
  return Curvature::hidden;
}

bool may_curve_down(Run& run, const Vector& x, const Vector& g) {
  const Objective& f = run.objective();
  return run.optimality(x, g) <= run.threshold() && !f.is_convex() && f.has_hessian();
}

}  // namespace

double start_with_hessian(Run& run, Vector& x, Vector& g, double extra) {
  double fun = run.begin(x, g, extra);
  if (may_curve_down(run, x, g) && run.limit() > 0) {
    const Curvature found = follow_curvature(run, x, g, fun, extra);
    if (found == Curvature::followed) return fun;
    if (found == Curvature::hidden)
      run.fail(Status::not_positive_definite,
               "The start is stationary but no minimum: the Hessian has a direction of negative curvature.");
  }
  run.stop_at_start();
  return fun;
}

bool leave_saddle(Run& run, Vector& x, Vector& g, double& fun, double extra) {
  return may_curve_down(run, x, g) && follow_curvature(run, x, g, fun, extra) == Curvature::followed;
}

}  // namespace steep
