// Newton's equations of least absolute deviations and quantiles, on the dual program
//
//     max y'v   s.t.  X'v = 0, -down <= v <= up           (Portnoy and Koenker, Statistical Science 12 (1997) 279)
//
// w is the multiplier of X'v = 0. Pairs: p with up - v and m with v + down, where r = p - m. v starts at 0, inside.
#include <algorithm>
#include <cmath>

#include "fit_problem.hpp"

namespace steep {
namespace {

class SumProblem : public FitProblem {
 public:
  SumProblem(LinearFit& f, Vector w)
      : FitProblem(f, std::move(w)), newton_(d_), H_(d_ * d_), D_(n_), xi_(n_), t_(n_), rhs_(d_) {
    double size = 0;
    for (Index i = 0; i < n_; ++i) size += std::abs(at.r[i]) / n_;
    if (!(size > 0)) size = 1e-8;
    for (Index i = 0; i < n_; ++i) {
      over.dual[i] = std::max(f.up()[i], 1e-12), under.dual[i] = std::max(f.down()[i], 1e-12);
      over.primal[i] = std::max(at.r[i], 0.0) + 0.1 * size;
      under.primal[i] = std::max(-at.r[i], 0.0) + 0.1 * size;
    }
  }

  bool factor() override {
    for (Index i = 0; i < n_; ++i) D_[i] = 1 / (over.primal[i] / over.dual[i] + under.primal[i] / under.dual[i]);
    f_.gram(D_.data(), H_.data());
    return factor_near(newton_, H_, d_);
  }

  // p u -> target, m l -> target, p - m -> r, X'v -> 0.
  void direction(double target) override {
    const Vector &p = over.primal, &u = over.dual, &m = under.primal, &l = under.dual;
    for (Index i = 0; i < n_; ++i) {
      xi_[i] = (target - over.corrector[i]) / u[i] - (target - under.corrector[i]) / l[i];  // new p - new m, without dv
      t_[i] = D_[i] * (at.r[i] - xi_[i]);
    }
    f_.transposed(t_.data(), rhs_.data());
    for (Index j = 0; j < d_; ++j) dw_[j] = rhs_[j] + at.Xv[j];
    newton_.solve(dw_);
    follow();
    for (Index i = 0; i < n_; ++i) {
      const double dv = D_[i] * (at.r[i] - xi_[i] - change_[i]);
      over.d_dual[i] = -dv;
      under.d_dual[i] = dv;
      over.d_primal[i] = (target - over.corrector[i] + p[i] * dv) / u[i] - p[i];
      under.d_primal[i] = (target - under.corrector[i] - m[i] * dv) / l[i] - m[i];
    }
  }

  void advance(double primal, double dual) override {
    FitProblem::advance(primal, dual);
    axpy(dual, under.d_dual, at.v);
  }

 private:
  Factor newton_;
  Vector H_, D_, xi_, t_, rhs_;
};

}  // namespace

std::unique_ptr<FitProblem> sum_problem(LinearFit& f, Vector w) {
  return std::make_unique<SumProblem>(f, std::move(w));
}

}  // namespace steep
