// Damped Gauss-Newton steps by QR or Cholesky; see gauss_newton_model.hpp.
#include "steep/gauss_newton_model.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "steep/decomposition.hpp"
#include "steep/kernels.hpp"

namespace steep {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double eps = std::numeric_limits<double>::epsilon();
constexpr double singular_bound = 1e14;  // condition of J'J beyond which a Cholesky step is rounding
constexpr double qr_flops = 1e7;         // m n min(m, n) up to which QR is taken unasked: about 10 ms
constexpr double stored_entries = 5e7;   // of J, for the dual form

}  // namespace

GaussNewtonModel::GaussNewtonModel(Objective& f, Factorization wanted)
    : m_(f.residual_count()), n_(f.dim()), threads_(f.threads()), r_(m_), g_(n_), norms_(n_), D_(n_, 1.0) {
  const double entries = static_cast<double>(m_) * static_cast<double>(n_);
  const bool storable = f.has_jacobian() && m_ > 0;
  if (wanted == Factorization::qr && !storable)
    throw std::invalid_argument(f.name() + " has no Jacobian to store for factorization qr: take cholesky");
  if (storable &&
      (wanted == Factorization::qr || (wanted == Factorization::automatic && entries * std::min(m_, n_) <= qr_flops)))
    mode_ = Mode::qr;
  else if (storable && m_ < n_ && entries <= stored_entries)
    mode_ = Mode::dual;
  else
    mode_ = Mode::normal;
  if (mode_ == Mode::normal)
    B_.resize(n_, n_);
  else
    J_.resize(m_, n_);
}

double GaussNewtonModel::linearize(Run& run, const Vector& x) {
  poll_ = [&run] { run.check_time(); };
  if (mode_ == Mode::normal) {
    const double fun = run.normal_equations(x, B_.data(), g_.data());
    for (Index j = 0; j < n_; ++j) norms_[j] = std::sqrt(std::max(B_(j, j), 0.0));
    residual_ = std::sqrt(2 * std::max(fun, 0.0));
    return fun;
  }
  const double fun = run.linearize(x, r_.data(), J_.data());
  Eigen::Map<VectorXd>(g_.data(), n_).noalias() = J_.transpose() * r_;
  Eigen::Map<VectorXd>(norms_.data(), n_) = J_.colwise().norm().transpose();
  residual_ = std::sqrt(2 * std::max(fun, 0.0));
  return fun;
}

void GaussNewtonModel::prepare(const Vector& D, const std::vector<char>& fixed) {
  D_ = D;
  free_.clear();
  for (Index j = 0; j < n_; ++j)
    if (fixed.empty() || !fixed[j]) free_.push_back(j);
  if (free_.empty()) return;
  switch (mode_) {
    case Mode::qr:
      return prepare_qr();
    case Mode::normal:
      return prepare_normal();
    case Mode::dual:
      return prepare_dual();
  }
}

void GaussNewtonModel::prepare_qr() {
  const Index k = free_count();
  wide_ = m_ < k;
  MatrixXd A(wide_ ? k : m_, wide_ ? m_ : k);
  for (Index j = 0; j < k; ++j) {
    if (wide_)
      A.row(j) = J_.col(free_[j]).transpose() / D_[free_[j]];
    else
      A.col(j) = J_.col(free_[j]) / D_[free_[j]];
  }
  PivotedQR qr(std::move(A), poll_);
  Q_ = std::move(qr.Q);
  order_ = std::move(qr.order);
  if (wide_)
    C_ = qr.R.transpose();
  else
    C_ = std::move(qr.R);
  rank_ = 0;
  const double least = eps * static_cast<double>(Q_.rows()) * std::abs(C_(0, 0));
  while (rank_ < C_.rows() && std::abs(C_(rank_, rank_)) > least) ++rank_;
}

void GaussNewtonModel::prepare_normal() {
  const Index k = free_count();
  scaled_.resize(k * k);
  for (Index i = 0; i < k; ++i)
    for (Index j = 0; j <= i; ++j)
      scaled_[i * k + j] = scaled_[j * k + i] = B_(free_[i], free_[j]) / (D_[free_[i]] * D_[free_[j]]);
  if (factor_size_ != k) factor_ = std::make_unique<Factor>(k, threads_), factor_size_ = k;
  rank_ = k;
}

void GaussNewtonModel::prepare_dual() {
  Matrix scaled(m_, free_count());
  for (Index j = 0; j < free_count(); ++j) scaled.col(j) = J_.col(free_[j]) / D_[free_[j]];
  scaled_.resize(m_ * m_);
  Product<double> product;
  product.m = product.n = m_;
  product.k = free_count();
  product.a = product.b = scaled.data();
  product.a_row = product.b_col = free_count();
  product.b_row = 1;
  product.c = scaled_.data();
  product.c_row = m_;
  const auto& table = kernels<double>().product;
  Vector workspace(table.workspace_size(m_, m_, free_count()) + 8);
  product.workspace =
      workspace.data() + (64 - reinterpret_cast<std::uintptr_t>(workspace.data()) % 64) % 64 / sizeof(double);
  table.multiply(product);
  if (factor_size_ != m_) factor_ = std::make_unique<Factor>(m_, threads_), factor_size_ = m_;
  rank_ = m_;
}

bool GaussNewtonModel::step(double damping, Vector& p) {
  if (mode_ == Mode::normal) {
    const Index k = free_count();
    Vector rhs(k);
    for (Index i = 0; i < k; ++i) {
      double sum = g_[free_[i]];
      if (k < n_)
        for (Index j = 0; j < n_; ++j)
          sum += p[j] != 0 && !std::binary_search(free_.begin(), free_.end(), j) ? B_(free_[i], j) * p[j] : 0.0;
      rhs[i] = -sum / D_[free_[i]];
    }
    if (!factor_->factor(scaled_.data(), damping) || factor_->condition_bound() > singular_bound) return false;
    factor_->solve(rhs);
    for (Index i = 0; i < k; ++i) p[free_[i]] = rhs[i] / D_[free_[i]];
    return all_finite(p);
  }
  if (free_count() == n_) return step_for(r_, damping, p);
  VectorXd rhs = r_;
  for (Index j = 0, next = 0; j < n_; ++j) {
    if (next < free_count() && free_[next] == j)
      ++next;
    else if (p[j] != 0)
      rhs += p[j] * J_.col(j);
  }
  return step_for(rhs, damping, p);
}

bool GaussNewtonModel::step_for(const VectorXd& rhs, double damping, Vector& p) {
  const Index k = free_count();
  VectorXd q(k);
  bool regular = true;
  if (mode_ == Mode::dual) {
    Vector z(rhs.data(), rhs.data() + m_);
    if (!factor_->factor(scaled_.data(), damping) || factor_->condition_bound() > singular_bound) return false;
    factor_->solve(z);
    z_ = z;
    for (Index j = 0; j < k; ++j)
      p[free_[j]] = -J_.col(free_[j]).dot(Eigen::Map<const VectorXd>(z.data(), m_)) / (D_[free_[j]] * D_[free_[j]]);
    return all_finite(p);
  }
  const Index s = C_.rows();
  VectorXd y(s);
  if (wide_) {
    c_.resize(s);
    for (Index i = 0; i < s; ++i) c_[i] = rhs[order_[i]];
    regular = solve_square(damping, y);
    q.noalias() = Q_ * y;
  } else {
    c_.noalias() = Q_.transpose() * rhs;
    regular = solve_square(damping, y);
    for (Index i = 0; i < s; ++i) q[order_[i]] = y[i];
  }
  for (Index j = 0; j < k; ++j) p[free_[j]] = q[j] / D_[free_[j]];
  return regular && all_finite(p);
}

// min ||C y + c||^2 + damping ||y||^2; keeps the triangle of the stacked matrix for slope().
bool GaussNewtonModel::solve_square(double damping, VectorXd& y) {
  const Index s = C_.rows();
  if (damping == 0) {
    const bool full = rank_ == s;
    if (full && !wide_)
      y = C_.triangularView<Eigen::Upper>().solve(-c_);
    else if (full)
      y = C_.triangularView<Eigen::Lower>().solve(-c_);
    else
      y = LeastNorm(C_, -c_, eps * static_cast<double>(std::max(m_, n_))).X;
    L_ = wide_ ? QR(C_).R() : C_;
    return full;
  }
  MatrixXd stacked(2 * s, s);
  stacked.topRows(s) = C_;
  stacked.bottomRows(s) = std::sqrt(damping) * MatrixXd::Identity(s, s);
  const QR qr(std::move(stacked), poll_);
  VectorXd rhs = VectorXd::Zero(2 * s);
  rhs.head(s) = -c_;
  L_ = qr.R();
  y = qr.solve(rhs);
  return true;
}

double GaussNewtonModel::slope(const Vector& p) {
  const Index k = free_count();
  VectorXd q(k);
  for (Index j = 0; j < k; ++j) q[j] = D_[free_[j]] * p[free_[j]];
  if (mode_ == Mode::normal) {
    Vector w(q.data(), q.data() + k);
    factor_->solve_lower(w);
    const double norm = norm2(w);
    return norm * norm;
  }
  if (mode_ == Mode::dual) {
    // With q = -B'z, B = J D^-1, and B (B'B + damping I)^-1 B' = (B B' + damping I)^-1 B B'.
    Vector y = z_;
    factor_->solve(y);
    const Eigen::Map<const Matrix> gram(scaled_.data(), m_, m_);
    return Eigen::Map<const VectorXd>(z_.data(), m_).dot(gram * Eigen::Map<const VectorXd>(y.data(), m_));
  }
  VectorXd y(C_.rows());
  if (wide_)
    y.noalias() = Q_.transpose() * q;
  else
    for (Index i = 0; i < y.size(); ++i) y[i] = q[order_[i]];
  y = L_.transpose().triangularView<Eigen::Lower>().solve(y);
  return y.squaredNorm();
}

double GaussNewtonModel::scaled_norm(const Vector& p) const {
  double sum = 0;
  for (Index j : free_) sum += D_[j] * p[j] * D_[j] * p[j];
  return std::sqrt(sum);
}

double GaussNewtonModel::scaled_gradient_norm() const {
  double sum = 0;
  for (Index j : free_) sum += std::pow(g_[j] / D_[j], 2);
  return std::sqrt(sum);
}

double GaussNewtonModel::largest_diagonal() const {
  double largest = 0;
  for (Index j = 0; j < n_; ++j) largest = std::max(largest, std::pow(norms_[j] / D_[j], 2));
  return largest;
}

double GaussNewtonModel::predicted(const Vector& p) const {
  const Eigen::Map<const VectorXd> v(p.data(), n_);
  const double linear = Eigen::Map<const VectorXd>(g_.data(), n_).dot(v);
  const double bend = mode_ == Mode::normal ? v.dot(B_ * v) : (J_ * v).squaredNorm();
  return -(linear + 0.5 * bend);
}

void GaussNewtonModel::times(const Vector& p, VectorXd& Jp) const {
  Jp.noalias() = J_ * Eigen::Map<const VectorXd>(p.data(), n_);
}

}  // namespace steep
