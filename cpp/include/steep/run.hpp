// The bookkeeping that every solver shares: counted evaluations, the trace, the stopping rules, the best point seen.
//
//     Result solve(Objective& f, const double* x0, const SolveOptions& options) {
//       Run run(f, options);
//       return run.guard([&] {
//         Vector x(x0, x0 + f.dim()), g(x.size());
//         double fun = run.start(x, g);                        // refuses a start that is not finite; row 0 of the trace
//         for (;;) { ...; fun = run.evaluate(x, &g); run.step(x, fun, g, norm, step_size); }
//       });
//     }
// step and fail end the solve by throwing Stop, which guard turns into the result; Ctrl-C and max_time are seen at every
// evaluation. Norms are infinity norms of the gradient (projected onto bounds); a method may pass its own.
#pragma once
#include <cmath>
#include <functional>
#include <string>

#include "steep/solver.hpp"
#include "steep/vectors.hpp"

namespace steep {

std::string point_text(const Vector& x);  // for messages: its first entries

class Run {
 public:
  struct Stop {};

  Run(Objective& f, const SolveOptions& options, std::string extra_name = {}, Index default_max_iter = -1);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // f(x), and its gradient unless g is null; counted. The lowest finite value with a finite gradient is remembered.
  double evaluate(const Vector& x, Vector* g);
  double evaluate_now(const Vector& x, Vector* g);  // though time be up: what long work led to
  void hessian(const Vector& x, double* H);
  void hessian(const Vector& x, double* H, Objective& draft);  // that of a draft of the objective
  // Objective::approximate_hessian; the Hessian itself where there is nothing cheaper.
  double approximate_hessian(const Vector& x, double* H);
  void hessian_product(const Vector& x, const Vector& v, Vector& Hv);
  double linearize(const Vector& x, double* r, double* J);  // Gauss-Newton models: f(x), counted as a gradient
  double normal_equations(const Vector& x, double* JtJ, double* Jtr);

  // First evaluation: a value or gradient that is not finite is an error naming x0. Stops at once when x0 is stationary.
  double start(const Vector& x, Vector& g, double extra = NAN);
  // The same without that stop, for a method that must look further: a stationary point may be a saddle.
  double begin(const Vector& x, Vector& g, double extra = NAN);
  void stop_at_start();  // what start does after begin
  // For methods whose measure of optimality or total value is their own (l1, duality gaps).
  void start(const Vector& x, double fun, const Vector& g, double norm, double extra = NAN);

  // An accepted iteration: trace row, callback, and the tests of tol, max_iter, max_time, interrupts, divergence.
  void step(const Vector& x, double fun, const Vector& g, double step_size, double extra = NAN) {
    step_with(x, fun, g, optimality(x, g), step_size, extra);
  }
  void step_with(const Vector& x, double fun, const Vector& g, double norm, double step_size, double extra = NAN);

  // The last iteration of a method that ends by construction: converged when `solved`, whatever the norm.
  [[noreturn]] void accept_final(const Vector& x, double fun, const Vector& g, double step_size, bool solved,
                                 const std::string& how);
  [[noreturn]] void fail(Status status, std::string message);
  [[noreturn]] void line_search_failed();
  void note_of_convergence(std::string text) { note_ = std::move(text); }  // added to the message of a converged run
  [[noreturn]] void fail_at_rounding(std::string what);                    // what no longer works; the numbers follow
  // For methods that decrease f in every step: ends a run that has moved neither f nor the gradient norm for 30 steps.
  void watch_for_stall() { watched_ = true; }
  // Tried once where a run would end as line_search_failed, or takes many evaluations a step; may return.
  void rescue(std::function<void()> attempt) { rescue_ = std::move(attempt); }
  // An l1 penalty (dim; null: none) in place of the objective's own, of the methods that take one as an argument.
  void use_l1(const double* l1) { l1_ = l1; }
  // A small gradient by differences that cannot tell it is no convergence. Methods that ask refine go on there.
  void will_refine() { refines_ = true; }
  // Where forward differences tell no more of the gradient at x (it is within their error, or `stuck`, or it took many
  // evaluations to come here), g by central ones, as every later gradient; true when it did that.
  bool refine(const Vector& x, double fun, Vector& g, bool stuck = false);
  // Gradients are by differences that refine may yet replace: long searches are not worth their evaluations.
  bool coarse() const { return !sharpened_ && f_.gradient_error(last_x_.data(), 1, 0) > 0; }
  // For methods whose iterates may be infeasible: the result is the last iterate, not the lowest value.
  void prefer_last() { last_only_ = true; }
  void check_time();                                         // between long pieces of work that evaluate nothing
  void offer(const Vector& x, double fun, const Vector& g);  // a candidate for the best point
  // What the norms handed to start and step_with are, for messages.
  void measure(std::string name) { measure_ = std::move(name); }
  // Replaces the certificate of the end; without it the norm is the certificate.
  void certify(std::string kind, double value, double bound);
  void unbounded_along(Vector direction, std::string message);

  double optimality(const Vector& x, const Vector& g) const;  // infinity norm of the (projected, prox-mapped) gradient
  double threshold() const { return threshold_; }
  bool resolved(const Vector& x, double fun) const;  // differences tell gradients of the threshold's size
  double threshold_for(double norm) const { return std::max(options_.tol, options_.rtol * norm); }  // norm: at x0
  const SolveOptions& options() const { return options_; }
  Index limit() const { return max_iter_; }
  Index iterations() const { return result_.nit; }
  Result& result() { return result_; }
  Objective& objective() { return f_; }

  template <class Body>
  Result guard(Body&& body) {
    try {
      body();
    } catch (const Stop&) {
    } catch (const Interrupted&) {
      note_interrupt();
    }
    return finish();
  }

 private:
  void begin(const Vector& x, double fun, const Vector& g, double norm, double extra);
  double mapped_gradient(const Vector& x, const Vector& g, double unit) const;
  void end_at_threshold(const std::string& how);
  std::string resolution(const Vector& x, double fun) const;
  void note_interrupt();
  void try_rescue();
  void record(double fun, double norm, double step_size, double extra);
  void keep_enough(const Vector& x, double fun, const Vector& g, double norm);
  const char* shortfall() const;  // why the run ended short of tol; null: for another reason
  Result finish();

  Objective& f_;
  const SolveOptions& options_;
  const double* l1_;
  Index max_iter_;
  std::string measure_ = "gradient norm", note_;
  std::function<void()> rescue_;
  mutable double unit_ = 0;  // of optimality's steps; its first point is x0
  double threshold_ = 0, first_fun_ = 0, last_norm_ = 0;
  double steepest_ = 0;                       // largest norm where f is no higher than at the start
  double curvature_ = 0;                      // that of the last steps, where the gradient is by differences
  bool sharpened_ = false, refines_ = false;  // the objective's derivatives, by this run
  Index counted_ = 0;                         // evaluations when refine was last asked
  bool last_only_ = false, certified_ = false, has_best_ = false, watched_ = false;
  double stall_fun_ = INFINITY, stall_norm_ = INFINITY;
  int stalled_ = 0;
  Index tried_ = 0, not_finite_ = 0;  // evaluations since the last step, and those of them without a finite value
  Vector best_x_, best_g_;
  double best_fun_ = INFINITY;
  Vector last_x_, last_g_;  // the last accepted iterate
  double last_fun_ = INFINITY;
  Vector enough_x_, enough_g_;  // the last iterate that met options.enough; empty: none did
  double enough_fun_ = INFINITY, enough_norm_ = INFINITY;
  Result result_;
};

}  // namespace steep
