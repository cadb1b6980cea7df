// How the damping of Levenberg-Marquardt's steps is chosen and changed; see damping.hpp.
//
//   trust_region  damping from a radius, ||D p|| <= radius (More, LNM 630 (1978) 105, as MINPACK)
//   nielsen       damping *= max(1/3, 1 - (2 gain - 1)^3) on success, *= 2, 4, 8, ... on failure (IMM-REP-1999-05)
//   marquardt     damping *= decrease on success, *= increase on failure (MATLAB's trainlm)
//
// The first damping is 1e-3 of the largest diagonal entry of D^-1 J'J D^-1, the first radius a tenth of ||D x0||.
#include "damping.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace steep {

void DampingControl::start(const GaussNewtonModel& model, double size) {
  if (by_radius()) {
    damping_ = o_.initial >= 0 ? o_.initial : 1e-3;
    radius_ = size > 0 ? (o_.initial > 0 ? o_.initial : 0.1) * size : model.residual_norm();
    return;
  }
  damping_ = o_.initial >= 0 ? o_.initial : 1e-3 * model.largest_diagonal();
}

bool DampingControl::propose(GaussNewtonModel& model, Vector& p, double& damping) {
  if (by_radius()) {
    damping = damping_ = for_radius(model, p);
    return true;
  }
  damping = damping_;
  return model.step(damping, p) || (damping == 0 && all_finite(p) && model.stores_jacobian());
}

// Newton's iteration on ||D p(damping)|| = radius, within 10 %; p is the step.
double DampingControl::for_radius(GaussNewtonModel& model, Vector& p) {
  const bool regular = model.step(0, p);
  double length = model.scaled_norm(p), low = 0, damping = damping_;
  if (all_finite(p) && (regular || model.stores_jacobian())) {
    if (length <= 1.1 * radius_) return 0;
    if (regular) {
      const double slope = model.slope(p);
      if (slope > 0) low = (length - radius_) / radius_ * (length * length / slope);
    }
  }
  const double size = model.scaled_gradient_norm();
  double high = size / radius_;
  if (!(high > 0)) high = std::numeric_limits<double>::min() / std::min(radius_, 0.1);
  damping = std::min(std::max(damping, low), high);
  if (damping == 0) damping = std::isfinite(length) && length > 0 ? std::min(size / length, high) : 1e-3 * high;
  Vector found;  // the last step of a regular factor
  double found_damping = 0;
  for (int round = 0; round < 15 || (found.empty() && round < 60); ++round) {
    if (damping == 0) damping = std::max(std::numeric_limits<double>::min(), 1e-3 * high);
    std::fill(p.begin(), p.end(), 0.0);
    if (!model.step(damping, p)) {  // Cholesky of a nearly singular matrix
      low = std::max(low, damping);
      damping = std::max(100 * damping, 1e-14 * model.largest_diagonal());
      high = std::max(high, damping);
      continue;
    }
    found = p, found_damping = damping;
    length = model.scaled_norm(p);
    const double off = length - radius_;
    if (std::abs(off) <= 0.1 * radius_ || (low == 0 && off < 0 && round > 6)) break;
    const double slope = model.slope(p);
    const double change = slope > 0 ? off / radius_ * (length * length / slope) : 0;
    if (off > 0) low = std::max(low, damping);
    if (off < 0) high = std::min(high, damping);
    damping = std::max(low, damping + change);
  }
  if (!found.empty()) p = found;
  return found_damping;
}

void DampingControl::first_length(double length) {
  if (by_radius()) radius_ = std::min(radius_, length);
}

void DampingControl::failed(double gain, double length) {
  switch (o_.damping) {
    case Damping::trust_region: {
      // The minimizer of the parabola through f, its slope and the new f, between a tenth and a half.
      double factor = 0.5;
      if (!(gain >= 0)) factor = std::isfinite(gain) ? std::clamp(0.5 / (1 - gain), 0.1, 0.5) : 0.1;
      const double old = radius_;
      radius_ = factor * std::min(radius_, 10 * length);
      damping_ *= old / radius_;
      break;
    }
    case Damping::marquardt:
      damping_ = std::max(damping_, 1e-16) * o_.increase;
      break;
    case Damping::nielsen:
    case Damping::automatic:
      damping_ = std::max(damping_, 1e-16) * growth_;
      growth_ *= 2;
  }
}

void DampingControl::succeeded(double gain, double length, double damping) {
  switch (o_.damping) {
    case Damping::trust_region:
      if (gain <= 0.25) {
        radius_ = 0.5 * std::min(radius_, 10 * length);
        damping_ *= 2;
      } else if (damping == 0 || gain >= 0.75) {
        radius_ = 2 * length;
        damping_ *= 0.5;
      }
      break;
    case Damping::marquardt:
      damping_ *= o_.decrease;
      break;
    case Damping::nielsen:
    case Damping::automatic:
      damping_ *= std::max(1.0 / 3, 1 - std::pow(2 * gain - 1, 3));
      growth_ = 2;
  }
}

}  // namespace steep
