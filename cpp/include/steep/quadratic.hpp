// f(x) = 1/2 x'Hx + g'x + c, H symmetrized. L = max |eigenvalue|, mu = the least eigenvalue where it is above rounding,
// else 0.
#pragma once
#include "steep/objective.hpp"

namespace steep {

class Quadratic : public Objective {
 public:
  Quadratic(Vector H, Vector g, double c);  // H (n, n) row-major

  Index dim() const override { return static_cast<Index>(g_.size()); }
  std::string name() const override { return "quadratic"; }
  bool has_hessian() const override { return true; }
  bool is_quadratic() const override { return true; }
  bool is_convex() const override;
  double evaluate(const double* w, double* g) override;
  void hessian(const double* w, double* H) override;
  void hessian_product(const double* w, const double* v, double* Hv) override;
  Constant lipschitz() override;
  Constant strong_convexity() override;
  // 1/2 g'H^-1 g, which is the gap, where H is small and well-conditioned.
  double suboptimality_bound(const double* w, const double* g) override;

 private:
  void find_eigenvalues();
  Vector H_, g_, Hw_;
  double c_;
  mutable int convex_ = -1;  // not known yet
  bool known_ = false;
  double low_ = 0, high_ = 0;  // extreme eigenvalues, once asked for
};

}  // namespace steep
