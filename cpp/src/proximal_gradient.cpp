// Proximal gradient, x+ = P(S(y - t g(y), t l1)) with P the projection onto bounds, and its acceleration FISTA,
// y = x_k + b_k (x_k - x_{k-1}), b_k = (t_k - 1) / t_{k+1} (Beck and Teboulle, SIAM J. Imaging Sci. 2 (2009) 183),
// restarted whenever (y - x_{k+1})'(x_{k+1} - x_k) > 0 (O'Donoghue and Candes, Found. Comput. Math. 15 (2015) 715).
// Where L is unknown the step is halved until f(x+) <= f(y) + g'(x+ - y) + ||x+ - y||^2 / (2 t), and may grow again.
// The gradient of a quadratic at y is a combination of two known ones: one evaluation an iteration, else two.
#include <algorithm>

#include "steep/line_search.hpp"
#include "steep/linear_model.hpp"
#include "steep/nonsmooth.hpp"

namespace steep {
namespace {

constexpr double rounding = 1e-13;  // of f, relative

// l1 ||x||_1
double penalty(const double* l1, const Vector& x) {
  double sum = 0;
  if (l1)
    for (std::size_t i = 0; i < x.size(); ++i) sum += l1[i] * std::abs(x[i]);
  return sum;
}

// What duality says of the end point of a linear model: f less the least value is at most this.
double bound_at(Objective& f, const Vector& x) {
  const std::unique_ptr<LinearModel> model = linear_model_of(f);
  if (!model || !f.has_gradient()) return INFINITY;
  Vector z, correlations(x.size());
  Slopes at;
  model->evaluate(x.data(), z, at, correlations.data());
  const double gap = duality_gap(*model, model->l1(), x.data(), z, at, correlations);
  return std::isfinite(gap) ? gap : INFINITY;
}

}  // namespace

Result ProximalGradient::solve(Objective& f, const double* x0, const SolveOptions& options) {
  Run run(f, options, {}, 10000);
  Result result = run.guard([&] {
    const Index n = f.dim();
    const double *l1 = f.l1(), *low = options.lower, *high = options.upper;
    const Constant L = step_size_ > 0 ? Constant{} : f.lipschitz();
    const bool backtracking = !(step_size_ > 0) && !(L.known && L.value > 0),
               quadratic = f.is_quadratic() && !low && !high;
    Vector x(x0, x0 + n), g(n), y, gy, x1(n), g1(n), before, g_before;
    for (Index i = 0; i < n; ++i) {
      if (low) x[i] = std::max(x[i], low[i]);
      if (high) x[i] = std::min(x[i], high[i]);
    }
    double smooth = run.evaluate(x, &g);
    run.start(x, smooth + penalty(l1, x), g, run.optimality(x, g));
    double t = step_size_ > 0 ? step_size_ : backtracking ? first_step(smooth, g) : 1 / L.value, momentum = 1;
    y = before = x, gy = g_before = g;
    double smooth_y = smooth;
    for (;;) {
      double smooth1 = 0, square = 0, change = 0;
      for (int trial = 0;; ++trial) {
        square = change = 0;
        for (Index i = 0; i < n; ++i) {
          double moved = y[i] - t * gy[i];
          if (l1) moved = soft_threshold(moved, t * l1[i]);
          if (low) moved = std::max(moved, low[i]);
          if (high) moved = std::min(moved, high[i]);
          x1[i] = moved;
          square += (moved - y[i]) * (moved - y[i]);
          change += gy[i] * (moved - y[i]);
        }
        smooth1 = run.evaluate(x1, &g1);
        if (!backtracking) break;
        const double noise = rounding * std::abs(smooth_y);
        double curved = smooth1 - smooth_y - change;
        if (std::abs(curved) <= noise) {  // half the change of slope says it without cancellation
          curved = 0;
          for (Index i = 0; i < n; ++i) curved += 0.5 * (g1[i] - gy[i]) * (x1[i] - y[i]);
        }
        if (std::isfinite(smooth1) && curved <= square / (2 * t) * (1 + 1e-10)) {
          if (curved < 0.25 * square / (2 * t)) t *= 1.5;  // for the next step
          break;
        }
        if (trial == 60) run.line_search_failed();
        t *= 0.5;
      }
      double turned = 0;
      for (Index i = 0; i < n; ++i) turned += (y[i] - x1[i]) * (x1[i] - x[i]);
      before.swap(x), g_before.swap(g);
      x.swap(x1), g.swap(g1), smooth = smooth1;
      run.step_with(x, smooth + penalty(l1, x), g, run.optimality(x, g), t);
      double b = 0;
      if (accelerate_) {
        const double next = 0.5 * (1 + std::sqrt(1 + 4 * momentum * momentum));
        b = (momentum - 1) / next;
        momentum = next;
        if (restart_ && turned > 0) b = 0, momentum = 1;
      }
      for (Index i = 0; i < n; ++i) {
        y[i] = x[i] + b * (x[i] - before[i]);
        if (low) y[i] = std::max(y[i], low[i]);
        if (high) y[i] = std::min(y[i], high[i]);
      }
      if (b == 0) {
        gy = g, smooth_y = smooth;
      } else if (quadratic) {
        // f(x + b s) = f(x) + b g's + b^2/2 s'(g - g_before)
        double slope = 0, curve = 0;
        for (Index i = 0; i < n; ++i) {
          const double s = x[i] - before[i];
          gy[i] = g[i] + b * (g[i] - g_before[i]);
          slope += g[i] * s;
          curve += s * (g[i] - g_before[i]);
        }
        smooth_y = smooth + b * slope + 0.5 * b * b * curve;
      } else {
        smooth_y = run.evaluate(y, &gy);
        if (!std::isfinite(smooth_y) || !all_finite(gy)) {
          if (!backtracking) run.fail(Status::diverged, "The iterates diverged. Try a smaller step size.");
          y = x, gy = g, smooth_y = smooth, momentum = 1;
        }
      }
    }
  });
  if (!options.lower && !options.upper && !std::isfinite(result.suboptimality_bound))
    result.suboptimality_bound = bound_at(f, result.x);
  return result;
}

}  // namespace steep
