// See margin_interior.hpp.
#include "steep/margin_interior.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace steep {

MarginInterior::MarginInterior(MarginProblem& problem, FixedRows fixed)
    : problem_(&problem),
      model_(&problem.model()),
      fixed_(std::move(fixed)),
      n_(problem.rows()),
      k_(problem.sides()),
      d_(model_->features()),
      m_(d_ + (model_->intercept() ? 1 : 0)),
      matrix_(m_),
      w_(m_, 0.0),
      z_(n_, 0.0),
      x_(k_),
      t_(k_),
      a_(k_),
      h_(k_),
      p_(k_),
      u_(n_),
      dz_(n_),
      da_(k_),
      dx_(k_),
      dt_(k_),
      dw_(m_),
      q_(m_) {
  fixed_.slope.resize(m_, 0.0);
  for (Index k = 0; k < k_; ++k) total_ += weight(k);
}

MarginInterior::MarginInterior(MarginProblem& problem) : MarginInterior(problem, FixedRows{}) {
  a_ = problem.balanced();
  problem.aim(a_, w_, z_);
  refresh();
  const double room = 3 * problem.scale();  // 1 and 10 cost a fifth more iterations on the hinges tried
  for (Index k = 0; k < k_; ++k) {
    const double r = rest(k);
    x_[k] = std::max(r, 0.0) + room;
    t_[k] = x_[k] - r;
  }
}

// x (1 - a) = t a = target and x - t = r have one solution.
MarginInterior::MarginInterior(MarginProblem& problem, FixedRows fixed, Vector w, double target)
    : MarginInterior(problem, std::move(fixed)) {
  w_ = std::move(w);
  model_->scores(w_.data(), z_);
  for (Index k = 0; k < k_; ++k) {
    const double r = rest(k), root = std::hypot(r, 2 * target);
    x_[k] = target + 0.5 * (root + r), t_[k] = target + 0.5 * (root - r);
    a_[k] = std::clamp(target / t_[k], 1e-10, 1 - 1e-10);
  }
  refresh();
}

void MarginInterior::move_to(MarginProblem& problem) {
  problem_ = &problem;
  model_ = &problem.model();
  model_->scores(w_.data(), z_);
  refresh();
}

void MarginInterior::refresh() {
  gather(u_, [&](Index k) { return weight(k) * problem_->sign()[k] * a_[k]; });
  model_->transposed(u_, q_.data());
  for (Index j = 0; j < m_; ++j) q_[j] += fixed_.slope[j];
}

bool MarginInterior::balance() {
  refresh();
  if (m_ == d_ || q_[d_] == 0) return true;
  const double over = q_[d_], sign = over > 0 ? 1 : -1;
  double heavy = 0;
  for (Index k = 0; k < k_; ++k)
    if (problem_->sign()[k] == sign) heavy += weight(k) * a_[k];
  if (!(heavy > std::abs(over))) return false;
  for (Index k = 0; k < k_; ++k)
    if (problem_->sign()[k] == sign) a_[k] *= 1 - std::abs(over) / heavy;
  refresh();
  return true;
}

double MarginInterior::primal() const {
  double linear = fixed_.value;
  for (Index j = 0; j < m_; ++j) linear -= fixed_.slope[j] * w_[j];
  return problem_->loss(z_) + linear + problem_->ridge(w_);
}

double MarginInterior::dual() const {
  double value = fixed_.value, square = 0;
  for (Index k = 0; k < k_; ++k) value += weight(k) * problem_->offset()[k] * a_[k];
  for (Index j = 0; j < d_; ++j) square += q_[j] * q_[j];
  return value - 0.5 * square / problem_->l2();
}

void MarginInterior::subgradient(Vector& g) const {
  for (Index j = 0; j < m_; ++j) g[j] = (j < d_ ? problem_->l2() * w_[j] : 0.0) - q_[j];
}

double MarginInterior::complementarity() const {
  double sum = 0;
  for (Index k = 0; k < k_; ++k) sum += weight(k) * (x_[k] * (1 - a_[k]) + t_[k] * a_[k]);
  return sum / (2 * total_);
}

bool MarginInterior::step(double& length) {
  for (Index k = 0; k < k_; ++k) h_[k] = weight(k) / (x_[k] / (1 - a_[k]) + t_[k] / a_[k]);
  gather(u_, [&](Index k) { return h_[k]; });
  if (!matrix_.form(*model_, u_)) return false;
  const double mean = complementarity();
  direction(0, false);
  const double affine = longest(1);
  double after = 0;
  for (Index k = 0; k < k_; ++k)
    after += weight(k) * ((x_[k] + affine * dx_[k]) * (1 - a_[k] - affine * da_[k]) +
                          (t_[k] + affine * dt_[k]) * (a_[k] + affine * da_[k]));
  const double share = std::max(after / (2 * total_) / mean, 0.0);
  direction(std::min(share * share * share, 1.0) * mean, true);
  length = longest(std::max(0.9, 1 - mean / problem_->scale()));
  for (Index i = 0; i < n_; ++i) z_[i] += length * dz_[i];
  for (Index k = 0; k < k_; ++k) x_[k] += length * dx_[k], t_[k] += length * dt_[k], a_[k] += length * da_[k];
  for (Index j = 0; j < m_; ++j) {
    q_[j] += length * ((j < d_ ? problem_->l2() * (w_[j] + dw_[j]) : 0.0) - q_[j]);  // the step's equation
    w_[j] += length * dw_[j];
  }
  return true;
}

void MarginInterior::direction(double target, bool correct) {
  const Vector& s = problem_->sign();
  for (Index k = 0; k < k_; ++k) {
    const double e = 1 - a_[k];
    const double first = target - t_[k] * a_[k] - (correct ? dt_[k] * da_[k] : 0);
    const double second = target - x_[k] * e + (correct ? dx_[k] * da_[k] : 0);
    p_[k] = rest(k) - x_[k] + t_[k] - second / e + first / a_[k];
    dt_[k] = first, dx_[k] = second;  // right-hand sides until the step is known
  }
  gather(u_, [&](Index k) { return s[k] * h_[k] * p_[k]; });
  model_->transposed(u_, dw_.data());
  for (Index j = 0; j < m_; ++j) dw_[j] += q_[j] - (j < d_ ? problem_->l2() * w_[j] : 0.0);
  matrix_.solve(dw_);
  model_->scores(dw_.data(), dz_);
  for (Index k = 0; k < k_; ++k) {
    const double c = weight(k);
    da_[k] = c > 0 ? h_[k] / c * (p_[k] - s[k] * dz_[problem_->row(k)]) : 0;
    dt_[k] = (dt_[k] - t_[k] * da_[k]) / a_[k];
    dx_[k] = (dx_[k] + x_[k] * da_[k]) / (1 - a_[k]);
  }
}

double MarginInterior::longest(double share) const {
  double a = 1 / share;
  for (Index k = 0; k < k_; ++k) {
    if (dx_[k] < 0) a = std::min(a, -x_[k] / dx_[k]);
    if (dt_[k] < 0) a = std::min(a, -t_[k] / dt_[k]);
    if (da_[k] < 0) a = std::min(a, -a_[k] / da_[k]);
    if (da_[k] > 0) a = std::min(a, (1 - a_[k]) / da_[k]);
  }
  return std::min(1.0, share * a);
}

}  // namespace steep
