// The common ground of hinges and epsilon-insensitive losses: both are sums over one-sided terms, "sides" k of a row i(k),
//
//     P = sum_k c_i max(0, o_k - s_k z_i)^q + l2/2 ||w||^2,      D = sum_k c_i (o_k a_k - [q = 2] a_k^2 / 4) - l2/2 ||w(a)||^2,
//     w(a) = sum_k c_i a_k s_k x_i / l2,    0 <= a_k (<= 1 for q = 1),    sum c_i a_k s_k = 0 with an intercept.
//
// A hinge has one side a row, o = 1 and s = 2 y - 1; max(0, |y - z| - epsilon) has two, s = 1 and -1, o = s y - epsilon:
// side k is of row k mod n. With a free intercept columns further from zero than their spread are centered, which leaves w as
// it is: X'(c a s) and the intercept's balance do not mix. Also the best intercept for given scores.
#pragma once
#include "steep/linear_model.hpp"

namespace steep {

class MarginProblem {
 public:
  // Throws std::invalid_argument, naming the method, unless f is such a problem with l2 > 0.
  MarginProblem(Objective& f, const char* method);

  // That of some rows of dense data, copied, each c_i times `factor`.
  MarginProblem part(const std::vector<Index>& rows, double factor = 1) const;

  LinearModel& model() { return *model_; }
  bool squared() const { return squared_; }
  Index rows() const { return n_; }
  Index sides() const { return static_cast<Index>(s_.size()); }
  Index row(Index side) const { return side < n_ ? side : side - n_; }
  double l2() const { return l2_; }
  const Vector& sign() const { return s_; }    // of sides
  const Vector& offset() const { return o_; }  // of sides
  const Vector& weight() const { return c_; }  // of rows
  double scale() const { return scale_; }      // size of a term: 1 for hinges, the spread of y for the others

  double rest(const Vector& z, Index side) const { return o_[side] - s_[side] * z[row(side)]; }  // what max(0, .) takes
  double distance(const Vector& z, Index row) const;  // of a row from the nearest corner of its sides
  double ridge(const Vector& w) const;                // l2/2 ||w||^2
  // b that minimizes sum c_i max(0, o_k - s_k (z_i + b))^q.
  double best_intercept(const Vector& z) const;
  double loss(const Vector& z) const;
  // Multipliers of q = 1 halfway to their bounds, those of the heavier sign less where they must balance.
  Vector balanced() const;
  // w (d, then b) along w(a) as far as the dual along it rises, with the best b, and its scores.
  void aim(const Vector& a, Vector& w, Vector& z);
  struct Values {
    double primal, dual;
  };
  // Primal and dual values at the feasible point next to `a`: w (d, then b) is its primal point, with the best b.
  Values certify(const Vector& a, Vector& w);
  double dual(const Vector& a, Vector& w);  // and w(a)
  double primal(const Vector& w);           // at a point of its own
  // The columns may be a centered copy: w and a subgradient there, as those of the data's own columns.
  void uncenter(Vector& w, Vector& g) const;
  // A subgradient of the smooth-or-not objective at w, the last point of certify or primal.
  void subgradient(const Vector& w, Vector& g);
  double value_at_zero(Vector& g);  // and a subgradient there

 private:
  explicit MarginProblem(std::unique_ptr<LinearModel> model);
  std::unique_ptr<LinearModel> model_;
  bool squared_;
  Index n_, d_;
  double l2_, scale_ = 1;
  Vector s_, o_, c_, u_, z_;
};

}  // namespace steep
