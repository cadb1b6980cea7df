// An interior point for LinearFit: Mehrotra's predictor and corrector on the dual program (sum_problem.cpp,
// max_problem.cpp), in the columns of fit_basis.hpp, with the gap and the end of fit_run.hpp. Both start feasible. An
// iteration is one weighted Gram matrix of X, n d^2 flops, its Cholesky factor and two solves; 10 to 30 iterations.
#include <algorithm>
#include <cmath>

#include "fit_problem.hpp"
#include "steep/interior_point.hpp"

namespace steep {
namespace {

constexpr double margin = 0.9995;  // of the way to the boundary that a step goes

// The largest step in (0, 1 / margin] that keeps v + a dv >= 0.
double longest(const Vector& v, const Vector& dv) {
  double a = 1 / margin;
  for (std::size_t i = 0; i < v.size(); ++i)
    if (dv[i] < 0) a = std::min(a, -v[i] / dv[i]);
  return a;
}

struct Lengths {
  double primal, dual;
};

Lengths lengths(const FitProblem& problem, double share) {
  const FitPair &over = problem.over, &under = problem.under;
  return {std::min(1.0, share * std::min(longest(over.primal, over.d_primal), longest(under.primal, under.d_primal))),
          std::min(1.0, share * std::min(longest(over.dual, over.d_dual), longest(under.dual, under.d_dual)))};
}

double complementarity(const FitProblem& problem) {
  const FitPair &over = problem.over, &under = problem.under;
  return (dot(over.primal, over.dual) + dot(under.primal, under.dual)) / (2 * problem.at.v.size());
}

// The mean product after the predictor's step; the correctors are set to its second-order terms.
double predict(FitProblem& problem) {
  for (FitPair* pair : {&problem.over, &problem.under}) std::fill(pair->corrector.begin(), pair->corrector.end(), 0.0);
  problem.direction(0);
  const Lengths step = lengths(problem, 1);
  double after = 0;
  for (FitPair* pair : {&problem.over, &problem.under})
    for (std::size_t i = 0; i < pair->primal.size(); ++i) {
      const double d_primal = pair->d_primal[i], d_dual = pair->d_dual[i];
      after += (pair->primal[i] + step.primal * d_primal) * (pair->dual[i] + step.dual * d_dual);
      pair->corrector[i] = d_primal * d_dual;
    }
  return after / (2 * problem.at.v.size());
}

}  // namespace

Result solve_fit(LinearFit& given, const SolveOptions& options) {
  Run run(given, options, "complementarity", 200);
  return run.guard([&] {
    FitBasis basis(given, [&] { run.check_time(); });
    FitRun fit(run, basis);
    const auto problem = (given.is_sum() ? sum_problem : max_problem)(basis.fit(), fit.first());
    fit.start(problem->at);
    for (;;) {
      const double mu = complementarity(*problem);
      if (!problem->factor())
        run.fail(Status::singular, "The weighted Gram matrix of X is singular: its columns are linearly dependent.");
      const double after = predict(*problem);
      problem->direction(std::pow(after / mu, 3) * mu);
      const Lengths step = lengths(*problem, margin);
      problem->advance(step.primal, step.dual);
      if (!all_finite(problem->at.w) || !all_finite(problem->at.v))
        run.fail(Status::diverged, "The iterates are no longer finite.");
      fit.step(problem->at, step.primal, mu);
      const double products = static_cast<double>(given.rows()) * complementarity(*problem);
      if (std::max(step.primal, step.dual) < 1e-10 || fit.beyond_rounding(products)) run.line_search_failed();
    }
  });
}

}  // namespace steep
