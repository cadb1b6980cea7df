// See margin.hpp. A certificate costs two passes over X, and O(n log n) for the intercept where q is 1.
#include "steep/margin.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace steep {
namespace {

constexpr double far = 2;  // from zero, in standard deviations: columns beyond are centered

}  // namespace

MarginProblem::MarginProblem(Objective& f, const char* method) : model_(linear_model_of(f, far)) {
  const Loss loss = model_ ? model_->loss() : Loss::squared_error;
  const bool tube = loss == Loss::epsilon_insensitive || loss == Loss::squared_epsilon_insensitive;
  squared_ = loss == Loss::squared_hinge || loss == Loss::squared_epsilon_insensitive;
  const bool fits = tube || squared_ || loss == Loss::hinge;
  if (!fits || !(model_->l2() > 0) || model_->l1() > 0)
    throw std::invalid_argument(std::string("method ") + method +
                                " needs a linear model with one output, the hinge or the epsilon-insensitive loss or "
                                "its square, l2 > 0 and no l1, got " +
                                f.name());
  n_ = model_->rows(), d_ = model_->features(), l2_ = model_->l2();
  s_.resize(tube ? 2 * n_ : n_), o_.resize(s_.size(), 1.0), c_.resize(n_), u_.resize(n_);
  double mean = 0, total = 0, spread = 0;
  for (Index i = 0; i < n_; ++i) {
    c_[i] = model_->row_weight(i);
    total += c_[i], mean += c_[i] * model_->target(i);
  }
  for (Index i = 0; i < n_; ++i) {
    const double y = model_->target(i), epsilon = model_->parameter();
    s_[i] = tube ? 1 : 2 * y - 1;
    if (!tube) continue;
    s_[n_ + i] = -1, o_[i] = y - epsilon, o_[n_ + i] = -y - epsilon;
    spread += c_[i] * std::abs(y - (model_->intercept() ? mean / total : 0));
  }
  if (tube && spread > 0) scale_ = spread / total;
}

double MarginProblem::best_intercept(const Vector& z) const {
  if (!model_->intercept()) return 0;
  if (squared_) {  // piecewise quadratic: Newton's method from zero, halving where it would leave the bracket, ends exactly
    double b = 0, low = -INFINITY, high = INFINITY;
    for (int trial = 0; trial < 200; ++trial) {
      double slope = 0, curve = 0;
      for (Index k = 0; k < sides(); ++k) {
        const double q = o_[k] - s_[k] * (z[row(k)] + b), c = c_[row(k)];
        if (q > 0) slope -= 2 * c * s_[k] * q, curve += 2 * c;
      }
      if (!(curve > 0) || std::abs(slope) <= 1e-16 * curve) break;
      (slope < 0 ? low : high) = b;
      b -= slope / curve;
      if (!(b > low && b < high)) b = 0.5 * (low + high);
      if (b == low || b == high) break;
    }
    return b;
  }
  // The slope starts at -sum of the positive sides' weights and grows by c_i at each side's kink s_k o_k - z_i.
  std::vector<Index> order(s_.size());
  std::iota(order.begin(), order.end(), Index{0});
  const auto kink = [&](Index k) { return s_[k] * o_[k] - z[row(k)]; };
  std::sort(order.begin(), order.end(), [&](Index i, Index k) { return kink(i) < kink(k); });
  double slope = 0;
  for (Index k = 0; k < sides(); ++k)
    if (s_[k] > 0) slope -= c_[row(k)];
  for (Index k : order) {
    slope += c_[row(k)];
    if (slope >= 0) return kink(k);
  }
  return n_ > 0 ? kink(order.back()) : 0;
}

double MarginProblem::loss(const Vector& z) const {
  double sum = 0;
  for (Index k = 0; k < sides(); ++k) {
    const double q = std::max(0.0, o_[k] - s_[k] * z[row(k)]);
    sum += c_[row(k)] * (squared_ ? q * q : q);
  }
  return sum;
}

double MarginProblem::dual(const Vector& a, Vector& w) {
  double up = 1, down = 1;
  if (model_->intercept()) {
    double positive = 0, negative = 0;
    for (Index k = 0; k < sides(); ++k) (s_[k] > 0 ? positive : negative) += c_[row(k)] * a[k];
    if (positive > negative) up = positive > 0 ? negative / positive : 0;
    if (negative > positive) down = negative > 0 ? positive / negative : 0;
  }
  double value = 0;
  std::fill(u_.begin(), u_.end(), 0.0);
  for (Index k = 0; k < sides(); ++k) {
    const double feasible = a[k] * (s_[k] > 0 ? up : down), c = c_[row(k)];
    u_[row(k)] += c * feasible * s_[k];
    value += c * (o_[k] - (squared_ ? 0.25 * feasible : 0.0)) * feasible;
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

void MarginProblem::uncenter(Vector& w, Vector& g) const {
  for (std::size_t j = 0; j < model_->center().size(); ++j) {
    w[d_] -= model_->center()[j] * w[j];
    g[j] += model_->center()[j] * g[d_];
  }
}

void MarginProblem::subgradient(const Vector& w, Vector& g) {
  std::fill(u_.begin(), u_.end(), 0.0);
  for (Index k = 0; k < sides(); ++k) {
    const double q = o_[k] - s_[k] * z_[row(k)];
    if (q > 0) u_[row(k)] -= c_[row(k)] * s_[k] * (squared_ ? 2 * q : 1.0);
  }
  model_->transposed(u_, g.data());
  for (Index j = 0; j < d_; ++j) g[j] += l2_ * w[j];
}

}  // namespace steep
