// The linear system of an interior point; see kkt.hpp.
#include "steep/kkt.hpp"

#include <algorithm>
#include <cmath>

#include "steep/kernels.hpp"
#include "steep/matrix_times.hpp"

namespace steep {
namespace {

using Column = QuadraticProgram::Column;

Vector to_vector(const Column& v) { return Vector(v.data(), v.data() + v.size()); }
Column to_column(const Vector& v) { return Eigen::Map<const Column>(v.data(), static_cast<Index>(v.size())); }

// H (n, n; both triangles) += X' diag(w) X.
void add_gram(const KktSystem::Matrix& X, const double* w, KktSystem::Matrix& H, Buffer<double>& workspace) {
  const Index n = X.cols();
  if (X.rows() == 0) return;
  const auto& table = kernels<double>().product;
  if (workspace.size() == 0) workspace.resize(table.gram_workspace(n));
  table.weighted_gram(X.rows(), n, X.data(), n, w, H.data(), n, true, workspace.data());
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < i; ++j) H(j, i) = H(i, j);
}

}  // namespace

KktSystem::KktSystem(Index n, Index equalities)
    : n_(n), p_(equalities), H_(n, n), S_(equalities, equalities), upper_(n), schur_(std::max<Index>(equalities, 1)) {}

bool KktSystem::factor(const Matrix& Q, const Column& diagonal, const Matrix& G, const Column& W, const Matrix& A,
                       double least_shift) {
  if (Q.size())
    H_ = Q;
  else
    H_.setZero();
  H_.diagonal() += diagonal;
  add_gram(G, W.data(), H_, workspace_);
  A_ = A;
  double largest = H_.diagonal().cwiseAbs().maxCoeff();
  if (!(largest > 0)) largest = 1;
  if (p_ > 0) {
    const double size = A.squaredNorm() / p_;
    gamma_ = size > 0 ? std::min(largest / size, 1e300) : 0;
    const Column weights = Column::Constant(p_, gamma_);
    add_gram(A, weights.data(), H_, workspace_);
    largest = H_.diagonal().cwiseAbs().maxCoeff();
  }
  shift_ = std::max(least_shift, 1e-16 * largest);
  for (int trial = 0;; ++trial) {
    if (upper_.factor(H_.data(), shift_)) break;
    if (trial >= 40 || !std::isfinite(shift_)) return false;
    shift_ *= trial < 4 ? 10 : 100;
    if (shift_ > 1e8 * largest) return false;
  }
  if (p_ == 0) return true;
  Z_.resize(p_, n_);
  for (Index i = 0; i < p_; ++i) {
    Vector row(A.row(i).data(), A.row(i).data() + n_);
    upper_.solve_lower(row);
    Z_.row(i) = to_column(row);
  }
  S_.noalias() = Z_ * Z_.transpose();
  double weight = 1e-15 * S_.diagonal().maxCoeff();
  if (!(weight > 0)) weight = 1;  // A is nothing but zeros
  for (int trial = 0; trial < 10; ++trial, weight *= 100)
    if (schur_.factor(S_.data(), weight)) return true;
  return false;
}

void KktSystem::solve_once(const Column& r, const Column& s, Column& dx, Column& dy) const {
  Column first = r;
  if (p_ > 0) first += gamma_ * (A_.transpose() * s);
  Vector x = to_vector(first);
  upper_.solve(x);
  dx = to_column(x);
  if (p_ == 0) {
    dy.resize(0);
    return;
  }
  Vector y = to_vector(A_ * dx - s);
  schur_.solve(y);
  dy = to_column(y);
  x = to_vector(first - A_.transpose() * dy);
  upper_.solve(x);
  dx = to_column(x);
}

void KktSystem::solve(const Column& r, const Column& s, Column& dx, Column& dy) const {
  solve_once(r, s, dx, dy);
  Column ex, ey;
  for (int round = 0; round < 2; ++round) {
    // H_ holds gamma A'A: its part of the first row is moved to the right-hand side.
    Column first = r - matrix_times(H_, dx);
    Column second = s;
    if (p_ > 0) {
      second -= A_ * dx;
      first += gamma_ * (A_.transpose() * s) - A_.transpose() * dy - gamma_ * (A_.transpose() * second);
    }
    solve_once(first, second, ex, ey);
    const double change = ex.norm() / std::max(dx.norm(), 1e-300);
    if (!(change <= 1)) return;  // not finite either
    dx += ex;
    if (p_ > 0) dy += ey;
    if (change < 1e-12 && !(ey.norm() > 1e-12 * dy.norm())) return;
  }
}

}  // namespace steep
