// Fits without a gradient everywhere; see linear_fit.hpp. O(entries of X) an evaluation.
#include "steep/linear_fit.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace steep {

Design<double> FitRows::view() const {
  return start.empty() ? Design<double>(values.data(), n, d, d)
                       : Design<double>(start.data(), column.data(), values.data(), n, d);
}

LinearFit::LinearFit(FitRows X, Vector y, Vector up, Vector down)
    : own_(std::move(X)),
      X_(own_.view()),
      d_(own_.d),
      y_(std::move(y)),
      up_(std::move(up)),
      down_(std::move(down)),
      r_(y_.size()) {
  work_.resize_unset(std::max(X_.workspace(rows(), 1), X_.gram_workspace()));
}

void LinearFit::residuals_at(const double* w, double* r) const {
  X_.scores(0, rows(), 1, w, nullptr, nullptr, r, nullptr);
  for (Index i = 0; i < rows(); ++i) r[i] = y_[i] - r[i];
}

void LinearFit::transposed(const double* v, double* out) {
  std::fill(out, out + d_, 0.0);
  X_.add_back(0, rows(), 1, v, out, work_.data());
}

void LinearFit::gram(const double* weight, double* H) {
  std::fill(H, H + d_ * d_, 0.0);
  X_.add_gram(0, rows(), weight, H, d_, work_.data());
  for (Index i = 0; i < d_; ++i)
    for (Index j = 0; j < i; ++j) H[j * d_ + i] = H[i * d_ + j];
}

void LinearFit::rows_of(Index first, Index count, double* out) const {
  std::vector<Index> all(d_);
  std::iota(all.begin(), all.end(), Index{0});
  X_.gather(first, count, all.data(), d_, out);
}

double LinearFit::evaluate(const double* w, double* g) {
  residuals_at(w, r_.data());
  if (g) subgradient(g);
  if (!is_sum()) return std::abs(r_[worst()]);
  double sum = 0;
  for (Index i = 0; i < rows(); ++i) sum += r_[i] > 0 ? up_[i] * r_[i] : -down_[i] * r_[i];
  return sum;
}

Index LinearFit::worst() const {
  Index worst = 0;
  for (Index i = 1; i < rows(); ++i)
    if (std::abs(r_[i]) > std::abs(r_[worst])) worst = i;
  return worst;
}

void LinearFit::subgradient(double* g) {
  if (!is_sum()) {
    const Index i = worst();
    rows_of(i, 1, g);
    if (r_[i] > 0)
      for (Index j = 0; j < d_; ++j) g[j] = -g[j];
    return;
  }
  slopes_.resize(r_.size());
  for (Index i = 0; i < rows(); ++i) slopes_[i] = r_[i] > 0 ? -up_[i] : r_[i] < 0 ? down_[i] : 0;
  transposed(slopes_.data(), g);
}

}  // namespace steep
