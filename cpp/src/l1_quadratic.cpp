// Cyclic coordinate descent v_j <- S(v_j - r_j / H_jj, l1_j / H_jj), r = Hv + b kept up to date: O(m) a changed entry.
// Sweeps over the nonzero entries alternate with sweeps over all; once signs stay, the nonzero entries are solved for
// at once, H_SS p = -(r_S + l1_S sign(v_S)), and the step is cut where an entry would change its sign, which removes
// that entry: what coordinate descent approaches slowly on correlated columns ends in a few such steps.
#include "steep/l1_quadratic.hpp"

#include <algorithm>
#include <cmath>

#include "steep/factor.hpp"
#include "steep/kernels.hpp"
#include "steep/nonsmooth.hpp"

namespace steep {
namespace {

class Descent {
 public:
  Descent(const L1Quadratic& q, Vector& v) : q_(q), v_(v), r_(q.b, q.b + q.m) {
    for (Index j = 0; j < q.m; ++j)
      if (v[j] != 0) add(j, v[j]);
  }

  // The least subgradient of entry j.
  double violation(Index j) const {
    const double l1 = q_.l1[j];
    if (v_[j] > 0) return std::abs(r_[j] + l1);
    if (v_[j] < 0) return std::abs(r_[j] - l1);
    return std::max(std::abs(r_[j]) - l1, 0.0);
  }
  double violation() const {
    double largest = 0;
    for (Index j = 0; j < q_.m; ++j) largest = std::max(largest, violation(j));
    return largest;
  }

  // Largest violation met on the way.
  double sweep(bool all) {
    if (all) ++settled_;
    double largest = 0;
    for (Index j = 0; j < q_.m; ++j) {
      if (!all && v_[j] == 0 && q_.l1[j] > 0) continue;
      const double h = q_.H[j * q_.m + j];
      largest = std::max(largest, violation(j));
      if (!(h > 0)) continue;
      const double moved = soft_threshold(v_[j] - r_[j] / h, q_.l1[j] / h), change = moved - v_[j];
      if (change == 0) continue;
      if ((moved > 0) != (v_[j] > 0) || (moved < 0) != (v_[j] < 0)) settled_ = 0;
      v_[j] = moved;
      add(j, change);
    }
    return largest;
  }

  // Sweeps over all entries since the last change of a sign.
  Index settled() const { return settled_; }

  // Newton steps on the support; false when the columns of the support depend on each other.
  bool solve_support() {
    for (int round = 0; round < 4; ++round) {
      std::vector<Index> support;
      for (Index j = 0; j < q_.m; ++j)
        if ((v_[j] != 0 || q_.l1[j] == 0) && q_.H[j * q_.m + j] > 0) support.push_back(j);
      const Index s = static_cast<Index>(support.size());
      if (s == 0) return true;
      Vector H(s * s), p(s);
      for (Index i = 0; i < s; ++i) {
        const Index row = support[i];
        for (Index k = 0; k <= i; ++k) H[i * s + k] = q_.H[row * q_.m + support[k]];
        p[i] = -(r_[row] + (v_[row] > 0 ? q_.l1[row] : v_[row] < 0 ? -q_.l1[row] : 0.0));
      }
      Factor factor(s);
      if (!factor.factor(H.data(), 0) || factor.condition_bound() > 1e12) return false;
      factor.solve(p);
      double a = 1;
      Index first = -1;
      for (Index i = 0; i < s; ++i) {
        const Index j = support[i];
        if (q_.l1[j] == 0 || v_[j] * (v_[j] + p[i]) > 0) continue;
        const double cut = -v_[j] / p[i];
        if (cut < a) a = cut, first = i;
      }
      for (Index i = 0; i < s; ++i) {
        const Index j = support[i];
        const double moved = i == first ? 0.0 : v_[j] + a * p[i];
        add(j, moved - v_[j]);
        v_[j] = moved;
      }
      if (first < 0) return true;
    }
    return true;
  }

 private:
  void add(Index j, double change) {
    const double* row = q_.H + j * q_.m;
    if (q_.m >= 24) {
      kernels<double>().product.transposed_vector(1, q_.m, row, q_.m, &change, r_.data(), true);
    } else {
      for (Index i = 0; i < q_.m; ++i) r_[i] += change * row[i];
    }
  }

  const L1Quadratic& q_;
  Index settled_ = 0;
  Vector& v_;
  Vector r_;
};

}  // namespace

Index minimize_l1_quadratic(const L1Quadratic& q, Vector& v, double tol, Index max_sweeps) {
  Descent descent(q, v);
  Index sweeps = 0, next_solve = 3;
  bool solvable = true;
  while (sweeps < max_sweeps) {
    ++sweeps;
    descent.sweep(true);
    for (int inner = 0; inner < 4 && sweeps < max_sweeps; ++inner, ++sweeps)
      if (descent.sweep(false) <= 0.1 * tol) break;
    if (descent.violation() <= tol) break;
    if (solvable && sweeps >= next_solve && descent.settled() >= 2) {
      solvable = descent.solve_support();
      if (descent.violation() <= tol) break;
      next_solve = sweeps + 20;
    }
  }
  return sweeps;
}

}  // namespace steep
