// min 1/2 x'Qx + c'x + constant   s.t.  A x = b,  G x <= h,  lower <= x <= upper        (Q positive semidefinite, or
// none)
//
// As an objective it is the quadratic; the constraints are data that the interior point reads.
#pragma once
#include <Eigen/Core>

#include "steep/objective.hpp"

namespace steep {

class QuadraticProgram : public Objective {
 public:
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using Column = Eigen::VectorXd;

  Index dim() const override { return c.size(); }
  std::string name() const override { return Q.size() ? "quadratic program" : "linear program"; }
  bool has_hessian() const override { return true; }
  bool is_quadratic() const override { return true; }
  bool is_convex() const override { return true; }
  double evaluate(const double* w, double* g) override;
  void hessian(const double* w, double* H) override;
  void hessian_product(const double* w, const double* v, double* Hv) override;
  Column product(const Column& x) const { return Q.size() ? Column(Q * x) : Column::Zero(c.size()); }

  Matrix Q;  // (n, n) symmetric, or (0, 0)
  Column c;
  double constant = 0;
  Matrix A;  // (p, n)
  Column b;
  Matrix G;  // (m, n)
  Column h;
  Column lower, upper;  // (n), infinite where there is none
};

}  // namespace steep
