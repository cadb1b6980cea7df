// Dense products (plain loops until the packed kernels replace them).
#include <algorithm>
#include <cmath>

#include "level.hpp"

namespace steep {
namespace {
template <class T> struct Plain {
  static Index packed_size(Index k, Index n) { return k * n; }
  static void pack(Index k, Index n, const T* b, Index br, Index bc, T* out) {
    for (Index i = 0; i < k; ++i) for (Index j = 0; j < n; ++j) out[i * n + j] = b[i * br + j * bc];
  }
  static Index workspace(Index, Index, Index) { return 1; }
  static void multiply(const Product<T>& p) {
    const Index br = p.packed ? p.n : p.b_row, bc = p.packed ? 1 : p.b_col;
    for (Index i = 0; i < p.m; ++i) for (Index j = 0; j < p.n; ++j) {
      T s = 0;
      for (Index k = 0; k < p.k; ++k) s += p.a[i * p.a_row + k * p.a_col] * p.b[k * br + j * bc];
      if (p.bias) s += p.bias[j];
      if (p.accumulate) s += p.c[i * p.c_row + j];
      p.c[i * p.c_row + j] = p.relu ? std::max(s, T(0)) : s;
    }
  }
  static Index one(Index) { return 1; }
  static void gram(Index n, Index d, const T* x, Index xr, const T* w, T* h, Index hr, bool acc, T*) {
    for (Index i = 0; i < d; ++i) for (Index j = 0; j <= i; ++j) {
      T s = 0;
      for (Index r = 0; r < n; ++r) s += x[r * xr + i] * x[r * xr + j] * (w ? w[r] : T(1));
      h[i * hr + j] = s + (acc ? h[i * hr + j] : T(0));
    }
  }
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
    for (Index i = 0; i < n; ++i) { T s = x[i]; for (Index k = 0; k < i; ++k) s -= l[i * lr + k] * x[k]; x[i] = s / l[i * lr + i]; }
  }
  static void lower_t(Index n, const T* l, Index lr, T* x) {
    for (Index i = n; i-- > 0;) { x[i] /= l[i * lr + i]; for (Index k = 0; k < i; ++k) x[k] -= l[i * lr + k] * x[i]; }
  }
  static void mv(Index n, Index d, const T* x, Index xr, const T* w, T* y) {
    for (Index i = 0; i < n; ++i) { T s = 0; for (Index j = 0; j < d; ++j) s += x[i * xr + j] * w[j]; y[i] = s; }
  }
  static void tv(Index n, Index d, const T* x, Index xr, const T* v, T* y, bool acc) {
    if (!acc) std::fill(y, y + d, T(0));
    for (Index i = 0; i < n; ++i) for (Index j = 0; j < d; ++j) y[j] += x[i * xr + j] * v[i];
  }
};
}  // namespace
template <class T> void fill(ProductKernels<T>& t) {
  using P = Plain<T>;
  t = {P::packed_size, P::pack, P::workspace, P::multiply, P::one, P::gram, P::one, P::cholesky, P::lower, P::lower_t, P::mv, P::tv};
}
template void fill(ProductKernels<float>&);
template void fill(ProductKernels<double>&);
}  // namespace steep
