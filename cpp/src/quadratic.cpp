// Quadratic objectives; see quadratic.hpp. O(n^2) an evaluation, O(n^3) once for the eigenvalues.
#include "steep/quadratic.hpp"

#include <algorithm>
#include <cmath>

#include "steep/decomposition.hpp"
#include "steep/kernels.hpp"
#include "steep/run.hpp"

namespace steep {

Quadratic::Quadratic(Vector H, Vector g, double c) : H_(std::move(H)), g_(std::move(g)), Hw_(g_.size()), c_(c) {
  const Index n = dim();
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < i; ++j) H_[i * n + j] = H_[j * n + i] = 0.5 * (H_[i * n + j] + H_[j * n + i]);
}

double Quadratic::evaluate(const double* w, double* g) {
  const Index n = dim();
  hessian_product(w, w, Hw_.data());
  double value = 0;
  for (Index i = 0; i < n; ++i) value += w[i] * (0.5 * Hw_[i] + g_[i]);
  if (g)
    for (Index i = 0; i < n; ++i) g[i] = Hw_[i] + g_[i];
  return value + c_;
}

void Quadratic::hessian(const double*, double* H) { std::copy(H_.begin(), H_.end(), H); }

void Quadratic::hessian_product(const double*, const double* v, double* Hv) {
  kernels<double>().product.matrix_vector(dim(), dim(), H_.data(), dim(), v, Hv);
}

void Quadratic::find_eigenvalues() const {
  if (known_) return;
  const SymmetricEigen eigen(H_.data(), dim(), SymmetricEigen::values_only);
  low_ = eigen.values.front();
  high_ = eigen.values.back();
  known_ = true;
}

bool Quadratic::is_convex() const {
  find_eigenvalues();
  return low_ >= -1e-13 * std::max(std::abs(low_), std::abs(high_));
}

Constant Quadratic::lipschitz() {
  find_eigenvalues();
  return {std::max(std::abs(low_), std::abs(high_)), true, true};
}

Constant Quadratic::strong_convexity() {
  find_eigenvalues();
  return {std::max(low_, 0.0), true, true};
}

}  // namespace steep
