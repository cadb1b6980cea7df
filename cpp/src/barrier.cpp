// A primal-dual log barrier for smooth constraints (Waechter and Biegler, Math. Programming 106 (2006) 25, with the
// l1 merit function of Nocedal and Wright, section 19.4):
//
//     min f(x) - mu sum log s   s.t.  c_E(x) = 0,  c_I(x) - s = 0,      L = f + y'c_E - z'c_I
//
// mu falls whenever its own problem is solved to 10 mu. Slacks of satisfied inequalities are kept at c_I, so that strictly
// feasible starts stay so. A full step that the constraints' curvature spoils is corrected for it (Maratos' effect).
// O(n^3 + m n^2) an iteration.
#include <algorithm>
#include <cmath>
#include <functional>

#include "steep/interior_point.hpp"
#include "steep/kkt.hpp"
#include "steep/restoration.hpp"

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
        system_(n_, p_) {
    run.measure("KKT residual");
  }
  void solve(const double* x0);

 private:
  void constrain(const Vector& x, Column& c, Matrix* J) {
    constraints_.residuals(x.data(), c.data(), J ? J->data() : nullptr);
    if (J == &J_) steepest_ = std::max(steepest_, J_.size() ? J_.cwiseAbs().maxCoeff() : 0.0);
  }
  Column gradient() const { return Eigen::Map<const Column>(g_.data(), n_); }
  Column lagrangian(const Column& g, const Matrix& J) const {
    return g + J.topRows(p_).transpose() * y_ - J.bottomRows(m_).transpose() * z_;
  }
  double error(double mu) const;
  double violation(const Column& c, const Column& s) const {
    return c.head(p_).lpNorm<1>() + (c.tail(m_) - s).lpNorm<1>();
  }
  struct Step {
    Column x, y, z, s;
    double longest = 1;
  };
  struct Trial {
    Vector x;
    Column c, s;
  };
  // The part of a step, up to 1, that keeps v positive.
  static double longest(const Column& v, const Column& dv) {
    double a = 1;
    for (Index i = 0; i < v.size(); ++i)
      if (dv[i] < 0) a = std::min(a, -0.995 * v[i] / dv[i]);
    return a;
  }
  double merit(double fun, const Column& c, const Column& s, double mu) const {
    return fun - (m_ ? mu * s.array().log().sum() : 0.0) + weight_ * violation(c, s);
  }
  bool direction(double mu);
  double look(const Step& step, double a, double mu, Trial& out);
  double search(double mu, Trial& trial);
  void curvature();
  void update_bfgs(const Column& step, const Column& before);
  void report(double length, double mu);
  bool restore(double mu);
  void begin(double mu);
  void first_multipliers();
  void evaluate() { fun_ = run_.evaluate(x_, &g_), constrain(x_, c_, &J_); }
  double measure();
  double first_norm(double residual) const;

  Run& run_;
  Objective &f_, &constraints_;
  Index n_, p_, m_;
  BarrierMethod::Curvature curvature_;
  Vector x_, g_;
  Column c_;
  Matrix J_, W_;
  Column s_, z_, y_;
  KktSystem system_;
  Step step_;
  std::function<void(const Trial&, Step&)> correct_;
  double fun_ = 0, weight_ = 1;
  double exactness_ = 1;            // what the constraints are held to, over what a gradient by differences is
  double share_ = 1;                // what they are held to under rtol, over what the gradient is
  double f_unit_ = 1, c_unit_ = 1;  // 1, and under rtol what aim_ is rtol of, and the constraints' size at x0
  double aim_ = 0;                  // what the gradient is held to
  bool relative_ = false;           // aim_ is rtol of the gradient at x0; else tol
  double steepest_ = 0;             // the largest entry of a Jacobian of the constraints
  int restored_ = 0;
};

double Barrier::error(double mu) const {
  const Column rd = lagrangian(gradient(), J_);
  // By what the multipliers amount to, not by their own size: those of opposite constraints grow without end.
  const double scale = std::max(1.0, norm_of(rd - gradient()) / (100 * f_unit_));
  double worst = norm_of(rd) / scale;
  worst = std::max(worst, norm_of(c_.head(p_)) / exactness_ / share_);
  worst = std::max(worst, norm_of(c_.tail(m_) - s_) / exactness_ / share_);
  if (m_) worst = std::max(worst, norm_of((s_.array() * z_.array() - mu).matrix()) / scale / exactness_);
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
    run_.start(x_, fun_, g_, first_norm(residual), mu);
  else
    run_.step_with(x_, fun_, g_, residual, length, mu);
}

// To a point that meets the constraints, anew; ends the run where there is none.
bool Barrier::restore(double mu) {
  Vector x = x_;
  if (restored_ >= 3 || !restore_feasibility(run_, constraints_, p_, steepest_, x)) return false;
  ++restored_;
  x_ = x;
  evaluate();
  begin(mu);
  return true;
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
  if (dy.allFinite() && norm_of(dy) < 1e3 * f_unit_ / c_unit_) y_ = dy;
}

// Slacks and multipliers to match the values at x_.
void Barrier::begin(double mu) {
  for (Index i = 0; i < m_; ++i) s_[i] = std::max(c_[p_ + i], 1e-2 * std::max(c_unit_, std::abs(c_[p_ + i])));
  z_ = (mu / s_.array()).matrix();
  W_ = f_unit_ * Matrix::Identity(n_, n_);
  first_multipliers();
}

// Under rtol the gradient is measured by its size at x0, and the constraints by theirs: multiples of f and of the
// constraints have the same answers. Returns the first mu.
double Barrier::measure() {
  const double slope = norm_of(gradient()), length = norm_inf(x_);
  aim_ = run_.threshold_for(slope);
  relative_ = aim_ > run_.threshold_for(0);
  if (relative_)
    f_unit_ = slope;
  else if (run_.options().rtol > 0 && aim_ > 0)  // and no sudden change where the gradient falls below tol / rtol
    f_unit_ = std::min(1.0, aim_ / run_.options().rtol);
  if (!relative_ && slope > 0) f_unit_ = std::min(f_unit_, std::max(slope, 1e-6));  // mu of 1 is nothing to go by then
  const double size = std::max(norm_of(c_), steepest_ * (length > 0 ? length : 1));
  if (aim_ > 0 && run_.threshold_for(size) > run_.threshold_for(0)) {
    c_unit_ = size;
    share_ = run_.threshold_for(size) / aim_;
  } else if (relative_ && run_.threshold_for(0) > 0) {
    share_ = run_.threshold_for(0) / aim_;
  }
  weight_ = f_unit_ / c_unit_;
  return 0.1 * f_unit_ * std::clamp(slope / f_unit_, 1.0, 10.0);
}

// The norm at x0 from which the run's threshold becomes aim_, which share_ is made for: that of the residual, where the
// constraints are far, would allow any gradient. Where nothing is asked of the gradient the residual is all there is.
double Barrier::first_norm(double residual) const {
  if (relative_) return f_unit_;
  const double rtol = run_.options().rtol;
  return rtol > 0 && aim_ > 0 ? std::min(residual, aim_ / rtol) : residual;
}

// The Newton step of the barrier problem; false where its matrix cannot be made positive definite.
bool Barrier::direction(double mu) {
  const Column gap = c_.tail(m_) - s_, ratio = z_.cwiseQuotient(s_);
  curvature();
  if (!W_.allFinite() || !system_.factor(W_, Column::Zero(n_), J_.bottomRows(m_), ratio, J_.topRows(p_))) return false;
  const auto solve = [this, mu, ratio](const Column& equal, const Column& gap, Step& out) {
    const auto JI = J_.bottomRows(m_);
    out.z = (mu / s_.array()).matrix() - z_ - ratio.cwiseProduct(gap);
    system_.solve(-lagrangian(gradient(), J_) + JI.transpose() * out.z, -equal, out.x, out.y);
    out.s = JI * out.x + gap;
    out.z -= ratio.cwiseProduct(JI * out.x);
    out.longest = longest(s_, out.s);
  };
  solve(c_.head(p_), gap, step_);
  if (!step_.x.allFinite()) run_.fail(Status::singular, "The constraints' Jacobian is singular.");
  // The same with the constraints' values at the end of the step: what their curvature takes away is corrected.
  correct_ = [this, solve, gap](const Trial& trial, Step& out) {
    const double a = step_.longest;
    solve(a * c_.head(p_) + trial.c.head(p_), a * gap + trial.c.tail(m_) - trial.s, out);
  };
  return true;
}

// f and the constraints a step ahead, and the merit f - mu sum log s + weight (|c_E| + |c_I - s|); infinite where a value is
// not finite.
double Barrier::look(const Step& step, double a, double mu, Trial& out) {
  out.x.resize(n_), out.c.resize(p_ + m_);
  for (Index j = 0; j < n_; ++j) out.x[j] = x_[j] + a * step.x[j];
  const double fun = run_.evaluate(out.x, nullptr);
  if (!std::isfinite(fun)) return INFINITY;
  constrain(out.x, out.c, nullptr);
  if (!out.c.allFinite()) return INFINITY;
  out.s = (s_ + a * step.s).cwiseMax(out.c.tail(m_));
  return merit(fun, out.c, out.s, mu);
}

// A step that decreases the merit function, of what length; 0 where there is none.
double Barrier::search(double mu, Trial& trial) {
  const double violated = violation(c_, s_);
  const double slope = gradient().dot(step_.x) - (m_ ? mu * step_.s.cwiseQuotient(s_).sum() : 0.0);
  const double bend = std::max(0.0, step_.x.dot(W_ * step_.x));
  if (violated > 0) weight_ = std::max(weight_, (slope + 0.5 * bend) / (0.7 * violated));
  const double before = merit(fun_, c_, s_, mu), promised = slope - weight_ * violated;
  const auto enough = [&](double after, double a) {
    return after <= before + 1e-4 * a * promised + 1e-13 * (std::abs(before) + std::abs(fun_));
  };
  double a = step_.longest;
  for (int k = 0; k < 40; ++k, a *= 0.5) {
    if (enough(look(step_, a, mu, trial), a)) return a;
    if (k > 0 || !trial.c.allFinite() || !(violation(trial.c, trial.s) >= violated)) continue;
    Step corrected;
    correct_(trial, corrected);
    if (corrected.x.allFinite() && enough(look(corrected, corrected.longest, mu, trial), corrected.longest))
      return corrected.longest;
  }
  return 0;
}

void Barrier::solve(const double* x0) {
  x_.assign(x0, x0 + n_);
  evaluate();
  if (!f_.approximated().empty()) exactness_ = 1e-3;
  if (!c_.allFinite() || !J_.allFinite()) throw std::invalid_argument("the constraints must be finite at x0");
  double mu = measure();
  begin(0.1 * f_unit_);
  report(NAN, mu);
  const double end = run_.threshold() * exactness_ / 10, first_size = norm_inf(x_);
  double least_shortage = INFINITY;
  int failures = 0, stuck = 0, patience = 10;
  Trial trial;
  for (;;) {
    while (mu > end && error(mu) <= 10 * mu / exactness_) mu = std::max(end, std::min(0.2 * mu, std::pow(mu, 1.5)));
    mu = std::max(mu, 1e-16 * f_unit_);
    if (!direction(mu)) {
      if (restore(mu)) continue;
      run_.fail(Status::not_positive_definite, "The barrier's Hessian cannot be made positive definite.");
    }
    const double a = search(mu, trial);
    if (a == 0) {
      if (restore(mu)) continue;
      if (++failures > 3 || weight_ > 1e12 * f_unit_ / c_unit_)
        run_.fail(Status::line_search_failed, "No step decreases the barrier's merit function; the KKT residual is " +
                                                  std::to_string(error(0)) + ".");
      W_ = f_unit_ * Matrix::Identity(n_, n_);  // a fresh metric, and multipliers to match
      z_ = (mu / s_.array()).matrix();
      weight_ *= 10;
      continue;
    }
    failures = 0;
    // A BFGS matrix needs the multipliers of its model: those of a cut step would have it learn another function.
    y_ += (curvature_ == BarrierMethod::Curvature::bfgs ? 1.0 : a) * step_.y;
    z_ += longest(z_, step_.z) * step_.z;
    const Column before_x = Eigen::Map<Column>(x_.data(), n_);
    x_ = trial.x;
    s_ = trial.s;
    for (Index i = 0; i < m_; ++i) z_[i] = std::clamp(z_[i], mu / (1e10 * s_[i]), 1e10 * mu / s_[i]);
    const Column before = lagrangian(gradient(), J_);
    evaluate();
    update_bfgs(Eigen::Map<Column>(x_.data(), n_) - before_x, before);
    report(a, mu);
    const double size = norm_inf(x_), lacking = norm_of(c_.tail(m_).cwiseMin(0.0)) + norm_of(c_.head(p_));
    if (fun_ < -1e15 * std::max(1.0, std::abs(run_.result().trace[0].fun)) && size > 1e12 * (1 + first_size) &&
        lacking < 1e-6 * size)
      run_.unbounded_along(x_, "The objective is unbounded below on the feasible set.");
    // Where the violation stays, the constraints are asked whether they can be met at all.
    stuck = lacking < 0.9 * least_shortage ? 0 : stuck + 1;
    least_shortage = std::min(least_shortage, lacking);
    if (stuck >= patience && lacking > 1e-4 * c_unit_) {
      patience *= 2, stuck = 0, least_shortage = INFINITY;
      restore(mu);
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
