// Methods for sums of squares f = 1/2 ||r||^2: Gauss-Newton and Levenberg-Marquardt. They need residuals, or only J'J
// and J'r (normal_equations), so that networks never store J.
#pragma once
#include "steep/gauss_newton_model.hpp"
#include "steep/solver.hpp"

namespace steep {

// How the damping changes: from the radius of a trust region (More), by the gain ratio (Nielsen), or by fixed factors.
// Automatic: Nielsen's where the variables are alike (networks), else a trust region.
enum class Damping { automatic, trust_region, nielsen, marquardt };
// What D is: the clamped column norms of J, or the identity. Automatic: none where the variables are alike.
enum class Scaling { automatic, columns, none };

struct LevenbergMarquardtOptions {
  Damping damping = Damping::automatic;
  double initial = -1;  // first damping (trust_region: radius over the size of D x0); < 0: the default
  double increase = 10, decrease = 0.1, largest = 1e32;
  Scaling scaling = Scaling::automatic;
  bool geodesic = false;                // second-order correction of the step
  bool polish = false;                  // end with undamped steps by QR until they stop shrinking
  double ftol = 0, xtol = 0, gtol = 0;  // relative decrease, relative step, cosine between r and the columns of J
  Index max_evaluations = 0;            // of the residuals; 0: no limit
  Factorization factorization = Factorization::automatic;
  Vector scales;  // a fixed D, or empty
};

class LevenbergMarquardt : public Solver {
 public:
  explicit LevenbergMarquardt(LevenbergMarquardtOptions options) : options_(std::move(options)) {}
  const char* name() const override { return "levenberg_marquardt"; }
  bool handles_bounds() const override { return true; }
  Result solve(Objective& f, const double* x0, const SolveOptions& options) override;

 private:
  LevenbergMarquardtOptions options_;
};

// Undamped steps (of least norm where J is rank-deficient), with step halving unless `pure`.
class GaussNewton : public Solver {
 public:
  GaussNewton(bool pure, Factorization factorization) : pure_(pure), factorization_(factorization) {}
  const char* name() const override { return "gauss_newton"; }
  Result solve(Objective& f, const double* x0, const SolveOptions& options) override;

 private:
  bool pure_;
  Factorization factorization_;
};

// Newton's method for roots of r: R^n -> R^n, x <- x - a J^-1 r, a halved until ||r|| falls unless `pure`. f = 1/2
// ||r||^2. Ends when r is at most tol, or a full step is at most xtol relative to x. A singular J is status singular.
class NewtonRoot : public Solver {
 public:
  NewtonRoot(bool pure, double xtol) : pure_(pure), xtol_(xtol) {}
  const char* name() const override { return "newton_root"; }
  Result solve(Objective& f, const double* x0, const SolveOptions& options) override;

 private:
  bool pure_;
  double xtol_;
};

}  // namespace steep
