// Truncated Newton: H d = -g by conjugate gradients from products H v, to a relative residual of
// min(0.5, sqrt(|g| / |g0|)), cut short by negative curvature, whose direction the step then has too (Nocedal and
// Wright, algorithms 7.1 and 7.2). Either a strong Wolfe line search along d follows, or the steps stay in a trust region
// (Steihaug). Stationary points that are no minima are left. The trace's column "cg_iterations" counts products of the
// steps. O(dim) memory, but for the last such question.
#include <algorithm>
#include <limits>

#include "steep/line_search.hpp"
#include "steep/second_order.hpp"

namespace steep {
namespace {

class TruncatedCG {
 public:
  explicit TruncatedCG(Index n) : r_(n), q_(n), Hq_(n) {}

  // z ~ -H^-1 g within ||z|| <= radius; returns the number of products. curvature() tells of negative curvature met.
  int solve(Run& run, const Vector& x, const Vector& g, double tolerance, double radius, Vector& z);
  bool met_negative() const { return negative_; }
  bool at_boundary() const { return boundary_; }
  double decrease() const { return decrease_; }  // of the quadratic model
  const Vector& last_direction() const { return q_; }

 private:
  Vector r_, q_, Hq_;
  bool negative_ = false, boundary_ = false;
  double decrease_ = 0;
};

int TruncatedCG::solve(Run& run, const Vector& x, const Vector& g, double tolerance, double radius, Vector& z) {
  const Index n = static_cast<Index>(g.size());
  std::fill(z.begin(), z.end(), 0.0);
  r_ = g;
  for (Index i = 0; i < n; ++i) q_[i] = -g[i];
  negative_ = boundary_ = false;
  decrease_ = 0;
  double rr = dot(r_, r_), steepest = 0;  // the largest curvature met, to which the others are compared
  const double stop = tolerance * std::sqrt(rr);
  const int limit = static_cast<int>(std::min<Index>(2 * n + 10, 1000));
  for (int k = 1; k <= limit; ++k) {
    run.hessian_product(x, q_, Hq_);
    const double qHq = dot(q_, Hq_), qq = dot(q_, q_);
    if (!std::isfinite(qHq)) run.fail(Status::diverged, "A Hessian-vector product is not finite.");
    negative_ = !(qHq > std::numeric_limits<double>::epsilon() * steepest * qq);
    steepest = std::max(steepest, qHq / qq);
    double alpha = negative_ ? INFINITY : rr / qHq;
    const double zq = dot(z, q_), zz = dot(z, z);
    if (radius < INFINITY && (negative_ || zz + 2 * alpha * zq + alpha * alpha * qq >= radius * radius)) {
      const double root = std::sqrt(zq * zq + qq * (radius * radius - zz));
      alpha = zq > 0 ? (radius * radius - zz) / (zq + root) : (root - zq) / qq;
      boundary_ = true;
      axpy(alpha, q_, z);
      decrease_ += alpha * rr - 0.5 * alpha * alpha * qHq;
      return k;
    }
    if (negative_) {
      if (k == 1) z = q_;
      return k;
    }
    axpy(alpha, q_, z);
    decrease_ += 0.5 * alpha * rr;
    axpy(alpha, Hq_, r_);
    const double next = dot(r_, r_);
    if (std::sqrt(next) <= stop) return k;
    const double beta = next / rr;
    for (Index i = 0; i < n; ++i) q_[i] = beta * q_[i] - r_[i];
    rr = next;
  }
  return limit;
}

double forcing(const Vector& g, double start) { return std::min(0.5, std::sqrt(norm2(g) / start)); }

}  // namespace

void NewtonCG::solve_by_lines(Run& run, const double* x0) {
  const Index n = run.objective().dim();
  Vector x(x0, x0 + n), g(n), d(n);
  TruncatedCG cg(n);
  LineSearch line(run, n);
  double fun = start_with_hessian(run, x, g, 0, Seen::by_products);
  end_by_regions(run, x, g, fun);
  const double start = norm2(g);
  double last = 0;
  double reach = 0;  // along directions of negative curvature: twice as far as the last such step came
  for (;;) {
    const int products = cg.solve(run, x, g, forcing(g, start), INFINITY, d);
    // Negative curvature in the first direction: -g, as far as the last step went or as a first step would.
    const bool plain = cg.met_negative() && products == 1;
    double first = 1;
    if (plain) first = std::max(first_step(fun, g), last / norm2(g));
    // Later: along it too, as far as the step has come without it, or farther where that went well.
    bool bent = cg.met_negative() && !plain;
    if (bent) {
      reach = std::max(reach, norm2(d));
      axpy(reach / norm2(cg.last_direction()), cg.last_direction(), d);
    }
    if (!(dot(g, d) < 0) || !line.strong_wolfe(x, fun, g, d, first)) {
      for (Index i = 0; i < n; ++i) d[i] = -g[i];
      bent = false;
      if (!line.strong_wolfe(x, fun, g, d, first_step(fun, g))) run.line_search_failed();
    }
    last = line.step * norm2(d);
    if (bent) reach *= 2 * line.step;
    x.swap(line.x);
    g.swap(line.g);
    fun = line.fun;
    if (leave_saddle(run, x, g, fun, products, Seen::by_products)) continue;
    run.step(x, fun, g, line.step, products);
  }
}

void NewtonCG::solve_by_regions(Run& run, const double* x0) {
  const Index n = run.objective().dim();
  Vector x(x0, x0 + n), g(n), p(n), x1(n), g1(n);
  TruncatedCG cg(n);
  double fun = start_with_hessian(run, x, g, 0, Seen::by_products), radius = std::max(1.0, norm2(x));
  const double start = norm2(g);
  for (int refused = 0;;) {
    const int products = cg.solve(run, x, g, forcing(g, start), radius, p);
    const double length = norm2(p), predicted = cg.decrease();
    for (Index i = 0; i < n; ++i) x1[i] = x[i] + p[i];
    const double fun1 = run.evaluate(x1, &g1);
    const bool finite = std::isfinite(fun1) && all_finite(g1);
    double ratio = finite ? (fun - fun1) / predicted : -1;
    if (finite && predicted <= 1e-12 * std::abs(fun) && std::abs(fun1 - fun) <= 1e-12 * std::abs(fun))
      ratio = norm_inf(g1) < norm_inf(g) ? 1 : -1;
    if (fun1 == -INFINITY) ratio = 1;
    if (ratio < 0.25)
      radius = (finite ? 0.25 : 0.1) * std::min(length, radius);
    else if (ratio > 0.75 && cg.at_boundary())
      radius *= 2;
    if (ratio > 1e-4) {
      x.swap(x1);
      g.swap(g1);
      fun = fun1;
      refused = 0;
      if (leave_saddle(run, x, g, fun, products, Seen::by_products)) {
        radius = std::max(radius, 1e-3 * std::max(1.0, norm2(x)));
        continue;
      }
      run.step(x, fun, g, length, products);
    } else if (++refused >= 60) {
      run.line_search_failed();
    }
  }
}

Result NewtonCG::solve(Objective& f, const double* x0, const SolveOptions& options) {
  Run run(f, options, "cg_iterations");
  run.watch_for_stall();
  return run.guard([&] { trust_region_ ? solve_by_regions(run, x0) : solve_by_lines(run, x0); });
}

}  // namespace steep
