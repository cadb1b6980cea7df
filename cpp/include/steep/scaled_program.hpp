// A quadratic program as its interior point sees it: in x / S, with unit rows, and all bounds as rows of one list,
// s = e - E x, E = [G; -I_lower; I_upper], those of fixed variables as the last rows of A. Columns of unlike size are
// equilibrated together with the rows (Ruiz, RAL report TR-2001-034), by powers of two; right sides that are all small
// and costs far from one are scaled.
#pragma once
#include "steep/kkt.hpp"

namespace steep {

struct ScaledProgram {
  using Matrix = QuadraticProgram::Matrix;
  using Column = QuadraticProgram::Column;

  explicit ScaledProgram(const QuadraticProgram& q);
  Column product(const Column& x) const;     // Q x
  Column times(const Column& x) const;       // E x
  Column transposed(const Column& z) const;  // E'z
  bool factor(KktSystem& system, const Column& weight) const;
  // Programs that have a solution whatever this one is: min t with every constraint relaxed by t >= 0, whose least t is
  // above 0 where this is infeasible; and min c'd over the directions d in a box that no constraint limits and along which
  // Q is flat, below 0 where this is unbounded.
  void relax(QuadraticProgram& out) const;
  void recede(QuadraticProgram& out) const;

  Index n, p, m, count = 0;
  Matrix A, G, Q;
  Column b, h, c, e;
  Column row_A, row_G, S;  // what rows were divided by; x = S x_scaled
  double cost = 1;         // what the objective is multiplied by
  std::vector<Index> low, high, fixed;

 private:
  void equilibrate();
  void fix(const QuadraticProgram& q);
  void enlarge(const QuadraticProgram& q);
  void scale_rows();
};

}  // namespace steep
