// Bookkeeping of a solve; see run.hpp.
#include "steep/run.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace steep {
namespace {

std::string number(double value) {
  if (std::isnan(value)) return "nan";  // whose sign says nothing
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

}  // namespace

std::string point_text(const Vector& x) {
  std::string text = "[";
  for (std::size_t i = 0; i < x.size() && i < 8; ++i) text += (i ? ", " : "") + number(x[i]);
  return text + (x.size() > 8 ? ", ...]" : "]");
}

Run::Run(Objective& f, const SolveOptions& options, std::string extra_name, Index default_max_iter)
    : f_(f), options_(options), l1_(f.l1()), max_iter_(options.max_iter >= 0 ? options.max_iter : default_max_iter) {
  if (max_iter_ < 0) max_iter_ = std::max<Index>(200 * f.dim(), 1000);
  result_.extra_name = std::move(extra_name);
}

Run::~Run() {
  if (sharpened_) f_.sharpen(false);
}

void Run::check_time() {
  if (options_.monitor->poll()) throw Interrupted{};
  // x0 is evaluated however little time there is: a result has a value.
  const bool timed = options_.max_time < INFINITY && !result_.trace.empty();
  if (timed && options_.monitor->seconds() >= options_.max_time)
    fail(Status::max_time, "Stopped after max_time = " + number(options_.max_time) + " s.");
}

double Run::evaluate(const Vector& x, Vector* g) {
  check_time();
  return evaluate_now(x, g);
}

double Run::evaluate_now(const Vector& x, Vector* g) {
  ++result_.nfev;
  if (g) ++result_.njev;
  double fun;
  try {
    fun = f_.evaluate(x.data(), g ? g->data() : nullptr);
  } catch (const Interrupted& cut) {
    if (result_.trace.empty() && std::isfinite(cut.fun)) last_x_ = x, last_fun_ = cut.fun, last_norm_ = NAN;
    throw;
  }
  ++tried_;
  if (!std::isfinite(fun) || (g && !all_finite(*g))) ++not_finite_;
  if (g && fun < best_fun_ && !l1_) offer(x, fun, *g);
  return fun;
}

void Run::offer(const Vector& x, double fun, const Vector& g) {
  if (has_best_ && !(fun < best_fun_)) return;
  if (!std::isfinite(fun) || !all_finite(g)) return;
  best_x_ = x;
  best_g_ = g;
  best_fun_ = fun;
  has_best_ = true;
}

void Run::hessian(const Vector& x, double* H) { hessian(x, H, f_); }

void Run::hessian(const Vector& x, double* H, Objective& draft) {
  check_time();
  ++result_.nhev;
  draft.hessian(x.data(), H);
}

double Run::approximate_hessian(const Vector& x, double* H) {
  check_time();
  ++result_.nhev;
  const double spread = f_.approximate_hessian(x.data(), H);
  if (spread < 0) f_.hessian(x.data(), H);
  return std::max(spread, 0.0);
}

void Run::hessian_product(const Vector& x, const Vector& v, Vector& Hv) {
  check_time();
  ++result_.nhev;
  f_.hessian_product(x.data(), v.data(), Hv.data());
}

double Run::linearize(const Vector& x, double* r, double* J) {
  check_time();
  ++result_.njev;
  return f_.linearize(x.data(), r, J);
}

double Run::normal_equations(const Vector& x, double* JtJ, double* Jtr) {
  check_time();
  ++result_.njev;
  return f_.normal_equations(x.data(), JtJ, Jtr);
}

// A gradient step of 1 / unit_, which is 1; under rtol far shorter than the way to a bound or to 0 from x0 on, since that
// way does not grow with f as the gradient does.
double Run::optimality(const Vector& x, const Vector& g) const {
  if (!l1_ && !options_.lower && !options_.upper) return norm_inf(g);
  if (unit_ == 0) unit_ = options_.unit;
  if (unit_ == 0) {
    const double free = mapped_gradient(x, g, 1e30);
    unit_ = options_.rtol * free > options_.tol ? free / std::min(options_.rtol, 1.0) : 1;
  }
  return mapped_gradient(x, g, unit_);
}

double Run::mapped_gradient(const Vector& x, const Vector& g, double unit) const {
  const double *l1 = l1_, *lower = options_.lower, *upper = options_.upper;
  double largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    // x less P(S(x - g, l1)): x - (x - g) loses the digits of a small g, so what the prox-step takes is written out.
    if (std::isnan(g[i])) return g[i];
    const double threshold = l1 ? l1[i] : 0, v = unit * x[i] - g[i];
    const double slope = v > threshold ? g[i] + threshold : v < -threshold ? g[i] - threshold : unit * x[i];
    double change = std::abs(slope);
    // The way to a bound in the gradient's unit: slope / unit may be below the rounding of x.
    if (lower && slope > unit * (x[i] - lower[i])) change = unit * std::abs(x[i] - lower[i]);
    if (upper && -slope > unit * (upper[i] - x[i])) change = unit * std::abs(upper[i] - x[i]);
    largest = std::max(largest, change);
  }
  return largest;
}

double Run::start(const Vector& x, Vector& g, double extra) {
  const double fun = begin(x, g, extra);
  stop_at_start();
  return fun;
}

void Run::start(const Vector& x, double fun, const Vector& g, double norm, double extra) {
  begin(x, fun, g, norm, extra);
  stop_at_start();
}

double Run::begin(const Vector& x, Vector& g, double extra) {
  const double fun = evaluate(x, &g);
  begin(x, fun, g, optimality(x, g), extra);
  return fun;
}

void Run::begin(const Vector& x, double fun, const Vector& g, double norm, double extra) {
  if (!std::isfinite(fun))
    throw std::invalid_argument("the objective must be finite at x0, got " + number(fun) + " at " + point_text(x));
  for (std::size_t i = 0; i < g.size(); ++i)
    if (!std::isfinite(g[i]))
      throw std::invalid_argument("the gradient must be finite at x0, got " + number(g[i]) + " in entry " +
                                  std::to_string(i) + " at " + point_text(x));
  first_fun_ = fun;
  threshold_ = threshold_for(norm);
  offer(x, fun, g);
  keep_enough(x, fun, g, norm);
  last_x_ = x, last_g_ = g, last_fun_ = fun, last_norm_ = steepest_ = norm;
  record(fun, norm, NAN, extra);
}

bool Run::resolved(const Vector& x, double fun) const {
  return f_.gradient_error(x.data(), fun, 0) <= std::max(threshold_, 1e-300);
}

std::string Run::resolution(const Vector& x, double fun) const {
  if (resolved(x, fun)) return {};
  return " Differences of values of " + number(fun) + " tell a gradient to " +
         number(f_.gradient_error(x.data(), fun, 0)) + " only.";
}

bool Run::refine(const Vector& x, double fun, Vector& g, bool stuck) {
  const double error = f_.gradient_error(x.data(), fun, curvature_);
  stuck = stuck || (result_.nfev - counted_ > 6 && last_norm_ <= 100 * error);
  counted_ = result_.nfev;
  if (!(error > 0) || !(stuck || last_norm_ <= 4 * error) || !f_.sharpen(true)) return false;
  sharpened_ = true;
  evaluate(x, &g);
  last_g_ = g, last_norm_ = optimality(x, g);
  offer(x, fun, g);
  end_at_threshold("Converged: ");
  return true;
}

// One whose gradient by differences is too small for them to tell it goes on where refine may yet be asked.
void Run::end_at_threshold(const std::string& how) {
  if (!(last_norm_ <= threshold_)) return;
  if (resolved(last_x_, last_fun_))
    fail(Status::converged, how + measure_ + " " + number(last_norm_) + " <= " + number(threshold_) + ".");
  if (!refines_) fail_at_rounding("The gradient by differences is within their error; ");
}

void Run::stop_at_start() {
  end_at_threshold(f_.is_convex() ? "The start is optimal: " : "The start is stationary: ");
  if (max_iter_ == 0) fail(Status::max_iter, "Stopped after max_iter = 0 iterations.");
}

void Run::record(double fun, double norm, double step_size, double extra) {
  result_.trace.push_back({fun, norm, step_size, options_.monitor->seconds(), extra});
}

void Run::step_with(const Vector& x, double fun, const Vector& g, double norm, double step_size, double extra) {
  ++result_.nit;
  tried_ = not_finite_ = 0;
  record(fun, norm, step_size, extra);
  if (fun <= first_fun_) steepest_ = std::max(steepest_, norm);
  if (!last_only_ && norm > 1e10 * steepest_ && fun > first_fun_)
    fail(Status::diverged, "The iterates diverged: the gradient norm grew from " +
                               number(result_.trace[0].gradient_norm) + " to " + number(norm) +
                               ". Try a smaller step size.");
  if (std::isnan(fun) || fun == INFINITY || !std::isfinite(norm))
    fail(fun == -INFINITY ? Status::unbounded : Status::diverged,
         fun == -INFINITY ? "The objective fell to minus infinity."
                          : "The iterates diverged: the objective is " + number(fun) + ", its gradient norm " +
                                number(norm) + ". Try a smaller step size.");
  if (f_.gradient_error(x.data(), fun, 1) > 0) {
    double change = 0, length = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      change = std::max(change, std::abs(g[i] - last_g_[i]));
      length = std::max(length, std::abs(x[i] - last_x_[i]));
    }
    curvature_ = std::max(0.97 * curvature_, length > 0 ? change / length : 0);
  }
  last_x_ = x, last_g_ = g, last_fun_ = fun, last_norm_ = norm;
  offer(x, fun, g);
  keep_enough(x, fun, g, norm);
  const bool told_to_stop =
      options_.callback && options_.callback(Progress{result_.nit, x.data(), fun, norm, g.data(), step_size});
  end_at_threshold("Converged: ");
  if (fun < -1e40 * std::max(1.0, std::abs(first_fun_)))
    fail(Status::unbounded, "The objective is unbounded below: it fell to " + number(fun) + ".");
  if (told_to_stop) fail(Status::interrupted, "Stopped by the callback.");
  if (result_.nit >= max_iter_)
    fail(Status::max_iter, "Stopped after max_iter = " + std::to_string(max_iter_) + " iterations with " + measure_ +
                               " " + number(norm) + " > " + number(threshold_) + ".");
  if (watched_) {
    if (result_.nfev > 5 * result_.nit + 200) try_rescue();  // line searches find hardly a way
    if (fun < stall_fun_ - 1e-14 * std::abs(stall_fun_) || norm < 0.9 * stall_norm_) {
      stall_fun_ = std::min(fun, stall_fun_), stall_norm_ = std::min(norm, stall_norm_), stalled_ = 0;
    } else if (++stalled_ >= 30) {
      stalled_ = 0;
      try_rescue();
      fail_at_rounding("The objective no longer decreases beyond its rounding; ");
    }
  }
  check_time();
}

void Run::accept_final(const Vector& x, double fun, const Vector& g, double step_size, bool solved,
                       const std::string& how) {
  const double norm = optimality(x, g);
  ++result_.nit;
  record(fun, norm, step_size, NAN);
  last_x_ = x, last_g_ = g, last_fun_ = fun, last_norm_ = norm;
  if (options_.callback) options_.callback(Progress{result_.nit, x.data(), fun, norm, g.data(), step_size});
  fail(solved ? Status::converged : Status::singular, how + ": gradient norm " + number(norm) + ".");
}

void Run::fail(Status status, std::string message) {
  result_.status = status;
  result_.message = std::move(message);
  throw Stop{};
}

void Run::try_rescue() {
  if (!rescue_) return;
  const std::function<void()> attempt = std::exchange(rescue_, nullptr);
  attempt();
}

void Run::line_search_failed() {
  try_rescue();
  fail_at_rounding("No step along the steepest descent decreases the objective beyond its rounding; ");
}

void Run::fail_at_rounding(std::string what) {
  if (tried_ > 0 && not_finite_ == tried_)
    what = "The objective or its gradient is not finite at any of the " + std::to_string(tried_) +
           " points tried around " + point_text(last_x_) + "; ";
  const std::string limit = resolution(last_x_, last_fun_);
  what += "the " + measure_ + " is " + number(last_norm_) + (limit.empty() ? " > " : "; aimed at was ") +
          number(threshold_) + "." + limit;
  if (f_.has_user_gradient() && last_norm_ > 0.01 * result_.trace[0].gradient_norm)
    what += " See whether the gradient is the function's: check_gradient compares it with differences.";
  fail(Status::line_search_failed, std::move(what));
}

void Run::unbounded_along(Vector direction, std::string message) {
  result_.direction = std::move(direction);
  fail(Status::unbounded, std::move(message));
}

void Run::certify(std::string kind, double value, double bound) {
  certified_ = true;
  result_.certificate_kind = std::move(kind);
  result_.certificate = value;
  result_.suboptimality_bound = bound;
}

void Run::note_interrupt() {
  result_.status = Status::interrupted;
  result_.message = "Interrupted after " + std::to_string(result_.nit) + " iterations.";
}

void Run::keep_enough(const Vector& x, double fun, const Vector& g, double norm) {
  if (!(norm <= options_.enough)) return;
  enough_x_ = x, enough_g_ = g, enough_fun_ = fun, enough_norm_ = norm;
}

const char* Run::shortfall() const {
  switch (result_.status) {
    case Status::line_search_failed:
      return "is beyond the objective's rounding";
    case Status::max_iter:
      return "takes more iterations than allowed";
    case Status::max_time:
      return "takes more time than allowed";
    default:
      return nullptr;
  }
}

// A converged run returns the iterate that passed the test; any other the lowest value seen, unless only another iterate
// was enough.
Result Run::finish() {
  bool use_last = last_only_ || result_.status == Status::converged || !has_best_ || !(best_fun_ < last_fun_);
  if (!use_last && last_fun_ - best_fun_ <= f_.rounding() * std::abs(best_fun_))  // rounding tells nothing
    use_last = last_norm_ < optimality(best_x_, best_g_);
  result_.x = use_last ? std::move(last_x_) : std::move(best_x_);
  result_.jac = use_last ? std::move(last_g_) : std::move(best_g_);
  result_.fun = use_last ? last_fun_ : best_fun_;
  const bool known = !result_.jac.empty();  // not of a run cut short within its first evaluation
  if (!known) result_.jac.assign(result_.x.size(), NAN);
  const char* reason = options_.enough > 0 ? shortfall() : nullptr;
  if (!certified_ && options_.certify) {
    double norm = !known ? NAN : use_last ? last_norm_ : optimality(result_.x, result_.jac);
    if (reason && !(norm <= options_.enough) && !enough_x_.empty()) {
      result_.x.swap(enough_x_), result_.jac.swap(enough_g_);
      result_.fun = enough_fun_, norm = enough_norm_;
    }
    result_.certificate_kind = l1_ ? "prox_gradient_norm" : "gradient_norm";
    result_.certificate = norm;
    const bool free = !l1_ && !options_.lower && !options_.upper && known;
    result_.suboptimality_bound = free ? f_.suboptimality_bound(result_.x.data(), result_.jac.data()) : INFINITY;
  }
  if (result_.status == Status::unbounded || result_.status == Status::infeasible)
    result_.suboptimality_bound = INFINITY;
  if (result_.status == Status::converged && !note_.empty()) result_.message += " " + note_;
  if (reason && result_.certificate <= options_.enough) {
    result_.status = Status::converged;
    result_.message = "Converged: " + measure_ + " " + number(result_.certificate) + " <= " + number(options_.enough) +
                      "; the " + number(threshold_) + " first aimed at " + reason + ".";
  }
  const bool bounded = options_.lower || options_.upper;
  const std::string remark = known && !bounded ? f_.remark(result_.x.data()) : "";
  if (!remark.empty()) result_.message += " " + remark;
  const std::string differences = f_.approximated();
  if (!differences.empty()) result_.message += " Approximated: " + differences + ".";
  return std::move(result_);
}

}  // namespace steep
