// The linear system of an interior point,
//
//     [Q + diag + G' W G + shift   A'] [dx]   [r]
//     [A                           0 ] [dy] = [s]
//
// by two Cholesky factors: of the upper block (with gamma A'A added, which leaves the solution unchanged and makes it
// definite where it is so on the null space of A), and of its Schur complement. At most two refinement steps.
#pragma once
#include <memory>

#include "steep/buffer.hpp"
#include "steep/factor.hpp"
#include "steep/quadratic_program.hpp"

namespace steep {

class KktSystem {
 public:
  using Matrix = QuadraticProgram::Matrix;
  using Column = QuadraticProgram::Column;

  KktSystem(Index n, Index equalities);
  // Q may be empty. False when the block is not positive definite even with the largest shift; `shift` is raised as needed.
  bool factor(const Matrix& Q, const Column& diagonal, const Matrix& G, const Column& W, const Matrix& A,
              double least_shift = 0);
  void solve(const Column& r, const Column& s, Column& dx, Column& dy) const;
  double shift() const { return shift_; }

 private:
  void solve_once(const Column& r, const Column& s, Column& dx, Column& dy) const;
  Index n_, p_;
  Matrix H_, S_, A_, Z_;  // Z = L^-1 A' (n, p)
  Factor upper_, schur_;
  Buffer<double> workspace_;  // of Gram matrices: as large as a level of the cache, too much to allocate every time
  double gamma_ = 0, shift_ = 0;
};

}  // namespace steep
