// Lower triangle of H [+]= X' diag(weight) X: what Newton's method, Gauss-Newton and least squares spend their time in.
//
// Rows of X are taken in blocks small enough that three strips of one stay in the first cache: X is read from memory
// once, the next block while the tiles of this one compute. Each entry is one chain over a block's rows, added to H
// block by block. Cost: n d^2 flops.
#include <algorithm>

#include "level.hpp"
#include "lower.hpp"

namespace steep {
namespace {

constexpr Index block_rows = 128;
// From a strip to the next: one line more than its rows, so that rows of many strips do not meet in one set of the
// cache.
template <class T>
constexpr Index strip_room = (block_rows + 1) * Simd<T>::width;

template <class T>
Index gram_workspace(Index d) {
  return 2 * strip_count<T>(d) * strip_room<T>;
}

// x and weight x in strips, in one pass over x, a few rows at a time.
template <class T, bool Weighted>
void pack_strips(Index k, Index d, const T* x, Index x_row, const T* weight, T* plain, T* scaled) {
  constexpr Index w = Simd<T>::width, group = 4;
  const Index whole = d / w, rest = d % w;
  for (Index r = 0; r < k; r += group) {
    const Index end = std::min(k, r + group);
    for (Index s = 0; s < whole; ++s) {
      for (Index i = r; i < end; ++i) {
        const V<T> value = load(x + i * x_row + s * w);
        store(plain + s * strip_room<T> + i * w, value);
        if (Weighted) store(scaled + s * strip_room<T> + i * w, value * broadcast(weight[i]));
      }
    }
    for (Index i = r; rest && i < end; ++i) {
      const V<T> value = load_part<V<T>>(x + i * x_row + whole * w, rest);
      store(plain + whole * strip_room<T> + i * w, value);
      if (Weighted) store(scaled + whole * strip_room<T> + i * w, value * broadcast(weight[i]));
    }
  }
}

template <class T>
void weighted_gram(Index n, Index d, const T* x, Index x_row, const T* weight, T* h, Index h_row, bool accumulate,
                   T* workspace) {
  const Index blocks = std::max<Index>((n + block_rows - 1) / block_rows, 1), each = (n + blocks - 1) / blocks;
  T *plain = workspace, *scaled = weight ? workspace + strip_count<T>(d) * strip_room<T> : plain;
  for (Index r = 0; r == 0 || r < n; r += each) {
    const Index k = std::min(each, n - r);
    const T* from = x + r * x_row;
    if (weight)
      pack_strips<T, true>(k, d, from, x_row, weight + r, plain, scaled);
    else
      pack_strips<T, false>(k, d, from, x_row, nullptr, plain, plain);
    const Index bytes = k * x_row * static_cast<Index>(sizeof(T));
    const Ahead next{reinterpret_cast<const char*>(from + k * x_row), x_row < 2 * d ? bytes / 64 + 1 : 0};
    lower_product(k, d, plain, scaled, strip_room<T>, h, h_row, accumulate || r > 0 ? Into::added : Into::fresh, next);
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
