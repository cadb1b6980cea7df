// Primal-dual interior points (Mehrotra's predictor and corrector, SIAM J. Optim. 2 (1992) 575).
#pragma once
#include "steep/linear_fit.hpp"
#include "steep/quadratic_program.hpp"
#include "steep/solver.hpp"

namespace steep {

// LinearFit and QuadraticProgram objectives, solved to a duality gap of tol max(1, |f|).
class InteriorPoint : public Solver {
 public:
  const char* name() const override { return "interior_point"; }
  Result solve(Objective& f, const double* x0, const SolveOptions& options) override;
};

// min f(x) s.t. equalities c_E(x) = 0 and inequalities c_I(x) >= 0, the residuals of `constraints` in this order: a
// primal-dual log barrier with slacks. Any smooth f with a gradient; local unless f and -c_I are convex. The Hessian of the
// Lagrangian is f's, plus differences of J'y where the constraints are curved, or a damped BFGS matrix.
class BarrierMethod : public Solver {
 public:
  enum class Curvature { exact, differences, bfgs };
  BarrierMethod(Objective& constraints, Index equalities, Curvature curvature)
      : constraints_(constraints), equalities_(equalities), curvature_(curvature) {}
  const char* name() const override { return "interior_point"; }
  Result solve(Objective& f, const double* x0, const SolveOptions& options) override;

 private:
  Objective& constraints_;
  Index equalities_;
  Curvature curvature_;
};

// One method a problem; solve dispatches.
Result solve_fit(LinearFit& f, const SolveOptions& options);
Result solve_program(QuadraticProgram& f, const SolveOptions& options);

}  // namespace steep
