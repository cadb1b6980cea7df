// Quadratic objectives; see quadratic.hpp. O(n^2) an evaluation, O(n^3) once for the eigenvalues.
#include "steep/quadratic.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "steep/decomposition.hpp"
#include "steep/factor.hpp"
#include "steep/kernels.hpp"
#include "steep/run.hpp"

namespace steep {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();
constexpr Index gap_limit = 500;  // variables up to which a factor for the gap costs next to nothing

}  // namespace

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

void Quadratic::find_eigenvalues() {
  if (known_) return;
  const SymmetricEigen eigen(H_.data(), dim(), SymmetricEigen::values_only, [this] { check_interrupt(); });
  low_ = eigen.values.front();
  high_ = eigen.values.back();
  known_ = true;
}

// H + eps' I has a Cholesky factor, eps' being what rounding may make of an eigenvalue 0: a tenth of the eigenvalues'
// cost.
bool Quadratic::is_convex() const {
  if (convex_ < 0) {
    const Index n = dim();
    double size = 0;  // the largest row sum
    for (Index i = 0; i < n; ++i) {
      double sum = 0;
      for (Index j = 0; j < n; ++j) sum += std::abs(H_[i * n + j]);
      size = std::max(size, sum);
    }
    const double shift = std::max(1e-13, 4e-16 * static_cast<double>(n)) * size;
    convex_ = size == 0 || Factor(n).factor(H_.data(), shift);
  }
  return convex_ == 1;
}

Constant Quadratic::lipschitz() {
  find_eigenvalues();
  return {std::max(std::abs(low_), std::abs(high_)), true, true};
}

Constant Quadratic::strong_convexity() {
  find_eigenvalues();
  const double noise = static_cast<double>(dim()) * eps * std::max(std::abs(low_), std::abs(high_));
  return {low_ > noise ? low_ : 0.0, true, true};
}

double Quadratic::suboptimality_bound(const double*, const double* g) {
  if (dim() > gap_limit) return INFINITY;
  const Index n = dim();
  ScaledFactor factor(n);
  if (!factor.factor(H_, 1e-10)) return INFINITY;
  Vector step(g, g + n);
  factor.solve(step);
  double sum = 0;
  for (Index i = 0; i < n; ++i) sum += g[i] * step[i];
  return 0.5 * sum;
}

}  // namespace steep
