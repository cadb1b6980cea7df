// Newton's equations of Chebyshev regression, on the dual program
//
//     max y'(a - b)   s.t.  X'(a - b) = 0, 1'(a + b) = 1, a, b >= 0
//
// w and t = max |r| are the multipliers of its two constraints. Pairs: a with t - r, b with t + r. v = a - b starts at
// 0.
#include <cmath>

#include "fit_problem.hpp"

namespace steep {
namespace {

class MaxProblem : public FitProblem {
 public:
  MaxProblem(LinearFit& f, Vector w)
      : FitProblem(f, std::move(w)),
        e_(d_ + 1),
        newton_(e_),
        H_(d_ * d_),
        K_(e_ * e_),
        cross_(d_),
        z_(e_),
        part_(n_),
        g_over_(n_),
        g_under_(n_) {
    const double worst = norm_inf(at.r);
    t_ = 1.1 * worst + (worst > 0 ? 0 : 1e-8);
    for (Index i = 0; i < n_; ++i) {
      over.primal[i] = t_ - at.r[i], under.primal[i] = t_ + at.r[i];
      over.dual[i] = under.dual[i] = 0.5 / n_;
    }
  }

  bool factor() override {
    Vector& sums = g_over_;
    double total = 0;
    mass_ = 0;
    for (Index i = 0; i < n_; ++i) {
      const double first = over.dual[i] / over.primal[i], second = under.dual[i] / under.primal[i];
      sums[i] = first + second;
      part_[i] = first - second;
      total += sums[i];
      mass_ += over.dual[i] + under.dual[i];
    }
    f_.gram(sums.data(), H_.data());
    f_.transposed(part_.data(), cross_.data());
    for (Index i = 0; i < d_; ++i) {
      std::copy(&H_[i * d_], &H_[i * d_] + d_, &K_[i * e_]);
      K_[i * e_ + d_] = K_[d_ * e_ + i] = cross_[i];
    }
    K_[d_ * e_ + d_] = total;
    return factor_near(newton_, K_, e_);
  }

  // Products -> target, slacks -> t -+ r, 1'(a + b) -> 1, X'v -> 0.
  void direction(double target) override {
    const Vector &s1 = over.primal, &s2 = under.primal, &a = over.dual, &b = under.dual;
    double sum = 0;
    for (Index i = 0; i < n_; ++i) {
      const double off1 = t_ - at.r[i] - s1[i], off2 = t_ + at.r[i] - s2[i];
      g_over_[i] = (target - over.corrector[i] - a[i] * off1) / s1[i] - a[i];
      g_under_[i] = (target - under.corrector[i] - b[i] * off2) / s2[i] - b[i];
      part_[i] = g_over_[i] - g_under_[i];
      sum += g_over_[i] + g_under_[i];
    }
    f_.transposed(part_.data(), z_.data());
    for (Index j = 0; j < d_; ++j) z_[j] += at.Xv[j];
    z_[d_] = sum - (1 - mass_);
    newton_.solve(z_);
    std::copy(z_.begin(), z_.begin() + d_, dw_.begin());
    dt_ = z_[d_];
    follow();
    for (Index i = 0; i < n_; ++i) {
      over.d_dual[i] = g_over_[i] - a[i] / s1[i] * (dt_ + change_[i]);
      under.d_dual[i] = g_under_[i] - b[i] / s2[i] * (dt_ - change_[i]);
      over.d_primal[i] = dt_ + change_[i] + (t_ - at.r[i] - s1[i]);
      under.d_primal[i] = dt_ - change_[i] + (t_ + at.r[i] - s2[i]);
    }
  }

  void advance(double primal, double dual) override {
    FitProblem::advance(primal, dual);
    t_ += primal * dt_;
    for (Index i = 0; i < n_; ++i) at.v[i] = over.dual[i] - under.dual[i];
  }

 private:
  Index e_;  // w and t
  double t_ = 0, dt_ = 0, mass_ = 0;
  Factor newton_;
  Vector H_, K_, cross_, z_, part_, g_over_, g_under_;
};

}  // namespace

std::unique_ptr<FitProblem> max_problem(LinearFit& f, Vector w) {
  return std::make_unique<MaxProblem>(f, std::move(w));
}

}  // namespace steep
