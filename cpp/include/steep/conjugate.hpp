// What a dual point costs, row by row: phi(z) + phi*(a t) - a t z at t = phi'(z), for 0 <= a <= 1, with phi* the
// conjugate of a loss phi(., y). By Fenchel and Young not negative, and zero for a = 1; written so that it keeps its
// digits when small. NaN for a loss whose conjugate is not here.
#pragma once
#include <algorithm>
#include <cmath>

#include "steep/loss.hpp"

namespace steep {

// m log(m / p), m = a p + (1 - a) y: one outcome's share of the divergence of m from p.
inline double divergence_of_shrunk(double y, double p, double a) {
  const double m = a * p + (1 - a) * y;
  return m > 0 && a != 1 ? m * std::log1p((1 - a) * (y / p - 1)) : 0;
}

inline double conjugate_excess(Loss loss, double parameter, double z, double y, double a) {
  const double rest = (1 - a) * (1 - a);
  switch (loss) {
    case Loss::squared_error:
      return 0.5 * rest * (z - y) * (z - y);
    case Loss::huber: {
      const double r = std::abs(z - y);
      if (r <= parameter) return 0.5 * rest * r * r;
      return (1 - a) * parameter * r - 0.5 * (1 - a * a) * parameter * parameter;
    }
    case Loss::squared_hinge: {
      const double q = std::max(0.0, 1 - (2 * y - 1) * z);
      return rest * q * q;
    }
    case Loss::squared_epsilon_insensitive: {
      const double q = std::max(0.0, std::abs(z - y) - parameter);
      return rest * q * q;
    }
    case Loss::logistic: {
      const double tail = std::exp(-std::abs(z)), most = 1 / (1 + tail), least = tail / (1 + tail);
      const double p = z >= 0 ? most : least, rest_p = z >= 0 ? least : most;
      return std::max(0.0, divergence_of_shrunk(y, p, a) + divergence_of_shrunk(1 - y, rest_p, a));
    }
    case Loss::poisson: {
      const double rate = std::exp(z);
      return std::max(0.0, divergence_of_shrunk(y, rate, a) - (1 - a) * (y - rate));
    }
    default:
      return NAN;
  }
}

}  // namespace steep
