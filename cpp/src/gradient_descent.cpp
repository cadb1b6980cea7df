// Gradient descent x <- x - a_k g: a_k constant, 1/L, a_0 / (k + 1), exact on quadratics (g'g / g'Hg), by Armijo or
// strong Wolfe searches, or of Barzilai and Borwein: s's / s'y and s'y / y'y in turn, accepted when f falls below the
// largest of the last ten values (Raydan, SIAM J. Optim. 7 (1997) 26). O(dim) an iteration.
#include <algorithm>

#include "steep/first_order.hpp"
#include "steep/line_search.hpp"

namespace steep {
namespace {

constexpr Index default_iterations = 10000;

double inverse_lipschitz(Objective& f) {
  const Constant L = f.lipschitz();
  if (!L.known || !(L.value > 0))
    throw std::invalid_argument("step_size must be a number or a line search, got '1/L' for " + f.name() +
                                ", whose Lipschitz constant is not known");
  return 1 / L.value;
}

}  // namespace

void GradientDescent::fixed_steps(Run& run, const double* x0) {
  Objective& f = run.objective();
  const Index n = f.dim();
  Vector x(x0, x0 + n), g(n), Hg(n);
  double size = size_;
  if (rule_ == StepRule::lipschitz || (rule_ == StepRule::diminishing && size == 0)) size = inverse_lipschitz(f);
  double fun = run.start(x, g);
  for (Index k = 0;; ++k) {
    double a = size;
    if (rule_ == StepRule::diminishing) a = size / static_cast<double>(k + 1);
    if (rule_ == StepRule::exact) {
      run.hessian_product(x, g, Hg);
      const double bend = dot(g, Hg);
      if (!(bend > 0)) {
        Vector down(n);
        for (Index i = 0; i < n; ++i) down[i] = -g[i];
        run.unbounded_along(std::move(down), "The quadratic is unbounded below along the negative gradient.");
      }
      a = dot(g, g) / bend;
    }
    axpy(-a, g, x);
    fun = run.evaluate(x, &g);
    run.step(x, fun, g, a);
  }
}

void GradientDescent::searched_steps(Run& run, const double* x0) {
  const Index n = run.objective().dim();
  Vector x(x0, x0 + n), g(n), d(n);
  double fun = run.start(x, g), first = first_step(fun, g);
  LineSearch line(run, n);
  LineSearchOptions options;
  options.c2 = 0.5;
  for (;;) {
    for (Index i = 0; i < n; ++i) d[i] = -g[i];
    const bool moved = rule_ == StepRule::armijo ? line.armijo(x, fun, g, d, first, options)
                                                 : line.strong_wolfe(x, fun, g, d, first, options);
    if (!moved) run.line_search_failed();
    const double slope = dot(g, g);
    x.swap(line.x);
    g.swap(line.g);
    fun = line.fun;
    run.step(x, fun, g, line.step);
    // Armijo may only shrink: start from twice the last step. Wolfe: the same first-order decrease as last time.
    first = rule_ == StepRule::armijo ? 2 * line.step : std::min(line.step * slope / dot(g, g), 10 * line.step);
  }
}

void GradientDescent::barzilai_borwein(Run& run, const double* x0) {
  constexpr std::size_t window = 10;
  const Index n = run.objective().dim();
  Vector x(x0, x0 + n), g(n), x1(n), g1(n), recent;
  double fun = run.start(x, g), a = first_step(fun, g);
  recent.push_back(fun);
  for (Index k = 0;; ++k) {
    const double reference = *std::max_element(recent.begin(), recent.end()), gg = dot(g, g);
    const double noise = 1e-13 * std::abs(reference);
    double fun1 = NAN;
    for (int trial = 0;; ++trial) {
      for (Index i = 0; i < n; ++i) x1[i] = x[i] - a * g[i];
      fun1 = run.evaluate(x1, &g1);
      if (fun1 == -INFINITY) break;
      const bool finite = std::isfinite(fun1) && all_finite(g1);
      if (finite && fun1 <= reference - 1e-4 * a * gg + noise) break;
      if (trial == 40) run.line_search_failed();
      const double quadratic = finite ? a * a * gg / (2 * (fun1 - fun + a * gg)) : 0;
      a = std::clamp(quadratic, 0.1 * a, 0.5 * a);
    }
    double ss = 0, sy = 0, yy = 0;
    for (Index i = 0; i < n; ++i) {
      const double s = x1[i] - x[i], y = g1[i] - g[i];
      ss += s * s, sy += s * y, yy += y * y;
    }
    x.swap(x1);
    g.swap(g1);
    fun = fun1;
    run.step(x, fun, g, a);
    if (recent.size() < window)
      recent.push_back(fun);
    else
      recent[static_cast<std::size_t>(k + 1) % window] = fun;
    a = sy > 0 ? (k % 2 ? ss / sy : sy / yy) : 10 * a;
    if (!std::isfinite(a) || !(a > 0)) a = first_step(fun, g);
  }
}

Result GradientDescent::solve(Objective& f, const double* x0, const SolveOptions& options) {
  if (rule_ == StepRule::exact && !(f.is_quadratic() && f.has_hessian_product()))
    throw std::invalid_argument("step_size 'exact' needs a quadratic objective, and " + f.name() + " is not");
  Run run(f, options, {}, default_iterations);
  return run.guard([&] {
    switch (rule_) {
      case StepRule::armijo:
      case StepRule::wolfe:
        return searched_steps(run, x0);
      case StepRule::barzilai_borwein:
        return barzilai_borwein(run, x0);
      default:
        return fixed_steps(run, x0);
    }
  });
}

}  // namespace steep
