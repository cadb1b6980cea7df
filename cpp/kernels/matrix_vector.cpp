// Products with a vector (plain loops).
#include <algorithm>
#include <cmath>

#include "level.hpp"

namespace steep {
namespace {
template <class T>
struct Plain {
  static void mv(Index n, Index d, const T* x, Index xr, const T* w, T* y) {
    for (Index i = 0; i < n; ++i) {
      T s = 0;
      for (Index j = 0; j < d; ++j) s += x[i * xr + j] * w[j];
      y[i] = s;
    }
  }
  static void tv(Index n, Index d, const T* x, Index xr, const T* v, T* y, bool acc) {
    if (!acc) std::fill(y, y + d, T(0));
    for (Index i = 0; i < n; ++i)
      for (Index j = 0; j < d; ++j) y[j] += x[i * xr + j] * v[i];
  }
};
}  // namespace
template <class T>
void fill_matrix_vector(ProductKernels<T>& t) {
  using P = Plain<T>;
  t.matrix_vector = P::mv;
  t.transposed_vector = P::tv;
}
template void fill_matrix_vector(ProductKernels<float>&);
template void fill_matrix_vector(ProductKernels<double>&);
}  // namespace steep
