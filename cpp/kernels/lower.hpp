// C (d, d; lower triangle) [+|-]= P' Q for P and Q of k rows: the heart of X'DX and of Cholesky.
//
// P and Q are cut into strips, each one vector of columns wide, stored row after row and padded with zeros. Tiles are a
// few rows of C against up to three vectors of columns; they stop at the vector that holds the diagonal, whose lanes
// beyond it are not stored, so that the work is one triangle and half a vector a row. While tiles compute, they fetch
// what the caller will read next, a cache line each step.
#pragma once
#include <algorithm>
#include <array>

#include "packing.hpp"

namespace steep {

#if defined(__AVX512F__)
inline constexpr int kLowerRows = 8, kLowerVectors = 3;
#elif defined(__AVX__)
inline constexpr int kLowerRows = 4, kLowerVectors = 3;
#else
inline constexpr int kLowerRows = 4, kLowerVectors = 2;
#endif

template <class T>
inline Index strip_count(Index d) {
  return (d + Simd<T>::width - 1) / Simd<T>::width;
}

enum class Into { fresh, added, subtracted };

template <class T>
struct LowerTile {
  Index k;
  const T *p, *q;
  Index strip;  // elements from a strip of P or Q to the next
  T* c;
  Index c_row, c_strip;  // c_strip: elements from a vector of a row to the next
  Into into;
  Index last;  // lanes of the last vector that are on or below the diagonal, in the first row; then one more a row
  const char* ahead;  // fetched, `ahead_step` further with each step
  Index ahead_step;
};

template <class T, int R, int NV, bool Diagonal>
void lower_tile(const LowerTile<T>& t) {
  constexpr int w = static_cast<int>(Simd<T>::width);
  constexpr int cut = Diagonal ? NV - (R + w - 1) / w : NV;  // the vectors from here on meet the diagonal
  V<T> acc[R][NV];
  STEEP_UNROLL for (int i = 0; i < R; ++i) {
    STEEP_UNROLL for (int v = 0; v < NV; ++v) {
      acc[i][v] = V<T>{};
      __builtin_prefetch(t.c + i * t.c_row + v * t.c_strip, 1);
    }
  }
  const T *p = t.p, *q = t.q;
  const char* ahead = t.ahead;
  const Index strip = t.strip, ahead_step = t.ahead_step;
  for (Index k = t.k; k > 0; --k) {
    __builtin_prefetch(ahead, 0, 2);
    V<T> b[NV];
    STEEP_UNROLL for (int v = 0; v < NV; ++v) b[v] = load(q + v * strip);
    STEEP_UNROLL for (int i = 0; i < R; ++i) {
      const V<T> a = broadcast(p[i / w * strip + i % w]);
      STEEP_UNROLL for (int v = 0; v < NV; ++v) acc[i][v] += a * b[v];
    }
    p += w;
    q += w;
    ahead += ahead_step;
  }
  STEEP_UNROLL for (int i = 0; i < R; ++i) {
    STEEP_UNROLL for (int v = 0; v < NV; ++v) {
      T* c = t.c + i * t.c_row + v * t.c_strip;
      V<T> sum = acc[i][v];
      if (v < cut) {
        if (t.into != Into::fresh) sum = t.into == Into::added ? load(c) + sum : load(c) - sum;
        store(c, sum);
      } else if (const Index lanes = std::min<Index>(t.last + i + (NV - 1 - v) * w, w); lanes > 0) {
        if (t.into != Into::fresh) {
          const V<T> old = load_part<V<T>>(c, lanes);
          sum = t.into == Into::added ? old + sum : old - sum;
        }
        store_part(c, sum, lanes);
      }
    }
  }
}

template <class T>
using LowerFunction = void (*)(const LowerTile<T>&);
template <class T, int R, int... NV>
constexpr std::array<std::array<LowerFunction<T>, 2>, sizeof...(NV)> lower_tiles_of_rows(
    std::integer_sequence<int, NV...>) {
  return {{{lower_tile<T, R, NV + 1, false>, lower_tile<T, R, NV + 1, true>}...}};
}
template <class T, int... R>
constexpr auto make_lower_tiles(std::integer_sequence<int, R...>) {
  return std::array<std::array<std::array<LowerFunction<T>, 2>, kLowerVectors>, sizeof...(R)>{
      lower_tiles_of_rows<T, R + 1>(std::make_integer_sequence<int, kLowerVectors>())...};
}
// kLowerTiles<T>[rows - 1][vectors - 1][on the diagonal]
template <class T>
inline constexpr auto kLowerTiles = make_lower_tiles<T>(std::make_integer_sequence<int, kLowerRows>());

// What to fetch while tiles compute: `lines` cache lines from `at`.
struct Ahead {
  const char* at = nullptr;
  Index lines = 0;
};

// Rows [first, end) of C at and below the diagonal in the columns of `vectors` strips from s on; `first` starts a
// strip.
template <class T>
void lower_rows(LowerTile<T> t, Index s, Index vectors, Index first, Index end, const T* p, T* c, Ahead& ahead) {
  constexpr Index w = Simd<T>::width;
  for (Index r = first; r < end; r += kLowerRows) {
    const Index rows = std::min<Index>(kLowerRows, end - r);
    const Index reach = std::min(vectors, (r + rows - 1) / w - s + 1);  // as far as the last row's diagonal
    t.p = p + r / w * t.strip + r % w;
    t.c = c + r * t.c_row + s * w;
    t.last = r + 1 - (s + reach - 1) * w;
    const bool fetch = ahead.lines > 0;
    t.ahead = fetch ? ahead.at : reinterpret_cast<const char*>(t.p);
    t.ahead_step = fetch ? 64 : 0;
    if (fetch) ahead.at += 64 * t.k;
    ahead.lines -= t.k;
    kLowerTiles<T>[rows - 1][reach - 1][t.last < w](t);
  }
}

// The whole of C; `strip`: elements from a strip of P or Q to the next.
template <class T>
void lower_product(Index k, Index d, const T* p, const T* q, Index strip, T* c, Index c_row, Into into, Ahead ahead) {
  LowerTile<T> t{};
  t.k = k;
  t.strip = strip;
  t.c_row = c_row;
  t.c_strip = Simd<T>::width;
  t.into = into;
  const Index strips = strip_count<T>(d);
  for (Index s = 0; s < strips; s += kLowerVectors) {
    t.q = q + s * strip;
    lower_rows<T>(t, s, std::min<Index>(kLowerVectors, strips - s), s * Simd<T>::width, d, p, c, ahead);
  }
}

}  // namespace steep
