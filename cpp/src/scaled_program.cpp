// See scaled_program.hpp. A few passes over the matrices, none of them where columns are alike.
#include "steep/scaled_program.hpp"

#include <algorithm>
#include <cmath>

#include "steep/matrix_times.hpp"

namespace steep {
namespace {

using Column = ScaledProgram::Column;
using Matrix = ScaledProgram::Matrix;

constexpr double unlike_columns = 16;  // largest over smallest, from which on columns are scaled
constexpr double unlike_costs = 64;    // or its inverse, from which on costs are scaled

double power_of_two(double v) { return std::exp2(std::round(std::log2(v))); }

// size of columns, where an entry of M is larger; row by row, as M lies in memory.
void raise_to_largest(const Matrix& M, Column& size) {
  for (Index i = 0; i < M.rows(); ++i) size = size.cwiseMax(M.row(i).transpose().cwiseAbs());
}

void scale_row(Matrix& M, Column& v, Column& scale, Index i) {
  double norm = M.row(i).norm();
  if (!(norm > 1e-140 && norm < 1e140)) norm = M.row(i).stableNorm();  // squares are out of range
  if (!(norm > 0)) return;
  M.row(i) /= norm;
  v[i] /= norm;
  scale[i] *= norm;
}

}  // namespace

ScaledProgram::ScaledProgram(const QuadraticProgram& q)
    : n(q.dim()),
      p(q.A.rows()),
      m(q.G.rows()),
      A(q.A),
      G(q.G),
      Q(q.Q),
      b(q.b),
      h(q.h),
      row_A(Column::Ones(p)),
      row_G(Column::Ones(m)),
      S(Column::Ones(n)) {
  equilibrate();
  fix(q);
  enlarge(q);
  c = S.cwiseProduct(q.c);
  const double size = std::max(c.size() ? c.lpNorm<Eigen::Infinity>() : 0.0, Q.size() ? Q.cwiseAbs().maxCoeff() : 0.0);
  if (size > 0 && std::isfinite(size) && (size < 1 / unlike_costs || size > unlike_costs))
    cost = 1 / power_of_two(size);
  c *= cost, Q *= cost;
  for (Index i = 0; i < n; ++i) {
    if (q.lower[i] == q.upper[i]) continue;
    if (std::isfinite(q.lower[i])) low.push_back(i);
    if (std::isfinite(q.upper[i])) high.push_back(i);
  }
  count = m + static_cast<Index>(low.size() + high.size());
  e.resize(count);
  e.head(m) = h;
  for (std::size_t k = 0; k < low.size(); ++k) e[m + k] = -q.lower[low[k]] / S[low[k]];
  for (std::size_t k = 0; k < high.size(); ++k) e[m + low.size() + k] = q.upper[high[k]] / S[high[k]];
}

void ScaledProgram::scale_rows() {
  for (Index i = 0; i < p; ++i) scale_row(A, b, row_A, i);
  for (Index i = 0; i < m; ++i) scale_row(G, h, row_G, i);
}

void ScaledProgram::equilibrate() {
  for (int round = 0;; ++round) {
    scale_rows();
    Column size = Column::Zero(n);
    for (const Matrix* M : {&A, &G, &Q}) raise_to_largest(*M, size);
    double least = INFINITY, most = 0;
    for (Index j = 0; j < n; ++j) {
      if (size[j] > 0) least = std::min(least, size[j]), most = std::max(most, size[j]);
    }
    if (!(most > unlike_columns * least) || !std::isfinite(most) || round == 12) return;
    for (Index j = 0; j < n; ++j) {
      const double scale = size[j] > 0 ? power_of_two(1 / std::sqrt(size[j])) : 1.0;
      S[j] *= scale;
      A.col(j) *= scale;
      G.col(j) *= scale;
      if (!Q.size()) continue;
      Q.col(j) *= scale;
      Q.row(j) *= scale;
    }
  }
}

// A row for each variable whose bounds are equal: two inequalities would have no interior, and multipliers without end.
void ScaledProgram::fix(const QuadraticProgram& q) {
  for (Index i = 0; i < n; ++i)
    if (q.lower[i] == q.upper[i]) fixed.push_back(i);
  const Index more = static_cast<Index>(fixed.size());
  A.conservativeResize(p + more, n), b.conservativeResize(p + more), row_A.conservativeResize(p + more);
  for (Index i : fixed) {
    A.row(p).setZero();
    A(p, i) = 1;
    b[p] = q.lower[i] / S[i];
    row_A[p++] = S[i];
  }
}

// Where all right sides are small, or there are none and the minimizer of f is small, x is measured in their size.
void ScaledProgram::enlarge(const QuadraticProgram& q) {
  double size = std::max(p ? b.lpNorm<Eigen::Infinity>() : 0.0, m ? h.lpNorm<Eigen::Infinity>() : 0.0);
  for (Index i = 0; i < n; ++i)
    for (double bound : {q.lower[i], q.upper[i]})
      if (std::isfinite(bound)) size = std::max(size, std::abs(bound) / S[i]);
  if (!(size > 0) && Q.size() && Q.cwiseAbs().maxCoeff() > 0)
    size = S.cwiseProduct(q.c).lpNorm<Eigen::Infinity>() / Q.cwiseAbs().maxCoeff();
  if (!(size > 0) || size > 1 / unlike_costs) return;
  const double unit = power_of_two(size);
  S *= unit, row_A *= unit, row_G *= unit;
  b /= unit, h /= unit;
  Q *= unit * unit;
}

Column ScaledProgram::product(const Column& x) const { return Q.size() ? Column(matrix_times(Q, x)) : Column::Zero(n); }

Column ScaledProgram::times(const Column& x) const {
  Column out(count);
  out.head(m) = matrix_times(G, x);
  for (std::size_t k = 0; k < low.size(); ++k) out[m + k] = -x[low[k]];
  for (std::size_t k = 0; k < high.size(); ++k) out[m + low.size() + k] = x[high[k]];
  return out;
}

Column ScaledProgram::transposed(const Column& z) const {
  Column out = transposed_times(G, z.data());
  for (std::size_t k = 0; k < low.size(); ++k) out[low[k]] -= z[m + k];
  for (std::size_t k = 0; k < high.size(); ++k) out[high[k]] += z[m + low.size() + k];
  return out;
}

bool ScaledProgram::factor(KktSystem& system, const Column& weight) const {
  Column diagonal = Column::Zero(n);
  for (std::size_t k = 0; k < low.size(); ++k) diagonal[low[k]] += weight[m + k];
  for (std::size_t k = 0; k < high.size(); ++k) diagonal[high[k]] += weight[m + low.size() + k];
  return system.factor(Q, diagonal, G, Column(weight.head(m)), A);
}

}  // namespace steep
