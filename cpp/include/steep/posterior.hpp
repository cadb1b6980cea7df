// Standard deviations of a network's outputs under a Gaussian posterior of its parameters, linearized at w: the roots
// of the diagonal of J_i C J_i', C = R R'. Rows go through in blocks, so memory is O(block k p + p^2).
#pragma once
#include "steep/monitor.hpp"
#include "steep/network.hpp"

namespace steep {

// deviation (n, outputs), in the units of the scaled outputs. root (p, p) row-major. False when the monitor stopped it.
bool predictive_deviation(const Network<double>& net, const double* w, const double* state, const Dataset<double>& data,
                          const double* out_scale, const double* root, double* deviation, int n_threads,
                          Monitor& monitor);

}  // namespace steep
