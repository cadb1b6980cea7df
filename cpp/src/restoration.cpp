// See restoration.hpp. O(m n^2 + n^3) a step, at most 200.
#include "steep/restoration.hpp"

#include <algorithm>
#include <cmath>

#include "steep/kkt.hpp"

namespace steep {
namespace {

using Column = QuadraticProgram::Column;
using Matrix = QuadraticProgram::Matrix;

constexpr double met = 1e-9, violated = 1e-6;  // largest entries of the violation
constexpr double stationary = 1e-6;            // its slope over |violation| times the steepest Jacobian seen

double norm_of(const Column& v) { return v.size() ? v.lpNorm<Eigen::Infinity>() : 0.0; }

}  // namespace

bool restore_feasibility(Run& run, Objective& constraints, Index equalities, double steepest, Vector& x) {
  const Index n = static_cast<Index>(x.size()), count = constraints.residual_count(), m = count - equalities;
  KktSystem system(n, 0);
  Column c(count), c1(count), none, dx, dy;
  Matrix J(count, n), active;
  Vector x1(n);
  const auto shortage = [&](const Column& v) {
    Column r = v;
    r.tail(m) = v.tail(m).cwiseMin(0.0);
    return r;
  };
  constraints.residuals(x.data(), c.data(), J.data());
  double damping = 1e-4;
  for (int round = 0; round < 200; ++round) {
    run.check_time();
    const Column r = shortage(c);
    if (norm_of(r) <= met) return true;
    active = J;
    for (Index i = 0; i < m; ++i)
      if (r[equalities + i] == 0) active.row(equalities + i).setZero();
    steepest = std::max(steepest, active.cwiseAbs().maxCoeff());
    const Column slope = active.transpose() * r;
    if (norm_of(slope) <= stationary * norm_of(r) * steepest) {
      if (norm_of(r) > violated)
        run.fail(Status::infeasible, "The constraints are violated by " + std::to_string(norm_of(r)) +
                                         " at a point from where no direction violates them less.");
      return false;
    }
    bool moved = false;
    for (int trial = 0; trial < 30 && !moved; ++trial, damping *= 10) {
      const double size = damping * std::max(steepest * steepest, 1e-300);
      if (!system.factor(Matrix(), Column::Constant(n, size), active, Column::Ones(count), Matrix::Zero(0, n)))
        continue;
      system.solve(-slope, none, dx, dy);
      for (Index j = 0; j < n; ++j) x1[j] = x[j] + dx[j];
      constraints.residuals(x1.data(), c1.data(), nullptr);
      moved = c1.allFinite() && shortage(c1).squaredNorm() < r.squaredNorm();
      if (moved) damping *= 1e-2;
    }
    if (!moved) return false;
    x = x1;
    constraints.residuals(x.data(), c.data(), J.data());
  }
  return false;
}

}  // namespace steep
