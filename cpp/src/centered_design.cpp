// See centered_design.hpp. Two passes over X: sums of differences to the first row, so that constant columns become
// zeros.
#include "steep/centered_design.hpp"

#include <algorithm>

namespace steep {

template <class T>
bool lies_far(const Design<T>& X, double ratio) {
  const Index n = X.rows(), d = X.columns(), count = std::min<Index>(n, 128);
  if (X.sparse() || n < 2) return false;
  Vector sum(d, 0.0), square(d, 0.0);
  const T* first = X.dense_row(0);
  for (Index k = 1; k < count; ++k) {
    const T* row = X.dense_row(k * n / count);
    for (Index j = 0; j < d; ++j) {
      const double v = static_cast<double>(row[j]) - static_cast<double>(first[j]);
      sum[j] += v, square[j] += v * v;
    }
  }
  const double size = static_cast<double>(count);
  for (Index j = 0; j < d; ++j) {
    const double shift = sum[j] / size, mean = static_cast<double>(first[j]) + shift;
    if (mean * mean > ratio * ratio * (square[j] / size - shift * shift)) return true;
  }
  return false;
}

template <class T>
CenteredDesign<T> center_columns(const Design<T>& X, const T* weight) {
  const Index n = X.rows(), d = X.columns();
  CenteredDesign<T> out;
  out.rows.resize_unset(n * d);
  out.center.assign(d, 0.0);
  const T* first = X.dense_row(0);
  double total = 0;
  for (Index i = 0; i < n; ++i) {
    const T* row = X.dense_row(i);
    const double s = weight ? static_cast<double>(weight[i]) : 1.0;
    total += s;
    for (Index j = 0; j < d; ++j) out.center[j] += s * (static_cast<double>(row[j]) - static_cast<double>(first[j]));
  }
  for (Index j = 0; j < d; ++j)
    out.center[j] = static_cast<double>(first[j]) + (total > 0 ? out.center[j] / total : 0.0);
  for (Index i = 0; i < n; ++i) {
    const T* row = X.dense_row(i);
    for (Index j = 0; j < d; ++j) out.rows[i * d + j] = static_cast<T>(static_cast<double>(row[j]) - out.center[j]);
  }
  return out;
}

template bool lies_far(const Design<float>&, double);
template bool lies_far(const Design<double>&, double);
template CenteredDesign<float> center_columns(const Design<float>&, const float*);
template CenteredDesign<double> center_columns(const Design<double>&, const double*);

}  // namespace steep
