// Fits of linear models without a gradient everywhere:
//
//     sum   f(w) = sum_i up_i max(r_i, 0) + down_i max(-r_i, 0)      (least absolute deviations, quantiles)
//     max   f(w) = max_i |r_i|                                       (Chebyshev)
//
// r = y - X w. X (n, dim), dense or CSR, holds a column of ones where there is an intercept. Gradients are
// subgradients.
#pragma once
#include "steep/buffer.hpp"
#include "steep/design.hpp"
#include "steep/objective.hpp"

namespace steep {

// X with its storage: dense rows, or entries with the starts of their rows and ascending columns.
struct FitRows {
  Index n, d;
  Buffer<double> values;
  std::vector<std::int64_t> start;
  std::vector<std::int32_t> column;

  Design<double> view() const;
};

class LinearFit : public Objective {
 public:
  // up and down empty: the maximum.
  LinearFit(FitRows X, Vector y, Vector up, Vector down);

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
  const Design<double>& design() const { return X_; }
  const Vector& targets() const { return y_; }
  const Vector& up() const { return up_; }
  const Vector& down() const { return down_; }
  void residuals_at(const double* w, double* r) const;        // y - X w
  void transposed(const double* v, double* out);              // X'v
  void gram(const double* weight, double* H);                 // X' diag(weight) X, both triangles; no weights: ones
  void rows_of(Index first, Index count, double* out) const;  // dense, (count, dim)

 private:
  Index worst() const;  // row

  FitRows own_;
  Design<double> X_;
  Index d_;
  Vector y_, up_, down_, r_, slopes_;
  Buffer<double> work_;
};

}  // namespace steep
