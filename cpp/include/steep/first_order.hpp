// Methods that use gradients alone, with steps of their own or line searches.
#pragma once
#include "steep/solver.hpp"

namespace steep {

// How gradient descent chooses its steps.
enum class StepRule { constant, lipschitz, diminishing, exact, armijo, wolfe, barzilai_borwein };

class GradientDescent : public Solver {
 public:
  // `size` is the constant step, or the first of the diminishing ones (0: 1/L).
  GradientDescent(StepRule rule, double size) : rule_(rule), size_(size) {}
  const char* name() const override { return "gradient_descent"; }
  Result solve(Objective& f, const double* x0, const SolveOptions& options) override;

 private:
  void fixed_steps(class Run& run, const double* x0);
  void searched_steps(class Run& run, const double* x0);
  void barzilai_borwein(class Run& run, const double* x0);
  StepRule rule_;
  double size_;
};

// Nesterov's method; step_size 0 is 1/L, by backtracking where L is unknown.
class AcceleratedGradient : public Solver {
 public:
  AcceleratedGradient(double step_size, bool strongly_convex, bool restart)
      : step_size_(step_size), strongly_convex_(strongly_convex), restart_(restart) {}
  const char* name() const override { return "accelerated_gradient"; }
  Result solve(Objective& f, const double* x0, const SolveOptions& options) override;

 private:
  double step_size_;
  bool strongly_convex_, restart_;
};

// x <- x - a g + b (x - x_before); step_size 0 and momentum < 0: the best of a quadratic with its L and mu.
class HeavyBall : public Solver {
 public:
  HeavyBall(double step_size, double momentum) : step_size_(step_size), momentum_(momentum) {}
  const char* name() const override { return "heavy_ball"; }
  Result solve(Objective& f, const double* x0, const SolveOptions& options) override;

 private:
  double step_size_, momentum_;
};

// Nonlinear conjugate gradients of Polak and Ribiere, b = max(b, 0); exact steps on quadratics.
class ConjugateGradient : public Solver {
 public:
  const char* name() const override { return "conjugate_gradient"; }
  Result solve(Objective& f, const double* x0, const SolveOptions& options) override;
};

}  // namespace steep
