// See margin.hpp. A certificate costs two passes over X, and O(n log n) for the intercept where q is 1.
#include "steep/margin.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace steep {
namespace {

constexpr double far = 2;  // from zero, in standard deviations: columns beyond are centered

bool is_tube(Loss loss) { return loss == Loss::epsilon_insensitive || loss == Loss::squared_epsilon_insensitive; }
bool is_squared(Loss loss) { return loss == Loss::squared_hinge || loss == Loss::squared_epsilon_insensitive; }

// The model, unless it is not such a problem.
std::unique_ptr<LinearModel> checked(Objective& f, const char* method) {
  auto model = linear_model_of(f, far);
  const Loss loss = model ? model->loss() : Loss::squared_error;
  const bool fits = is_tube(loss) || is_squared(loss) || loss == Loss::hinge;
  if (!fits || !(model->l2() > 0) || model->l1() > 0)
    throw std::invalid_argument(std::string("method ") + method +
                                " needs a linear model with one output, the hinge or the epsilon-insensitive loss or "
                                "its square, l2 > 0 and no l1, got " +
                                f.name());
  return model;
}

}  // namespace

MarginProblem::MarginProblem(Objective& f, const char* method) : MarginProblem(checked(f, method)) {}

MarginProblem::MarginProblem(std::unique_ptr<LinearModel> model)
    : model_(std::move(model)),
      squared_(is_squared(model_->loss())),
      n_(model_->rows()),
      d_(model_->features()),
      l2_(model_->l2()) {
  const bool tube = is_tube(model_->loss());
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

MarginProblem MarginProblem::part(const std::vector<Index>& rows, double factor) const {
  return MarginProblem(model_->part(rows, factor));
}

Vector MarginProblem::balanced() const {
  Vector a(s_.size(), 0.5);
  if (!model_->intercept()) return a;
  double positive = 0, negative = 0;
  for (Index k = 0; k < sides(); ++k) (s_[k] > 0 ? positive : negative) += c_[row(k)];
  const double less = std::min(positive, negative), least = 1e-300;
  for (Index k = 0; k < sides(); ++k) a[k] = 0.5 * less / std::max(least, s_[k] > 0 ? positive : negative);
  return a;
}

void MarginProblem::aim(const Vector& a, Vector& w, Vector& z) {
  std::fill(u_.begin(), u_.end(), 0.0);
  double slope = 0, square = 0;
  for (Index k = 0; k < sides(); ++k) {
    u_[row(k)] += c_[row(k)] * s_[k] * a[k];
    slope += c_[row(k)] * o_[k] * a[k];
  }
  w.assign(d_ + 1, 0.0);
  model_->transposed(u_, w.data());
  w.resize(d_ + (model_->intercept() ? 1 : 0));
  for (Index j = 0; j < d_; ++j) square += w[j] * w[j] / l2_;
  const double scale = square > 0 ? std::clamp(slope / square, 0.0, 1.0) : 0;
  for (Index j = 0; j < d_; ++j) w[j] *= scale / l2_;
  if (model_->intercept()) w[d_] = 0;
  model_->scores(w.data(), z);
  if (!model_->intercept()) return;
  w[d_] = best_intercept(z);
  for (double& score : z) score += w[d_];
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
    const double q = std::max(0.0, rest(z, k));
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

double MarginProblem::ridge(const Vector& w) const {
  double square = 0;
  for (Index j = 0; j < d_; ++j) square += w[j] * w[j];
  return 0.5 * l2_ * square;
}

double MarginProblem::distance(const Vector& z, Index i) const {
  double least = INFINITY;
  for (Index k = i; k < sides(); k += n_) least = std::min(least, std::abs(rest(z, k)));
  return least;
}

double MarginProblem::primal(const Vector& w) {
  model_->scores(w.data(), z_);
  return loss(z_) + ridge(w);
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

double MarginProblem::value_at_zero(Vector& g) {
  z_.assign(n_, 0.0);
  subgradient(Vector(g.size(), 0.0), g);
  return loss(z_);
}

void MarginProblem::subgradient(const Vector& w, Vector& g) {
  std::fill(u_.begin(), u_.end(), 0.0);
  for (Index k = 0; k < sides(); ++k) {
    const double q = rest(z_, k);
    if (q > 0) u_[row(k)] -= c_[row(k)] * s_[k] * (squared_ ? 2 * q : 1.0);
  }
  model_->transposed(u_, g.data());
  for (Index j = 0; j < d_; ++j) g[j] += l2_ * w[j];
}

}  // namespace steep
