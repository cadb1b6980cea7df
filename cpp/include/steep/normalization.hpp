// Sums down columns and along rows: what the kernel levels offer to batch and layer normalization.
#pragma once
#include "steep/index.hpp"

namespace steep {

template <class T>
struct NormalizationKernels {
  // Contiguous (rows, columns) blocks; sums are added to what the outputs hold, row after row.
  void (*column_sums)(Index rows, Index columns, const T* x, T* sum);
  void (*column_squares)(Index rows, Index columns, const T* x, const T* mean, T* sum);  // of x - mean
  // sum += d, product += d (x - mean) inverse
  void (*column_products)(Index rows, Index columns, const T* x, const T* d, const T* mean, const T* inverse, T* sum,
                          T* product);
  // y = scale (x - mean) + shift
  void (*affine)(Index rows, Index columns, const T* x, const T* mean, const T* scale, const T* shift, T* y);
  // dx = a d + b (x - mean) + c
  void (*combine)(Index rows, Index columns, const T* x, const T* d, const T* mean, const T* a, const T* b, const T* c,
                  T* dx);

  // Each row by itself: stats (rows, 2) hold mean and 1 / sqrt(variance + eps).
  void (*row_forward)(Index rows, Index columns, T eps, const T* x, const T* gamma, const T* beta, T* stats, T* y);
  void (*row_backward)(Index rows, Index columns, const T* x, const T* stats, const T* gamma, const T* d, T* dx);
  void (*row_gradient)(Index rows, Index columns, const T* x, const T* stats, const T* d, T* dgamma, T* dbeta);
};

}  // namespace steep
