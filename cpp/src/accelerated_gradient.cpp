// Nesterov's accelerated gradient: y = x_k + b_k (x_k - x_{k-1}), x_{k+1} = y - grad f(y) / L, with
// b_k = (t_k - 1) / t_{k+1}, t_{k+1} = (1 + sqrt(1 + 4 t_k^2)) / 2, or (sqrt(kappa) - 1) / (sqrt(kappa) + 1) when
// strongly convex. Restart: t = 1 whenever grad f(y)'(x_{k+1} - x_k) > 0 (O'Donoghue and Candes, Found. Comput. Math.
// 15 (2015) 715). Where L is unknown it is doubled until f(x_{k+1}) <= f(y) - ||grad f(y)||^2 / (2 L). Two gradients an
// iteration: at y, and at x, of which the trace and the certificate speak. Heavy ball (Polyak) is here too.
#include <algorithm>

#include "steep/first_order.hpp"
#include "steep/line_search.hpp"

namespace steep {

Result AcceleratedGradient::solve(Objective& f, const double* x0, const SolveOptions& options) {
  Run run(f, options, {}, 10000);
  return run.guard([&] {
    const Index n = f.dim();
    const Constant L = step_size_ > 0 ? Constant{} : f.lipschitz();
    double momentum = 0;
    if (strongly_convex_) {
      const Constant mu = f.strong_convexity();
      const double top = step_size_ > 0 ? 1 / step_size_ : L.value;
      if (!mu.known || !(mu.value > 0) || !(top > 0))
        throw std::invalid_argument(
            "variant 'strongly_convex' needs a positive strong convexity and a Lipschitz constant of " + f.name() +
            ", which are not known");
      const double root = std::sqrt(top / mu.value);
      momentum = (root - 1) / (root + 1);
    }
    const bool backtracking = !(step_size_ > 0) && !(L.known && L.value > 0);
    Vector x(x0, x0 + n), g(n), y(n), gy(n), x1(n), before = x;
    double fun = run.start(x, g), t = 1;
    double a = step_size_ > 0 ? step_size_ : backtracking ? first_step(fun, g) : 1 / L.value;
    gy = g;
    y = x;
    double fun_y = fun;
    for (;;) {
      const double gg = dot(gy, gy);
      double fun1;
      for (int trial = 0;; ++trial) {
        for (Index i = 0; i < n; ++i) x1[i] = y[i] - a * gy[i];
        fun1 = run.evaluate(x1, &g);
        if (!backtracking || fun1 <= fun_y - 0.5 * a * gg + 1e-13 * std::abs(fun_y)) break;
        if (trial == 60) run.line_search_failed();
        a *= 0.5;
      }
      double forward = 0;
      for (Index i = 0; i < n; ++i) forward += gy[i] * (x1[i] - x[i]);
      before.swap(x);
      x.swap(x1);
      fun = fun1;
      run.step(x, fun, g, a);
      double b = momentum;
      if (!strongly_convex_) {
        const double next = 0.5 * (1 + std::sqrt(1 + 4 * t * t));
        b = (t - 1) / next;
        t = next;
      }
      if (restart_ && forward > 0) b = 0, t = 1;
      for (Index i = 0; i < n; ++i) y[i] = x[i] + b * (x[i] - before[i]);
      if (b == 0) {
        fun_y = fun, gy = g;
      } else {
        fun_y = run.evaluate(y, &gy);
        if (!std::isfinite(fun_y) || !all_finite(gy)) {
          if (!backtracking) run.fail(Status::diverged, "The iterates diverged. Try a smaller step size.");
          y = x, fun_y = fun, gy = g, t = 1;
        }
      }
    }
  });
}

Result HeavyBall::solve(Objective& f, const double* x0, const SolveOptions& options) {
  double a = step_size_, b = momentum_;
  if (!(a > 0) || b < 0) {
    const Constant L = f.lipschitz(), mu = f.strong_convexity();
    if (!(a > 0) && !(L.known && L.value > 0))
      throw std::invalid_argument("step_size must be given for " + f.name() +
                                  ", whose Lipschitz constant is not known");
    const bool strong = mu.known && mu.value > 0 && L.known;
    const double p = strong ? std::sqrt(L.value) : 0, q = strong ? std::sqrt(mu.value) : 0;
    if (!(a > 0)) a = strong && b < 0 ? 4 / ((p + q) * (p + q)) : 1 / L.value;
    if (b < 0) b = strong ? (p - q) / (p + q) * ((p - q) / (p + q)) : 0.9;
  }
  Run run(f, options, {}, 10000);
  return run.guard([&] {
    const Index n = f.dim();
    Vector x(x0, x0 + n), g(n), v(n, 0.0);
    run.start(x, g);
    for (;;) {
      for (Index i = 0; i < n; ++i) {
        v[i] = b * v[i] - a * g[i];
        x[i] += v[i];
      }
      const double fun = run.evaluate(x, &g);
      run.step(x, fun, g, a);
    }
  });
}

}  // namespace steep
