// Sums of squares with robust losses; see residual_objective.hpp. O(m) and one compute an evaluation.
#include "steep/residual_objective.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "steep/kernels.hpp"

namespace steep {
namespace {

// Of rho': less would weigh residuals by the inverse of next to nothing, and lose the digits of the gradient J'r.
constexpr double least_bend = 0.1;

}  // namespace

ResidualObjective::ResidualObjective(Index dim, Index count, RobustLoss loss, double scale)
    : n_(dim), m_(count), loss_(loss), scale_(scale) {}

const Vector& ResidualObjective::at(const double* w) {
  if (point_.size() != static_cast<std::size_t>(n_) || !std::equal(w, w + n_, point_.begin())) {
    point_.clear();
    r_.resize(m_);
    compute(w, r_.data());
    point_.assign(w, w + n_);
  }
  return r_;
}

void ResidualObjective::robust(const double* z, double* rho) {
  for (Index i = 0; i < m_; ++i) {
    double &value = rho[i], &first = rho[m_ + i], &second = rho[2 * m_ + i];
    const double t = 1 + z[i];
    switch (loss_) {
      case RobustLoss::huber:
        value = z[i] <= 1 ? z[i] : 2 * std::sqrt(z[i]) - 1;
        first = z[i] <= 1 ? 1 : 1 / std::sqrt(z[i]);
        second = z[i] <= 1 ? 0 : -0.5 / (z[i] * std::sqrt(z[i]));
        break;
      case RobustLoss::soft_l1:
        value = 2 * z[i] / (std::sqrt(t) + 1);
        first = 1 / std::sqrt(t);
        second = -0.5 / (t * std::sqrt(t));
        break;
      case RobustLoss::cauchy:
        value = std::log1p(z[i]);
        first = 1 / t;
        second = -1 / (t * t);
        break;
      case RobustLoss::arctan: {
        const double u = 1 + z[i] * z[i];
        value = std::atan(z[i]);
        first = 1 / u;
        second = -2 * z[i] / (u * u);
        break;
      }
      default:
        value = z[i], first = 1, second = 0;
    }
  }
}

// f; weighted residuals and the factors of J's rows where asked for.
double ResidualObjective::weigh(const Vector& r, double* weighted, double* factor, double least) {
  double sum = 0;
  if (loss_ == RobustLoss::linear) {
    for (Index i = 0; i < m_; ++i) sum += r[i] * r[i];
    if (weighted) std::copy(r.begin(), r.end(), weighted);
    if (factor) std::fill(factor, factor + m_, 1.0);
    return 0.5 * sum;
  }
  z_.resize(m_);
  rho_.resize(3 * m_);
  for (Index i = 0; i < m_; ++i) z_[i] = (r[i] / scale_) * (r[i] / scale_);
  robust(z_.data(), rho_.data());
  for (Index i = 0; i < m_; ++i) {
    sum += rho_[i];
    if (!weighted) continue;
    const double first = rho_[m_ + i], bend = first + 2 * rho_[2 * m_ + i] * z_[i];
    const double root = std::sqrt(std::max({bend, least * first, 1e-100}));
    weighted[i] = r[i] * first / root;
    if (factor) factor[i] = root;
  }
  return 0.5 * scale_ * scale_ * sum;
}

double ResidualObjective::evaluate(const double* w, double* g) {
  const Vector& r = at(w);
  if (!g) return weigh(r, nullptr, nullptr, least_bend);
  weighted_.resize(m_), factor_.resize(m_), J_.resize(m_ * n_);
  const double fun = weigh(r, weighted_.data(), factor_.data(), least_bend);
  compute_jacobian(w, r.data(), J_.data());
  for (Index i = 0; i < m_; ++i) weighted_[i] *= factor_[i];
  kernels<double>().product.transposed_vector(m_, n_, J_.data(), n_, weighted_.data(), g, false);
  return fun;
}

void ResidualObjective::residuals(const double* w, double* r, double* J) {
  const Vector& found = at(w);
  std::copy(found.begin(), found.end(), r);
  if (J) compute_jacobian(w, found.data(), J);
}

double ResidualObjective::linearize(const double* w, double* r, double* J) {
  const Vector& raw = at(w);
  factor_.resize(m_);
  const double fun = weigh(raw, r, factor_.data(), least_bend);
  if (!J) return fun;
  compute_jacobian(w, raw.data(), J);
  scale_rows(J);
  return fun;
}

void ResidualObjective::scale_rows(double* J) const {
  if (loss_ == RobustLoss::linear) return;
  for (Index i = 0; i < m_; ++i)
    for (Index j = 0; j < n_; ++j) J[i * n_ + j] *= factor_[i];
}

void ResidualObjective::weighted_jacobian(const double* w, double* J) {
  const Vector& raw = at(w);
  weighted_.resize(m_), factor_.resize(m_);
  weigh(raw, weighted_.data(), factor_.data(), std::numeric_limits<double>::epsilon());
  compute_jacobian(w, raw.data(), J);
  scale_rows(J);
}

double ResidualObjective::normal_equations(const double* w, double* JtJ, double* Jtr) {
  weighted_.resize(m_), J_.resize(m_ * n_);
  const double fun = linearize(w, weighted_.data(), J_.data());
  const auto& table = kernels<double>().product;
  workspace_.resize(table.gram_workspace(n_) + 8);
  double* aligned =
      workspace_.data() + (64 - reinterpret_cast<std::uintptr_t>(workspace_.data()) % 64) % 64 / sizeof(double);
  table.weighted_gram(m_, n_, J_.data(), n_, nullptr, JtJ, n_, false, aligned);
  for (Index i = 0; i < n_; ++i)
    for (Index j = 0; j < i; ++j) JtJ[j * n_ + i] = JtJ[i * n_ + j];
  table.transposed_vector(m_, n_, J_.data(), n_, weighted_.data(), Jtr, false);
  return fun;
}

}  // namespace steep
