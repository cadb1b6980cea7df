// Decompositions by Eigen; see decomposition.hpp. Golub and Van Loan, sections 5.2 to 5.5.
#include "steep/decomposition.hpp"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <limits>

namespace steep {
namespace {

using Matrix = Eigen::MatrixXd;

// B with rows of zeros below, to `rows`.
Matrix extended(const Matrix& B, Index rows) {
  Matrix out = Matrix::Zero(rows, B.cols());
  out.topRows(B.rows()) = B;
  return out;
}

// A P = Q R in place, R above the reflections: columns of largest remaining norm first (LAPACK's dgeqp3, whose rule it
// is when a norm that was updated must be found anew). Returns the order of the columns.
Eigen::VectorXi pivot_in_place(Matrix& A, Eigen::VectorXd& scale, const Poll& poll) {
  const Index m = A.rows(), n = A.cols(), s = std::min(m, n);
  scale.setZero(s);
  Eigen::VectorXi order = Eigen::VectorXi::LinSpaced(n, 0, static_cast<int>(n) - 1);
  Eigen::VectorXd norm = A.colwise().norm(), found = norm, space(n);
  const double enough = std::sqrt(std::numeric_limits<double>::epsilon());
  for (Index k = 0; k < s; ++k) {
    if (poll) poll();
    Index best;
    norm.tail(n - k).maxCoeff(&best);
    best += k;
    A.col(k).swap(A.col(best));
    std::swap(norm[k], norm[best]), std::swap(found[k], found[best]), std::swap(order[k], order[best]);
    double beta;
    A.col(k).tail(m - k).makeHouseholderInPlace(scale[k], beta);
    A(k, k) = beta;
    A.bottomRightCorner(m - k, n - k - 1)
        .applyHouseholderOnTheLeft(A.col(k).tail(m - k - 1), scale[k], &space[k + 1 < n ? k + 1 : k]);
    for (Index j = k + 1; j < n; ++j) {
      if (norm[j] == 0) continue;
      const double share = std::abs(A(k, j)) / norm[j], left = std::max((1 + share) * (1 - share), 0.0);
      const double ratio = norm[j] / found[j];
      if (left * ratio * ratio <= enough)
        norm[j] = found[j] = A.col(j).tail(m - k - 1).norm();
      else
        norm[j] *= std::sqrt(left);
    }
  }
  return order;
}

}  // namespace

QR::QR(Matrix A, const Poll& poll) : packed_(std::move(A)) {
  constexpr Index panel = 48;
  const Index m = packed_.rows(), n = packed_.cols(), s = std::min(m, n);
  scale_.resize(s);
  for (Index k = 0; k < s; k += panel) {
    if (poll) poll();
    const Index width = std::min(panel, s - k);
    auto left = packed_.block(k, k, m - k, width);
    auto scale = scale_.segment(k, width);
    Eigen::internal::householder_qr_inplace_unblocked(left, scale);
    auto right = packed_.block(k, k + width, m - k, n - k - width);
    if (right.cols() > 0) Eigen::internal::apply_block_householder_on_the_left(right, left, scale, false);
  }
}

Matrix QR::R() const { return packed_.topRows(scale_.size()).triangularView<Eigen::Upper>(); }

Matrix QR::times(const Matrix& B) const {
  Matrix out = extended(B, packed_.rows());
  out.applyOnTheLeft(Eigen::householderSequence(packed_, scale_));
  return out;
}

Matrix QR::transposed_times(Matrix B) const {
  B.applyOnTheLeft(Eigen::householderSequence(packed_, scale_).adjoint());
  return B;
}

Matrix QR::solve(const Matrix& B) const {
  Matrix X = transposed_times(B).topRows(scale_.size());
  packed_.topRows(scale_.size()).triangularView<Eigen::Upper>().solveInPlace(X);
  return X;
}

Matrix QR::transposed_solve(const Matrix& B) const {
  Matrix X = B;
  packed_.topRows(scale_.size()).transpose().triangularView<Eigen::Lower>().solveInPlace(X);
  return times(X);
}

PivotedQR::PivotedQR(Matrix A, const Poll& poll) {
  Eigen::VectorXd scale;
  order = pivot_in_place(A, scale, poll);
  const Index s = std::min(A.rows(), A.cols());
  Q = Matrix::Identity(A.rows(), s);
  Q.applyOnTheLeft(Eigen::householderSequence(A, scale));
  R = A.topRows(s).triangularView<Eigen::Upper>();
}

LeastNorm::LeastNorm(Matrix A, const Matrix& B, double threshold, double l2, const Poll& poll) {
  Eigen::VectorXd scale;
  const Eigen::VectorXi order = pivot_in_place(A, scale, poll);
  const Eigen::VectorXd pivots = A.diagonal().cwiseAbs();
  rank = pivots.size() ? (pivots.array() > threshold * pivots.maxCoeff()).count() : 0;
  X = Matrix::Zero(A.cols(), B.cols());
  if (rank == 0) return;
  Matrix b = B, Z;
  b.applyOnTheLeft(Eigen::householderSequence(A, scale).adjoint());
  b.conservativeResize(rank, Eigen::NoChange);
  // In an orthonormal basis of the rows that count: second.R()'u = b.
  const QR second(Matrix(A.topRows(rank).triangularView<Eigen::Upper>()).transpose(), poll);
  if (l2 > 0) {
    Matrix damped(2 * rank, rank);
    damped << second.R().transpose(), std::sqrt(l2) * Matrix::Identity(rank, rank);
    Z = second.times(QR(std::move(damped)).solve(extended(b, 2 * rank)));
  } else {
    Z = second.transposed_solve(b);
  }
  for (Index j = 0; j < Z.rows(); ++j) X.row(order[j]) = Z.row(j);
}

}  // namespace steep
