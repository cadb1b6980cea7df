// The least eigenvalue of a Hessian by Lanczos's method, from products alone.
#pragma once
#include "steep/run.hpp"

namespace steep {

struct LeastCurvature {
  double value = NAN;  // an upper bound of the least eigenvalue, and within `error` of some eigenvalue
  double error = INFINITY;
  double largest = 0;  // of the eigenvalues seen, in size
  int products = 0;
  Vector direction;  // v'Hv = value for ||v|| = 1
};

// At x, with at most so many products; ends at the first clearly negative value. NaN where products are not finite.
LeastCurvature least_curvature(Run& run, const Vector& x, int most);

inline constexpr double curvature_noise = 1e-6;  // of the largest: less is no curvature

}  // namespace steep
