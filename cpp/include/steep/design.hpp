// The design matrix X (n, d) of a linear model, read in place: dense rows of any stride, or CSR with sorted columns.
//
// All calls act on a run of rows [first, first + m) and depend on those rows alone. Scores Z = X W' + b for W (k, d).
// Products with X run in T; sums over rows are handed on in double.
#pragma once
#include "steep/index.hpp"

namespace steep {

template <class T>
class Design {
 public:
  Design(const T* x, Index n, Index d, Index row_stride) : x_(x), stride_(row_stride), n_(n), d_(d) {}
  // Row i holds entries start[i] to start[i + 1] of `column` (ascending) and `x`.
  Design(const std::int64_t* start, const std::int32_t* column, const T* x, Index n, Index d)
      : x_(x), start_(start), column_(column), n_(n), d_(d) {}

  Index rows() const { return n_; }
  Index columns() const { return d_; }
  Index row_stride() const { return stride_; }
  bool sparse() const { return start_ != nullptr; }
  Index entries() const { return sparse() ? static_cast<Index>(start_[n_]) : n_ * d_; }
  Index block_rows(Index outputs) const;  // rows that stay in the second-level cache beside their scores

  Index packed_size(Index k) const;
  void pack(Index k, const T* w, T* packed) const;  // W (k, d), once for all blocks; nothing to do for k = 1
  Index workspace(Index m, Index k) const;          // of scores and add_back, in elements

  // Brings dense rows into cache: for products that read several rows at once, or a few columns of all.
  void fetch(Index first, Index m) const;
  // z (m, k) = X W' + b; b may be null.
  void scores(Index first, Index m, Index k, const T* w, const T* packed, const T* b, T* z, T* workspace) const;
  // out (k, d) += G' X for G (m, k).
  void add_back(Index first, Index m, Index k, const T* g, double* out, T* workspace) const;

  // H (lower triangle, row stride h_row) += X' diag(weight) X; no weights: ones.
  Index gram_workspace() const;
  void add_gram(Index first, Index m, const T* weight, double* H, Index h_row, T* workspace) const;
  // The chosen columns (ascending), dense: out (m, count).
  void gather(Index first, Index m, const Index* columns, Index count, T* out) const;

  const T* dense_row(Index i) const { return x_ + i * stride_; }
  const std::int64_t* start() const { return start_; }
  const std::int32_t* column() const { return column_; }
  const T* values() const { return x_; }

 private:
  const T* x_;
  Index stride_ = 0;
  const std::int64_t* start_ = nullptr;
  const std::int32_t* column_ = nullptr;
  Index n_, d_;
};

// H (d, d; lower triangle) += X' diag(weight) X for dense rows, in double, through the kernels of T; gram_rows at a
// time.
template <class T>
void add_dense_gram(Index m, Index d, const T* x, Index stride, const T* weight, double* H, Index h_row, T* workspace);
template <class T>
Index dense_gram_workspace(Index d);
// The same in products of single precision, at most narrow_rows rows; their sum stays in the workspace (of
// narrow_gram_workspace(d) elements) from the `first` call of several to the `last`, which adds it to H.
inline constexpr Index narrow_rows = 128;
template <class T>
void add_narrow_gram(Index m, Index d, const T* x, Index stride, const T* weight, double* H, Index h_row,
                     float* workspace, bool first, bool last);
Index narrow_gram_workspace(Index d);

}  // namespace steep
