// BFGS on the dense inverse: H <- (I - r s y') H (I - r y s') + r s s', r = 1 / y's (Nocedal and Wright, Numerical
// Optimization, eq. 6.17). H starts from the multiple of I nearest to 1 within [s'y / y'y, max(0.1, 100 s's / s'y)]: the
// secant estimates bound the inverse curvature, and too long a start costs BFGS less than too short a one, which hides
// every direction of less curvature (units that differ by e^12 took 9,664 evaluations from 1e-10 I, 1,130 from 0.1 I).
// The first trial step is 2 (f_k - f_{k-1}) / phi'(0) where that is below 1. A step without positive curvature updates
// nothing; a direction that fails is retried along -g from a fresh H, and then a trust region has a go. O(dim^2) an
// iteration.
#include <algorithm>

#include "steep/kernels.hpp"
#include "steep/line_search.hpp"
#include "steep/quasi_newton.hpp"
#include "steep/second_order.hpp"

namespace steep {
namespace {

class InverseHessian {
 public:
  explicit InverseHessian(Index n) : n_(n), H_(n * n), Hy_(n) {}

  bool fresh() const { return fresh_; }
  void reset() { fresh_ = true; }

  void apply(const Vector& g, Vector& d) const {
    if (fresh_) {
      for (Index i = 0; i < n_; ++i) d[i] = -g[i];
      return;
    }
    if (n_ >= 16) {
      kernels<double>().product.matrix_vector(n_, n_, H_.data(), n_, g.data(), d.data());
    } else {
      multiply(g, d);
    }
    for (Index i = 0; i < n_; ++i) d[i] = -d[i];
  }

  void update(const Vector& s, const Vector& y) {
    const double sy = dot(s, y);
    if (!(sy > 1e-14 * norm2(s) * norm2(y)) || !std::isfinite(sy)) return;
    if (fresh_) {
      const double scale = std::min(std::max(1.0, sy / dot(y, y)), std::max(0.1, 100 * dot(s, s) / sy));
      if (!(scale > 0) || !std::isfinite(scale)) return;
      std::fill(H_.begin(), H_.end(), 0.0);
      for (Index i = 0; i < n_; ++i) H_[i * n_ + i] = scale;
      fresh_ = false;
    }
    multiply(y, Hy_);
    const double r = 1 / sy, c = r * (1 + r * dot(y, Hy_));
    for (Index i = 0; i < n_; ++i) {
      const double on_s = c * s[i] - r * Hy_[i], on_Hy = -r * s[i];
      double* row = H_.data() + i * n_;
      for (Index j = 0; j < n_; ++j) row[j] += on_s * s[j] + on_Hy * Hy_[j];
    }
  }

 private:
  void multiply(const Vector& v, Vector& out) const {
    std::fill(out.begin(), out.end(), 0.0);
    for (Index i = 0; i < n_; ++i) {  // symmetric: rows as columns, so that the loop vectorizes
      const double* row = H_.data() + i * n_;
      const double a = v[i];
      for (Index j = 0; j < n_; ++j) out[j] += a * row[j];
    }
  }

  Index n_;
  bool fresh_ = true;
  Vector H_, Hy_;
};

}  // namespace

Result BFGS::solve(Objective& f, const double* x0, const SolveOptions& options) {
  Run run(f, options);
  run.watch_for_stall();
  run.will_refine();
  return run.guard([&] {
    const Index n = f.dim();
    Vector x(x0, x0 + n), g(n), d(n), s(n), y(n);
    double fun = run.start(x, g);
    InverseHessian H(n);
    LineSearch line(run, n);
    LineSearchOptions trials;
    end_by_regions(run, x, g, fun);
    double last_step = 0;  // length of the last step along -g, for the next such
    double change = 0;     // of f in the last step
    for (;;) {
      H.apply(g, d);
      if (!H.fresh() && !(dot(g, d) < 0)) {
        H.reset();
        continue;
      }
      double first = last_step > 0 ? last_step : first_step(fun, g);
      if (!H.fresh()) first = std::min(1.0, std::max(0.01, 2.02 * change / dot(g, d)));
      trials.max_evaluations = run.coarse() ? 8 : LineSearchOptions().max_evaluations;
      if (!line.strong_wolfe(x, fun, g, d, first, trials)) {
        if (run.refine(x, fun, g, true)) continue;
        if (H.fresh()) run.line_search_failed();
        H.reset();
        last_step = 0;
        continue;
      }
      if (H.fresh()) last_step = line.step;
      for (Index i = 0; i < n; ++i) s[i] = line.x[i] - x[i], y[i] = line.g[i] - g[i];
      x.swap(line.x);
      g.swap(line.g);
      change = line.fun - fun;
      fun = line.fun;
      run.step(x, fun, g, line.step);
      H.update(s, y);
      run.refine(x, fun, g);
    }
  });
}

}  // namespace steep
