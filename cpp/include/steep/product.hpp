// Dense matrix products and factorizations: what the kernel levels offer.
//
//     C(i,j) = [C(i,j) +] sum_k A(i,k) B(k,j) [+ bias(j)], optionally max(., 0)
//
// A and B have any strides (a transpose is a swap of strides); C has unit column stride. Every C(i,j) is one chain of
// fused multiply-adds in ascending k (restarted every fixed number of k), so the bits depend neither on how rows and
// columns are split between threads nor on m or n.
#pragma once
#include "steep/index.hpp"

namespace steep {

template <class T>
struct Product {
  Index m = 0, n = 0, k = 0;
  const T* a = nullptr;
  Index a_row = 0, a_col = 1;  // strides in elements: A(i,k) = a[i * a_row + k * a_col]
  const T* b = nullptr;
  Index b_row = 0, b_col = 1;  // B(k,j) = b[k * b_row + j * b_col]; ignored when packed
  bool packed = false;         // b was written by ProductKernels::pack for these (k, n)
  T* c = nullptr;
  Index c_row = 0;
  // The sum over k, `repeats` times, A and B moved on by so many elements each time (packed: k * repeats rows of
  // panels): a window of an image is such a sum, without a copy of its lines side by side.
  Index repeats = 1, a_repeat = 0, b_repeat = 0;
  const T* bias = nullptr;  // (n) or null
  bool accumulate = false;  // add to what C holds
  bool relu = false;        // max(., 0) at the end
  T* workspace = nullptr;   // workspace_size(m, n, k * repeats) elements, 64-byte aligned; not read when packed
};

// Tasks that a kernel hands to its caller's threads; run returns when all are done.
struct Spread {
  void* team;
  void (*run)(void* team, Index tasks, void (*task)(const void* work, Index i), const void* work);
};

template <class T>
struct ProductKernels {
  Index (*packed_size)(Index k, Index n);                                           // elements
  void (*pack)(Index k, Index n, const T* b, Index b_row, Index b_col, T* packed);  // B into panels
  Index (*workspace_size)(Index m, Index n, Index k);                               // elements
  void (*multiply)(const Product<T>& p);
  // H (d, d; lower triangle, row stride h_row) [+]= X' diag(weight) X for X (n, d; row stride x_row); weight null:
  // ones.
  Index (*gram_workspace)(Index d);
  void (*weighted_gram)(Index n, Index d, const T* x, Index x_row, const T* weight, T* h, Index h_row, bool accumulate,
                        T* workspace);  // an entry is a chain over blocks of rows; it does not depend on d
  // Lower Cholesky factor in place (lower triangle read and written). 0, or the 1-based pivot that is not positive.
  Index (*cholesky_workspace)(Index n);
  // `spread` null: on this thread; the bits are the same.
  Index (*cholesky)(Index n, T* a, Index a_row, T* workspace, const Spread* spread);
  // Pivots are what is left of the diagonal; the rows and columns behind a failed one hold intermediate values.
  // x <- L^-1 x, and x <- L^-T x, for one right-hand side.
  void (*solve_lower)(Index n, const T* l, Index l_row, T* x);
  void (*solve_lower_transposed)(Index n, const T* l, Index l_row, T* x);
  // y = X w (n; an entry's bits do not depend on n), y = X' v (d; accumulated in fixed row order)
  void (*matrix_vector)(Index n, Index d, const T* x, Index x_row, const T* w, T* y);
  void (*transposed_vector)(Index n, Index d, const T* x, Index x_row, const T* v, T* y, bool accumulate);
  // Row by row, out(r, i n + j) = a(r, i) b(r, j) for a (rows, m) and b (rows, n), both contiguous.
  void (*row_outer)(Index rows, Index m, const T* a, Index n, const T* b, T* out, Index out_row);
  // GFLOP/s of fused multiply-adds on this core, the best of many short runs in that time.
  double (*fma_peak)(double seconds);
};

}  // namespace steep
