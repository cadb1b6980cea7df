// Lower Cholesky factor in place, A = L L', and triangular solves (Golub and Van Loan, Matrix Computations, 4.2.9).
//
// Right-looking in blocks of columns: factor the square on the diagonal, solve the rows below it, subtract their
// product from the rest. The rows below are turned into strips (lower.hpp), where forward substitution is a sequence of
// register tiles, one lane a row; the same strips then serve the update. Both are cut into tasks by n alone, which the
// caller may spread over threads. Squares up to a few vectors wide are factored column by column. Only the lower
// triangle is read and written. Cost: n^3 / 3 flops.
#include <algorithm>
#include <cmath>

#include "level.hpp"
#include "lower.hpp"

namespace steep {
namespace {

constexpr Index smallest = 16;  // columns factored without blocks

// Columns of a block. Narrow ones keep the factoring of squares short, wide ones the passes over the rest few.
Index block_columns(Index n) { return n <= 16 ? n : n <= 128 ? 16 : n <= 768 ? 64 : 128; }

// Elements from a strip of k rows to the next: a line more than they take, so that strips do not meet in one set of the
// cache.
template <class T>
Index strip_room(Index k) {
  return (k + 1) * Simd<T>::width;
}

template <class T>
Index cholesky_workspace(Index n) {
  const Index block = block_columns(n);
  if (block >= n) return 0;
  return (strip_count<T>(n) + strip_count<T>(block)) * strip_room<T>(block) + cholesky_workspace<T>(block);
}

// Column by column on the transposed square, whose rows are the columns of L.
template <class T>
Index factor_square(Index n, T* a, Index a_row) {
  alignas(64) T u[smallest][smallest] = {};
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j <= i; ++j) u[j][i] = a[i * a_row + j];
  }
  Index failed = 0;
  for (Index j = 0; j < n && !failed; ++j) {
    if (!(u[j][j] > 0)) {
      failed = j + 1;
      break;
    }
    const T root = std::sqrt(u[j][j]), inverse = 1 / root;
    for (Index i = 0; i < smallest; ++i) u[j][i] *= inverse;
    u[j][j] = root;
    for (Index l = j + 1; l < n; ++l) {
      const T factor = u[j][l];
      for (Index i = 0; i < smallest; ++i) u[l][i] -= factor * u[j][i];
    }
  }
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j <= i; ++j) a[i * a_row + j] = u[j][i];
  }
  return failed;
}

// One block of columns: L (k, k) on the diagonal, and the rows below it.
template <class T>
struct Column {
  Index k, below;
  const T* factor;  // of the diagonal, in strips, with the inverses of its diagonal on the diagonal
  T* rows;          // the first row below
  Index a_row;
  T* strips;  // the rows below, turned
  T* rest;    // what their product is subtracted from
};

// Rows j to j + R of NV strips, solved against the square of L on the diagonal.
template <class T, int R, int NV>
void solve_square(const T* factor, T* s, Index room) {
  constexpr int w = static_cast<int>(Simd<T>::width);
  V<T> x[R][NV];
  STEEP_UNROLL for (int i = 0; i < R; ++i) {
    STEEP_UNROLL for (int v = 0; v < NV; ++v) x[i][v] = load(s + i * w + v * room);
    STEEP_UNROLL for (int l = 0; l < i; ++l) {
      const V<T> value = broadcast(factor[i / w * room + i % w + l * w]);
      STEEP_UNROLL for (int v = 0; v < NV; ++v) x[i][v] -= value * x[l][v];
    }
    const V<T> inverse = broadcast(factor[i / w * room + i % w + i * w]);
    STEEP_UNROLL for (int v = 0; v < NV; ++v) {
      x[i][v] *= inverse;
      store(s + i * w + v * room, x[i][v]);
    }
  }
}

// s (k, NV vectors) <- L^-1 s.
template <class T, int NV>
void solve_strips(Index k, const T* factor, T* s) {
  constexpr Index w = Simd<T>::width;
  LowerTile<T> t{};
  t.strip = t.c_strip = strip_room<T>(k);
  t.q = s;
  t.c_row = w;
  t.into = Into::subtracted;
  t.ahead = reinterpret_cast<const char*>(s);
  for (Index j = 0; j < k; j += kLowerRows) {
    t.k = j;
    t.p = factor + j / w * t.strip + j % w;
    t.c = s + j * w;
    if (j > 0) kLowerTiles<T>[kLowerRows - 1][NV - 1][false](t);
    solve_square<T, kLowerRows, NV>(t.p + j * w, t.c, t.strip);
  }
}

// Strips of the rows below, `count` from s on: turned, solved, and turned back.
template <class T>
void solve_rows(const Column<T>& c, Index s, Index count) {
  constexpr Index w = Simd<T>::width;
  const Index room = strip_room<T>(c.k);
  T* first = c.strips + s * room;
  const auto each = [&](auto work) {
    for (Index v = 0; v < count; ++v)
      work(std::min(w, c.below - (s + v) * w), c.rows + (s + v) * w * c.a_row, first + v * room);
  };
  each([&](Index width, T* rows, T* strip) { pack_panel(c.k, width, w, rows, Index(1), c.a_row, strip); });
  if (count == 1) solve_strips<T, 1>(c.k, c.factor, first);
  if (count == 2) solve_strips<T, 2>(c.k, c.factor, first);
  if constexpr (kLowerVectors > 2) {
    if (count == 3) solve_strips<T, 3>(c.k, c.factor, first);
  }
  each([&](Index width, T* rows, T* strip) { unpack_panel(c.k, width, w, strip, rows, c.a_row); });
}

// The product's part in `count` strips of columns from s on.
template <class T>
void subtract_product(const Column<T>& c, Index s, Index count) {
  LowerTile<T> t{};
  t.k = c.k;
  t.strip = strip_room<T>(c.k);
  t.q = c.strips + s * t.strip;
  t.c_row = c.a_row;
  t.c_strip = Simd<T>::width;
  t.into = Into::subtracted;
  Ahead none;
  lower_rows<T>(t, s, count, s * Simd<T>::width, c.below, c.strips, c.rest, none);
}

// The square on the diagonal, k (a multiple of a tile's rows) wide, as strips with the diagonal's inverses.
template <class T>
void pack_factor(Index k, const T* l, Index l_row, T* out) {
  constexpr Index w = Simd<T>::width;
  for (Index i = 0; i < k; ++i) {
    T* to = out + i / w * strip_room<T>(k) + i % w;
    for (Index j = 0; j < i; ++j) to[j * w] = l[i * l_row + j];
    to[i * w] = 1 / l[i * l_row + i];
  }
}

template <class T>
Index cholesky(Index n, T* a, Index a_row, T* workspace, const Spread* spread) {
  if (n <= smallest) return factor_square(n, a, a_row);
  const Index block = block_columns(n);
  T* factor = workspace;
  T* strips = factor + strip_count<T>(block) * strip_room<T>(block);
  T* inner = strips + strip_count<T>(n) * strip_room<T>(block);
  for (Index j = 0; j < n; j += block) {
    const Index k = std::min(block, n - j), below = n - j - k;
    T* diagonal = a + j * a_row + j;
    if (const Index failed = cholesky<T>(k, diagonal, a_row, inner, nullptr)) return j + failed;
    if (below == 0) break;
    pack_factor(k, diagonal, a_row, factor);
    T* rows = diagonal + k * a_row;
    const Column<T> column{k, below, factor, rows, a_row, strips, rows + k};
    const Index count = strip_count<T>(below), tasks = (count + kLowerVectors - 1) / kLowerVectors;
    const auto run = [&](void (*work)(const Column<T>&, Index, Index)) {
      const auto task = [&](Index i) {
        const Index s = i * kLowerVectors;
        work(column, s, std::min<Index>(kLowerVectors, count - s));
      };
      if (!spread) {
        for (Index i = 0; i < tasks; ++i) task(i);
        return;
      }
      spread->run(
          spread->team, tasks, [](const void* self, Index i) { (*static_cast<decltype(&task)>(self))(i); }, &task);
    };
    run(solve_rows<T>);
    run(subtract_product<T>);
  }
  return 0;
}

}  // namespace

template <class T>
void fill_cholesky(ProductKernels<T>& table) {
  table.cholesky_workspace = cholesky_workspace<T>;
  table.cholesky = cholesky<T>;
}
template void fill_cholesky(ProductKernels<float>&);
template void fill_cholesky(ProductKernels<double>&);
}  // namespace steep
