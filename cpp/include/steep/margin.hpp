// The margin losses' common ground: signs s_i = 2 y_i - 1, the best intercept for given scores, and primal and dual values
//
//     P = sum c_i max(0, 1 - s_i z_i)^q + l2/2 ||w||^2,      D = sum c_i (a_i - [q = 2] a_i^2 / 4) - l2/2 ||w(a)||^2,
//     w(a) = sum c_i a_i s_i x_i / l2,    0 <= a_i (<= 1 for the hinge),    sum c_i a_i s_i = 0 with an intercept.
#pragma once
#include "steep/linear_model.hpp"

namespace steep {

class MarginProblem {
 public:
  // Throws std::invalid_argument, naming the method, unless f is such a problem with l2 > 0.
  MarginProblem(Objective& f, const char* method);

  LinearModel& model() { return *model_; }
  bool squared() const { return squared_; }
  Index rows() const { return n_; }
  double l2() const { return l2_; }
  const Vector& sign() const { return s_; }
  const Vector& weight() const { return c_; }

  // b that minimizes sum c_i phi(s_i (z_i + b)).
  double best_intercept(const Vector& z) const;
  double loss(const Vector& z) const;
  struct Values {
    double primal, dual;
  };
  // Primal and dual values at the feasible point next to `a`: w (d, then b) is its primal point, with the best b.
  Values certify(const Vector& a, Vector& w);
  double dual(const Vector& a, Vector& w);  // and w(a)
  double primal(const Vector& w);           // at a point of its own
  // A subgradient of the smooth-or-not objective at w, the last point of certify or primal.
  void subgradient(const Vector& w, Vector& g);

 private:
  std::unique_ptr<LinearModel> model_;
  bool squared_;
  Index n_, d_;
  double l2_;
  Vector s_, c_, u_, z_;
};

}  // namespace steep
