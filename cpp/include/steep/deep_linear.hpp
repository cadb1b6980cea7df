// Deep linear networks: f(W_1, ..., W_L) = 1/2 ||X W_1' W_2' ... W_L' - Y||_F^2, W_l of shape (out, in), in one vector
// row by row, first layer first. The residuals are X W_1' ... W_L' - Y row by row.
//
// Exact derivatives: gradient by backpropagation, Hessian-vector products by differentiating both passes along v.
#pragma once
#include <Eigen/Core>

#include "steep/residual_objective.hpp"

namespace steep {

class DeepLinear : public ResidualObjective {
 public:
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  // widths: d_0 (columns of X), hidden widths, columns of Y.
  DeepLinear(Matrix X, Matrix Y, std::vector<Index> widths);

  std::string name() const override { return "deep linear network"; }
  bool has_hessian() const override { return true; }
  bool is_convex() const override { return layers() == 1; }
  bool is_quadratic() const override { return layers() == 1; }
  double evaluate(const double* w, double* g) override;
  void hessian(const double* w, double* H) override;
  void hessian_product(const double* w, const double* v, double* Hv) override;

 protected:
  void compute(const double* w, double* r) override;
  void compute_jacobian(const double* w, const double* r, double* J) override;

 private:
  using Map = Eigen::Map<const Matrix>;
  Index layers() const { return static_cast<Index>(widths_.size()) - 1; }
  Map weight(const double* w, Index layer) const { return Map(w + offset_[layer], widths_[layer + 1], widths_[layer]); }
  void forward(const double* w, std::vector<Matrix>& A) const;

  Matrix X_, Y_;
  std::vector<Index> widths_, offset_;
};

}  // namespace steep
