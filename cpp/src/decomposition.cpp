// Decompositions by Eigen; see decomposition.hpp. Golub and Van Loan, sections 5.2 to 5.5 and 8.3.
#include "steep/decomposition.hpp"

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>

namespace steep {
namespace {

using Matrix = Eigen::MatrixXd;

// B with rows of zeros below, to `rows`.
Matrix extended(const Matrix& B, Index rows) {
  Matrix out = Matrix::Zero(rows, B.cols());
  out.topRows(B.rows()) = B;
  return out;
}

}  // namespace

QR::QR(Matrix A) : packed_(std::move(A)) {
  const Eigen::HouseholderQR<Eigen::Ref<Matrix>> qr(packed_);  // in place
  scale_ = qr.hCoeffs();
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

PivotedQR::PivotedQR(const Matrix& A) {
  const Eigen::ColPivHouseholderQR<Matrix> qr(A);
  const Index s = std::min(A.rows(), A.cols());
  Q = qr.householderQ() * Matrix::Identity(A.rows(), s);
  R = qr.matrixQR().topLeftCorner(s, A.cols()).triangularView<Eigen::Upper>();
  order = qr.colsPermutation().indices();
}

LeastNorm::LeastNorm(const Matrix& A, const Matrix& B, double threshold, double l2) {
  Eigen::ColPivHouseholderQR<Matrix> first(A);
  rank = first.setThreshold(threshold).rank();
  X = Matrix::Zero(A.cols(), B.cols());
  if (rank == 0) return;
  Matrix b = B;
  b.applyOnTheLeft(first.householderQ().adjoint());
  b.conservativeResize(rank, Eigen::NoChange);
  // In an orthonormal basis of the rows that count: second.R()'u = b.
  const QR second(Matrix(first.matrixQR().topRows(rank).triangularView<Eigen::Upper>()).transpose());
  if (l2 > 0) {
    Matrix damped(2 * rank, rank);
    damped << second.R().transpose(), std::sqrt(l2) * Matrix::Identity(rank, rank);
    X = second.times(QR(std::move(damped)).solve(extended(b, 2 * rank)));
  } else {
    X = second.transposed_solve(b);
  }
  X = (first.colsPermutation() * X).eval();
}

SymmetricEigen::SymmetricEigen(const double* H, Index n, Wanted wanted) : values(n) {
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(
      Eigen::Map<const RowMajor>(H, n, n), wanted == values_only ? Eigen::EigenvaluesOnly : Eigen::ComputeEigenvectors);
  std::copy_n(solver.eigenvalues().data(), n, values.begin());
  if (wanted != values_only) vectors_ = solver.eigenvectors();
}

Vector SymmetricEigen::vector(Index i) const {
  return Vector(vectors_.col(i).data(), vectors_.col(i).data() + vectors_.rows());
}

Vector SymmetricEigen::coordinates(const Vector& g) const {
  Vector out(g.size());
  Eigen::Map<Eigen::VectorXd>(out.data(), vectors_.cols()) =
      vectors_.transpose() * Eigen::Map<const Eigen::VectorXd>(g.data(), vectors_.rows());
  return out;
}

Vector SymmetricEigen::combined(const Vector& c) const {
  Vector out(c.size());
  Eigen::Map<Eigen::VectorXd>(out.data(), vectors_.rows()) =
      vectors_ * Eigen::Map<const Eigen::VectorXd>(c.data(), vectors_.cols());
  return out;
}

double SymmetricEigen::largest() const { return std::max(std::abs(values.front()), std::abs(values.back())); }

}  // namespace steep
