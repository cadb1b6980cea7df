// Lower triangle of H [+]= X' diag(weight) X: what Newton's method, Gauss-Newton and least squares spend their time in.
//
// Rows of X are taken in blocks small enough that a block's panels stay in the second cache: X is read from memory once.
// Each entry is one chain over a block's rows, added to H block by block. Cost: n d^2 flops.
#include <algorithm>

#include "level.hpp"
#include "lower.hpp"

namespace steep {
namespace {

constexpr Index block_rows = 192;

template <class T>
Index gram_workspace(Index d) {
  return 2 * block_rows * Cut<T>(d).padded();
}

// x and weight x into panels, in one pass over x.
template <class T>
void pack_scaled(Index k, const Cut<T>& cut, const T* x, Index x_row, const T* weight, T* plain, T* scaled) {
  constexpr Index w = Simd<T>::width;
  for (Index s = 0; s < cut.whole_panels; ++s) {
    for (Index i = 0; i < k; ++i) {
      const T* from = x + i * x_row + s * kPanel<T>;
      __builtin_prefetch(from + kPanel<T>);  // the next panel's part of this row
      __builtin_prefetch(from + kPanel<T> + w);
      const V<T> first = load(from), second = load(from + w), factor = broadcast(weight[i]);
      store(plain, first);
      store(plain + w, second);
      store(scaled, first * factor);
      store(scaled + w, second * factor);
      plain += kPanel<T>;
      scaled += kPanel<T>;
    }
  }
  for (Index q = 0; q < cut.pieces; ++q) {
    const auto piece = cut.piece[q];
    for (Index i = 0; i < k; ++i) {
      const T* from = x + i * x_row + piece.first;
      for (Index j = 0; j < piece.padded; ++j) {
        const T value = j < piece.width ? from[j] : T(0);
        plain[j] = value;
        scaled[j] = weight[i] * value;
      }
      plain += piece.padded;
      scaled += piece.padded;
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
    if (weight) {
      pack_scaled(k, cut, x + r * x_row, x_row, weight + r, plain, scaled);
    } else {
      pack_panels(k, cut, x + r * x_row, x_row, Index(1), plain, k);
    }
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
