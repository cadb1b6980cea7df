// Cholesky factors with shifts; see factor.hpp.
#include "steep/factor.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "steep/kernels.hpp"
#include "steep/run.hpp"
#include "steep/spread.hpp"

namespace steep {
namespace {

constexpr Index least_shared = 256;  // variables of a factor that threads share

}  // namespace

Factor::Factor(Index n, int n_threads)
    : n_(n),
      n_threads_(n < least_shared ? 1 : n_threads),
      l_(n * n),
      workspace_(kernels<double>().product.cholesky_workspace(n) + 8) {
  const auto address = reinterpret_cast<std::uintptr_t>(workspace_.data());
  aligned_ = workspace_.data() + ((64 - address % 64) % 64) / sizeof(double);
}

bool Factor::factor(const double* A, double shift) {
  double largest = 0;
  for (Index i = 0; i < n_; ++i) {
    for (Index j = 0; j <= i; ++j) l_[i * n_ + j] = A[i * n_ + j];
    l_[i * n_ + i] += shift;
    largest = std::max(largest, std::abs(l_[i * n_ + i]));
  }
  if (n_threads_ > 1) {
    const Spread spread = spread_over(teams_.of(n_threads_));
    pivot_ = kernels<double>().product.cholesky(n_, l_.data(), n_, aligned_, &spread);
  } else {
    pivot_ = kernels<double>().product.cholesky(n_, l_.data(), n_, aligned_, nullptr);
  }
  if (pivot_) return false;
  // A pivot of nothing but rounding is no evidence of positive definiteness.
  const double least = n_ * std::numeric_limits<double>::epsilon() * std::sqrt(largest) * 1e-2;
  for (Index i = 0; i < n_; ++i) {
    if (!(l_[i * n_ + i] > least)) {
      pivot_ = i + 1;
      return false;
    }
  }
  return true;
}

void Factor::solve(Vector& b) const {
  solve_lower(b);
  solve_upper(b);
}
void Factor::solve_lower(Vector& b) const { kernels<double>().product.solve_lower(n_, l_.data(), n_, b.data()); }
void Factor::solve_upper(Vector& b) const {
  kernels<double>().product.solve_lower_transposed(n_, l_.data(), n_, b.data());
}

double Factor::negative_direction(const double* A, double shift, Vector& v) const {
  // The leading block of order k - 1 is positive definite: factor it anew (the kernel may have gone past the pivot in
  // some columns), and v = (-A11^-1 a, 1).
  const Index k = pivot_ - 1;
  std::fill(v.begin(), v.end(), 0.0);
  Vector l(k * k), a(k);
  for (Index i = 0; i < k; ++i) {
    for (Index j = 0; j <= i; ++j) {
      double sum = A[i * n_ + j] + (i == j ? shift : 0.0);
      for (Index p = 0; p < j; ++p) sum -= l[i * k + p] * l[j * k + p];
      l[i * k + j] = i == j ? std::sqrt(std::max(sum, 1e-300)) : sum / l[j * k + j];
    }
    a[i] = A[k * n_ + i];
  }
  double value = A[k * n_ + k] + shift;
  for (Index i = 0; i < k; ++i) {
    for (Index p = 0; p < i; ++p) a[i] -= l[i * k + p] * a[p];
    a[i] /= l[i * k + i];
    value -= a[i] * a[i];
  }
  for (Index i = k; i-- > 0;) {
    for (Index p = i + 1; p < k; ++p) a[i] -= l[p * k + i] * a[p];
    a[i] /= l[i * k + i];
  }
  for (Index i = 0; i < k; ++i) v[i] = -a[i];
  v[k] = 1;
  return value;
}

double Factor::small_singular(Vector& z) const {
  // Solve L w = e with e = +-1 chosen to make w large, then L' z = w.
  Vector sums(n_, 0.0);
  Vector w(n_);
  for (Index k = 0; k < n_; ++k) {
    const double plus = (1 - sums[k]) / l_[k * n_ + k], minus = (-1 - sums[k]) / l_[k * n_ + k];
    double size_plus = std::abs(plus), size_minus = std::abs(minus);
    for (Index i = k + 1; i < n_; ++i) {
      size_plus += std::abs(sums[i] + l_[i * n_ + k] * plus);
      size_minus += std::abs(sums[i] + l_[i * n_ + k] * minus);
    }
    w[k] = size_plus >= size_minus ? plus : minus;
    for (Index i = k + 1; i < n_; ++i) sums[i] += l_[i * n_ + k] * w[k];
  }
  z = w;
  solve_upper(z);
  const double norm = norm2(z), ratio = norm2(w) / norm;
  for (double& value : z) value /= norm;
  return ratio;
}

double Factor::condition_bound() const {
  double least = INFINITY, most = 0;
  for (Index i = 0; i < n_; ++i) {
    least = std::min(least, l_[i * n_ + i]);
    most = std::max(most, l_[i * n_ + i]);
  }
  return (most / least) * (most / least);
}

bool ScaledFactor::factor(const Vector& H, double least) {
  Vector scaled(n_ * n_), z(n_);
  for (Index i = 0; i < n_; ++i) {
    if (!(H[i * n_ + i] > 0)) return false;
    scale_[i] = 1 / std::sqrt(H[i * n_ + i]);
  }
  for (Index i = 0; i < n_; ++i)
    for (Index j = 0; j < n_; ++j) scaled[i * n_ + j] = scale_[i] * scale_[j] * H[i * n_ + j];
  if (!factor_.factor(scaled.data(), 0)) return false;
  const double low = factor_.small_singular(z);
  return low * low > least * matrix_bounds(scaled.data(), n_).high / n_;
}

void ScaledFactor::solve(Vector& b) const {
  for (Index i = 0; i < n_; ++i) b[i] *= scale_[i];
  factor_.solve(b);
  for (Index i = 0; i < n_; ++i) b[i] *= scale_[i];
}

MatrixBounds matrix_bounds(const double* A, Index n) {
  MatrixBounds b{INFINITY, -INFINITY, 0, 0};
  for (Index i = 0; i < n; ++i) {
    double off = 0;
    for (Index j = 0; j < n; ++j) {
      const double a = A[i * n + j];
      b.frobenius += a * a;
      b.largest_entry = std::max(b.largest_entry, std::abs(a));
      if (j != i) off += std::abs(a);
    }
    b.low = std::min(b.low, A[i * n + i] - off);
    b.high = std::max(b.high, A[i * n + i] + off);
  }
  b.frobenius = std::sqrt(b.frobenius);
  return b;
}

}  // namespace steep
