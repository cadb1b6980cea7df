// The columns that a LinearFit is solved in: its own where their Gram matrix is well-conditioned, else an orthonormal
// basis of them (centered where the last is the intercept's, and scaled), X = Q R P' by Householder with the rank that
// pivots reveal.
#pragma once
#include <Eigen/Core>
#include <functional>
#include <memory>

#include "steep/linear_fit.hpp"

namespace steep {

class FitBasis {
 public:
  explicit FitBasis(LinearFit& f, const std::function<void()>& poll);

  LinearFit& given() { return outer_; }
  LinearFit& fit() { return inner_ ? *inner_ : outer_; }
  const Vector& gram() const { return gram_; }  // of fit()'s columns
  Vector coefficients(const Vector& v) const;   // of the data's own columns; those beyond the rank are 0

 private:
  LinearFit& outer_;
  std::unique_ptr<LinearFit> inner_;
  Vector gram_, center_, scale_;
  Eigen::MatrixXd R_;
  Eigen::VectorXi order_;
};

}  // namespace steep
