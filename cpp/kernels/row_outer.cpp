// Row by row, out(r, i n + j) = a(r, i) b(r, j): what a dense layer adds to the Jacobian of its network.
//
// A narrow b sits in one vector: lanes of the flat row are picked from it and from a few entries of a, by patterns that
// repeat every n vectors. Each entry is one product, so the bits do not depend on the width. Cost: rows m n.
#include <algorithm>

#include "lanes.hpp"
#include "level.hpp"

namespace steep {
namespace {

// Where the lanes of vector q of a row come from.
template <class T>
struct Pattern {
  Index base;  // lane l is a(base + row[l]) b(column[l])
  VBits<T> row, column;
};

template <class T>
V<T> picked(const V<T>& v, const VBits<T>& from) {
#if defined(__clang__)
  V<T> out;
  for (Index l = 0; l < Simd<T>::width; ++l) out[l] = v[from[l]];
  return out;
#else
  return __builtin_shuffle(v, from);
#endif
}

template <class T>
void narrow(Index rows, Index m, const T* a, Index n, const T* b, T* out, Index out_row) {
  constexpr Index w = Simd<T>::width;
  Pattern<T> patterns[w];
  for (Index q = 0; q < n; ++q) {
    Pattern<T>& p = patterns[q];
    p.base = q * w / n;
    for (Index l = 0; l < w; ++l) {
      p.row[l] = static_cast<Bits<T>>((q * w + l) / n - p.base);
      p.column[l] = static_cast<Bits<T>>((q * w + l) % n);
    }
  }
  for (Index r = 0; r < rows; ++r, a += m, b += n, out += out_row) {
    const V<T> x = load_part(b, n);
    Index q = 0, first = 0;  // first: the entry of a that a period starts with
    for (Index at = 0; at < m * n; at += w) {
      const Pattern<T>& p = patterns[q];
      const Index base = first + p.base;
      const V<T> d = load_part(a + base, m - base);
      store_part<T>(out + at, picked<T>(d, p.row) * picked<T>(x, p.column), m * n - at);
      if (++q == n) q = 0, first += w;
    }
  }
}

template <class T>
void wide(Index rows, Index m, const T* a, Index n, const T* b, T* out, Index out_row) {
  for (Index r = 0; r < rows; ++r, a += m, b += n, out += out_row) {
    for (Index i = 0; i < m; ++i) {
      const V<T> d = broadcast<T>(a[i]);
      for (Index j = 0; j < n; j += Simd<T>::width) store_part<T>(out + i * n + j, d * load_part(b + j, n - j), n - j);
    }
  }
}

template <class T>
void row_outer(Index rows, Index m, const T* a, Index n, const T* b, T* out, Index out_row) {
  if (n < Simd<T>::width)
    narrow(rows, m, a, n, b, out, out_row);
  else
    wide(rows, m, a, n, b, out, out_row);
}

}  // namespace

template <class T>
void fill_row_outer(ProductKernels<T>& table) {
  table.row_outer = row_outer<T>;
}
template void fill_row_outer(ProductKernels<float>&);
template void fill_row_outer(ProductKernels<double>&);
}  // namespace steep
