// An objective f: R^dim -> R behind one virtual call an evaluation.
//
// Solvers work on double vectors whatever the data's type: a float32 objective converts w on entry and its gradient on
// return, so vectors of length dim are never the bottleneck and solvers are compiled once. An objective owns its
// workspace and its Team; calls are not reentrant. Evaluations may throw (a Python function's exception passes
// through).
#pragma once
#include <cmath>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "steep/index.hpp"
#include "steep/monitor.hpp"

namespace steep {

using Vector = std::vector<double>;

// A constant of an objective: exact, or an upper (lipschitz) or lower (strong_convexity) bound.
struct Constant {
  double value = 0;
  bool exact = false;
  bool known = false;
};

class Objective {
 public:
  virtual ~Objective() = default;
  virtual Index dim() const = 0;
  virtual std::string name() const { return "objective"; }

  // Which derivatives are differences, for the result's message; empty when all are exact.
  virtual std::string approximated() const { return {}; }

  virtual int threads() const { return 1; }  // of an evaluation: what a method may use beside it
  virtual void set_threads(int n_threads) { (void)n_threads; }
  // What this objective has; a method that needs what is missing refuses it and names it.
  virtual bool has_gradient() const { return true; }
  virtual bool has_hessian() const { return false; }
  virtual bool has_hessian_product() const { return has_hessian(); }
  virtual Index residual_count() const { return 0; }  // > 0: f = 1/2 ||r||^2 (+ penalty), with gauss_newton below
  virtual bool is_quadratic() const { return false; }
  virtual bool is_convex() const { return false; }  // known to be convex

  // Whether the variables are of like size by nature, as a network's parameters are: steps then need no scaling.
  virtual bool alike() const { return false; }

  // f(w). g (dim) receives the gradient of the smooth part unless null.
  virtual double evaluate(const double* w, double* g) = 0;
  // H (dim, dim) row-major, both triangles.
  virtual void hessian(const double* w, double* H) {
    (void)w;
    (void)H;
    lacks("a Hessian");
  }
  virtual void hessian_product(const double* w, const double* v, double* Hv) {
    (void)w;
    (void)v;
    (void)Hv;
    lacks("Hessian-vector products");
  }
  // What evaluate loses of f to rounding, relative to f: 1e-13 is a sum of a few hundred terms in double.
  virtual double rounding() const { return 1e-13; }
  // Values on the line x0 + t (x1 - x0) for less than an evaluation, where an objective has a way to that: begin_line
  // returns false where it has not, and line gives f and its derivative with respect to t until the next evaluation.
  virtual bool begin_line(const double* x0, const double* x1) {
    (void)x0;
    (void)x1;
    return false;
  }
  virtual double line(double t, double* slope) {
    (void)t;
    (void)slope;
    lacks("values on a line");
  }
  // The same objective for less, to draft a minimizer with: that of a sample of rows, or of all rows in single
  // precision. Owned by this one; null where there is none that is both cheaper and near.
  enum class Brevity { sample, single };
  virtual Objective* draft(Brevity brevity) {
    (void)brevity;
    return nullptr;
  }
  // H (dim, dim), something like the Hessian at w for a fraction of its cost (that of a sample of rows, say). Returns
  // the spread s of the estimate, the eigenvalues of H^-1/2 S H^-1/2 being about within (1 -+ sqrt(s))^2: variables
  // over rows of a sample, 0 when it is the Hessian; negative where there is none.
  virtual double approximate_hessian(const double* w, double* H) {
    (void)w;
    (void)H;
    return -1;
  }
  // What a Hessian costs in evaluations with gradient, roughly and the same on every machine; 0: not known.
  virtual double hessian_cost(bool approximate) {
    (void)approximate;
    return 0;
  }
  // Announces minimize_quadratic: the next evaluation with gradient may gather what it needs in the same pass.
  virtual void foresee_minimum() {}
  // The minimizer of a quadratic by a way of its own: w comes in as the start, g as the gradient there; `how` names the
  // way, and whether the minimizer is the only one. False where there is none.
  virtual bool minimize_quadratic(double* w, const double* g, std::string& how) {
    (void)w;
    (void)g;
    (void)how;
    return false;
  }
  // r (m), and J (m, dim) row-major unless null.
  virtual void residuals(const double* w, double* r, double* J) {
    (void)w;
    (void)r;
    (void)J;
    lacks("residuals");
  }
  // The Gauss-Newton model of f at w: r and J weighted so that the gradient of all of f is J'r and its Gauss-Newton
  // matrix J'J; returns f(w). For f = 1/2 ||r||^2 they are the residuals' own; robust losses and penalties differ.
  // has_jacobian: this is offered, J is affordable, and a method may factor J itself.
  virtual bool has_jacobian() const { return false; }
  virtual double linearize(const double* w, double* r, double* J) {
    residuals(w, r, J);
    double sum = 0;
    for (Index i = 0; i < residual_count(); ++i) sum += r[i] * r[i];
    return 0.5 * sum;
  }
  // The same without storing J: JtJ (dim, dim; both triangles) and Jtr (dim), a penalty's Hessian and gradient
  // included; returns f(w).
  virtual bool has_gauss_newton() const { return residual_count() > 0; }
  virtual double normal_equations(const double* w, double* JtJ, double* Jtr) {
    (void)w;
    (void)JtJ;
    (void)Jtr;
    lacks("a Gauss-Newton matrix");
  }
  // That matrix times v; an objective that can make it without the matrix does.
  virtual void gauss_newton_product(const double* w, const double* v, double* Gv) {
    const Index n = dim();
    Vector G(static_cast<std::size_t>(n * n)), unused(static_cast<std::size_t>(n));
    normal_equations(w, G.data(), unused.data());
    for (Index i = 0; i < n; ++i) {
      double sum = 0;
      for (Index j = 0; j < n; ++j) sum += G[static_cast<std::size_t>(i * n + j)] * v[j];
      Gv[i] = sum;
    }
  }
  // How far an entry of the gradient at w may be off, where it is by differences: of values that are rounded, and of a
  // function of this curvature; 0 for exact gradients.
  virtual double gradient_error(const double* w, double fun, double curvature) const {
    (void)w;
    (void)fun;
    (void)curvature;
    return 0;
  }
  // Derivatives as exact as they can be made from now on (3-point differences); false when nothing changes.
  virtual bool sharpen(bool on) {
    (void)on;
    return false;
  }

  // Whether the gradient is a user's function, which may be wrong.
  virtual bool has_user_gradient() const { return false; }

  // What a user should know of a point where a run without bounds ended, as a sentence; empty where that is nothing.
  virtual std::string remark(const double* w) {
    (void)w;
    return {};
  }

  // The nonsmooth part: l1 weight of each entry (null: none). Its value is not in evaluate.
  virtual const double* l1() const { return nullptr; }

  virtual Constant lipschitz() { return {}; }
  virtual Constant strong_convexity() { return {}; }
  // A lower bound on the strong convexity that costs nothing (an l2 penalty on every entry); 0 if none.
  virtual double strong_convexity_bound() const { return 0; }
  // At least f(w) - inf f, where the gradient at w is g; infinite where nothing is known. At most an evaluation's work.
  virtual double suboptimality_bound(const double* w, const double* g) {
    (void)w;
    double squares = 0;
    for (Index i = 0; i < dim(); ++i) squares += g[i] * g[i];
    return strong_convexity_bound() > 0 ? squares / (2 * strong_convexity_bound()) : INFINITY;
  }

  // Asked between pieces of a long evaluation, which ends in Interrupted when it says so; null: not asked. Returns the
  // one before.
  Monitor* set_monitor(Monitor* monitor) { return std::exchange(monitor_, monitor); }

  // Held by whoever calls into the objective from outside; recursive, so that a callback may ask it again.
  std::recursive_mutex& mutex() { return mutex_; }

 protected:
  [[noreturn]] void lacks(const char* what) const { throw std::invalid_argument(name() + " has no " + what); }

  void check_interrupt() {
    if (monitor_ && monitor_->poll()) throw Interrupted{};
  }
  Monitor* monitor() { return monitor_; }

 private:
  std::recursive_mutex mutex_;
  Monitor* monitor_ = nullptr;
};

}  // namespace steep
