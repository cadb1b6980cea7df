// An approximate Hessian as the start of a quasi-Newton recursion.
//
// Its factor is made anew where steps have become slow, at most after 1, 2, 4, 8, ... iterations and never for more
// than half of the run's time. Where it costs more than half an evaluation, the identity has a go first, and keeps it
// while the end is near. O(dim^2) memory.
#pragma once
#include "steep/factor.hpp"
#include "steep/run.hpp"

namespace steep {

class Metric {
 public:
  Metric(Objective& f, Index n);

  // Null where the identity is as good. `norm` is that of the gradient at x.
  const Factor* at(Run& run, const Vector& x, double norm, Index iteration);

 private:
  // From below, by ten steps of the power method for either end.
  double condition() const;

  Vector H_;
  Factor factor_;
  double cost_, rate_ = 0.5, last_norm_ = INFINITY;
  bool usable_ = false, judged_ = false;
  Index next_;
};

}  // namespace steep
