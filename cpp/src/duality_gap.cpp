// Fenchel's duality gap of a linear model. Primal: sum c_i phi_i(z_i) + Omega(w), z = Xw + b. Dual, for any v with
// sum v = 0 (when there is an intercept): -sum c_i phi_i*(v_i / c_i) - Omega*(-X'v). With t_i = v_i / c_i their
// difference is
//
//     sum_i c_i (phi_i(z_i) + phi_i*(t_i) - t_i z_i) + sum_j (Omega(w_j) + Omega*(-q_j) + q_j w_j),    q = X'v,
//
// and no term is negative. v = a u, u_i = c_i phi_i'(z_i), has zero terms in the first sum for a = 1; without l2, where
// Omega* is finite for |q_j| <= l1 only, a = min(1, l1 / max |X'u|).
#include <algorithm>
#include <cmath>

#include "steep/conjugate.hpp"
#include "steep/linear_model.hpp"
#include "steep/run.hpp"

namespace steep {

double duality_gap(LinearModel& model, double l1, const double* w, const Vector& z, Slopes& at,
                   const Vector& correlations) {
  const Index n = model.rows(), d = model.features();
  const double l2 = model.l2();
  if (!(l1 > 0) && !(l2 > 0)) return NAN;
  // Conjugates are those of slopes u; an unbalanced intercept shrinks the heavier sign, which keeps them feasible.
  const double* q = correlations.data();
  Vector balanced;
  double up = 1, down = 1;
  if (model.intercept()) {
    double positive = 0, negative = 0;
    for (Index i = 0; i < n; ++i) (at.u[i] > 0 ? positive : negative) += std::abs(at.u[i]);
    if (std::abs(positive - negative) > 1e-13 * (positive + negative)) {
      if (positive > negative)
        up = negative / positive;
      else
        down = positive / negative;
      for (Index i = 0; i < n; ++i) at.u[i] *= at.u[i] > 0 ? up : down;
      balanced.resize(d + 1);
      model.transposed(at.u, balanced.data());
      q = balanced.data();
    }
  }
  double largest = 0;
  for (Index j = 0; j < d; ++j) largest = std::max(largest, std::abs(q[j]));
  const double a = l2 > 0 || largest <= l1 ? 1 : l1 / largest;
  double gap = 0;
  if (model.loss() == Loss::squared_error && up == 1 && down == 1) {
    gap = (1 - a) * (1 - a) * at.value;
  } else if (a < 1 || up < 1 || down < 1) {
    // A share of 0 leaves slopes of 0, whose signs are not told any more: they are of the side that shrank.
    const auto share = [&](double u) { return up < 1 ? (u >= 0 ? up : 1) : (u <= 0 ? down : 1); };
    for (Index i = 0; i < n; ++i) {
      const double c = model.row_weight(i);
      if (c > 0)
        gap += c * conjugate_excess(model.loss(), model.parameter(), z[i], model.target(i), a * share(at.u[i]));
    }
  }
  for (Index j = 0; j < d; ++j) {
    const double over = std::max(std::abs(a * q[j]) - l1, 0.0);
    double term = l1 * std::abs(w[j]) + a * q[j] * w[j];
    if (l2 > 0) term += 0.5 * l2 * w[j] * w[j] + 0.5 * over * over / l2;
    gap += std::max(term, 0.0);
  }
  return gap;
}

}  // namespace steep
