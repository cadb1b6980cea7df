// C = [C +] A B [+ bias], [max(., 0)], blocked for the caches (Goto and van de Geijn 2008): blocks of k whose panels of B
// stay in the first and second cache, tiles of C in registers (micro_kernel.hpp). k is cut into equal blocks, a function of
// k alone; each entry's chain starts anew in each block and is added to C. B is read in place where that is as fast.
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

// Where the panels of one block of k are: whole ones `panel` apart from `b`; the pieces one after the other from `rest`,
// `total` rows each, the block's first being row `first`.
template <class T>
struct Panels {
  const T* b;
  Index b_row, panel;
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
    t.b = rest + panels.first * piece.padded;
    t.b_row = piece.padded;
    t.last = piece.shape == ragged ? piece.width - Simd<T>::width : piece.width;
    columns(piece.shape, piece.first);
    rest += piece.padded * panels.total;
  }
}

template <class T>
bool read_in_place(const Product<T>& p) {
  return p.b_col == 1 && (p.m <= 2 * kTileRows || p.k * p.n * static_cast<Index>(sizeof(T)) <= 16384);
}

template <class T>
Index workspace_size(Index, Index n, Index k) {
  return std::min(std::max<Index>(k, 1), Blocks<T>::deepest) * padded_columns<T>(std::min(n, Blocks<T>::wide));
}

template <class T>
void multiply(const Product<T>& p) {
  if (p.m <= 0 || p.n <= 0) return;
  const Index deep = depth<T>(p.k);
  const bool in_place = !p.packed && read_in_place(p);
  const Index wide = p.packed ? p.n : Blocks<T>::wide;
  for (Index j = 0; j < p.n; j += wide) {
    const Cut<T> cut(std::min(wide, p.n - j));
    for (Index k = 0; k == 0 || k < p.k; k += deep) {
      Tile<T> t{};
      t.k = std::min(deep, p.k - k);
      t.a_row = p.a_row;
      t.a_col = p.a_col;
      t.c_row = p.c_row;
      t.load_c = k > 0 || p.accumulate;
      const bool last = k + deep >= p.k;
      t.bias = last && p.bias ? p.bias + j : nullptr;
      t.relu = last && p.relu;
      Panels<T> panels;
      if (p.packed) {
        panels = {p.b + k * kPanel<T>, kPanel<T>, p.k * kPanel<T>, p.b + cut.whole_panels * kPanel<T> * p.k, p.k, k};
      } else {
        const T* b = p.b + k * p.b_row + j * p.b_col;
        Cut<T> copied = cut;
        if (in_place) copied.whole_panels = 0;
        pack_panels(t.k, copied, b, p.b_row, p.b_col, p.workspace, t.k);
        panels = {p.workspace, kPanel<T>, t.k * kPanel<T>, p.workspace + copied.whole_panels * kPanel<T> * t.k, t.k, 0};
        if (in_place) panels.b = b, panels.b_row = p.b_row, panels.panel = kPanel<T>;
      }
      for (Index i = 0; i < p.m; i += Blocks<T>::tall) {
        t.a = p.a + i * p.a_row + k * p.a_col;
        t.c = p.c + i * p.c_row + j;
        block(std::min(Blocks<T>::tall, p.m - i), t, cut, panels);
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
