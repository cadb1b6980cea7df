// Panels: B (k, n) copied so that a tile reads it in one stream.
//
// Columns are cut into panels of two vectors; what is left over makes one or two narrower ones (see Cut), padded with
// zeros. A panel is stored row after row: entry (i, j) of a panel of width w is at i * w + j. A transposed B is turned
// in registers, one square of a vector's width at a time.
#pragma once
#include <utility>

#include "micro_kernel.hpp"

namespace steep {

// How n columns are cut: `whole` panels, then up to two narrower pieces.
template <class T>
struct Cut {
  static constexpr Index w = Simd<T>::width, h = sizeof(HalfV<T>) / sizeof(T);
  struct Piece {
    Shape shape;
    Index first, width, padded;  // column, columns, columns stored
  };
  explicit Cut(Index n) : whole_panels(n / kPanel<T>) {
    const Index first = whole_panels * kPanel<T>, rest = n - first;
    if (rest == 0) return;
    if (h < w && rest > w && rest <= w + h) {
      piece[pieces++] = {single, first, w, w};
      piece[pieces++] = {half, first + w, rest - w, h};
    } else if (rest > w) {
      piece[pieces++] = {ragged, first, rest, 2 * w};
    } else if (h < w && rest <= h) {
      piece[pieces++] = {half, first, rest, h};
    } else {
      piece[pieces++] = {single, first, rest, w};
    }
  }
  // Elements of one row of all panels.
  Index padded() const {
    Index sum = whole_panels * kPanel<T>;
    for (Index q = 0; q < pieces; ++q) sum += piece[q].padded;
    return sum;
  }
  Index whole_panels, pieces = 0;
  Piece piece[2];
};

// Lanes of a and b exchanged so that squares of size D off the diagonal change places.
template <int D, class Vec, std::size_t... L>
inline void exchange(Vec& a, Vec& b, std::index_sequence<L...>) {
  constexpr int w = sizeof...(L);
  const Vec low = __builtin_shufflevector(a, b, ((L & D) ? static_cast<int>(L) - D + w : static_cast<int>(L))...);
  b = __builtin_shufflevector(a, b, ((L & D) ? static_cast<int>(L) + w : static_cast<int>(L) + D)...);
  a = low;
}
template <int D, int W, class Vec>
inline void transpose_steps(Vec (&r)[W]) {
  STEEP_UNROLL for (int i = 0; i < W; ++i) {
    if ((i & D) == 0) exchange<D>(r[i], r[i + D], std::make_index_sequence<W>());
  }
  if constexpr (D > 1) transpose_steps<D / 2>(r);
}

// out(i, j) = b(j, i) for a W x W square: `rows` rows of b are there (the others count as zero), `columns` are written.
template <class T>
inline void transpose_square(const T* b, Index b_stride, Index rows, Index columns, T* out, Index out_stride) {
  constexpr int w = static_cast<int>(Simd<T>::width);
  V<T> r[w];
  if (rows >= w && columns >= w) {
    STEEP_UNROLL for (int i = 0; i < w; ++i) r[i] = load(b + i * b_stride);
    transpose_steps<w / 2>(r);
    STEEP_UNROLL for (int i = 0; i < w; ++i) store(out + i * out_stride, r[i]);
    return;
  }
  STEEP_UNROLL for (int i = 0; i < w; ++i) {
    r[i] = i >= rows ? V<T>{} : columns >= w ? load(b + i * b_stride) : load_part<V<T>>(b + i * b_stride, columns);
  }
  transpose_steps<w / 2>(r);
  STEEP_UNROLL for (int i = 0; i < w; ++i) {
    if (i < columns) store(out + i * out_stride, r[i]);
  }
}

// `width` entries and then zeros, up to `padded` (at most a panel, a multiple of a half vector).
template <class T>
inline void copy_padded(const T* from, Index width, Index padded, T* to) {
  constexpr Index w = Simd<T>::width, h = sizeof(HalfV<T>) / sizeof(T);
  if (padded == h) {
    const HalfV<T> v = load_part<HalfV<T>>(from, width);
    std::memcpy(to, &v, sizeof v);
    return;
  }
  store(to, width < w ? load_part<V<T>>(from, width) : load(from));
  if (padded > w) store(to + w, load_part<V<T>>(from + w, width - w));
}

// One panel: `width` columns of B stored `padded` wide (a multiple of a half vector).
template <class T>
void pack_panel(Index k, Index width, Index padded, const T* b, Index b_row, Index b_col, T* out) {
  constexpr Index w = Simd<T>::width;
  if (b_col == 1) {
    if (width == kPanel<T>) {
      for (Index i = 0; i < k; ++i) {
        store(out + i * kPanel<T>, load(b + i * b_row));
        store(out + i * kPanel<T> + w, load(b + i * b_row + w));
      }
    } else {
      for (Index i = 0; i < k; ++i) copy_padded(b + i * b_row, width, padded, out + i * padded);
    }
  } else if (b_row == 1 && padded % w == 0) {
    for (Index i = 0; i < k; i += w) {
      for (Index j = 0; j < padded; j += w)
        transpose_square(b + i + j * b_col, b_col, width - j, k - i, out + i * padded + j, padded);
    }
  } else {
    for (Index i = 0; i < k; ++i) {
      for (Index j = 0; j < width; ++j) out[i * padded + j] = b[i * b_row + j * b_col];
      for (Index j = width; j < padded; ++j) out[i * padded + j] = 0;
    }
  }
}

// The way back from a transposed panel: out(j, i) = panel(i, j), `width` rows of k entries.
template <class T>
void unpack_panel(Index k, Index width, Index padded, const T* panel, T* out, Index out_row) {
  constexpr int w = static_cast<int>(Simd<T>::width);
  for (Index j = 0; j < width; j += w) {
    Index i = 0;
    if (j + w <= width) {
      for (; i + w <= k; i += w) transpose_square(panel + i * padded + j, padded, w, w, out + j * out_row + i, out_row);
    }
    for (; i < k; ++i) {
      for (Index l = j; l < j + w && l < width; ++l) out[l * out_row + i] = panel[i * padded + l];
    }
  }
}

// Rows of B (k of them, starting at b) into panels whose starts are `k_total` rows apart, from row `first` on.
template <class T>
void pack_panels(Index k, const Cut<T>& cut, const T* b, Index b_row, Index b_col, T* out, Index k_total,
                 Index first = 0) {
  for (Index p = 0; p < cut.whole_panels; ++p) {
    const Index j = p * kPanel<T>;
    pack_panel(k, kPanel<T>, kPanel<T>, b + j * b_col, b_row, b_col, out + j * k_total + first * kPanel<T>);
  }
  T* rest = out + cut.whole_panels * kPanel<T> * k_total;
  for (Index q = 0; q < cut.pieces; ++q) {
    const auto& piece = cut.piece[q];
    pack_panel(k, piece.width, piece.padded, b + piece.first * b_col, b_row, b_col, rest + first * piece.padded);
    rest += piece.padded * k_total;
  }
}

}  // namespace steep
