// Cholesky (plain loops).
#include <algorithm>
#include <cmath>

#include "level.hpp"

namespace steep {
namespace {
template <class T>
struct Plain {
  static Index one(Index) { return 1; }
  static Index cholesky(Index n, T* a, Index ar, T*) {
    for (Index j = 0; j < n; ++j) {
      T s = a[j * ar + j];
      for (Index k = 0; k < j; ++k) s -= a[j * ar + k] * a[j * ar + k];
      if (!(s > 0)) return j + 1;
      const T root = std::sqrt(s);
      a[j * ar + j] = root;
      for (Index i = j + 1; i < n; ++i) {
        T t = a[i * ar + j];
        for (Index k = 0; k < j; ++k) t -= a[i * ar + k] * a[j * ar + k];
        a[i * ar + j] = t / root;
      }
    }
    return 0;
  }
  static void lower(Index n, const T* l, Index lr, T* x) {
    for (Index i = 0; i < n; ++i) {
      T s = x[i];
      for (Index k = 0; k < i; ++k) s -= l[i * lr + k] * x[k];
      x[i] = s / l[i * lr + i];
    }
  }
  static void lower_t(Index n, const T* l, Index lr, T* x) {
    for (Index i = n; i-- > 0;) {
      x[i] /= l[i * lr + i];
      for (Index k = 0; k < i; ++k) x[k] -= l[i * lr + k] * x[i];
    }
  }
};
}  // namespace
template <class T>
void fill_cholesky(ProductKernels<T>& t) {
  using P = Plain<T>;
  t.cholesky_workspace = P::one;
  t.cholesky = P::cholesky;
  t.solve_lower = P::lower;
  t.solve_lower_transposed = P::lower_t;
}
template void fill_cholesky(ProductKernels<float>&);
template void fill_cholesky(ProductKernels<double>&);
}  // namespace steep
