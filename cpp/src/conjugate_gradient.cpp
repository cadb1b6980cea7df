// Nonlinear conjugate gradients: d = -g + b d, b = max(0, g'(g - g_before) / g_before'g_before) (Polak and Ribiere, "PR+"),
// strong Wolfe with c2 = 0.1; on quadratics the exact step, so that at most dim iterations are needed. A direction that does
// not descend, or gradients far from orthogonal (Powell), restart with -g. O(dim) an iteration.
#include <algorithm>

#include "steep/first_order.hpp"
#include "steep/line_search.hpp"
#include "steep/second_order.hpp"

namespace steep {

Result ConjugateGradient::solve(Objective& f, const double* x0, const SolveOptions& options) {
  Run run(f, options);
  run.watch_for_stall();
  run.will_refine();  // where forward ones tell no more, a run by central ones follows
  return run.guard([&] {
    const Index n = f.dim();
    const bool quadratic = f.is_quadratic() && f.has_hessian_product();
    Vector x(x0, x0 + n), g(n), d(n), before(n), Hd(quadratic ? n : 0);
    double fun = run.start(x, g), first = first_step(fun, g);
    LineSearch line(run, n);
    if (!quadratic) end_by_regions(run, x, g, fun);
    LineSearchOptions search;
    search.c2 = 0.1;
    for (Index i = 0; i < n; ++i) d[i] = -g[i];
    bool plain = true;
    for (;;) {
      const double slope = dot(g, d);
      double step = 0;
      before = g;
      if (quadratic) {
        run.hessian_product(x, d, Hd);
        const double bend = dot(d, Hd);
        if (!(bend > 0)) {
          if (plain || bend < 0) run.unbounded_along(d, "The quadratic is unbounded below along res.direction.");
          run.line_search_failed();
        }
        step = -slope / bend;
        axpy(step, d, x);
        fun = run.evaluate(x, &g);
      } else {
        if (!line.strong_wolfe(x, fun, g, d, first, search)) {
          if (plain) run.line_search_failed();
          for (Index i = 0; i < n; ++i) d[i] = -g[i];
          plain = true;
          first = first_step(fun, g);
          continue;
        }
        step = line.step;
        x.swap(line.x);
        g.swap(line.g);
        fun = line.fun;
      }
      run.step(x, fun, g, step);
      const double gg = dot(g, g), old = dot(before, before), across = dot(g, before);
      double b = std::max(0.0, (gg - across) / old);
      if (std::abs(across) >= 0.5 * gg && !quadratic) b = 0;
      for (Index i = 0; i < n; ++i) d[i] = -g[i] + b * d[i];
      double next_slope = dot(g, d);
      plain = b == 0;
      if (!(next_slope < 0)) {
        for (Index i = 0; i < n; ++i) d[i] = -g[i];
        next_slope = -gg;
        plain = true;
      }
      first = std::min(step * slope / next_slope, 100 * step);  // the same first-order decrease as last time
      if (!(first > 0) || !std::isfinite(first)) first = first_step(fun, g);
    }
  });
}

}  // namespace steep
