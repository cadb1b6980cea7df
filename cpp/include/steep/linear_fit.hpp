// Fits of linear models without a gradient everywhere:
//
//     sum   f(w) = sum_i up_i max(r_i, 0) + down_i max(-r_i, 0)      (least absolute deviations, quantiles)
//     max   f(w) = max_i |r_i|                                       (Chebyshev)
//
// r = y - X w. X (n, dim) holds a column of ones where there is an intercept. Gradients are subgradients.
#pragma once
#include "steep/buffer.hpp"
#include "steep/objective.hpp"

namespace steep {

class LinearFit : public Objective {
 public:
  // up and down empty: the maximum.
  LinearFit(Buffer<double> X, Vector y, Index dim, Vector up, Vector down);

  Index dim() const override { return d_; }
  std::string name() const override { return is_sum() ? "least absolute deviations" : "Chebyshev regression"; }
  bool has_gradient() const override { return false; }
  bool is_convex() const override { return true; }
  double evaluate(const double* w, double* g) override;
  // Of the last evaluation.
  const Vector& residuals() const { return r_; }
  void subgradient(double* g);

  bool is_sum() const { return !up_.empty(); }
  Index rows() const { return static_cast<Index>(y_.size()); }
  const double* design() const { return X_.data(); }
  const Vector& targets() const { return y_; }
  const Vector& up() const { return up_; }
  const Vector& down() const { return down_; }
  void residuals_at(const double* w, double* r) const;             // y - X w
  void transposed(const double* v, double* out) const;             // X'v
  void gram(const double* weight, double* H, Vector& work) const;  // X' diag(weight) X, both triangles

 private:
  Index worst() const;  // row

  Index d_;
  Buffer<double> X_;
  Vector y_, up_, down_, r_, slopes_;
};

}  // namespace steep
