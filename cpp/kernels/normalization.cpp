// Sums of batch and layer normalization, in plain loops that the compiler turns into vectors. Down columns each entry
// is one chain in the order of rows; along a row sixteen chains are added up at the end, at every level.
#include "steep/normalization.hpp"

#include <cmath>

#include "level.hpp"

namespace steep {
namespace {

constexpr Index kChains = 16;

template <class T>
void column_sums(Index rows, Index columns, const T* __restrict x, T* __restrict sum) {
  for (Index r = 0; r < rows; ++r, x += columns)
    for (Index j = 0; j < columns; ++j) sum[j] += x[j];
}

template <class T>
void column_squares(Index rows, Index columns, const T* __restrict x, const T* __restrict mean, T* __restrict sum) {
  for (Index r = 0; r < rows; ++r, x += columns)
    for (Index j = 0; j < columns; ++j) sum[j] += (x[j] - mean[j]) * (x[j] - mean[j]);
}

template <class T>
void column_products(Index rows, Index columns, const T* __restrict x, const T* __restrict d, const T* __restrict mean,
                     const T* __restrict inverse, T* __restrict sum, T* __restrict product) {
  for (Index r = 0; r < rows; ++r, x += columns, d += columns) {
    for (Index j = 0; j < columns; ++j) {
      sum[j] += d[j];
      product[j] += d[j] * ((x[j] - mean[j]) * inverse[j]);
    }
  }
}

template <class T>
void affine(Index rows, Index columns, const T* __restrict x, const T* __restrict mean, const T* __restrict scale,
            const T* __restrict shift, T* __restrict y) {
  for (Index r = 0; r < rows; ++r, x += columns, y += columns)
    for (Index j = 0; j < columns; ++j) y[j] = scale[j] * (x[j] - mean[j]) + shift[j];
}

template <class T>
void combine(Index rows, Index columns, const T* __restrict x, const T* __restrict d, const T* __restrict mean,
             const T* __restrict a, const T* __restrict b, const T* __restrict c, T* __restrict dx) {
  for (Index r = 0; r < rows; ++r, x += columns, d += columns, dx += columns)
    for (Index j = 0; j < columns; ++j) dx[j] = a[j] * d[j] + b[j] * (x[j] - mean[j]) + c[j];
}

// sum of term(j), j < n, in kChains chains.
template <class T, class Term>
inline T row_sum(Index n, Term term) {
  T part[kChains] = {};
  Index j = 0;
  for (; j + kChains <= n; j += kChains)
    for (Index i = 0; i < kChains; ++i) part[i] += term(j + i);
  for (Index i = 0; j + i < n; ++i) part[i] += term(j + i);
  for (Index half = kChains / 2; half > 0; half /= 2)
    for (Index i = 0; i < half; ++i) part[i] += part[i + half];
  return part[0];
}

template <class T>
void row_forward(Index rows, Index columns, T eps, const T* x, const T* __restrict gamma, const T* __restrict beta,
                 T* stats, T* y) {
  for (Index r = 0; r < rows; ++r, x += columns, y += columns, stats += 2) {
    const T mean = row_sum<T>(columns, [&](Index j) { return x[j]; }) / static_cast<T>(columns);
    const T squares = row_sum<T>(columns, [&](Index j) { return (x[j] - mean) * (x[j] - mean); });
    const T inverse = 1 / std::sqrt(squares / static_cast<T>(columns) + eps);
    stats[0] = mean;
    stats[1] = inverse;
    for (Index j = 0; j < columns; ++j) y[j] = gamma[j] * ((x[j] - mean) * inverse) + beta[j];
  }
}

template <class T>
void row_backward(Index rows, Index columns, const T* x, const T* stats, const T* __restrict gamma, const T* d, T* dx) {
  for (Index r = 0; r < rows; ++r, x += columns, d += columns, dx += columns, stats += 2) {
    const T mean = stats[0], inverse = stats[1], n = static_cast<T>(columns);
    const T sum = row_sum<T>(columns, [&](Index j) { return gamma[j] * d[j]; }) / n;
    const T product = row_sum<T>(columns, [&](Index j) { return gamma[j] * d[j] * ((x[j] - mean) * inverse); }) / n;
    for (Index j = 0; j < columns; ++j) dx[j] = inverse * (gamma[j] * d[j] - sum - (x[j] - mean) * inverse * product);
  }
}

template <class T>
void row_gradient(Index rows, Index columns, const T* x, const T* stats, const T* d, T* __restrict dgamma,
                  T* __restrict dbeta) {
  for (Index r = 0; r < rows; ++r, x += columns, d += columns, stats += 2) {
    for (Index j = 0; j < columns; ++j) {
      dgamma[j] += d[j] * ((x[j] - stats[0]) * stats[1]);
      dbeta[j] += d[j];
    }
  }
}

}  // namespace

template <class T>
void fill(NormalizationKernels<T>& table) {
  table = {column_sums<T>, column_squares<T>, column_products<T>, affine<T>,
           combine<T>,     row_forward<T>,    row_backward<T>,    row_gradient<T>};
}
template void fill(NormalizationKernels<float>&);
template void fill(NormalizationKernels<double>&);

}  // namespace steep
