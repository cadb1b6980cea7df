// The iterate of a primal-dual interior point for margin problems (margin.hpp, q = 1), predictor and corrector of Mehrotra
// (SIAM J. Optim. 2 (1992) 575; Ferris and Munson, SIAM J. Optim. 13 (2002) 783). With x_k >= 0 the terms' values, t_k >= 0
// the slack of s_k z_i - o_k + x_k = t_k, multipliers a_k of t and 1 - a_k of x, a Newton step is one weighted Gram matrix:
//
//     (l2 + X'diag(c h)X) dw = X'(c s (a + h p)) - l2 w,      1 / h = x / (1 - a) + t / a,      da = h (p - s X dw),
//     p = r - x + t - (m - x (1 - a)) / (1 - a) + (m - t a) / a,      r = o - s z,      h of a row: the sum of its sides',
//
// the intercept being a column of ones without l2. Rows whose multipliers stay at a bound may be left out: what they add is
// linear in w. O(n d^2) a step.
#pragma once
#include "steep/margin.hpp"
#include "steep/newton_matrix.hpp"

namespace steep {

// What rows that are left out add to the objective: value - slope'w, slope = sum c s a x~ and value = sum c o a of theirs.
struct FixedRows {
  Vector slope;  // (d), and sum c s a with an intercept
  double value = 0;
};

class MarginInterior {
 public:
  explicit MarginInterior(MarginProblem& problem);
  // Near w, at complementarity `target`.
  MarginInterior(MarginProblem& problem, FixedRows fixed, Vector w, double target);

  const Vector& coefficients() const { return w_; }
  const Vector& multipliers() const { return a_; }
  void move_to(MarginProblem& problem);  // goes on with another problem of the same rows
  void refresh();  // X'(c s a), and its last entry sum c s a, anew: steps update it by their own equation
  // Makes a balanced and refreshes; false where the rows alone cannot.
  bool balance();
  double primal() const;
  double dual() const;                // at a, which is balanced but for rounding where there is an intercept
  void subgradient(Vector& g) const;  // that takes a_i for the hinge's slope: l2 w - X'(c s a)
  double complementarity() const;     // mean of x (1 - a) and t a, weighted
  bool step(double& length);          // false when the Gram matrix cannot be factored

 private:
  MarginInterior(MarginProblem& problem, FixedRows fixed);
  // Towards complementarity `target`, with the second-order terms of the last direction when correcting.
  void direction(double target, bool correct);
  double longest(double share) const;  // the longest step up to 1 that keeps `share` of the way to the boundary
  double weight(Index k) const { return problem_->weight()[problem_->row(k)]; }
  double rest(Index k) const { return problem_->rest(z_, k); }
  // out (rows) = the sums of a row's sides.
  template <class F>
  void gather(Vector& out, F&& side) const {
    for (Index i = 0; i < n_; ++i) out[i] = side(i);
    for (Index k = n_; k < k_; ++k) out[k - n_] += side(k);
  }

  MarginProblem* problem_;
  LinearModel* model_;
  FixedRows fixed_;
  Index n_, k_, d_, m_;
  NewtonMatrix matrix_;
  Vector w_, z_, x_, t_, a_, h_, p_, u_, dz_, da_, dx_, dt_, dw_, q_;
  double total_ = 0;
};

}  // namespace steep
