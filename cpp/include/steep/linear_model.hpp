// A linear model of one output as coordinate methods see it: scores z = X w + b and
//
//     f(w, b) = sum_i c_i phi_i(z_i) + l2/2 ||w||^2 + l1 ||w||_1,      c_i = s_i / sum s (averages) or s_i
//
// in double whatever the data's type. Columns are numbered 0 ... d - 1, and d is the intercept's column of ones.
// Calls are not reentrant; sums have the same bits for any number of threads.
#pragma once
#include <cmath>
#include <memory>

#include "steep/loss.hpp"
#include "steep/objective.hpp"

namespace steep {

// What the losses say of given scores.
struct Slopes {
  double value = 0;  // sum c_i phi_i(z_i)
  Vector u, c;       // c_i phi_i'(z_i) and c_i phi_i''(z_i)
};

class LinearModel {
 public:
  virtual ~LinearModel() = default;
  virtual Index rows() const = 0;
  virtual Index features() const = 0;
  virtual bool intercept() const = 0;
  virtual bool sparse() const { return false; }
  virtual Loss loss() const = 0;
  virtual double parameter() const = 0;  // huber's delta, epsilon
  virtual double l1() const = 0;
  virtual double l2() const = 0;
  // Where not empty (d), the columns are those of the data less these means, and scores are x'w + b' - m'w.
  virtual const Vector& center() const = 0;
  virtual double target(Index i) const = 0;
  virtual double row_weight(Index i) const = 0;  // c_i

  virtual void scores(const double* w, Vector& z) = 0;  // w (d), then b
  virtual void slopes(const Vector& z, Slopes& out, bool curvature) = 0;
  // All three of these in one pass over X: z, what the losses say, and X'u (d), sum u.
  virtual void evaluate(const double* w, Vector& z, Slopes& out, double* correlations) = 0;
  virtual void transposed(const Vector& u, double* out) = 0;  // X'u (d), and sum u with an intercept
  // H (m, m), both triangles: the chosen columns' X' diag(c) X.
  virtual void columns_gram(const std::vector<Index>& columns, const Vector& c, double* H) = 0;
  // C (extra, columns): X_extra' diag(c) X_columns.
  virtual void cross_gram(const std::vector<Index>& extra, const std::vector<Index>& columns, const Vector& c,
                          double* C) = 0;
  // z += sum_k step[k] X[:, columns[k]]
  virtual void add_columns(const std::vector<Index>& columns, const Vector& step, Vector& z) = 0;

  // Row by row, on coefficients v (d) in the data's type that live here: v'x_i, v += a x_i, ||x_i||^2.
  virtual void set_coefficients(const double* v) = 0;
  virtual void get_coefficients(double* v) const = 0;
  virtual double row_score(Index i) const = 0;
  virtual void row_add(Index i, double a) = 0;
  virtual double row_square(Index i) const = 0;

  // The model of some rows alone, copied: each c_i times `factor`, columns centered as here. Of a risk with
  // dense rows; null for others.
  virtual std::unique_ptr<LinearModel> part(const std::vector<Index>&, double) { return nullptr; }
};

// Of a linear risk with one output; null for anything else. Refers to the objective's data, or, with an intercept and
// dense columns further than `far` standard deviations from zero, to a centered copy.
std::unique_ptr<LinearModel> linear_model_of(Objective& f, double far = INFINITY);

// The squared error of `model`, which must outlive it, by X'X alone: no rows, O(d^2) an evaluation. For coordinate
// search.
std::unique_ptr<LinearModel> gram_model(LinearModel& model);

// The duality gap at (w, b): f less the dual value of the point that the slopes suggest, scaled until it is feasible.
// By Fenchel and Young a sum of terms that are not negative, so it keeps its digits when small. NaN where there is no
// dual bound: neither l1 nor l2, or a loss without a conjugate here. Changes at.u where the intercept's balance asks
// for it.
double duality_gap(LinearModel& model, double l1, const double* w, const Vector& z, Slopes& at,
                   const Vector& correlations);

}  // namespace steep
