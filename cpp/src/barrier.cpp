// A primal-dual log barrier for smooth constraints (Waechter and Biegler, Math. Programming 106 (2006) 25, with the
// l1 merit function of Nocedal and Wright, section 19.4):
//
//     min f(x) - mu sum log s   s.t.  c_E(x) = 0,  c_I(x) - s = 0,      L = f + y'c_E - z'c_I
//
// mu falls whenever its own problem is solved to 10 mu. Slacks of satisfied inequalities are kept at c_I, so that strictly
// feasible starts stay so. O(n^3 + m n^2) an iteration.
#include <algorithm>
#include <cmath>

#include "steep/interior_point.hpp"
#include "steep/kkt.hpp"
#include "steep/run.hpp"

namespace steep {
namespace {

using Column = QuadraticProgram::Column;
using Matrix = QuadraticProgram::Matrix;

double norm_of(const Column& v) { return v.size() ? v.lpNorm<Eigen::Infinity>() : 0.0; }

class Barrier {
 public:
  Barrier(Run& run, Objective& f, Objective& constraints, Index equalities, BarrierMethod::Curvature curvature)
      : run_(run),
        f_(f),
        constraints_(constraints),
        n_(f.dim()),
        p_(equalities),
        m_(constraints.residual_count() - p_),
        curvature_(curvature),
        x_(n_),
        g_(n_),
        c_(p_ + m_),
        J_(p_ + m_, n_),
        W_(n_, n_),
        s_(m_),
        z_(m_),
        y_(p_),
        system_(n_, p_) {}
  void solve(const double* x0);

 private:
  double value(const Vector& x, Vector* g) { return run_.evaluate(x, g); }
  void constrain(const Vector& x, Column& c, Matrix* J) {
    constraints_.residuals(x.data(), c.data(), J ? J->data() : nullptr);
  }
  Column gradient() const { return Eigen::Map<const Column>(g_.data(), n_); }
  Column lagrangian(const Column& g, const Matrix& J) const {
    return g + J.topRows(p_).transpose() * y_ - J.bottomRows(m_).transpose() * z_;
  }
  double error(double mu) const;
  double violation(const Column& c, const Column& s) const {
    return c.head(p_).lpNorm<1>() + (c.tail(m_) - s).lpNorm<1>();
  }
  void curvature();
  void update_bfgs(const Column& step, const Column& before);
  void report(double length, double mu);
  bool restore();
  void begin(double mu);
  void first_multipliers();

  Run& run_;
  Objective &f_, &constraints_;
  Index n_, p_, m_;
  BarrierMethod::Curvature curvature_;
  Vector x_, g_;
  Column c_;
  Matrix J_, W_;
  Column s_, z_, y_;
  KktSystem system_;
  double fun_ = 0;
};

double Barrier::error(double mu) const {
  const Column rd = lagrangian(gradient(), J_);
  const double size = (y_.lpNorm<1>() + z_.lpNorm<1>()) / std::max<Index>(1, p_ + m_);
  const double scale = std::max(1.0, size / 100);
  double worst = norm_of(rd) / scale;
  worst = std::max(worst, norm_of(c_.head(p_)));
  worst = std::max(worst, norm_of(c_.tail(m_) - s_));
  if (m_) worst = std::max(worst, norm_of((s_.array() * z_.array() - mu).matrix()) / scale);
  return worst;
}

void Barrier::curvature() {
  if (curvature_ == BarrierMethod::Curvature::bfgs) return;
  run_.hessian(x_, W_.data());
  if (curvature_ == BarrierMethod::Curvature::exact) return;
  // Columns of the derivative of J'(y, -z) by forward differences, symmetrized.
  Column multiplier(p_ + m_), c(p_ + m_);
  multiplier << y_, -z_;
  const Column here = J_.transpose() * multiplier;
  Matrix ahead(p_ + m_, n_), D(n_, n_);
  Vector x = x_;
  for (Index j = 0; j < n_; ++j) {
    const double h = 1.5e-8 * std::max(1.0, std::abs(x_[j]));
    x[j] = x_[j] + h;
    constrain(x, c, &ahead);
    D.col(j) = (ahead.transpose() * multiplier - here) / (x[j] - x_[j]);
    x[j] = x_[j];
  }
  W_ += 0.5 * (D + D.transpose());
}

// Powell's damping keeps W positive definite.
void Barrier::update_bfgs(const Column& step, const Column& before) {
  if (curvature_ != BarrierMethod::Curvature::bfgs) return;
  Column change = lagrangian(gradient(), J_) - before;
  const Column Ws = W_ * step;
  const double sWs = step.dot(Ws);
  double sy = step.dot(change);
  if (!(sWs > 0)) return;
  if (sy < 0.2 * sWs) {
    const double theta = 0.8 * sWs / (sWs - sy);
    change = theta * change + (1 - theta) * Ws;
    sy = step.dot(change);
  }
  W_ += change * change.transpose() / sy - Ws * Ws.transpose() / sWs;
}

void Barrier::report(double length, double mu) {
  const double residual = error(0);
  run_.certify("kkt_residual", residual, INFINITY);
  Vector& out = run_.result().multipliers;
  out.assign(y_.data(), y_.data() + p_);
  out.insert(out.end(), z_.data(), z_.data() + m_);
  if (std::isnan(length))
    run_.start(x_, fun_, g_, residual, mu);
  else
    run_.step_with(x_, fun_, g_, residual, length, mu);
}

// Damped Gauss-Newton steps on 1/2 |c_E|^2 + 1/2 |min(c_I, 0)|^2 from here. Ends the run where that has a least value
// above zero; false where the constraints can be met, x_ being such a point, or nothing was decided.
bool Barrier::restore() {
  KktSystem system(n_, 0);
  Column c = c_, c1(p_ + m_), none, dx, dy;
  Matrix J = J_, active;
  Vector x = x_, x1(n_);
  const auto shortage = [&](const Column& v) {
    Column r = v;
    r.tail(m_) = v.tail(m_).cwiseMin(0.0);
    return r;
  };
  double damping = 1e-4;
  for (int round = 0; round < 60; ++round) {
    const Column r = shortage(c);
    if (norm_of(r) <= 1e-9) {
      x_ = x;
      return true;
    }
    active = J;
    for (Index i = 0; i < m_; ++i)
      if (r[p_ + i] == 0) active.row(p_ + i).setZero();
    const Column slope = active.transpose() * r;
    if (norm_of(slope) <= 1e-6 * norm_of(r) * std::max(1e-3, active.cwiseAbs().maxCoeff())) {
      if (norm_of(r) > 1e-6)
        run_.fail(Status::infeasible, "The constraints are violated by " + std::to_string(norm_of(r)) +
                                          " at a point from where no direction violates them less.");
      return false;
    }
    bool moved = false;
    for (int trial = 0; trial < 30 && !moved; ++trial, damping *= 10) {
      const double size = damping * std::max(active.squaredNorm(), 1e-300);
      if (!system.factor(Matrix(), Column::Constant(n_, size), active, Column::Ones(p_ + m_), Matrix::Zero(0, n_)))
        continue;
      system.solve(-slope, none, dx, dy);
      for (Index j = 0; j < n_; ++j) x1[j] = x[j] + dx[j];
      constrain(x1, c1, nullptr);
      moved = c1.allFinite() && shortage(c1).squaredNorm() < r.squaredNorm();
      if (moved) damping *= 1e-2;
    }
    if (!moved) return false;
    x = x1;
    constrain(x, c, &J);
  }
  return false;
}

// y of least squares, z = mu / s.
void Barrier::first_multipliers() {
  y_.setZero();
  if (p_ == 0) return;
  Column dx, dy;
  const Column none = Column::Zero(n_);
  if (!system_.factor(Matrix(), Column::Ones(n_), Matrix::Zero(0, n_), Column(), J_.topRows(p_))) return;
  const Column rhs = -(gradient() - J_.bottomRows(m_).transpose() * z_);
  system_.solve(rhs, Column::Zero(p_), dx, dy);
  if (dy.allFinite() && norm_of(dy) < 1e3) y_ = dy;
}

// Values at x_; slacks and multipliers to match.
void Barrier::begin(double mu) {
  fun_ = value(x_, &g_);
  constrain(x_, c_, &J_);
  for (Index i = 0; i < m_; ++i) s_[i] = std::max(c_[p_ + i], 1e-2 * std::max(1.0, std::abs(c_[p_ + i])));
  z_ = (mu / s_.array()).matrix();
  W_.setIdentity();
  first_multipliers();
}

void Barrier::solve(const double* x0) {
  x_.assign(x0, x0 + n_);
  begin(0.1);
  if (!c_.allFinite() || !J_.allFinite()) throw std::invalid_argument("the constraints must be finite at x0");
  double mu = 0.1 * std::max(1.0, std::min(10.0, norm_of(gradient())));
  bool restored = false;
  report(NAN, mu);
  double weight = 1;
  int failures = 0;
  for (;;) {
    while (mu > run_.threshold() / 10 && error(mu) <= 10 * mu)
      mu = std::max(run_.threshold() / 10, std::min(0.2 * mu, std::pow(mu, 1.5)));
    mu = std::max(mu, 1e-16);
    curvature();
    const Column gap = c_.tail(m_) - s_, ratio = z_.cwiseQuotient(s_);
    const Matrix JE = J_.topRows(p_), JI = J_.bottomRows(m_);
    if (!W_.allFinite() || !system_.factor(W_, Column::Zero(n_), JI, ratio, JE)) {
      if (!restored && restore()) {
        restored = true;
        begin(mu);
        continue;
      }
      run_.fail(Status::not_positive_definite, "The barrier's Hessian cannot be made positive definite.");
    }
    Column dx, dy;
    Column rhs = -lagrangian(gradient(), J_);
    const Column centre = (mu / s_.array()).matrix() - z_ - ratio.cwiseProduct(gap);
    rhs += JI.transpose() * centre;
    system_.solve(rhs, -c_.head(p_), dx, dy);
    if (!dx.allFinite()) run_.fail(Status::singular, "The constraints' Jacobian is singular.");
    const Column ds = JI * dx + gap;
    const Column dz = centre - ratio.cwiseProduct(JI * dx);
    double longest = 1, longest_z = 1;
    for (Index i = 0; i < m_; ++i) {
      if (ds[i] < 0) longest = std::min(longest, -0.995 * s_[i] / ds[i]);
      if (dz[i] < 0) longest_z = std::min(longest_z, -0.995 * z_[i] / dz[i]);
    }
    // Merit f - mu sum log s + weight (|c_E| + |c_I - s|).
    const double violated = violation(c_, s_);
    const double slope = gradient().dot(dx) - (m_ ? mu * ds.cwiseQuotient(s_).sum() : 0.0);
    const double bend = std::max(0.0, dx.dot(W_ * dx));
    if (violated > 0) weight = std::max(weight, (slope + 0.5 * bend) / (0.7 * violated));
    const auto barrier = [&](const Column& s) { return m_ ? -mu * s.array().log().sum() : 0.0; };
    const double merit = fun_ + barrier(s_) + weight * violated, promised = slope - weight * violated;
    const Column before_x = Eigen::Map<Column>(x_.data(), n_);
    Vector x1(n_);
    Column c1(p_ + m_), s1;
    double a = longest, fun1 = NAN;
    bool found = false;
    for (int trial = 0; trial < 50; ++trial, a *= 0.5) {
      for (Index j = 0; j < n_; ++j) x1[j] = x_[j] + a * dx[j];
      fun1 = value(x1, nullptr);
      if (!std::isfinite(fun1)) continue;
      constrain(x1, c1, nullptr);
      if (!c1.allFinite()) continue;
      s1 = (s_ + a * ds).cwiseMax(c1.tail(m_));
      const double merit1 = fun1 + barrier(s1) + weight * violation(c1, s1);
      if (merit1 <= merit + 1e-4 * a * promised + 1e-13 * (std::abs(merit) + std::abs(fun1))) {
        found = true;
        break;
      }
    }
    if (!found) {
      if (!restored && restore()) {
        restored = true;
        begin(mu);
        continue;
      }
      if (++failures > 3 || weight > 1e12)
        run_.fail(Status::line_search_failed, "No step decreases the barrier's merit function; the KKT residual is " +
                                                  std::to_string(error(0)) + ".");
      W_.setIdentity();  // a fresh metric, and multipliers to match
      z_ = (mu / s_.array()).matrix();
      weight *= 10;
      continue;
    }
    failures = 0;
    y_ += a * dy;
    z_ += longest_z * dz;
    x_ = x1;
    s_ = s1;
    for (Index i = 0; i < m_; ++i) z_[i] = std::clamp(z_[i], mu / (1e10 * s_[i]), 1e10 * mu / s_[i]);
    const Column before = lagrangian(gradient(), J_);
    fun_ = value(x_, &g_);
    constrain(x_, c_, &J_);
    update_bfgs(Eigen::Map<Column>(x_.data(), n_) - before_x, before);
    if (fun_ < -1e15 * std::max(1.0, std::abs(run_.result().trace[0].fun)) &&
        norm_of(c_.head(p_)) < 1e-6 * norm_of(Eigen::Map<Column>(x_.data(), n_)))
      run_.unbounded_along(x_, "The objective is unbounded below on the feasible set.");
    report(a, mu);
    if (run_.iterations() % 50 == 49 && norm_of(c_.tail(m_).cwiseMin(0.0)) + norm_of(c_.head(p_)) > 1e-4) {
      const Vector here = x_;
      restore();  // for its verdict only
      x_ = here;
    }
  }
}

}  // namespace

Result BarrierMethod::solve(Objective& f, const double* x0, const SolveOptions& options) {
  Run run(f, options, "barrier", 500);
  run.prefer_last();
  return run.guard([&] { Barrier(run, f, constraints_, equalities_, curvature_).solve(x0); });
}

}  // namespace steep
