// What interior_fit.cpp steps through: w, v, and pairs of nonnegative vectors whose products all go to a target mu.
#pragma once
#include <memory>

#include "fit_run.hpp"

namespace steep {

struct FitPair {
  explicit FitPair(Index n) : primal(n), dual(n), d_primal(n), d_dual(n), corrector(n) {}
  Vector primal, dual;
  Vector d_primal, d_dual;
  Vector corrector;  // d_primal d_dual of the predictor
};

class FitProblem {
 public:
  FitProblem(LinearFit& f, Vector w)
      : over(f.rows()), under(f.rows()), f_(f), n_(f.rows()), d_(f.dim()), dw_(d_), change_(n_) {
    at.w = std::move(w);
    at.r.resize(n_);
    f_.residuals_at(at.w.data(), at.r.data());
    at.v.assign(n_, 0.0);
  }
  virtual ~FitProblem() = default;

  virtual bool factor() = 0;                  // Newton's matrix at a measured point; false where it is singular
  virtual void direction(double target) = 0;  // Newton's step to products of target, less the pairs' correctors
  virtual void advance(double primal, double dual) {
    axpy(primal, dw_, at.w);
    for (FitPair* pair : {&over, &under}) {
      axpy(primal, pair->d_primal, pair->primal);
      axpy(dual, pair->d_dual, pair->dual);
    }
  }

  FitPoint at;
  FitPair over, under;  // of r > 0 and of r < 0

 protected:
  void follow() {  // change_ = X dw
    f_.residuals_at(dw_.data(), change_.data());
    for (Index i = 0; i < n_; ++i) change_[i] = f_.targets()[i] - change_[i];
  }

  LinearFit& f_;
  Index n_, d_;
  Vector dw_, change_;
};

std::unique_ptr<FitProblem> sum_problem(LinearFit& f, Vector w);
std::unique_ptr<FitProblem> max_problem(LinearFit& f, Vector w);

}  // namespace steep
