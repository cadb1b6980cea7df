// See fit_basis.hpp. About 6 n d^2 flops where a basis is made, n d^2 for the Gram matrix that decides.
#include "steep/fit_basis.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "steep/decomposition.hpp"
#include "steep/factor.hpp"

namespace steep {
namespace {

constexpr double least_condition = 1e-8;        // reciprocal, of a Gram matrix that Cholesky is trusted with
constexpr Index most_entries = Index{1} << 25;  // of a sparse X that is made dense for its basis
constexpr double eps = std::numeric_limits<double>::epsilon();

bool well_conditioned(const Vector& H, Index n) {
  Factor factor(n);
  Vector z(n);
  if (!factor.factor(H.data(), 0)) return false;
  const double least = factor.small_singular(z);
  return least * least > least_condition * matrix_bounds(H.data(), n).high;
}

}  // namespace

FitBasis::FitBasis(LinearFit& f, const Poll& poll) : outer_(f) {
  const Index n = f.rows(), d = f.dim();
  gram_.resize(d * d);
  f.gram(nullptr, gram_.data());
  if (n == 0 || d == 0 || well_conditioned(gram_, d)) return;
  if (f.design().sparse() && n > most_entries / d)
    throw std::invalid_argument("a sparse X of more than " + std::to_string(most_entries) +
                                " rows times columns must have independent columns of like size, got " +
                                std::to_string(n) + " x " + std::to_string(d) +
                                " with a nearly singular X'X: scale the columns, and drop those that others determine");
  Buffer<double> made;
  if (f.design().sparse()) {
    made.resize_unset(n * d);
    f.rows_of(0, n, made.data());
  }
  const double* X = made.size() ? made.data() : f.design().dense_row(0);
  bool intercept = true;
  for (Index i = 0; i < n && intercept; ++i) intercept = X[i * d + d - 1] == 1;
  center_.assign(d, 0.0), scale_.assign(d, 1.0);
  Eigen::MatrixXd A(n, d);
  for (Index j = 0; j < d; ++j) {
    const double first = X[j];
    for (Index i = 0; i < n; ++i) center_[j] += (X[i * d + j] - first) / static_cast<double>(n);
    center_[j] = intercept && j < d - 1 ? center_[j] + first : 0;
    for (Index i = 0; i < n; ++i) A(i, j) = X[i * d + j] - center_[j];
    const double norm = A.col(j).stableNorm();
    // A constant column leaves its rounding.
    if (!(norm > 8 * eps * std::abs(center_[j]) * std::sqrt(static_cast<double>(n)))) {
      A.col(j).setZero();
    } else {
      scale_[j] = norm;
      A.col(j) /= norm;
    }
  }
  const PivotedQR qr(std::move(A), poll);
  const double least = 4 * eps * std::sqrt(static_cast<double>(n) * static_cast<double>(d)) * std::abs(qr.R(0, 0));
  Index rank = 0;
  while (rank < qr.R.rows() && std::abs(qr.R(rank, rank)) > least) ++rank;
  if (rank == 0) return;
  R_ = qr.R.topLeftCorner(rank, rank);
  order_ = qr.order.head(rank);
  FitRows Q{n, rank, {}, {}, {}};
  Q.values.resize_unset(n * rank);
  for (Index i = 0; i < n; ++i)
    for (Index k = 0; k < rank; ++k) Q.values[i * rank + k] = qr.Q(i, k);
  inner_ = std::make_unique<LinearFit>(std::move(Q), f.targets(), f.up(), f.down());
  gram_.assign(rank * rank, 0.0);
  for (Index k = 0; k < rank; ++k) gram_[k * rank + k] = 1;
}

Vector FitBasis::coefficients(const Vector& v) const {
  if (!inner_) return v;
  Eigen::VectorXd u = Eigen::Map<const Eigen::VectorXd>(v.data(), R_.rows());
  R_.triangularView<Eigen::Upper>().solveInPlace(u);
  Vector w(scale_.size(), 0.0);
  double shift = 0;
  for (Index k = 0; k < u.size(); ++k) {
    w[order_[k]] = u[k] / scale_[order_[k]];
    shift += center_[order_[k]] * w[order_[k]];
  }
  w.back() -= shift;
  return w;
}

}  // namespace steep
