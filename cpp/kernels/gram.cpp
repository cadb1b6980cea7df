// X'DX (plain loops).
#include <algorithm>
#include <cmath>

#include "level.hpp"

namespace steep {
namespace {
template <class T>
struct Plain {
  static Index one(Index) { return 1; }
  static void gram(Index n, Index d, const T* x, Index xr, const T* w, T* h, Index hr, bool acc, T*) {
    for (Index i = 0; i < d; ++i)
      for (Index j = 0; j <= i; ++j) {
        T s = 0;
        for (Index r = 0; r < n; ++r) s += x[r * xr + i] * x[r * xr + j] * (w ? w[r] : T(1));
        h[i * hr + j] = s + (acc ? h[i * hr + j] : T(0));
      }
  }
};
}  // namespace
template <class T>
void fill_gram(ProductKernels<T>& t) {
  using P = Plain<T>;
  t.gram_workspace = P::one;
  t.weighted_gram = P::gram;
}
template void fill_gram(ProductKernels<float>&);
template void fill_gram(ProductKernels<double>&);
}  // namespace steep
