// L-BFGS: the inverse Hessian of the last m pairs (s, y), applied by the two-loop recursion (Nocedal and Wright, algorithm
// 7.4). With bounds: the variables held at a bound by their gradient are left out of the recursion, and the step is
// projected, x(a) = P(x + a d), with Armijo's condition on g'(x(a) - x) (Bertsekas, SIAM J. Control Optim. 20 (1982) 221).
// O(m dim) an iteration. Preconditioned, the recursion starts from the inverse of an approximate Hessian (that of a sample
// of rows) instead of a multiple of the identity: O(dim^2) an iteration, and a factorization now and then. With a draft,
// the first iterations are those of a sample of rows (which drafts by a smaller sample, and so on: Byrd, Chin, Nocedal and
// Wu, Math. Program. 134 (2012) 127), or of all rows in single precision, whose pairs are kept.
#include <algorithm>
#include <limits>

#include "steep/factor.hpp"
#include "steep/line_search.hpp"
#include "steep/philox.hpp"
#include "steep/quasi_newton.hpp"
#include "steep/second_order.hpp"

namespace steep {
namespace {

// The last m pairs, oldest first from `first_`.
class Pairs {
 public:
  Pairs(Index m, Index n) : n_(n), s_(m, Vector(n)), y_(m, Vector(n)), rho_(m), alpha_(m) {}

  bool empty() const { return count_ == 0; }
  void clear() { count_ = 0; }

  void add(const Vector& x1, const Vector& x0, const Vector& g1, const Vector& g0) {
    const Index m = static_cast<Index>(s_.size());
    const Index slot = count_ < m ? (first_ + count_) % m : first_;
    Vector &s = s_[slot], &y = y_[slot];
    for (Index i = 0; i < n_; ++i) s[i] = x1[i] - x0[i], y[i] = g1[i] - g0[i];
    const double sy = dot(s, y);
    if (!(sy > 1e-14 * norm2(s) * norm2(y)) || !std::isfinite(sy)) {
      if (count_ == m) first_ = (first_ + 1) % m, --count_;  // the overwritten pair is gone
      return;
    }
    rho_[slot] = 1 / sy;
    if (count_ < m)
      ++count_;
    else
      first_ = (first_ + 1) % m;
  }

  // d = -H g, from the inverse Hessian of no pairs: `metric` where it is given, else the scaled identity.
  void apply(const Vector& g, const Factor* metric, Vector& d) {
    for (Index i = 0; i < n_; ++i) d[i] = -g[i];
    if (count_ == 0) {
      if (metric) metric->solve(d);
      return;
    }
    const Index m = static_cast<Index>(s_.size());
    for (Index k = count_; k-- > 0;) {
      const Index slot = (first_ + k) % m;
      alpha_[slot] = rho_[slot] * dot(s_[slot], d);
      axpy(-alpha_[slot], y_[slot], d);
    }
    const Index last = (first_ + count_ - 1) % m;
    if (metric) {
      metric->solve(d);
    } else {
      const double scale = 1 / (rho_[last] * dot(y_[last], y_[last]));
      for (double& value : d) value *= scale;
    }
    for (Index k = 0; k < count_; ++k) {
      const Index slot = (first_ + k) % m;
      axpy(alpha_[slot] - rho_[slot] * dot(y_[slot], d), s_[slot], d);
    }
  }

  // The same on the free variables only; pairs without positive curvature there are left out.
  void apply_free(const Vector& g, const std::vector<char>& held, Vector& d) {
    for (Index i = 0; i < n_; ++i) d[i] = held[i] ? 0 : -g[i];
    const Index m = static_cast<Index>(s_.size());
    double scale = 0;
    used_.assign(m, 0);
    curvature_.assign(m, 0.0);
    for (Index k = count_; k-- > 0;) {
      const Index slot = (first_ + k) % m;
      const Vector &s = s_[slot], &y = y_[slot];
      double sy = 0, yy = 0, ss = 0, sd = 0;
      for (Index i = 0; i < n_; ++i) {
        if (held[i]) continue;
        sy += s[i] * y[i], yy += y[i] * y[i], ss += s[i] * s[i], sd += s[i] * d[i];
      }
      if (!(sy > 1e-10 * std::sqrt(ss * yy))) continue;
      used_[slot] = 1;
      curvature_[slot] = sy;
      if (scale == 0) scale = sy / yy;
      alpha_[slot] = sd / sy;
      for (Index i = 0; i < n_; ++i)
        if (!held[i]) d[i] -= alpha_[slot] * y[i];
    }
    if (scale > 0)
      for (double& value : d) value *= scale;
    for (Index k = 0; k < count_; ++k) {
      const Index slot = (first_ + k) % m;
      if (!used_[slot]) continue;
      const Vector &s = s_[slot], &y = y_[slot];
      double yd = 0;
      for (Index i = 0; i < n_; ++i)
        if (!held[i]) yd += y[i] * d[i];
      const double beta = alpha_[slot] - yd / curvature_[slot];
      for (Index i = 0; i < n_; ++i)
        if (!held[i]) d[i] += beta * s[i];
    }
  }

 private:
  Index n_, first_ = 0, count_ = 0;
  std::vector<Vector> s_, y_;
  Vector rho_, alpha_, curvature_;
  std::vector<char> used_;
};

// The factor of an approximate Hessian, made anew where steps have become slow, at most after 1, 2, 4, 8, ... iterations
// and never for more than half of the run's time. Where it costs more than half an evaluation, the identity has a go
// first, and keeps it while the end is near.
class Metric {
 public:
  Metric(Objective& f, Index n) : H_(n * n), factor_(n, f.threads()), cost_(f.hessian_cost(true)) {
    next_ = cost_ > 0.5 ? static_cast<Index>(4 * cost_) : 0;
  }

  // Null where the identity is as good. `norm` is that of the gradient at x.
  const Factor* at(Run& run, const Vector& x, double norm, Index iteration) {
    const double ratio = norm / last_norm_;
    last_norm_ = norm;
    rate_ = iteration == 0 ? 0.5 : 0.5 * (rate_ + std::min(ratio, 0.99));
    const bool worth = cost_ <= 0.5 || std::log(run.threshold() / norm) / std::log(rate_) > 2 * cost_;
    if (iteration < next_ || (usable_ && ratio < 0.25) || !worth) return usable_ ? &factor_ : nullptr;
    next_ = iteration + std::max<Index>({1, iteration, static_cast<Index>(2 * cost_)});
    const double spread = run.approximate_hessian(x, H_.data());
    double shift = 0;
    const double size = matrix_bounds(H_.data(), static_cast<Index>(x.size())).largest_entry;
    usable_ = std::isfinite(size) && size > 0;
    // Directions without curvature get a little (a pivot of rounding is none): pairs correct what that is off.
    const auto definite = [&] { return factor_.factor(H_.data(), shift) && factor_.condition_bound() < 1e12; };
    for (int trial = 0; usable_ && !definite(); ++trial) {
      shift = trial == 0 ? 1e-10 * size : 100 * shift;
      usable_ = trial < 6;
    }
    // Under the metric the condition is that of the sample's noise, ((1 + sqrt(s)) / (1 - sqrt(s)))^2, which the condition
    // of the estimate itself has on top of the Hessian's.
    const bool first = !judged_;
    judged_ = true;
    if (first && usable_ && spread > 0 && spread < 1) {
      const double noise = std::pow((1 + std::sqrt(spread)) / (1 - std::sqrt(spread)), 2);
      if (condition() < noise * noise) {
        usable_ = false;
        next_ = std::numeric_limits<Index>::max();
      }
    }
    return usable_ ? &factor_ : nullptr;
  }

 private:
  // From below, by ten steps of the power method for either end.
  double condition() const {
    const Index n = static_cast<Index>(std::sqrt(static_cast<double>(H_.size())) + 0.5);
    PhiloxReader random(0, stream::initialize);
    Vector v(n), Hv(n);
    for (double& value : v) value = random.normal();
    Vector u = v;
    double high = 0, low = 0;
    for (int step = 0; step < 10; ++step) {
      for (Index i = 0; i < n; ++i) {
        Hv[i] = 0;
        for (Index j = 0; j < n; ++j) Hv[i] += H_[i * n + j] * v[j];
      }
      high = norm2(Hv) / norm2(v);
      for (Index i = 0; i < n; ++i) v[i] = Hv[i] / high;
      const double before = norm2(u);
      factor_.solve(u);
      low = before / norm2(u);
      for (double& value : u) value *= low;
    }
    return high / low;
  }

  Vector H_;
  Factor factor_;
  double cost_, rate_ = 0.5, last_norm_ = INFINITY;
  bool usable_ = false, judged_ = false;
  Index next_;
};

// An iterate, and what the method has learned on the way there.
struct State {
  Vector x, g;
  double fun;
  Pairs pairs;
};

// Iterations until the run ends or go_on(norm) says no.
template <class GoOn>
void descend(Run& run, State& at, Run& outer, Metric* made, GoOn&& go_on) {
  const Index n = static_cast<Index>(at.x.size());
  Vector d(n);
  double last_step = 0;
  end_by_regions(run, at.x, at.g, at.fun);
  LineSearch line(run, n);
  LineSearchOptions trials;
  for (;;) {
    const Factor* metric = made ? made->at(outer, at.x, norm_inf(at.g), run.iterations()) : nullptr;
    at.pairs.apply(at.g, metric, d);
    const bool fresh = at.pairs.empty();
    if (!fresh && !(dot(at.g, d) < 0)) {
      at.pairs.clear();
      continue;
    }
    const double first = !fresh || metric ? 1 : last_step > 0 ? last_step : first_step(at.fun, at.g);
    trials.max_evaluations = run.coarse() ? 8 : LineSearchOptions().max_evaluations;
    if (!line.strong_wolfe(at.x, at.fun, at.g, d, first, trials)) {
      if (run.refine(at.x, at.fun, at.g, true)) continue;
      if (fresh) run.line_search_failed();
      at.pairs.clear();
      last_step = 0;
      continue;
    }
    if (fresh) last_step = line.step;
    at.pairs.add(line.x, at.x, line.g, at.g);
    at.x.swap(line.x);
    at.g.swap(line.g);
    at.fun = line.fun;
    run.step(at.x, at.fun, at.g, line.step);
    run.refine(at.x, at.fun, at.g);
    if (!go_on(norm_inf(at.g))) return;
  }
}

// What is left of a run's time, for a run within it.
SolveOptions within(const SolveOptions& options, double tol) {
  SolveOptions inner;
  inner.tol = tol;
  inner.max_time = options.max_time;
  inner.monitor = options.monitor;
  return inner;
}

// Moves `at` to where the draft leads: the minimizer of a sample, to a tenth of what its gradient is off, or of the single
// precision, as far as its rounding lets it. Drafts are left where their gradient does not agree with f's.
void follow(LBFGS& method, Run& run, const SolveOptions& options, Objective& draft, bool sampled, State& at,
            Metric* made) {
  State rough{at.x, Vector(at.g.size()), 0, std::move(at.pairs)};
  rough.fun = draft.evaluate(rough.x.data(), rough.g.data());
  const double norm = norm_inf(at.g);
  double error = 0;
  for (std::size_t i = 0; i < at.g.size(); ++i) error = std::max(error, std::abs(rough.g[i] - at.g[i]));
  if (!std::isfinite(rough.fun) || !all_finite(rough.g)) {
  } else if (sampled && error < 0.25 * norm) {
    Result result = method.solve(draft, at.x.data(), within(options, std::max(0.1 * error, 0.5 * run.threshold())));
    rough.x = std::move(result.x);
  } else if (!sampled && error < 1e-3 * norm) {
    const SolveOptions inner = within(options, 0.9 * run.threshold());
    Run brief(draft, inner);
    double best = INFINITY;
    int idle = 0;
    (void)brief.guard([&] {
      brief.start(rough.x, rough.fun, rough.g, norm_inf(rough.g));
      descend(brief, rough, run, made, [&](double now) {
        idle = now < 0.9 * best ? 0 : idle + (now < 1e-5 * norm);
        best = std::min(best, now);
        return idle < 6;
      });
    });
  }
  at.pairs = std::move(rough.pairs);
  if (rough.x == at.x) return;
  at.x = std::move(rough.x);
  at.fun = run.evaluate_now(at.x, &at.g);
  run.step(at.x, at.fun, at.g, NAN);
}

}  // namespace

Result LBFGS::solve(Objective& f, const double* x0, const SolveOptions& options) {
  if (precondition_ && !f.has_hessian())
    throw std::invalid_argument("precondition must be False for " + f.name() + ", which has no Hessian");
  if (options.lower || options.upper) return solve_bounded(f, x0, options);
  Run run(f, options, {}, std::max<Index>(200 * f.dim(), 15000));
  run.watch_for_stall();
  run.heed_differences();
  return run.guard([&] {
    const Index n = f.dim();
    State at{Vector(x0, x0 + n), Vector(n), 0, Pairs(pairs_for(n), n)};
    at.fun = run.start(at.x, at.g);
    std::unique_ptr<Metric> made;
    if (precondition_) made = std::make_unique<Metric>(f, n);
    if (draft_ && norm_inf(at.g) > 1e3 * run.threshold()) {  // several iterations lie ahead
      Objective* sample = precondition_ ? f.draft(Objective::Brevity::sample) : nullptr;
      Objective* draft = sample ? sample : f.draft(Objective::Brevity::single);
      if (draft) follow(*this, run, options, *draft, sample != nullptr, at, made.get());
    }
    descend(run, at, run, made.get(), [](double) { return true; });
  });
}

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
