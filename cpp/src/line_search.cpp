// Armijo and strong Wolfe line searches; see line_search.hpp.
#include "steep/line_search.hpp"

#include <algorithm>
#include <limits>

namespace steep {
namespace {

struct Trial {
  double step, fun, slope;
};

// The minimizer of the cubic through two points and their slopes, relative to `a`; NaN when there is none.
double cubic_step(const Trial& a, const Trial& b) {
  const double theta = 3 * (a.fun - b.fun) / (b.step - a.step) + a.slope + b.slope;
  const double s = std::max({std::abs(theta), std::abs(a.slope), std::abs(b.slope)});
  if (s == 0) return NAN;
  double gamma = s * std::sqrt(std::max(0.0, (theta / s) * (theta / s) - (a.slope / s) * (b.slope / s)));
  if (a.step > b.step) gamma = -gamma;
  const double p = (gamma - a.slope) + theta, q = ((gamma - a.slope) + gamma) + b.slope;
  return a.step + p / q * (b.step - a.step);
}

double secant_step(const Trial& a, const Trial& b) {
  return b.step + b.slope / (b.slope - a.slope) * (a.step - b.step);
}

// The four cases of More and Thuente: x the best point, y the other end, t the trial. Returns the next trial.
double next_trial(Trial& x, Trial& y, const Trial& t, bool& bracketed, double low, double high) {
  const double same_sign = t.slope * (x.slope / std::abs(x.slope));
  double next;
  if (t.fun > x.fun) {  // a higher value brackets a minimum
    const double cubic = cubic_step(x, t);
    const double quadratic =
        x.step + (x.slope / ((x.fun - t.fun) / (t.step - x.step) + x.slope)) / 2 * (t.step - x.step);
    next = std::abs(cubic - x.step) < std::abs(quadratic - x.step) ? cubic : cubic + (quadratic - cubic) / 2;
    bracketed = true;
  } else if (same_sign < 0) {  // a lower value with a slope of the other sign brackets one too
    const double cubic = cubic_step(t, x), secant = secant_step(x, t);
    next = std::abs(cubic - t.step) > std::abs(secant - t.step) ? cubic : secant;
    bracketed = true;
  } else if (std::abs(t.slope) < std::abs(x.slope)) {  // the slope flattens: extrapolate
    const double theta = 3 * (x.fun - t.fun) / (t.step - x.step) + x.slope + t.slope;
    const double s = std::max({std::abs(theta), std::abs(x.slope), std::abs(t.slope)});
    double gamma = s * std::sqrt(std::max(0.0, (theta / s) * (theta / s) - (x.slope / s) * (t.slope / s)));
    if (t.step > x.step) gamma = -gamma;
    const double p = (gamma - t.slope) + theta, q = (gamma + (x.slope - t.slope)) + gamma, r = p / q;
    const double cubic = r < 0 && gamma != 0 ? t.step + r * (x.step - t.step) : (t.step > x.step ? high : low);
    const double secant = secant_step(x, t);
    if (bracketed) {
      next = std::abs(t.step - cubic) < std::abs(t.step - secant) ? cubic : secant;
      const double limit = t.step + 0.66 * (y.step - t.step);
      next = t.step > x.step ? std::min(limit, next) : std::max(limit, next);
    } else {
      next = std::abs(t.step - cubic) > std::abs(t.step - secant) ? cubic : secant;
      next = std::clamp(next, low, high);
    }
  } else {  // lower, and steeper still
    next = bracketed ? cubic_step(t, y) : (t.step > x.step ? high : low);
  }
  if (t.fun > x.fun) {
    y = t;
  } else {
    if (same_sign < 0) y = x;
    x = t;
  }
  return next;
}

}  // namespace

LineSearch::LineSearch(Run& run, Index dim) : x(dim), g(dim), run_(run), best_x_(dim), best_g_(dim) {}

double LineSearch::evaluate(const Vector& x0, const Vector& d, double a) {
  step = a;
  double slope;
  if (on_line_) {
    run_.check_time();
    fun = run_.objective().line(a / line_unit_, &slope);
    return slope / line_unit_;
  }
  const std::size_t n = x.size();
  for (std::size_t i = 0; i < n; ++i) x[i] = x0[i] + a * d[i];
  fun = run_.evaluate(x, &g);
  slope = dot(g, d);
  line_unit_ = a;
  return slope;
}

// Remembers the point just evaluated.
void LineSearch::keep_best() {
  if (!on_line_) {
    best_x_.swap(x);
    best_g_.swap(g);
  }
  best_on_line_ = on_line_;
  best_fun_ = fun;
  best_step_ = step;
}

bool LineSearch::settle(const Vector& x0, const Vector& d) {
  if (!on_line_) return true;
  on_line_ = false;
  const double a = step, unit = line_unit_;
  evaluate(x0, d, a);
  line_unit_ = unit;
  return std::isfinite(fun) && all_finite(g);
}

bool LineSearch::strong_wolfe(const Vector& x0, double fun0, const Vector& g0, const Vector& d, double first,
                              const LineSearchOptions& options) {
  const double slope0 = dot(g0, d);
  if (!(slope0 < 0) || !std::isfinite(slope0) || !(first > 0)) return false;
  const double test_slope = options.c1 * slope0, noise = run_.objective().rounding() * std::abs(fun0);
  double limit = options.max_step;  // shrinks to the shortest step with a value that is not finite
  Trial best{0, fun0, slope0}, other = best;
  bool bracketed = false, first_stage = true, have_best = false;
  double best_level = INFINITY, width = INFINITY, width1 = INFINITY, low = 0, high = 5 * std::min(first, limit);
  double a = std::min(first, limit);
  on_line_ = best_on_line_ = false;
  for (int trial = 0; trial < options.max_evaluations; ++trial) {
    if (trial == 1 && std::isfinite(fun))
      on_line_ = run_.objective().begin_line(x0.data(), have_best ? best_x_.data() : x.data());
    const double slope = evaluate(x0, d, a);
    if (fun == -INFINITY) return settle(x0, d) || fun == -INFINITY;
    if (!std::isfinite(fun) || !std::isfinite(slope)) {
      limit = std::min(limit, a);
      a = best.step + (trial < 3 ? 0.25 : 0.05) * (a - best.step);
      if (!(a > best.step)) break;
      continue;
    }
    // Changes of f below its rounding are read off the slopes: exact where f is quadratic.
    const double level = std::abs(fun - fun0) <= noise ? fun0 + 0.5 * a * (slope0 + slope) : fun;
    const double test = fun0 + a * test_slope;
    const bool decreases = level <= test;
    if (std::abs(slope) <= -options.c2 * slope0 && (decreases || fun <= fun0 + noise)) {
      const bool from_line = on_line_;
      return settle(x0, d) && (!from_line || fun <= fun0 + noise);
    }
    if (decreases && (!have_best || level < best_level)) {
      have_best = true;
      best_level = level;
      keep_best();
    }
    if (a >= limit && decreases && slope <= test_slope) break;
    if (first_stage && decreases && slope >= std::min(options.c1, options.c2) * slope0) first_stage = false;
    const Trial t{a, level, slope};
    if (first_stage && t.fun <= best.fun && t.fun > test) {
      // Until some step decreases enough, work on phi(a) - phi(0) - c1 a phi'(0).
      Trial x1{best.step, best.fun - best.step * test_slope, best.slope - test_slope};
      Trial y1{other.step, other.fun - other.step * test_slope, other.slope - test_slope};
      a = next_trial(x1, y1, {a, t.fun - a * test_slope, slope - test_slope}, bracketed, low, high);
      best = {x1.step, x1.fun + x1.step * test_slope, x1.slope + test_slope};
      other = {y1.step, y1.fun + y1.step * test_slope, y1.slope + test_slope};
    } else {
      a = next_trial(best, other, t, bracketed, low, high);
    }
    if (bracketed) {
      if (std::abs(other.step - best.step) >= 0.66 * width1 || !std::isfinite(a))
        a = best.step + 0.5 * (other.step - best.step);
      width1 = width;
      width = std::abs(other.step - best.step);
      low = std::min(best.step, other.step);
      high = std::max(best.step, other.step);
      if (high - low <= 4 * std::numeric_limits<double>::epsilon() * high) break;
      if (!(a > low && a < high)) a = low + 0.5 * (high - low);
    } else {
      low = t.step + 1.1 * (t.step - best.step);
      low = std::max(low, 1.1 * t.step);
      high = 5 * t.step;
      a = std::isfinite(a) ? std::clamp(a, low, high) : high;
    }
    if (a > limit) a = bracketed ? 0.5 * (low + limit) : limit == options.max_step ? limit : 0.5 * (best.step + limit);
    if (!(a > 0) || a == t.step) break;
  }
  if (!have_best) return false;
  step = best_step_;
  if (best_on_line_) {
    on_line_ = true;
    return settle(x0, d) && fun <= fun0 + noise;
  }
  x.swap(best_x_);
  g.swap(best_g_);
  fun = best_fun_;
  return true;
}

bool LineSearch::armijo(const Vector& x0, double fun0, const Vector& g0, const Vector& d, double first,
                        const LineSearchOptions& options) {
  const double slope0 = dot(g0, d);
  if (!(slope0 < 0) || !std::isfinite(slope0)) return false;
  const double noise = run_.objective().rounding() * std::abs(fun0);
  double a = std::min(first, options.max_step);
  on_line_ = false;
  for (int trial = 0; trial < options.max_evaluations; ++trial) {
    if (trial == 1 && std::isfinite(fun)) on_line_ = run_.objective().begin_line(x0.data(), x.data());
    const double slope = evaluate(x0, d, a);
    if (fun == -INFINITY) return settle(x0, d) || fun == -INFINITY;
    if (std::isfinite(fun) && std::isfinite(slope)) {
      if (fun <= fun0 + options.c1 * a * slope0 || (fun <= fun0 + noise && std::abs(slope) < -slope0))
        return settle(x0, d);
      const double quadratic = -slope0 * a * a / (2 * (fun - fun0 - a * slope0));
      a = std::clamp(quadratic, 0.1 * a, 0.5 * a);
    } else {
      a *= 0.25;
    }
    if (!(a > 0)) break;
  }
  return false;
}

double first_step(double fun, const Vector& g) {
  const double norm = norm2(g);
  if (!(norm > 0)) return 1;
  const double unit = 1 / norm, own_size = 2 * std::abs(fun) / norm / norm;
  return own_size > 0 ? std::min(unit, own_size) : unit;
}

}  // namespace steep
