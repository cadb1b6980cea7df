// Fits without a gradient everywhere; see linear_fit.hpp. O(n d) an evaluation.
#include "steep/linear_fit.hpp"

#include <algorithm>
#include <cmath>

#include "steep/kernels.hpp"

namespace steep {

LinearFit::LinearFit(Buffer<double> X, Vector y, Index dim, Vector up, Vector down)
    : d_(dim), X_(std::move(X)), y_(std::move(y)), up_(std::move(up)), down_(std::move(down)), r_(y_.size()) {}

void LinearFit::residuals_at(const double* w, double* r) const {
  kernels<double>().product.matrix_vector(rows(), d_, X_.data(), d_, w, r);
  for (Index i = 0; i < rows(); ++i) r[i] = y_[i] - r[i];
}

void LinearFit::transposed(const double* v, double* out) const {
  kernels<double>().product.transposed_vector(rows(), d_, X_.data(), d_, v, out, false);
}

void LinearFit::gram(const double* weight, double* H, Vector& work) const {
  const auto& table = kernels<double>().product;
  work.resize(table.gram_workspace(d_) + 8);
  double* aligned = work.data() + (64 - reinterpret_cast<std::uintptr_t>(work.data()) % 64) % 64 / sizeof(double);
  table.weighted_gram(rows(), d_, X_.data(), d_, weight, H, d_, false, aligned);
  for (Index i = 0; i < d_; ++i)
    for (Index j = 0; j < i; ++j) H[j * d_ + i] = H[i * d_ + j];
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
    for (Index j = 0; j < d_; ++j) g[j] = r_[i] > 0 ? -X_.data()[i * d_ + j] : X_.data()[i * d_ + j];
    return;
  }
  slopes_.resize(r_.size());
  for (Index i = 0; i < rows(); ++i) slopes_[i] = r_[i] > 0 ? -up_[i] : r_[i] < 0 ? down_[i] : 0;
  transposed(slopes_.data(), g);
}

}  // namespace steep
