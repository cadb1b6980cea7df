// L-BFGS with bounds: the variables held at a bound by their gradient are left out of the recursion, and the step is
// projected, x(a) = P(x + a d), with Armijo's condition on g'(x(a) - x) (Bertsekas, SIAM J. Control Optim. 20 (1982) 221).
// O(m dim) an iteration.
#include <algorithm>

#include "pairs.hpp"
#include "steep/line_search.hpp"
#include "steep/quasi_newton.hpp"

namespace steep {

Result LBFGS::solve_bounded(Objective& f, const double* x0, const SolveOptions& options) {
  Run run(f, options, {}, std::max<Index>(200 * f.dim(), 15000));
  run.watch_for_stall();
  return run.guard([&] {
    const Index n = f.dim();
    const auto low = [&](Index i) { return options.lower ? options.lower[i] : -INFINITY; };
    const auto high = [&](Index i) { return options.upper ? options.upper[i] : INFINITY; };
    Vector x(x0, x0 + n), g(n), d(n), x1(n), g1(n), x2(n), g2(n);
    for (Index i = 0; i < n; ++i) x[i] = std::min(std::max(x[i], low(i)), high(i));
    double fun = run.start(x, g);
    Pairs pairs(pairs_for(n), n);
    std::vector<char> held(n);
    for (;;) {
      for (Index i = 0; i < n; ++i) held[i] = (x[i] <= low(i) && g[i] > 0) || (x[i] >= high(i) && g[i] < 0);
      // A direction that leaves through a bound where a variable already is holds that variable too.
      bool fresh = pairs.empty();
      for (int round = 0;; ++round) {
        fresh = fresh || round == 8;
        if (fresh)
          for (Index i = 0; i < n; ++i) {
            held[i] = (x[i] <= low(i) && g[i] >= 0) || (x[i] >= high(i) && g[i] <= 0);
            d[i] = held[i] ? 0 : -g[i];
          }
        else
          pairs.apply_free(g, held, d);
        bool grown = false;
        for (Index i = 0; i < n && !fresh; ++i)
          if (!held[i] && ((x[i] <= low(i) && d[i] < 0) || (x[i] >= high(i) && d[i] > 0))) held[i] = grown = true;
        if (!grown) break;
      }
      if (!(dot(g, d) < 0)) {
        if (fresh) run.line_search_failed();
        pairs.clear();
        continue;
      }
      double a = fresh ? first_step(fun, d) : 1, fun1 = INFINITY;
      bool accepted = false;
      const double noise = 1e-13 * std::abs(fun);
      for (int trial = 0; trial < 40 && !accepted; ++trial) {
        double slope = 0, largest = 0;
        for (Index i = 0; i < n; ++i) {
          x1[i] = std::min(std::max(x[i] + a * d[i], low(i)), high(i));
          slope += g[i] * (x1[i] - x[i]);
          largest = std::max(largest, std::abs(x1[i] - x[i]));
        }
        if (largest == 0) break;
        fun1 = run.evaluate(x1, &g1);
        const bool finite = std::isfinite(fun1) && all_finite(g1);
        if (fun1 == -INFINITY || (finite && slope < 0 && fun1 <= fun + 1e-4 * slope)) {
          accepted = true;
        } else if (finite && fun1 <= fun + noise && run.optimality(x1, g1) < run.optimality(x, g)) {
          accepted = true;
        } else {
          const double quadratic = finite && slope < 0 ? -slope * a / (2 * (fun1 - fun - slope)) : 0;
          a = std::clamp(quadratic, 0.1 * a, 0.5 * a);
        }
      }
      if (!accepted) {
        if (fresh) run.line_search_failed();
        pairs.clear();
        continue;
      }
      // Where the slope is as steep behind the step, longer ones up to where every variable is at a bound.
      for (int trial = 0; trial < 30 && std::isfinite(fun1); ++trial) {
        double before = 0, behind = 0;
        for (Index i = 0; i < n; ++i) before += g[i] * (x1[i] - x[i]), behind += g1[i] * (x1[i] - x[i]);
        if (!(behind < 0.9 * before)) break;
        for (Index i = 0; i < n; ++i) x2[i] = std::min(std::max(x[i] + 4 * a * d[i], low(i)), high(i));
        if (x2 == x1) break;
        const double fun2 = run.evaluate(x2, &g2);
        if (!(fun2 < fun1) || !all_finite(g2)) break;
        x1.swap(x2), g1.swap(g2), fun1 = fun2, a *= 4;
      }
      pairs.add(x1, x, g1, g);
      x.swap(x1);
      g.swap(g1);
      fun = fun1;
      run.step(x, fun, g, a);
    }
  });
}

}  // namespace steep
