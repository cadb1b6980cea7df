// Products with a design matrix; see design.hpp. Dense blocks go through the kernels, CSR rows through plain loops.
#include "steep/design.hpp"

#include <algorithm>

#include "steep/kernels.hpp"

namespace steep {
namespace {

constexpr Index block_bytes = 256 << 10;  // a quarter of a second-level cache
constexpr Index gram_rows = 1024;         // rows whose products float32 adds up before double takes over

Index rounded(Index n) { return (n + 15) / 16 * 16; }  // keeps the parts of a workspace on cache lines

}  // namespace

template <class T>
Index dense_gram_workspace(Index d) {
  const Index own = rounded(kernels<T>().product.gram_workspace(d));
  return sizeof(T) == sizeof(double) ? own : own + rounded(d * d);
}

template <class T>
void add_dense_gram(Index m, Index d, const T* x, Index stride, const T* weight, double* H, Index h_row, T* workspace) {
  const auto& product = kernels<T>().product;
  if constexpr (sizeof(T) == sizeof(double)) {
    product.weighted_gram(m, d, x, stride, weight, H, h_row, true, workspace);
  } else {
    T* part = workspace + rounded(product.gram_workspace(d));
    for (Index r = 0; r < m; r += gram_rows) {
      product.weighted_gram(std::min(gram_rows, m - r), d, x + r * stride, stride, weight ? weight + r : nullptr, part,
                            d, false, workspace);
      for (Index i = 0; i < d; ++i)
        for (Index j = 0; j <= i; ++j) H[i * h_row + j] += static_cast<double>(part[i * d + j]);
    }
  }
}

Index narrow_gram_workspace(Index d) { return dense_gram_workspace<float>(d) + rounded(narrow_rows * (d + 1)); }

template <class T>
void add_narrow_gram(Index m, Index d, const T* x, Index stride, const T* weight, double* H, Index h_row,
                     float* workspace, bool first, bool last) {
  const auto& product = kernels<float>().product;
  float* part = workspace + rounded(product.gram_workspace(d));
  float *rows = part + rounded(d * d), *factors = rows + narrow_rows * d;
  for (Index i = 0; i < m; ++i) {
    const T* row = x + i * stride;
    for (Index j = 0; j < d; ++j) rows[i * d + j] = static_cast<float>(row[j]);
    if (weight) factors[i] = static_cast<float>(weight[i]);
  }
  product.weighted_gram(m, d, rows, d, weight ? factors : nullptr, part, d, !first, workspace);
  for (Index i = 0; last && i < d; ++i)
    for (Index j = 0; j <= i; ++j) H[i * h_row + j] += static_cast<double>(part[i * d + j]);
}

template <class T>
Index Design<T>::block_rows(Index outputs) const {
  const Index width = std::max<Index>(1, entries() / std::max<Index>(n_, 1)) + 2 * outputs;
  const Index rows = block_bytes / (width * static_cast<Index>(sizeof(T)));
  return std::clamp<Index>(rows / 16 * 16, 16, 4096);
}

template <class T>
Index Design<T>::packed_size(Index k) const {
  return sparse() || k == 1 ? 0 : kernels<T>().product.packed_size(d_, k);
}

template <class T>
void Design<T>::pack(Index k, const T* w, T* packed) const {
  if (!sparse() && k > 1) kernels<T>().product.pack(d_, k, w, 1, d_, packed);
}

template <class T>
Index Design<T>::workspace(Index m, Index k) const {
  if (sparse()) return 0;
  const Index own =
      k == 1 ? 0
             : std::max(kernels<T>().product.workspace_size(k, d_, m), kernels<T>().product.workspace_size(m, k, d_));
  return rounded(own) + rounded(k * d_);
}

// One number of each cache line: prefetchers follow plain loads in the order of memory, and nothing else as fast.
template <class T>
void Design<T>::fetch(Index first, Index m) const {
  if (sparse()) return;
  constexpr Index line = 64 / static_cast<Index>(sizeof(T));
  const bool whole = stride_ == d_;
  const Index runs = whole ? 1 : m, count = whole ? m * d_ : d_;
  T seen[4] = {};
  for (Index i = 0; i < runs; ++i) {
    const T* run = dense_row(first + i);
    Index j = 0;
    for (; j + 3 * line < count; j += 4 * line)
      for (Index l = 0; l < 4; ++l) seen[l] += run[j + l * line];
    for (; j < count; j += line) seen[0] += run[j];
  }
  asm volatile("" : : "m"(seen));  // loads whose values nobody wants
}

template <class T>
void Design<T>::scores(Index first, Index m, Index k, const T* w, const T* packed, const T* b, T* z,
                       T* workspace) const {
  if (sparse()) {
    for (Index i = 0; i < m; ++i) {
      const Index from = start_[first + i], to = start_[first + i + 1];
      for (Index c = 0; c < k; ++c) {
        T sum = b ? b[c] : T(0);
        const T* row = w + c * d_;
        for (Index p = from; p < to; ++p) sum += x_[p] * row[column_[p]];
        z[i * k + c] = sum;
      }
    }
    return;
  }
  if (k == 1) {
    kernels<T>().product.matrix_vector(m, d_, dense_row(first), stride_, w, z);
    if (b)
      for (Index i = 0; i < m; ++i) z[i] += b[0];
    return;
  }
  fetch(first, m);
  Product<T> p;
  p.m = m, p.n = k, p.k = d_;
  p.a = dense_row(first), p.a_row = stride_;
  p.b = packed, p.b_row = k, p.packed = true;
  p.c = z, p.c_row = k;
  p.bias = b;
  p.workspace = workspace;
  kernels<T>().product.multiply(p);
}

template <class T>
void Design<T>::add_back(Index first, Index m, Index k, const T* g, double* out, T* workspace) const {
  if (sparse()) {
    for (Index i = 0; i < m; ++i) {
      const Index from = start_[first + i], to = start_[first + i + 1];
      for (Index c = 0; c < k; ++c) {
        const double slope = static_cast<double>(g[i * k + c]);
        if (slope == 0) continue;
        double* row = out + c * d_;
        for (Index p = from; p < to; ++p) row[column_[p]] += slope * static_cast<double>(x_[p]);
      }
    }
    return;
  }
  T* part = workspace;
  if (k == 1) {
    kernels<T>().product.transposed_vector(m, d_, dense_row(first), stride_, g, part, false);
  } else {
    Product<T> p;
    p.m = k, p.n = d_, p.k = m;
    p.a = g, p.a_row = 1, p.a_col = k;
    p.b = dense_row(first), p.b_row = stride_;
    p.c = part, p.c_row = d_;
    p.workspace = workspace + rounded(k * d_);
    kernels<T>().product.multiply(p);
  }
  for (Index j = 0; j < k * d_; ++j) out[j] += static_cast<double>(part[j]);
}

template <class T>
Index Design<T>::gram_workspace() const {
  return sparse() ? 0 : dense_gram_workspace<T>(d_);
}

template <class T>
void Design<T>::add_gram(Index first, Index m, const T* weight, double* H, Index h_row, T* workspace) const {
  if (!sparse()) return add_dense_gram(m, d_, dense_row(first), stride_, weight, H, h_row, workspace);
  for (Index i = 0; i < m; ++i) {
    const double scale = weight ? static_cast<double>(weight[i]) : 1;
    if (scale == 0) continue;
    const Index from = start_[first + i], to = start_[first + i + 1];
    for (Index p = from; p < to; ++p) {
      double* row = H + column_[p] * h_row;
      const double scaled = scale * static_cast<double>(x_[p]);
      for (Index q = from; q <= p; ++q) row[column_[q]] += scaled * static_cast<double>(x_[q]);
    }
  }
}

template <class T>
void Design<T>::gather(Index first, Index m, const Index* columns, Index count, T* out) const {
  for (Index i = 0; i < m; ++i, out += count) {
    if (!sparse()) {
      const T* row = dense_row(first + i);
      for (Index j = 0; j < count; ++j) out[j] = row[columns[j]];
      continue;
    }
    Index p = start_[first + i];
    const Index to = start_[first + i + 1];
    for (Index j = 0; j < count; ++j) {  // both ascend
      while (p < to && column_[p] < columns[j]) ++p;
      out[j] = p < to && column_[p] == columns[j] ? x_[p] : T(0);
    }
  }
}

template class Design<float>;
template class Design<double>;
template Index dense_gram_workspace<float>(Index);
template Index dense_gram_workspace<double>(Index);
template void add_dense_gram(Index, Index, const float*, Index, const float*, double*, Index, float*);
template void add_dense_gram(Index, Index, const double*, Index, const double*, double*, Index, double*);
template void add_narrow_gram(Index, Index, const float*, Index, const float*, double*, Index, float*, bool, bool);
template void add_narrow_gram(Index, Index, const double*, Index, const double*, double*, Index, float*, bool, bool);

}  // namespace steep
