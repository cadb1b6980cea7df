// Norms and products of vectors; see vectors.hpp.
#include "steep/vectors.hpp"

#include <cmath>

namespace steep {

double norm_inf(const Vector& v) {
  double largest = 0;
  for (double value : v) {
    if (!(std::abs(value) <= largest)) largest = std::abs(value);  // lets NaN through
    if (std::isnan(largest)) return largest;
  }
  return largest;
}

// Scaled, so that neither 1e-200 nor 1e200 leaves the range.
double norm2(const Vector& v) {
  double sum = 0;
  for (double value : v) sum += value * value;
  if (sum > 1e-280 && sum < 1e280) return std::sqrt(sum);
  const double scale = norm_inf(v);
  if (!(scale > 0) || !std::isfinite(scale)) return scale;
  sum = 0;
  for (double value : v) sum += (value / scale) * (value / scale);
  return scale * std::sqrt(sum);
}

// Four partial sums: one add a cycle instead of one every four.
double dot(const Vector& a, const Vector& b) {
  double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  const std::size_t n = a.size();
  std::size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    s0 += a[i] * b[i];
    s1 += a[i + 1] * b[i + 1];
    s2 += a[i + 2] * b[i + 2];
    s3 += a[i + 3] * b[i + 3];
  }
  for (; i < n; ++i) s0 += a[i] * b[i];
  return (s0 + s1) + (s2 + s3);
}

void axpy(double a, const Vector& x, Vector& y) {
  const std::size_t n = y.size();
  for (std::size_t i = 0; i < n; ++i) y[i] += a * x[i];
}

bool all_finite(const Vector& v) {
  for (double value : v)
    if (!std::isfinite(value)) return false;
  return true;
}

}  // namespace steep
