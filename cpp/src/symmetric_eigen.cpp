// Eigenvalues and eigenvectors of a symmetric matrix by Householder's tridiagonalization, 4/3 n^3 flops, and implicit
// QR steps with Wilkinson's shifts, O(n^2), or 3 n^3 where vectors take part (Golub and Van Loan, sections 8.3.1 to
// 8.3.5). Eigen's solver in steps that a caller can end.
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "steep/decomposition.hpp"

namespace steep {
namespace {

using Matrix = Eigen::MatrixXd;
using Column = Eigen::VectorXd;

// A = Q T Q' in place: T on the diagonal and below it, the reflections further below.
Column tridiagonalize(Matrix& A, const Poll& poll) {
  const Index n = A.rows();
  Column scale = Column::Zero(n - 1), p(n);
  for (Index k = 0; k + 1 < n; ++k) {
    if (poll) poll();
    const Index left = n - k - 1;
    auto v = A.col(k).tail(left);
    auto rest = A.bottomRightCorner(left, left);
    double beta;
    v.makeHouseholderInPlace(scale[k], beta);
    v[0] = 1;
    p.tail(left).noalias() = rest.selfadjointView<Eigen::Lower>() * (scale[k] * v);
    p.tail(left) -= 0.5 * scale[k] * p.tail(left).dot(v) * v;
    rest.selfadjointView<Eigen::Lower>().rankUpdate(v, p.tail(left), -1);
    v[0] = beta;
  }
  return scale;
}

// Those of the tridiagonal matrix, left in `diagonal`; V, unless empty, becomes V times its eigenvectors.
void diagonalize(Column& diagonal, Column& below, Matrix& V, const Poll& poll) {
  const Index n = diagonal.size();
  constexpr double eps = std::numeric_limits<double>::epsilon(), tiny = std::numeric_limits<double>::min();
  Index start = 0, end = n - 1;
  for (Index step = 0; end > 0 && step < 30 * n; ++step) {
    if (poll) poll();
    for (Index i = start; i < end; ++i) {
      const double scaled = below[i] / eps;
      if (std::abs(below[i]) < tiny || scaled * scaled <= std::abs(diagonal[i]) + std::abs(diagonal[i + 1]))
        below[i] = 0;
    }
    while (end > 0 && below[end - 1] == 0) --end;
    if (end == 0) return;
    start = end - 1;
    while (start > 0 && below[start - 1] != 0) --start;
    Eigen::internal::tridiagonal_qr_step<Eigen::ColMajor>(diagonal.data(), below.data(), start, end,
                                                          V.size() ? V.data() : nullptr, n);
  }
}

}  // namespace

SymmetricEigen::SymmetricEigen(const double* H, Index n, Wanted wanted, const Poll& poll) : values(n) {
  if (n == 0) return;
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Matrix A = Eigen::Map<const RowMajor>(H, n, n).triangularView<Eigen::Lower>();
  double size = A.cwiseAbs().maxCoeff();
  if (!(size > 0)) size = 1;
  A /= size;
  const Column scale = tridiagonalize(A, poll);
  Column diagonal = A.diagonal(), below = A.diagonal(-1);
  Matrix V;
  if (wanted != values_only) V = Eigen::householderSequence(A, scale).setLength(n - 1).setShift(1);
  diagonalize(diagonal, below, V, poll);
  std::vector<Index> order(n);
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index i, Index k) { return diagonal[i] < diagonal[k]; });
  for (Index i = 0; i < n; ++i) values[i] = size * diagonal[order[i]];
  if (wanted == values_only) return;
  vectors_.resize(n, n);
  for (Index i = 0; i < n; ++i) vectors_.col(i) = V.col(order[i]);
}

Vector SymmetricEigen::vector(Index i) const {
  return Vector(vectors_.col(i).data(), vectors_.col(i).data() + vectors_.rows());
}

Vector SymmetricEigen::coordinates(const Vector& g) const {
  Vector out(g.size());
  Eigen::Map<Column>(out.data(), vectors_.cols()) =
      vectors_.transpose() * Eigen::Map<const Column>(g.data(), vectors_.rows());
  return out;
}

Vector SymmetricEigen::combined(const Vector& c) const {
  Vector out(c.size());
  Eigen::Map<Column>(out.data(), vectors_.rows()) = vectors_ * Eigen::Map<const Column>(c.data(), vectors_.cols());
  return out;
}

double SymmetricEigen::largest() const { return std::max(std::abs(values.front()), std::abs(values.back())); }

}  // namespace steep
