// Sums of squares and their robust relatives:  f = scale^2 / 2 sum rho((r_i / scale)^2).
//
//     linear z | huber z, 2 sqrt(z) - 1 beyond 1 | soft_l1 2 (sqrt(1 + z) - 1) | cauchy log(1 + z) | arctan atan(z)
//
// The Gauss-Newton model is that of Triggs et al. (Bundle adjustment, 1999, section 4.3): rows of J times
// sqrt(rho' + 2 rho'' z), residuals divided by the same and times rho'. Curvature below a tenth of rho' (outliers' is
// negative) is raised to it; SciPy cuts at 2e-16, as weighted_jacobian does. The gradient is exact either way.
#pragma once
#include "steep/objective.hpp"

namespace steep {

enum class RobustLoss { linear, huber, soft_l1, cauchy, arctan, custom };

class ResidualObjective : public Objective {
 public:
  ResidualObjective(Index dim, Index count, RobustLoss loss, double scale);

  Index dim() const override { return n_; }
  Index residual_count() const override { return m_; }
  double evaluate(const double* w, double* g) override;
  void residuals(const double* w, double* r, double* J) override;  // raw
  bool has_jacobian() const override { return true; }
  double linearize(const double* w, double* r, double* J) override;
  double normal_equations(const double* w, double* JtJ, double* Jtr) override;
  // J of that model, with SciPy's cut: what it calls the Jacobian of a robust fit.
  void weighted_jacobian(const double* w, double* J);

 protected:
  virtual void compute(const double* w, double* r) = 0;
  virtual void compute_jacobian(const double* w, const double* r, double* J) = 0;
  // rho, rho' and rho'' (m each) at z (m).
  virtual void robust(const double* z, double* rho);
  const Vector& at(const double* w);  // r(w), from the last call where w is the same
  void forget() { point_.clear(); }

  Index n_, m_;

 private:
  double weigh(const Vector& r, double* weighted, double* factor, double least);
  void scale_rows(double* J) const;

  RobustLoss loss_;
  double scale_;
  Vector point_, r_, z_, rho_, J_, weighted_, factor_, workspace_;
};

}  // namespace steep
