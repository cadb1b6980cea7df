// Lower triangle of H [+]= X' diag(weight) X: what Newton's method, Gauss-Newton and least squares spend their time in.
//
// Rows of X are taken in blocks small enough that a block's panels stay in the second cache: X is read from memory once.
// Each entry is one chain over a block's rows, added to H block by block. Cost: n d^2 flops.
#include <algorithm>

#include "level.hpp"
#include "lower.hpp"

namespace steep {
namespace {

constexpr Index block_rows = 128;

template <class T>
Index gram_workspace(Index d) {
  return 2 * block_rows * Cut<T>(d).padded();
}

template <class T>
void scale_panels(Index k, const Cut<T>& cut, const T* weight, const T* from, T* to) {
  for (Index s = 0; s < cut.whole_panels + cut.pieces; ++s) {
    const Index width = strip(cut, s).padded;
    for (Index i = 0; i < k; ++i) {
      for (Index j = 0; j < width; ++j) to[j] = weight[i] * from[j];
      to += width;
      from += width;
    }
  }
}

template <class T>
void weighted_gram(Index n, Index d, const T* x, Index x_row, const T* weight, T* h, Index h_row, bool accumulate,
                   T* workspace) {
  const Cut<T> cut(d);
  T *plain = workspace, *scaled = weight ? workspace + block_rows * cut.padded() : plain;
  for (Index r = 0; r == 0 || r < n; r += block_rows) {
    const Index k = std::min(block_rows, n - r);
    pack_panels(k, cut, x + r * x_row, x_row, Index(1), plain, k);
    if (weight) scale_panels(k, cut, weight + r, plain, scaled);
    lower_product(k, cut, plain, scaled, h, h_row, accumulate || r > 0);
  }
}

}  // namespace

template <class T>
void fill_gram(ProductKernels<T>& table) {
  table.gram_workspace = gram_workspace<T>;
  table.weighted_gram = weighted_gram<T>;
}
template void fill_gram(ProductKernels<float>&);
template void fill_gram(ProductKernels<double>&);
}  // namespace steep
