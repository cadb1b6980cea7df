// Steps along a descent direction d from x: phi(a) = f(x + a d).
//
//     Armijo         phi(a) <= phi(0) + c1 a phi'(0)
//     strong Wolfe   and |phi'(a)| <= c2 |phi'(0)|      (More and Thuente, ACM TOMS 20 (1994) 286)
//
// A value that is NaN or +infinity is a step too long. Where the decrease drowns in the rounding of f, a point with
// phi(a) <= phi(0) + Objective::rounding() |phi(0)| that satisfies the curvature condition is taken too (the approximate Wolfe
// condition of Hager and Zhang, SIAM J. Optim. 16 (2005) 170). One evaluation a trial, O(dim) besides; where the
// objective knows its values on a line (Objective::begin_line), trials after the first cost those, and the point that is
// taken one evaluation more.
#pragma once
#include "steep/run.hpp"

namespace steep {

struct LineSearchOptions {
  double c1 = 1e-4, c2 = 0.9;
  double max_step = 1e60;
  int max_evaluations = 20;
};

class LineSearch {
 public:
  LineSearch(Run& run, Index dim);

  // On success the new point is in x, fun, g, step. Failing is: no point with sufficient decrease was found.
  bool strong_wolfe(const Vector& x0, double fun0, const Vector& g0, const Vector& d, double first,
                    const LineSearchOptions& options = {});
  // Backtracking by safeguarded quadratic interpolation from `first`.
  bool armijo(const Vector& x0, double fun0, const Vector& g0, const Vector& d, double first,
              const LineSearchOptions& options = {});

  Vector x, g;
  double fun = 0, step = 0;

 private:
  double evaluate(const Vector& x0, const Vector& d, double a);
  void keep_best();
  bool settle(const Vector& x0, const Vector& d);  // evaluates a point known from the line alone

  Run& run_;
  bool on_line_ = false;  // x and g are not those of `step`
  double line_unit_ = 0;  // the first trial's step
  bool best_on_line_ = false;
  Vector best_x_, best_g_;
  double best_fun_ = 0, best_step_ = 0;
};

// A first step along -g when nothing is known of the curvature: as long as 1, or as decreases f by its own size.
double first_step(double fun, const Vector& g);

}  // namespace steep
