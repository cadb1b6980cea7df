// C = [C +] A B [+ bias], [max(., 0)], blocked for the caches (Goto and van de Geijn 2008): blocks of k whose panels of
// B stay in the first and second cache, tiles of C in registers (micro_kernel.hpp). k is cut into equal blocks (of
// whole repeats, where one is no deeper than a block), a function of k alone; each entry's chain starts anew in each
// block and is added to C. B is read in place where that is as fast.
#include <algorithm>

#include "level.hpp"
#include "packing.hpp"

namespace steep {
namespace {

template <class T>
struct Blocks {
  static constexpr Index deepest = 384;          // rows of B in a block
  static constexpr Index wide = 32 * kPanel<T>;  // columns of B packed at once, when the workspace holds them
  static constexpr Index tall = 16 * kTileRows;  // rows of A in a block
};

template <class T>
Index depth(Index k) {
  const Index count = (k + Blocks<T>::deepest - 1) / Blocks<T>::deepest;
  return count <= 1 ? std::max<Index>(k, 1) : ((k + count - 1) / count + 7) / 8 * 8;
}

template <class T>
Index padded_columns(Index n) {
  return (n + Cut<T>::h - 1) / Cut<T>::h * Cut<T>::h + Simd<T>::width;
}

template <class T>
Index packed_size(Index k, Index n) {
  return std::max<Index>(k, 1) * Cut<T>(n).padded();
}

template <class T>
void pack(Index k, Index n, const T* b, Index b_row, Index b_col, T* packed) {
  pack_panels(k, Cut<T>(n), b, b_row, b_col, packed, k);
}

// Where the panels of one block of k are: whole ones `panel` apart from `b`; the pieces one after the other from
// `rest`, `total` rows each, the block's first being row `first`; null: in place too.
template <class T>
struct Panels {
  const T* b;
  Index b_row, b_jump, panel;
  const T* rest;
  Index total, first;
};

// All tiles of one block: `rows` of A against the panels.
template <class T>
void block(Index rows, Tile<T> t, const Cut<T>& cut, const Panels<T>& panels) {
  const RowTiles tiles(rows);
  const T *a = t.a, *bias = t.bias;
  T* c = t.c;
  const auto columns = [&](Shape shape, Index first) {
    t.a = a;
    t.c = c + first;
    t.bias = bias ? bias + first : nullptr;
    for (Index left = rows, i = 0; left > 0; ++i) {
      const Index r = tiles.size(i);
      kTiles<T>[r - 1][shape](t);
      t.a += r * t.a_row;
      t.c += r * t.c_row;
      left -= r;
    }
  };
  t.b_row = panels.b_row;
  t.b_jump = panels.b_jump;
  t.b_panel = panels.panel;
  t.last = Simd<T>::width;
  Index p = 0;
  const auto groups = [&](Shape shape, Index size) {
    for (; p + size <= cut.whole_panels; p += size) {
      t.b = panels.b + p * panels.panel;
      columns(shape, p * kPanel<T>);
    }
  };
  if (8 * tiles.highest() <= kAccumulators) groups(quad, 4);
  if (4 * tiles.highest() <= kAccumulators) groups(twin, 2);
  groups(whole, 1);
  const T* rest = panels.rest;
  for (Index q = 0; q < cut.pieces; ++q) {
    const auto& piece = cut.piece[q];
    if (rest) {
      t.b = rest + panels.first * piece.padded;
      t.b_row = piece.padded;
      t.b_jump = 0;
      rest += piece.padded * panels.total;
    } else {
      t.b = panels.b + piece.first / kPanel<T> * panels.panel + piece.first % kPanel<T>;
    }
    t.last = piece.shape == ragged ? piece.width - Simd<T>::width : piece.width;
    columns(piece.shape, piece.first);
  }
}

// Rows of B may overlap (windows do): then it is read in place whatever its size.
template <class T>
bool read_in_place(const Product<T>& p) {
  const Index bytes = p.k * p.repeats * p.n * static_cast<Index>(sizeof(T));
  return p.b_col == 1 && (p.m <= 2 * kTileRows || p.b_row < p.n || bytes <= 16384);
}

template <class T>
Index workspace_size(Index, Index n, Index k) {
  return std::min(std::max<Index>(k, 1), Blocks<T>::deepest) * padded_columns<T>(std::min(n, Blocks<T>::wide));
}

// The panels of a block of B that starts at b: in place, or copied into the workspace, or the narrow ones alone copied.
template <class T>
Panels<T> copied_panels(const Product<T>& p, Cut<T> copied, const Tile<T>& t, const T* b, bool in_place) {
  const Index rows = t.k * t.repeats;
  if (in_place) {
    copied.whole_panels = 0;
    bool exact = true;
    for (Index i = 0; i < copied.pieces; ++i) exact = exact && copied.piece[i].width == copied.piece[i].padded;
    if (exact) return {b, p.b_row, p.b_repeat - t.k * p.b_row, kPanel<T>, nullptr, rows, 0};
  }
  for (Index q = 0; q < t.repeats; ++q)
    pack_panels(t.k, copied, b + q * p.b_repeat, p.b_row, p.b_col, p.workspace, rows, q * t.k);
  if (in_place) return {b, p.b_row, p.b_repeat - t.k * p.b_row, kPanel<T>, p.workspace, rows, 0};
  return {p.workspace, kPanel<T>, 0, rows * kPanel<T>, p.workspace + copied.whole_panels * kPanel<T> * rows, rows, 0};
}

template <class T>
void multiply(const Product<T>& p) {
  if (p.m <= 0 || p.n <= 0) return;
  const Index deep = depth<T>(p.k);
  const Index most = std::max<Index>(Blocks<T>::deepest / std::max<Index>(p.k, 1), 1);  // repeats of a block
  const Index count = (p.repeats + most - 1) / most, repeats = (p.repeats + count - 1) / count;
  const bool in_place = !p.packed && read_in_place(p);
  const Index wide = p.packed ? p.n : Blocks<T>::wide, total = p.k * p.repeats;
  for (Index j = 0; j < p.n; j += wide) {
    const Cut<T> cut(std::min(wide, p.n - j));
    for (Index q = 0; q < p.repeats; q += repeats) {
      for (Index k = 0; k == 0 || k < p.k; k += deep) {
        Tile<T> t{};
        t.k = std::min(deep, p.k - k);
        t.repeats = std::min(repeats, p.repeats - q);
        t.a_row = p.a_row;
        t.a_col = p.a_col;
        t.a_jump = p.a_repeat - t.k * p.a_col;
        t.c_row = p.c_row;
        t.load_c = q > 0 || k > 0 || p.accumulate;
        const bool last = k + deep >= p.k && q + repeats >= p.repeats;
        t.bias = last && p.bias ? p.bias + j : nullptr;
        t.relu = last && p.relu;
        Panels<T> panels;
        if (p.packed) {
          const Index first = q * p.k + k;
          const T* rest = p.b + cut.whole_panels * kPanel<T> * total;
          panels = {p.b + first * kPanel<T>, kPanel<T>, 0, total * kPanel<T>, rest, total, first};
        } else {
          panels = copied_panels(p, cut, t, p.b + q * p.b_repeat + k * p.b_row + j * p.b_col, in_place);
        }
        for (Index i = 0; i < p.m; i += Blocks<T>::tall) {
          t.a = p.a + i * p.a_row + q * p.a_repeat + k * p.a_col;
          t.c = p.c + i * p.c_row + j;
          block(std::min(Blocks<T>::tall, p.m - i), t, cut, panels);
        }
      }
    }
  }
}

}  // namespace

template <class T>
void fill(ProductKernels<T>& table) {
  table.packed_size = packed_size<T>;
  table.pack = pack<T>;
  table.workspace_size = workspace_size<T>;
  table.multiply = multiply<T>;
  fill_gram(table);
  fill_cholesky(table);
  fill_matrix_vector(table);
  fill_row_outer(table);
  fill_peak(table);
}
template void fill(ProductKernels<float>&);
template void fill(ProductKernels<double>&);
}  // namespace steep
