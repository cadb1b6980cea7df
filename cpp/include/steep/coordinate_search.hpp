// Coordinate descent on working sets: the state that a solve, or a path of solves with falling l1, goes through.
#pragma once
#include "steep/linear_model.hpp"
#include "steep/run.hpp"

namespace steep {

class CoordinateSearch {
 public:
  CoordinateSearch(LinearModel& model, const double* x0);
  // Until the run stops. The next call goes on from there, with what is known of squared errors.
  [[noreturn]] void go(Run& run, double l1);

 private:
  double penalty(const Vector& x) const;
  void uncenter();  // shown_: x_ and g_ of the data's own columns
  void evaluate();  // one pass over X: scores, slopes and correlations at x_
  void measure();   // slopes at z_, O(n); correlations are those of before
  void balance();   // the best intercept for these weights, as the dual point needs it, and the correlations there
  void improve_intercept();          // Newton's method, O(n) a step
  bool choose();                     // columns in use, then those that violate most; false when there is nothing to do
  double largest_curvature() const;  // of the loss, 0 where it is not bounded
  void form_gram();  // H_ for these columns; that of squared errors is kept, and grows by the new columns' rows
  // A step of the quadratic model, with the curvature at hand or, where rows that are saturated leave none, a bound on
  // it.
  bool improve(double kkt, bool bounded);

  Run* run_ = nullptr;
  LinearModel& model_;
  Index n_, d_, m_;
  double l1_ = 0, l2_;
  bool exact_, complete_ = true, current_ = false;
  struct {
    Vector x, g;
  } shown_;
  Vector x_, g_, corr_, z_, z0_, dz_, H_, column_sums_;
  Slopes at_, before_;
  std::vector<Index> columns_, before_columns_;
  double step_ = NAN, start_kkt_ = 1;
  int careful_ = 0;
};

}  // namespace steep
