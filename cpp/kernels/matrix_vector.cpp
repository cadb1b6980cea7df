// Products of a matrix with a vector and triangular solves with one right-hand side, at the speed of memory.
//
// Rows of a large X are read one after the other: prefetchers follow one stream of memory at twice the speed of four.
// What is in cache is read four rows at a time, which share what they load of w. Either way a row's dot product is the
// same two chains of vectors, summed in the same order: the bits do not depend on the number of rows or on a row's
// neighbours. X'v adds its rows in ascending order.
#include <algorithm>

#include "level.hpp"
#include "micro_kernel.hpp"
#include "packing.hpp"

namespace steep {
namespace {

constexpr int row_group = 4;
constexpr Index cached_bytes = 192 << 10;  // of a matrix that is taken to be in cache

// The lanes of R rows' dot products, still to be summed.
template <class T, int R>
inline void dot_lanes(Index d, const T* x, Index x_row, const T* w, V<T>* lanes) {
  constexpr Index width = Simd<T>::width;
  V<T> first[R], second[R];
  STEEP_UNROLL for (int r = 0; r < R; ++r) first[r] = second[r] = V<T>{};
  Index j = 0;
  for (; j + 2 * width <= d; j += 2 * width) {
    const V<T> w0 = load(w + j), w1 = load(w + j + width);
    STEEP_UNROLL for (int r = 0; r < R; ++r) {
      first[r] += load(x + r * x_row + j) * w0;
      second[r] += load(x + r * x_row + j + width) * w1;
    }
  }
  if (j + width <= d) {
    const V<T> w0 = load(w + j);
    STEEP_UNROLL for (int r = 0; r < R; ++r) first[r] += load(x + r * x_row + j) * w0;
    j += width;
  }
  if (j < d) {
    const V<T> w0 = load_part<V<T>>(w + j, d - j);
    STEEP_UNROLL for (int r = 0; r < R; ++r) second[r] += load_part<V<T>>(x + r * x_row + j, d - j) * w0;
  }
  STEEP_UNROLL for (int r = 0; r < R; ++r) lanes[r] = first[r] + second[r];
}

// The sum of a vector's lanes: halves are added until one lane is left.
template <class T>
inline T sum_lanes(const V<T>& v) {
  T lanes[Simd<T>::width];
  store(lanes, v);
  for (Index half = Simd<T>::width / 2; half > 0; half /= 2) {
    for (Index i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  }
  return lanes[0];
}

// The same of W vectors at once, halves of D lanes first: v[0] becomes their sums.
template <int D, int W, class Vec>
inline void sum_each(Vec (&v)[W]) {
  STEEP_UNROLL for (int i = 0; i < D; ++i) {
    exchange<D>(v[i], v[i + D], std::make_index_sequence<W>());
    v[i] += v[i + D];
  }
  if constexpr (D > 1) sum_each<D / 2>(v);
}

template <class T, int R>
void matrix_vector(Index n, Index d, const T* x, Index x_row, const T* w, T* y) {
  constexpr int width = static_cast<int>(Simd<T>::width);
  static_assert(width % R == 0);
  V<T> lanes[width];
  for (Index i = 0; i < n; i += width, x += width * x_row) {
    const Index rows = std::min<Index>(n - i, width);
    if (rows == width) {
      STEEP_UNROLL for (int r = 0; r < width; r += R) dot_lanes<T, R>(d, x + r * x_row, x_row, w, lanes + r);
    } else {
      for (Index r = 0; r < rows; ++r) dot_lanes<T, 1>(d, x + r * x_row, x_row, w, lanes + r);
      for (Index r = rows; r < width; ++r) lanes[r] = V<T>{};
    }
    sum_each<width / 2>(lanes);
    store_part(y + i, lanes[0], rows);
  }
}

template <class T>
void matrix_vector(Index n, Index d, const T* x, Index x_row, const T* w, T* y) {
  constexpr int side_by_side = std::min<int>(row_group, static_cast<int>(Simd<T>::width));
  if (n * d * static_cast<Index>(sizeof(T)) <= cached_bytes)
    matrix_vector<T, side_by_side>(n, d, x, x_row, w, y);
  else
    matrix_vector<T, 1>(n, d, x, x_row, w, y);
}

// y += sum_r v[r] x_r for R rows, r ascending.
template <class T, int R>
inline void add_rows(Index d, const T* x, Index x_row, const T* v, T* y) {
  constexpr Index width = Simd<T>::width;
  Index j = 0;
  for (; j + width <= d; j += width) {
    V<T> sum = load(y + j);
    STEEP_UNROLL for (int r = 0; r < R; ++r) sum += load(x + r * x_row + j) * v[r];
    store(y + j, sum);
  }
  if (j < d) {
    V<T> sum = load_part<V<T>>(y + j, d - j);
    STEEP_UNROLL for (int r = 0; r < R; ++r) sum += load_part<V<T>>(x + r * x_row + j, d - j) * v[r];
    store_part(y + j, sum, d - j);
  }
}

template <class T>
void transposed_vector(Index n, Index d, const T* x, Index x_row, const T* v, T* y, bool accumulate) {
  if (!accumulate) std::fill(y, y + d, T(0));
  Index i = 0;
  for (; i + 2 * row_group <= n; i += 2 * row_group) add_rows<T, 2 * row_group>(d, x + i * x_row, x_row, v + i, y);
  for (; i < n; ++i) add_rows<T, 1>(d, x + i * x_row, x_row, v + i, y);
}

template <class T>
void solve_lower(Index n, const T* l, Index l_row, T* x) {
  T sums[row_group];
  for (Index i = 0; i < n; i += row_group) {
    const Index rows = std::min<Index>(row_group, n - i);
    const T* a = l + i * l_row;
    if (rows == row_group) {
      V<T> lanes[row_group];
      dot_lanes<T, row_group>(i, a, l_row, x, lanes);
      STEEP_UNROLL for (int r = 0; r < row_group; ++r) sums[r] = sum_lanes<T>(lanes[r]);
    } else {
      matrix_vector(rows, i, a, l_row, x, sums);
    }
    for (Index r = 0; r < rows; ++r) {
      T value = x[i + r] - sums[r];
      for (Index c = 0; c < r; ++c) value -= a[r * l_row + i + c] * x[i + c];
      x[i + r] = value / a[r * l_row + i + r];
    }
  }
}

template <class T>
void solve_lower_transposed(Index n, const T* l, Index l_row, T* x) {
  constexpr Index group = 2 * row_group;
  T minus[group];
  for (Index end = n; end > 0;) {
    const Index rows = end % group ? end % group : group, i = end - rows;
    const T* a = l + i * l_row;
    for (Index r = rows; r-- > 0;) {
      T value = x[i + r];
      for (Index c = r + 1; c < rows; ++c) value -= a[c * l_row + i + r] * x[i + c];
      x[i + r] = value / a[r * l_row + i + r];
      minus[r] = -x[i + r];
    }
    if (rows == group) {
      add_rows<T, group>(i, a, l_row, minus, x);
    } else {
      transposed_vector(rows, i, a, l_row, minus, x, true);
    }
    end = i;
  }
}

}  // namespace

template <class T>
void fill_matrix_vector(ProductKernels<T>& table) {
  table.matrix_vector = matrix_vector<T>;
  table.transposed_vector = transposed_vector<T>;
  table.solve_lower = solve_lower<T>;
  table.solve_lower_transposed = solve_lower_transposed<T>;
}
template void fill_matrix_vector(ProductKernels<float>&);
template void fill_matrix_vector(ProductKernels<double>&);
}  // namespace steep
