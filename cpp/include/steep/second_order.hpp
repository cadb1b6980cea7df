// Methods that use second derivatives: Newton (pure or damped), trust region, truncated Newton, and the direct
// solution.
#pragma once
#include "steep/solver.hpp"

namespace steep {

// Pure: x - H^-1 g, nothing else; status not_positive_definite where that ends at a stationary point of an indefinite
// H. Damped: an indefinite H is made positive
// definite, and a strong Wolfe line search follows.
class Newton : public Solver {
 public:
  explicit Newton(bool pure = false) : pure_(pure) {}
  const char* name() const override { return "newton"; }
  Result solve(Objective& f, const double* x0, const SolveOptions& options) override;

 private:
  bool pure_;
};

class TrustRegion : public Solver {
 public:
  // radius 0: from the first step.
  explicit TrustRegion(double radius = 0) : radius_(radius) {}
  const char* name() const override { return "trust_region"; }
  Result solve(Objective& f, const double* x0, const SolveOptions& options) override;

 private:
  double radius_;
};

// What the trace's own column holds of the steps within regions.
enum class RegionColumn { none, radius, shift };

// The rest of a run by trust regions, from an evaluated point; radius 0: from the first step. The trace's extra column
// is the radius, or the shift of the Hessian. Ends by Run::Stop.
[[noreturn]] void descend_by_regions(class Run& run, Vector x, Vector g, double fun, double radius,
                                     RegionColumn column);

// How negative curvature is looked for: by a Cholesky factor of the Hessian, or by Hessian-vector products alone.
enum class Seen { by_factor, by_products };

// Run::start of methods with a Hessian: a start that is stationary but no minimum is left along negative curvature.
double start_with_hessian(class Run& run, Vector& x, Vector& g, double extra, Seen by = Seen::by_factor);

// Whether an iterate is stationary but no minimum; it is left then. (Asked by a factor only where the Hessian that led
// to it was not positive definite.)
bool leave_saddle(class Run& run, Vector& x, Vector& g, double& fun, double extra, Seen by = Seen::by_factor);

// Has a first-order run of few variables, at (x, g, fun) then, go on like that where its line search fails: close to
// the rounding of f a Hessian, by differences of gradients if need be, still tells the last digits of x.
void end_by_regions(class Run& run, const Vector& x, const Vector& g, const double& fun,
                    RegionColumn column = RegionColumn::none);

class NewtonCG : public Solver {
 public:
  explicit NewtonCG(bool trust_region = false) : trust_region_(trust_region) {}
  const char* name() const override { return "newton_cg"; }
  Result solve(Objective& f, const double* x0, const SolveOptions& options) override;

 private:
  void solve_by_lines(class Run& run, const double* x0);
  void solve_by_regions(class Run& run, const double* x0);
  bool trust_region_;
};

// The minimizer of a quadratic.
class Direct : public Solver {
 public:
  const char* name() const override { return "direct"; }
  Result solve(Objective& f, const double* x0, const SolveOptions& options) override;
};

}  // namespace steep
