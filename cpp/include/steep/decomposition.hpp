// Orthogonal decompositions of dense matrices in double precision. Eigen's are most of what it takes to compile: they
// are named in decomposition.cpp and symmetric_eigen.cpp alone, once for all that solve by them.
#pragma once
#include <Eigen/Core>
#include <functional>

#include "steep/objective.hpp"

namespace steep {

// Called between panels of a long decomposition; it throws to end that.
using Poll = std::function<void()>;

// A = Q R by Householder's reflections, A (m, n).
class QR {
 public:
  using Matrix = Eigen::MatrixXd;

  explicit QR(Matrix A, const Poll& poll = {});
  Matrix R() const;                                // (min(m, n), n)
  Matrix times(const Matrix& B) const;             // Q (B; 0), B of m rows at most
  Matrix transposed_times(Matrix B) const;         // Q'B
  Matrix solve(const Matrix& B) const;             // argmin ||A X - B||, A of full rank, m >= n
  Matrix transposed_solve(const Matrix& B) const;  // A'X = B, the X of least norm

 private:
  Matrix packed_;  // R above the reflections
  Eigen::VectorXd scale_;
};

// A P = Q R with the columns of largest norm first; Q thin, column j of A P being column order[j] of A.
struct PivotedQR {
  explicit PivotedQR(Eigen::MatrixXd A, const Poll& poll = {});
  Eigen::MatrixXd Q, R;
  Eigen::VectorXi order;
};

// The X that minimizes ||A X - B||^2 + l2 ||X||^2, of least norm where l2 = 0; pivots of A up to `threshold` times the
// largest count as zeros.
struct LeastNorm {
  LeastNorm(Eigen::MatrixXd A, const Eigen::MatrixXd& B, double threshold, double l2 = 0, const Poll& poll = {});
  Eigen::MatrixXd X;
  Index rank;
};

// H v_i = values[i] v_i, ascending; the lower triangle of H (n, n; row-major) is read.
class SymmetricEigen {
 public:
  enum Wanted { values_only, values_and_vectors };

  SymmetricEigen(const double* H, Index n, Wanted wanted, const Poll& poll = {});
  Vector vector(Index i) const;
  Vector coordinates(const Vector& g) const;  // v_i'g
  Vector combined(const Vector& c) const;     // sum c_i v_i
  double largest() const;                     // |value|
  Vector values;

 private:
  Eigen::MatrixXd vectors_;
};

}  // namespace steep
