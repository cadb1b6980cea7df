// Leaving stationary points that are no minima, for methods that know H or its products. H with a small shift is factored;
// where that fails, its pivot gives v with v'Hv < 0, along which f falls from a saddle or a maximum: O(dim^3 / 3). Or v
// belongs to the least eigenvalue by Lanczos's method: some dozen products. Only where the gradient vanishes.
#include <algorithm>
#include <cstdio>

#include "least_curvature.hpp"
#include "steep/factor.hpp"
#include "steep/run.hpp"
#include "steep/second_order.hpp"

namespace steep {
namespace {

enum class Curvature { none, followed, hidden };  // hidden: negative, but f falls nowhere beyond its rounding

// v with v'Hv < 0, by a factor of H; false where there is none.
bool negative_by_factor(Run& run, const Vector& x, Vector& v) {
  Objective& f = run.objective();
  const Index n = f.dim();
  Vector H(n * n);
  run.hessian(x, H.data());
  Factor factor(n, f.threads());
  const double shift = 1e-8 * matrix_bounds(H.data(), n).frobenius;
  if (!all_finite(H) || !(shift > 0) || factor.factor(H.data(), shift)) return false;
  return factor.negative_direction(H.data(), shift, v) <= 0;
}

// The same by products, a quarter of those that led here and 40 at least. Where the least eigenvalue is so far above zero that
// the minimum is as good as reached, the result may say that it is one: at x^3 the step to it is as long as x.
bool negative_by_products(Run& run, const Vector& x, const Vector& g, Vector& v) {
  const int most = static_cast<int>(std::clamp<Index>(run.result().nhev / 4, 40, 100));
  LeastCurvature least = least_curvature(run, x, most);
  if (least.value < -curvature_noise * least.largest) {
    v.swap(least.direction);
    return true;
  }
  const double surely = least.value - least.error;
  if (surely > curvature_noise * least.largest && norm2(g) <= 1e-6 * surely * std::max(1.0, norm2(x))) {
    char text[128];
    std::snprintf(text, sizeof text,
                  "A minimum: the least eigenvalue of the Hessian is about %.3g (Lanczos, %d products).", least.value,
                  least.products);
    run.note_of_convergence(text);
  }
  return false;
}

// Follows a direction of negative curvature from the stationary point x, as a step of the run.
Curvature follow_curvature(Run& run, Vector& x, Vector& g, double& fun, double extra, Seen by) {
  Objective& f = run.objective();
  const Index n = f.dim();
  Vector v(n), x1(n), g1(n);
  if (!(by == Seen::by_factor ? negative_by_factor(run, x, v) : negative_by_products(run, x, g, v)))
    return Curvature::none;
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

bool may_curve_down(Run& run, const Vector& x, const Vector& g, double fun, Seen by) {
  const Objective& f = run.objective();
  const bool told = by == Seen::by_factor ? f.has_hessian() : f.has_hessian_product();
  return run.optimality(x, g) <= run.threshold() && run.resolved(x, fun) && !f.is_convex() && told;
}

}  // namespace

double start_with_hessian(Run& run, Vector& x, Vector& g, double extra, Seen by) {
  double fun = run.begin(x, g, extra);
  if (may_curve_down(run, x, g, fun, by) && run.limit() > 0) {
    const Curvature found = follow_curvature(run, x, g, fun, extra, by);
    if (found == Curvature::followed) return fun;
    if (found == Curvature::hidden)
      run.fail(Status::not_positive_definite,
               "The start is stationary but no minimum: the Hessian has a direction of negative curvature.");
  }
  run.stop_at_start();
  return fun;
}

bool leave_saddle(Run& run, Vector& x, Vector& g, double& fun, double extra, Seen by) {
  return may_curve_down(run, x, g, fun, by) && follow_curvature(run, x, g, fun, extra, by) == Curvature::followed;
}

}  // namespace steep
