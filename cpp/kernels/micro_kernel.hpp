// The tile of a product that lives in registers: R rows times NV vectors of C,
//
//     C(i, j) = [C(i, j) +] sum_k A(i, k) B(k, j), then [+ bias(j)], [max(., 0)],
//
// one chain of fused multiply-adds a C(i, j), k ascending; k may run in `repeats` of equal length, between which A and
// B jump: windows of images are such sums. B comes in panels of two vectors (`b_panel` elements apart) whose
// rows are `b_row` elements apart; A has any strides and is broadcast entry by entry. All products, Gram matrices and
// factorizations of the library are made of these tiles, so an entry has the same bits wherever the tile's edge falls.
#pragma once
#include <array>
#include <utility>

#include "partial.hpp"

namespace steep {

template <class T>
struct Tile {
  Index k;
  const T* a;
  Index a_row, a_col;
  const T* b;
  Index b_row, b_panel;
  T* c;
  Index c_row;
  const T* bias;  // null: none
  Index last;     // lanes of the last vector that are C's
  bool load_c, relu;
  Index repeats = 1, a_jump = 0, b_jump = 0;  // of k; the jumps are added after each
};

// Rows a tile may have, by registers: 2 R accumulators, 2 vectors of B, one of A.
#if defined(__AVX512F__)
inline constexpr int kTileRows = 14;
#elif defined(__AVX__)
inline constexpr int kTileRows = 6;
#else
inline constexpr int kTileRows = 4;
#endif
inline constexpr int kAccumulators = 2 * kTileRows;

template <class T>
inline constexpr Index kPanel = 2 * Simd<T>::width;  // columns of a panel

#define STEEP_UNROLL _Pragma("GCC unroll 16")

template <class T, class Vec, int R, int NV, bool Masked>
void tile(const Tile<T>& t) {
  constexpr Index width = sizeof(Vec) / sizeof(T);
  constexpr int groups = (R + 2) / 3;  // three rows share a base address
  Vec acc[R][NV];
  STEEP_UNROLL for (int i = 0; i < R; ++i) { STEEP_UNROLL for (int v = 0; v < NV; ++v) acc[i][v] = Vec{}; }
  if (t.load_c) {  // comes from far when C is large; needed after the sums
    STEEP_UNROLL for (int i = 0; i < R; ++i) {
      STEEP_UNROLL for (int v = 0; v < NV; ++v) __builtin_prefetch(t.c + i * t.c_row + v * width, 1);
    }
  }
  const Index s = t.a_row, step = t.a_col, b_row = t.b_row;
  const T* a[groups];
  STEEP_UNROLL for (int g = 0; g < groups; ++g) a[g] = t.a + 3 * g * s;
  const T* b[(NV + 1) / 2];
  STEEP_UNROLL for (int p = 0; p < (NV + 1) / 2; ++p) b[p] = t.b + p * t.b_panel;
  for (Index q = t.repeats; q > 0; --q) {
    for (Index k = t.k; k > 0; --k) {
      Vec bv[NV];
      STEEP_UNROLL for (int v = 0; v < NV; ++v) bv[v] = load_as<Vec>(b[v / 2] + (v % 2) * width);
      STEEP_UNROLL for (int i = 0; i < R; ++i) {
        const Vec x = a[i / 3][(i % 3) * s] - Vec{};
        STEEP_UNROLL for (int v = 0; v < NV; ++v) acc[i][v] += x * bv[v];
      }
      STEEP_UNROLL for (int g = 0; g < groups; ++g) a[g] += step;
      STEEP_UNROLL for (int p = 0; p < (NV + 1) / 2; ++p) b[p] += b_row;
    }
    STEEP_UNROLL for (int g = 0; g < groups; ++g) a[g] += t.a_jump;
    STEEP_UNROLL for (int p = 0; p < (NV + 1) / 2; ++p) b[p] += t.b_jump;
  }
  constexpr auto part = [](int v) { return Masked && v == NV - 1; };
  if (t.load_c) {
    STEEP_UNROLL for (int i = 0; i < R; ++i) {
      STEEP_UNROLL for (int v = 0; v < NV; ++v) {
        const T* c = t.c + i * t.c_row + v * width;
        acc[i][v] = (part(v) ? load_part<Vec>(c, t.last) : load_as<Vec>(c)) + acc[i][v];
      }
    }
  }
  if (t.bias) {
    STEEP_UNROLL for (int v = 0; v < NV; ++v) {
      const Vec x = part(v) ? load_part<Vec>(t.bias + v * width, t.last) : load_as<Vec>(t.bias + v * width);
      STEEP_UNROLL for (int i = 0; i < R; ++i) acc[i][v] += x;
    }
  }
  if (t.relu) {
    STEEP_UNROLL for (int i = 0; i < R; ++i) {
      STEEP_UNROLL for (int v = 0; v < NV; ++v) acc[i][v] = acc[i][v] < Vec{} ? Vec{} : acc[i][v];
    }
  }
  STEEP_UNROLL for (int i = 0; i < R; ++i) {
    STEEP_UNROLL for (int v = 0; v < NV; ++v) {
      T* c = t.c + i * t.c_row + v * width;
      if (part(v))
        store_part(c, acc[i][v], t.last);
      else
        std::memcpy(c, &acc[i][v], sizeof(Vec));
    }
  }
}

// The tiles by rows (1 to kTileRows) and shape. quad and twin take four and two panels at once, for few rows.
enum Shape { quad, twin, whole, ragged, single, half, shapes };

template <class T>
using TileFunction = void (*)(const Tile<T>&);

template <class T, int R>
constexpr std::array<TileFunction<T>, shapes> tiles_of_rows() {
  std::array<TileFunction<T>, shapes> f{};
  if constexpr (8 * R <= kAccumulators) f[quad] = tile<T, V<T>, R, 8, false>;
  if constexpr (4 * R <= kAccumulators) f[twin] = tile<T, V<T>, R, 4, false>;
  f[whole] = tile<T, V<T>, R, 2, false>;
  f[ragged] = tile<T, V<T>, R, 2, true>;
  f[single] = tile<T, V<T>, R, 1, true>;
  f[half] = tile<T, HalfV<T>, R, 1, true>;
  return f;
}
template <class T, int... R>
constexpr std::array<std::array<TileFunction<T>, shapes>, sizeof...(R)> make_tiles(std::integer_sequence<int, R...>) {
  return {tiles_of_rows<T, R + 1>()...};
}
// kTiles<T>[rows - 1][shape]
template <class T>
inline constexpr auto kTiles = make_tiles<T>(std::make_integer_sequence<int, kTileRows>());

// m rows in tiles of nearly equal size: the fewest tiles, the first ones a row higher.
struct RowTiles {
  explicit RowTiles(Index m) {
    const Index count = (m + kTileRows - 1) / kTileRows;
    rows = m / count;
    higher = m % count;
  }
  Index rows, higher;
  Index size(Index i) const { return rows + (i < higher); }
  Index highest() const { return rows + (higher > 0); }
};

}  // namespace steep
