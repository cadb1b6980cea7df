// See margin.hpp. A certificate costs two passes over X, and O(n log n) for the intercept of the hinge.
#include "steep/margin.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace steep {

MarginProblem::MarginProblem(Objective& f, const char* method) : model_(linear_model_of(f)) {
  const bool fits = model_ && (model_->loss() == Loss::hinge || model_->loss() == Loss::squared_hinge);
  if (!fits || !(model_->l2() > 0) || model_->l1() > 0)
    throw std::invalid_argument(
        std::string("method ") + method +
        " needs a linear model with one output, the hinge or squared hinge, l2 > 0 and no l1, and " + f.name() +
        " is none");
  squared_ = model_->loss() == Loss::squared_hinge;
  n_ = model_->rows(), d_ = model_->features(), l2_ = model_->l2();
  s_.resize(n_), c_.resize(n_), u_.resize(n_);
  for (Index i = 0; i < n_; ++i) s_[i] = 2 * model_->target(i) - 1, c_[i] = model_->row_weight(i);
}

double MarginProblem::best_intercept(const Vector& z) const {
  if (!model_->intercept()) return 0;
  if (squared_) {  // piecewise quadratic: Newton's method from zero, ends exactly
    double b = 0;
    for (int trial = 0; trial < 100; ++trial) {
      double slope = 0, curve = 0;
      for (Index i = 0; i < n_; ++i) {
        const double q = 1 - s_[i] * (z[i] + b);
        if (q > 0) slope -= 2 * c_[i] * s_[i] * q, curve += 2 * c_[i];
      }
      if (!(curve > 0) || std::abs(slope) <= 1e-16 * curve) break;
      b -= slope / curve;
    }
    return b;
  }
  // The slope starts at -sum of the positive rows' weights and grows by c_i at each s_i - z_i.
  std::vector<Index> order(n_);
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index i, Index k) { return s_[i] - z[i] < s_[k] - z[k]; });
  double slope = 0;
  for (Index i = 0; i < n_; ++i)
    if (s_[i] > 0) slope -= c_[i];
  for (Index i : order) {
    slope += c_[i];
    if (slope >= 0) return s_[i] - z[i];
  }
  return n_ > 0 ? s_[order.back()] - z[order.back()] : 0;
}

double MarginProblem::loss(const Vector& z) const {
  double sum = 0;
  for (Index i = 0; i < n_; ++i) {
    const double q = std::max(0.0, 1 - s_[i] * z[i]);
    sum += c_[i] * (squared_ ? q * q : q);
  }
  return sum;
}

double MarginProblem::dual(const Vector& a, Vector& w) {
  double up = 1, down = 1;
  if (model_->intercept()) {
    double positive = 0, negative = 0;
    for (Index i = 0; i < n_; ++i) (s_[i] > 0 ? positive : negative) += c_[i] * a[i];
    if (positive > negative) up = positive > 0 ? negative / positive : 0;
    if (negative > positive) down = negative > 0 ? positive / negative : 0;
  }
  double value = 0;
  for (Index i = 0; i < n_; ++i) {
    const double feasible = a[i] * (s_[i] > 0 ? up : down);
    u_[i] = c_[i] * feasible * s_[i];
    value += c_[i] * (squared_ ? feasible - 0.25 * feasible * feasible : feasible);
  }
  w.resize(d_ + 1);
  model_->transposed(u_, w.data());
  w.resize(d_ + (model_->intercept() ? 1 : 0));
  double square = 0;
  for (Index j = 0; j < d_; ++j) w[j] /= l2_, square += w[j] * w[j];
  if (model_->intercept()) w[d_] = 0;
  return value - 0.5 * l2_ * square;
}

double MarginProblem::primal(const Vector& w) {
  model_->scores(w.data(), z_);
  double square = 0;
  for (Index j = 0; j < d_; ++j) square += w[j] * w[j];
  return loss(z_) + 0.5 * l2_ * square;
}

MarginProblem::Values MarginProblem::certify(const Vector& a, Vector& w) {
  const double value = dual(a, w);
  double result = primal(w);
  if (model_->intercept()) {
    const double before = loss(z_), b = best_intercept(z_);
    w[d_] = b;
    for (double& z : z_) z += b;
    result += loss(z_) - before;
  }
  return {result, value};
}

void MarginProblem::subgradient(const Vector& w, Vector& g) {
  for (Index i = 0; i < n_; ++i) {
    const double q = 1 - s_[i] * z_[i];
    u_[i] = q > 0 ? -c_[i] * s_[i] * (squared_ ? 2 * q : 1.0) : 0.0;
  }
  model_->transposed(u_, g.data());
  for (Index j = 0; j < d_; ++j) g[j] += l2_ * w[j];
}

}  // namespace steep
