// Methods for objectives with an l1 penalty, and for hinges and tubes: proximal gradient, coordinate descent on working
// sets, dual coordinate ascent, an interior point for the hinge.
#pragma once
#include "steep/solver.hpp"

namespace steep {

// S(v, t) = sign(v) max(|v| - t, 0)
inline double soft_threshold(double v, double t) { return v > t ? v - t : v < -t ? v + t : 0.0; }

// step_size 0: 1/L where L is known, else by backtracking. Accelerated: FISTA, with restarts.
class ProximalGradient : public Solver {
 public:
  ProximalGradient(double step_size, bool accelerate, bool restart)
      : step_size_(step_size), accelerate_(accelerate), restart_(restart) {}
  const char* name() const override { return "proximal_gradient"; }
  bool handles_bounds() const override { return true; }
  bool handles_l1() const override { return true; }
  Result solve(Objective& f, const double* x0, const SolveOptions& options) override;

 private:
  double step_size_;
  bool accelerate_, restart_;
};

// Linear models of one output, any smooth loss, any l1 and l2.
class CoordinateDescent : public Solver {
 public:
  const char* name() const override { return "coordinate_descent"; }
  bool handles_l1() const override { return true; }
  Result solve(Objective& f, const double* x0, const SolveOptions& options) override;
};

// The same for each l1 in turn, starting from the answer before: one result a value, fewer when stopped.
std::vector<Result> coordinate_path(class LinearRisk& f, const Vector& l1, const double* x0,
                                    const SolveOptions& options);

// Linear models with the hinge or the epsilon-insensitive loss, or their squares, and l2 > 0.
class DualCoordinateAscent : public Solver {
 public:
  DualCoordinateAscent(std::uint64_t seed, bool shrink) : seed_(seed), shrink_(shrink) {}
  const char* name() const override { return "dual_coordinate_ascent"; }
  Result solve(Objective& f, const double* x0, const SolveOptions& options) override;

 private:
  std::uint64_t seed_;
  bool shrink_;
};

// Linear models with the hinge or the epsilon-insensitive loss and l2 > 0: primal-dual interior point.
class HingeInteriorPoint : public Solver {
 public:
  const char* name() const override { return "hinge_interior_point"; }
  Result solve(Objective& f, const double* x0, const SolveOptions& options) override;
};

}  // namespace steep
