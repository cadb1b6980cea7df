// A full-batch method: what every solver takes, and the one call it answers.
#pragma once
#include <functional>
#include <limits>
#include <memory>

#include "steep/monitor.hpp"
#include "steep/objective.hpp"
#include "steep/result.hpp"

namespace steep {

// What the caller sees after an accepted iteration; returning true stops with status interrupted.
struct Progress {
  Index iteration;
  const double* x;
  double fun, gradient_norm;
  const double* gradient;  // of the smooth part at x
  double step_size;        // NaN where the method has none
  double l2 = -1;          // the penalty that fun is measured with, of a method that moves it
};

struct SolveOptions {
  double tol = 1e-8;    // on the infinity norm of the (projected, prox-mapped) gradient, or on the duality gap
  double rtol = 0;      // stop at max(tol, rtol * the norm at x0)
  double unit = 0;      // of the gradient steps that measure a point under bounds or l1; 0: by tol and rtol at x0
  double enough = 0;    // a run that ends short of tol is converged where its norm was at most this
  Index max_iter = -1;  // -1: the method's own default
  double max_time = std::numeric_limits<double>::infinity();
  const double* lower = nullptr;  // bounds (dim), or null
  const double* upper = nullptr;
  std::function<bool(const Progress&)> callback;  // may be empty
  Monitor* monitor = nullptr;                     // never null inside solve
  bool certify = true;                            // false: what is known of the end is not worth a pass over the data
};

class Solver {
 public:
  virtual ~Solver() = default;
  virtual const char* name() const = 0;
  virtual bool handles_bounds() const { return false; }
  virtual bool handles_l1() const { return false; }
  // Throws std::invalid_argument, before any evaluation, when the objective lacks what the method needs.
  virtual Result solve(Objective& f, const double* x0, const SolveOptions& options) = 0;
};

}  // namespace steep
