// The interior point's dispatch; see interior_point.hpp.
#include "steep/interior_point.hpp"

namespace steep {

Result InteriorPoint::solve(Objective& f, const double* x0, const SolveOptions& options) {
  (void)x0;  // starts at a point of its own
  if (auto* fit = dynamic_cast<LinearFit*>(&f)) return solve_fit(*fit, options);
  if (auto* program = dynamic_cast<QuadraticProgram*>(&f)) return solve_program(*program, options);
  throw std::invalid_argument(
      "method interior_point needs a linear or quadratic program, or a fit by absolute or largest "
      "errors, got " +
      f.name());
}

}  // namespace steep
