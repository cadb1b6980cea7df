// The programs that decide whether a program has a solution; both have one themselves. See scaled_program.hpp.
#include <algorithm>
#include <cmath>

#include "steep/scaled_program.hpp"

namespace steep {

void ScaledProgram::relax(QuadraticProgram& out) const {
  constexpr double inf = INFINITY;
  out.c = Column::Zero(n + 1);
  out.c[n] = 1;
  const Index rows = count + 2 * p;
  out.G = Matrix::Zero(rows, n + 1);
  out.h.resize(rows);
  out.G.topLeftCorner(m, n) = G;
  for (std::size_t k = 0; k < low.size(); ++k) out.G(m + k, low[k]) = -1;
  for (std::size_t k = 0; k < high.size(); ++k) out.G(m + low.size() + k, high[k]) = 1;
  out.h.head(count) = e;
  out.G.block(count, 0, p, n) = A;
  out.G.block(count + p, 0, p, n) = -A;
  out.h.segment(count, p) = b;
  out.h.tail(p) = -b;
  out.G.col(n).setConstant(-1);
  out.A = Matrix::Zero(0, n + 1);
  out.b.resize(0);
  out.lower = Column::Constant(n + 1, -inf);
  out.upper = Column::Constant(n + 1, inf);
  out.lower[n] = -1;
}

void ScaledProgram::recede(QuadraticProgram& out) const {
  out.c = c / std::max(n ? c.lpNorm<Eigen::Infinity>() : 0.0, 1e-300);
  out.G = G;
  out.h = Column::Zero(m);
  const double largest = Q.size() ? Q.cwiseAbs().maxCoeff() : 0;
  const Index curved = largest > 0 ? n : 0;
  out.A.resize(p + curved, n);
  if (curved) out.A.bottomRows(curved) = Q / largest;
  out.A.topRows(p) = A;
  out.b = Column::Zero(p + curved);
  out.lower = Column::Constant(n, -1);
  out.upper = Column::Constant(n, 1);
  for (Index i : low) out.lower[i] = 0;
  for (Index i : high) out.upper[i] = 0;
}

}  // namespace steep
