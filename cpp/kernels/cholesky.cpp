// Lower Cholesky factor in place, A = L L', and triangular solves (Golub and Van Loan, Matrix Computations, 4.2.9).
//
// Right-looking in blocks of columns: factor the square on the diagonal, solve the rows below it, subtract their product
// from the rest. The rows below are turned into panels, where forward substitution is a sequence of register tiles, one
// lane a row; the same panels then serve the update. Squares up to a few vectors wide are factored column by column.
// Only the lower triangle is read and written. Cost: n^3 / 3 flops.
#include <algorithm>
#include <cmath>

#include "level.hpp"
#include "lower.hpp"

namespace steep {
namespace {

constexpr Index smallest = 16;  // columns factored without blocks

// Columns of a block. Narrow ones keep the factoring of squares short, wide ones the passes over the rest few.
Index block_columns(Index n) { return n <= 16 ? n : n <= 128 ? 16 : n <= 768 ? 64 : 128; }

template <class T>
Index cholesky_workspace(Index n) {
  const Index block = block_columns(n);
  Index size = block * block + 16 + 2 * block * (Cut<T>(n).padded() + kPanel<T>);
  return block < n ? size + cholesky_workspace<T>(block) : size;
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

constexpr Index step_rows = kTileRows < 8 ? 4 : 8;

// s (k, lanes) <- L^-1 s for one panel; `negative` is -L (k, k) with the inverses of its diagonal on the diagonal.
template <class T>
void solve_panel(Index k, const T* negative, T* s, const typename Cut<T>::Piece& piece) {
  const Index lanes = piece.padded;
  Tile<T> t{};
  t.a_row = k;
  t.a_col = 1;
  t.b = s;
  t.b_row = lanes;
  t.c_row = lanes;
  t.last = lanes > Simd<T>::width ? lanes - Simd<T>::width : lanes;
  t.load_c = true;
  for (Index j = 0; j < k; j += step_rows) {
    const Index r = std::min(step_rows, k - j);
    t.k = j;
    t.a = negative + j * k;
    t.c = s + j * lanes;
    if (j > 0) kTiles<T>[r - 1][piece.shape](t);
    for (Index i = j; i < j + r; ++i) {
      T* row = s + i * lanes;
      for (Index l = j; l < i; ++l) {
        const T factor = negative[i * k + l];
        const T* other = s + l * lanes;
        for (Index x = 0; x < lanes; ++x) row[x] += factor * other[x];
      }
      const T inverse = negative[i * k + i];
      for (Index x = 0; x < lanes; ++x) row[x] *= inverse;
    }
  }
}

template <class T>
Index cholesky(Index n, T* a, Index a_row, T* workspace) {
  if (n <= smallest) return factor_square(n, a, a_row);
  const Index block = block_columns(n);
  T* negative = workspace;
  T* plain = negative + (block * block + 15) / 16 * 16;
  T* minus = plain + block * (Cut<T>(n).padded() + kPanel<T>);
  T* inner = minus + block * (Cut<T>(n).padded() + kPanel<T>);
  for (Index j = 0; j < n; j += block) {
    const Index k = std::min(block, n - j), below = n - j - k;
    T* diagonal = a + j * a_row + j;
    if (const Index failed = cholesky(k, diagonal, a_row, inner)) return j + failed;
    if (below == 0) break;
    for (Index i = 0; i < k; ++i) {
      for (Index l = 0; l < i; ++l) negative[i * k + l] = -diagonal[i * a_row + l];
      negative[i * k + i] = 1 / diagonal[i * a_row + i];
    }
    const Cut<T> cut(below);
    T* rows = diagonal + k * a_row;
    T *s = plain, *m = minus;
    for (Index q = 0; q < cut.whole_panels + cut.pieces; ++q) {
      const auto piece = strip(cut, q);
      T* strip_rows = rows + piece.first * a_row;
      pack_panel(k, piece.width, piece.padded, strip_rows, Index(1), a_row, s);
      solve_panel(k, negative, s, piece);
      unpack_panel(k, piece.width, piece.padded, s, strip_rows, a_row);
      for (Index x = 0; x < k * piece.padded; ++x) m[x] = -s[x];
      s += k * piece.padded;
      m += k * piece.padded;
    }
    lower_product(k, cut, plain, minus, rows + k, a_row, true);
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
