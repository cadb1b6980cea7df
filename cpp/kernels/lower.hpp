// C (d, d; lower triangle) [+]= P' Q for P and Q of k rows in panels (packing.hpp): the heart of X'DX and of Cholesky.
//
// Strips of columns against strips of rows at or below them, so that the work is one triangle and half of each square on the
// diagonal. The squares go through a buffer: nothing above the diagonal is written. Tiles are read from the panels on
// both sides, so no stride of the caller's matrix is felt.
#pragma once
#include "packing.hpp"

namespace steep {

// The strip of columns number s of a cut: whole panels first, then the pieces.
template <class T>
inline typename Cut<T>::Piece strip(const Cut<T>& cut, Index s) {
  if (s < cut.whole_panels) return {whole, s * kPanel<T>, kPanel<T>, kPanel<T>};
  return cut.piece[s - cut.whole_panels];
}

// Shape and lanes of the last vector for a strip's tiles.
template <class T>
inline Index last_lanes(const typename Cut<T>::Piece& piece) {
  return piece.width > Simd<T>::width ? piece.width - Simd<T>::width : piece.width;
}

template <class T>
void tile_rows(Index rows, Shape shape, Tile<T> t) {
  const RowTiles tiles(rows);
  for (Index left = rows, i = 0; left > 0; ++i) {
    const Index r = tiles.size(i);
    kTiles<T>[r - 1][shape](t);
    t.a += r * t.a_row;
    t.c += r * t.c_row;
    left -= r;
  }
}

template <class T>
void lower_product(Index k, const Cut<T>& cut, const T* p, const T* q, T* c, Index c_row, bool load_c) {
  const Index strips = cut.whole_panels + cut.pieces;
  constexpr Index w = Simd<T>::width;
  alignas(64) T square[kPanel<T> * kPanel<T>];
  const T* q_strip = q;
  for (Index j = 0; j < strips; ++j) {
    const auto columns = strip(cut, j);
    Tile<T> t{};
    t.k = k;
    t.a_row = 1;
    t.b = q_strip;
    t.b_row = columns.padded;
    t.last = last_lanes<T>(columns);
    const T* p_strip = p + (q_strip - q);
    // On the diagonal; the first rows need the first vector of columns only.
    t.a = p_strip;
    t.a_col = columns.padded;
    t.c = square;
    t.c_row = kPanel<T>;
    Index rows = columns.width;
    if (rows > w) {
      Tile<T> first = t;
      first.last = w;
      tile_rows(w, single, first);
      t.a += w;
      t.c += w * kPanel<T>;
      rows -= w;
    }
    tile_rows(rows, columns.shape, t);
    for (Index i = 0; i < columns.width; ++i) {
      T* out = c + (columns.first + i) * c_row + columns.first;
      const T* in = square + i * kPanel<T>;
      for (Index l = 0; l <= i; ++l) out[l] = load_c ? out[l] + in[l] : in[l];
    }
    // Below it.
    t.load_c = load_c;
    t.c_row = c_row;
    p_strip += columns.padded * k;
    for (Index i = j + 1; i < strips; ++i) {
      const auto below = strip(cut, i);
      t.a = p_strip;
      t.a_col = below.padded;
      t.c = c + below.first * c_row + columns.first;
      tile_rows(below.width, columns.shape, t);
      p_strip += below.padded * k;
    }
    q_strip += columns.padded * k;
  }
}

}  // namespace steep
