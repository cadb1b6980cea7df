// L-BFGS: the inverse Hessian of the last m pairs (s, y), applied by the two-loop recursion; lbfgs_bounded.cpp has the
// bounds. O(m dim) an iteration. Preconditioned, the recursion starts from the inverse of an approximate Hessian (that of a
// sample of rows) instead of a multiple of the identity: O(dim^2) an iteration, and a factorization now and then. With a
// draft, the first iterations are those of a sample of rows (which drafts by a smaller sample, and so on: Byrd, Chin,
// Nocedal and Wu, Math. Program. 134 (2012) 127), or of all rows in single precision, whose pairs are kept.
#include <algorithm>

#include "metric.hpp"
#include "pairs.hpp"
#include "steep/line_search.hpp"
#include "steep/quasi_newton.hpp"
#include "steep/second_order.hpp"

namespace steep {
namespace {

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
  inner.certify = false;
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
  run.will_refine();
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

}  // namespace steep
