// Minimizes 1/2 v'Hv + b'v + sum_j l1_j |v_j| for a positive semidefinite H.
#pragma once
#include "steep/objective.hpp"

namespace steep {

struct L1Quadratic {
  Index m = 0;
  const double* H = nullptr;   // (m, m), both triangles
  const double* b = nullptr;   // (m)
  const double* l1 = nullptr;  // (m), at least 0
};

// From v, until every entry's least subgradient is at most tol, or for max_sweeps; returns the sweeps made.
Index minimize_l1_quadratic(const L1Quadratic& q, Vector& v, double tol, Index max_sweeps);

}  // namespace steep
