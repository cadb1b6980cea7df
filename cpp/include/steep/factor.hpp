// Cholesky factors of a symmetric matrix plus a multiple of the identity, by the kernels.
#pragma once
#include "steep/objective.hpp"
#include "steep/team.hpp"

namespace steep {

class Factor {
 public:
  explicit Factor(Index n, int n_threads = 1);

  // Factors A + shift I (row-major, lower triangle read). False when it is not positive definite; pivot() is then the
  // 1-based row that failed.
  bool factor(const double* A, double shift);
  Index pivot() const { return pivot_; }
  void solve(Vector& b) const;        // b <- (A + shift I)^-1 b
  void solve_lower(Vector& b) const;  // b <- L^-1 b
  void solve_upper(Vector& b) const;  // b <- L^-T b
  // After a failure at pivot k: v with v'(A + shift I)v = the pivot's value <= 0, v[k - 1] = 1; returns that value.
  double negative_direction(const double* A, double shift, Vector& v) const;
  // Unit z with a small ||L'z||, and that norm (the estimate of LINPACK).
  double small_singular(Vector& z) const;
  // Largest over smallest diagonal entry of L, squared: a lower bound on the condition number.
  double condition_bound() const;

 private:
  Index n_, pivot_ = 0;
  int n_threads_;
  KeptTeams teams_;
  Vector l_, workspace_;
  double* aligned_ = nullptr;
};

// Cholesky of D H D for D = diag(H)^-1/2.
class ScaledFactor {
 public:
  explicit ScaledFactor(Index n, int n_threads = 1) : n_(n), factor_(n, n_threads), scale_(n) {}
  // False when H is not positive definite or the estimate of D H D's reciprocal condition is below `least`.
  bool factor(const Vector& H, double least);
  void solve(Vector& b) const;  // b <- H^-1 b

 private:
  Index n_;
  Factor factor_;
  Vector scale_;
};

// Bounds on the eigenvalues of a symmetric matrix, and its Frobenius norm.
struct MatrixBounds {
  double low, high, frobenius, largest_entry;
};
MatrixBounds matrix_bounds(const double* A, Index n);

}  // namespace steep
