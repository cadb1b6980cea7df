// Quasi-Newton methods with a strong Wolfe line search: dense BFGS, and L-BFGS with bounds by projection.
#pragma once
#include "steep/solver.hpp"

namespace steep {

class BFGS : public Solver {
 public:
  const char* name() const override { return "bfgs"; }
  Result solve(Objective& f, const double* x0, const SolveOptions& options) override;
};

class LBFGS : public Solver {
 public:
  // memory 0: 30 pairs up to 10,000 variables, 10 beyond.
  explicit LBFGS(Index memory = 0, bool precondition = false, bool draft = false)
      : memory_(memory), precondition_(precondition), draft_(draft) {}
  const char* name() const override { return "lbfgs"; }
  bool handles_bounds() const override { return true; }
  Result solve(Objective& f, const double* x0, const SolveOptions& options) override;

 private:
  Result solve_bounded(Objective& f, const double* x0, const SolveOptions& options);
  Index pairs_for(Index dim) const { return memory_ > 0 ? memory_ : dim <= 10000 ? 30 : 10; }
  Index memory_;
  bool precondition_, draft_;
};

}  // namespace steep
