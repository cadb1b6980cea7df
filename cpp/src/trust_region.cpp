// Trust region with the exact subproblem  min g'p + 1/2 p'Hp, ||p|| <= radius: p = -(H + lambda I)^-1 g by Cholesky and
// Newton's iteration on 1/||p(lambda)|| with safeguards, the hard case by a direction of least curvature (More and
// Sorensen, SIAM J. Sci. Stat. Comput. 4 (1983) 553; Conn, Gould and Toint, algorithm 7.3.4). The norm is that of D p,
// D_i the largest sqrt |H_ii| seen (as in MINPACK), so that neither units of variables nor of f matter. Usually 1 to 3
// factors an iteration.
#include <algorithm>

#include "steep/factor.hpp"
#include "steep/run.hpp"
#include "steep/second_order.hpp"

namespace steep {
namespace {

class Subproblem {
 public:
  Subproblem(Index n, int n_threads) : n_(n), factor_(n, n_threads), z_(n), w_(n) {}

  // The step p; returns the predicted decrease -(g'p + 1/2 p'Hp) > 0.
  double solve(const Vector& H, const Vector& g, double radius, Vector& p);
  double lambda() const { return lambda_; }

 private:
  double decrease(const Vector& H, const Vector& g, const Vector& p) const {
    double value = 0;
    for (Index i = 0; i < n_; ++i) {
      double row = 0;
      for (Index j = 0; j < n_; ++j) row += H[i * n_ + j] * p[j];
      value += p[i] * (g[i] + 0.5 * row);
    }
    return -value;
  }

  Index n_;
  Factor factor_;
  Vector z_, w_;
  double lambda_ = 0;
};

double Subproblem::solve(const Vector& H, const Vector& g, double radius, Vector& p) {
  constexpr double near = 0.1, near_hard = 0.2;  // how well radius and value are met: more would be wasted
  const MatrixBounds bounds = matrix_bounds(H.data(), n_);
  const double size = std::min({bounds.frobenius, std::max(std::abs(bounds.low), std::abs(bounds.high))});
  const double norm = norm2(g);
  double low = std::max({0.0, norm / radius - size, norm / radius - bounds.high});
  for (Index i = 0; i < n_; ++i) low = std::max(low, -H[i * n_ + i]);
  double high = std::max(0.0, norm / radius + std::min(size, -bounds.low));
  high = std::max(high, low);
  double lambda = norm > 0 ? 0.0 : low;
  if (lambda < low) lambda = std::max(std::sqrt(low * high), low + 0.01 * (high - low));
  bool have_hard = false;
  Vector hard(n_);
  double hard_lambda = 0;
  for (int round = 0; round < 60; ++round) {
    if (!factor_.factor(H.data(), lambda)) {
      const double value = factor_.negative_direction(H.data(), lambda, w_);
      const double length = norm2(w_);
      low = std::max(low, lambda - value / length / length);
      low = std::max(low, lambda);
      if (high <= low) high = low * (1 + 1e-10) + 1e-300 + 1e-14 * size;
      lambda = std::max(std::sqrt(low * high), low + 0.01 * (high - low));
      continue;
    }
    for (Index i = 0; i < n_; ++i) p[i] = -g[i];
    factor_.solve_lower(p);
    factor_.solve_upper(p);
    const double length = norm2(p);
    if (lambda == 0 && length <= radius * (1 + near)) break;
    if (std::abs(length - radius) <= near * radius) break;
    w_ = p;
    factor_.solve_lower(w_);
    const double slope = norm2(w_) / length;
    double next = lambda + (length - radius) / radius / slope / slope;
    if (length < radius) {
      high = std::min(high, lambda);
      // p + t z reaches the boundary along a direction of little curvature: perhaps good enough (the hard case).
      const double sigma = factor_.small_singular(z_);
      const double pz = dot(p, z_), root = std::sqrt(pz * pz + (radius - length) * (radius + length));
      const double t = (radius - length) * (radius + length) / (pz + std::copysign(root, pz));  // the smaller root
      low = std::max(low, lambda - sigma * sigma);
      const double curvature = -dot(g, p);  // p'(H + lambda I)p
      if (t * t * sigma * sigma <= near_hard * (curvature + lambda * radius * radius)) {
        axpy(t, z_, p);
        break;
      }
      have_hard = true;
      hard = p;
      axpy(t, z_, hard);
      hard_lambda = lambda;
      if (next < low) next = std::max(std::sqrt(low * high), low + 0.01 * (high - low));
    } else {
      low = std::max(low, lambda);
    }
    if (!(next > low && next < high)) next = std::max(std::sqrt(low * high), low + 0.01 * (high - low));
    if (high - low <= 1e-14 * high || next == lambda) {
      if (have_hard && length < radius) p = hard, lambda = hard_lambda;
      break;
    }
    lambda = next;
  }
  lambda_ = lambda;
  const double length = norm2(p);
  if (!std::isfinite(length)) {  // not solvable in float64: the point of Cauchy
    for (Index i = 0; i < n_; ++i) p[i] = -g[i] * radius / norm;
    const double gained = decrease(H, g, p), linear = norm * radius, bend = 2 * (linear - gained);
    const double t = bend > 0 ? std::min(1.0, linear / bend) : 1.0;
    for (double& value : p) value *= t;
  }
  return decrease(H, g, p);
}

// D_i <- max(D_i, sqrt |H_ii|), bounded away from zero.
void update_scale(const Vector& H, Vector& D) {
  const std::size_t n = D.size();
  double largest = 0;
  for (std::size_t i = 0; i < n; ++i) largest = std::max(largest, std::abs(H[i * n + i]));
  for (std::size_t i = 0; i < n; ++i) {
    D[i] = std::max(D[i], std::sqrt(std::max(std::abs(H[i * n + i]), 1e-12 * largest)));
    if (!(D[i] > 0)) D[i] = 1;
  }
}

// Returns only where a Hessian is not finite.
void descend(Run& run, Vector x, Vector g, double fun, double radius, RegionColumn column) {
  const Index n = static_cast<Index>(x.size());
  Vector p(n), x1(n), g1(n), H(n * n), D(n, 0.0), scaled_g(n), scaled_H(n * n);
  Subproblem subproblem(n, run.objective().threads());
  int refused = 0;
  run.rescue(nullptr);  // this is it; and what it refers to may be the vectors moved here
  run.hessian(x, H.data());
  for (;;) {
    if (!all_finite(H)) return;
    update_scale(H, D);
    for (Index i = 0; i < n; ++i) {
      scaled_g[i] = g[i] / D[i];
      for (Index j = 0; j < n; ++j) scaled_H[i * n + j] = H[i * n + j] / (D[i] * D[j]);
    }
    if (radius == 0) {  // a tenth of the size of x0, or as far as the gradient of a unit Hessian goes
      for (Index i = 0; i < n; ++i) p[i] = D[i] * x[i];
      radius = 0.1 * norm2(p);
      if (!(radius > 0)) radius = norm2(scaled_g);
    }
    const double predicted = subproblem.solve(scaled_H, scaled_g, radius, p);
    const double length = norm2(p);
    for (Index i = 0; i < n; ++i) p[i] /= D[i];
    for (Index i = 0; i < n; ++i) x1[i] = x[i] + p[i];
    const double fun1 = predicted > 0 ? run.evaluate(x1, &g1) : NAN;
    const bool finite = std::isfinite(fun1) && all_finite(g1);
    // Where the predicted decrease is rounding of f, the gradient judges.
    const double noise = 1e-14 * std::abs(fun);
    double ratio = finite ? (fun - fun1) / predicted : -1;
    if (finite && predicted <= 100 * noise && std::abs(fun1 - fun) <= 100 * noise)
      ratio = norm_inf(g1) < norm_inf(g) ? 1 : -1;
    if (fun1 == -INFINITY) ratio = 1;
    if (!finite)
      radius = 0.1 * std::min(length, radius);
    else if (ratio < 0.25)
      radius = 0.25 * std::min(length, radius);
    else if (ratio > 0.75 && length > 0.8 * radius)
      radius = std::max(radius, 2 * length);
    if (ratio > 1e-4) {
      x.swap(x1);
      g.swap(g1);
      fun = fun1;
      refused = 0;
      const double shown = column == RegionColumn::radius ? radius : subproblem.lambda();
      run.step(x, fun, g, length, column == RegionColumn::none ? NAN : shown);
      run.hessian(x, H.data());
    } else if (++refused >= 60 || !(radius > 0)) {
      run.fail_at_rounding("No step within the trust region decreases the objective beyond its rounding; ");
    }
  }
}

}  // namespace

void descend_by_regions(Run& run, Vector x, Vector g, double fun, double radius, RegionColumn column) {
  descend(run, std::move(x), std::move(g), fun, radius, column);
  run.fail(Status::diverged, "The Hessian is not finite.");
}

void end_by_regions(Run& run, const Vector& x, const Vector& g, const double& fun, RegionColumn column) {
  run.rescue([&run, &x, &g, &fun, column] {
    const Objective& f = run.objective();
    const bool exact = f.approximated().find("gradient") == std::string::npos;
    if (f.dim() > 200 || !f.has_hessian() || !exact) return;
    descend(run, x, g, fun, 0, column);
    run.fail_at_rounding("The line search makes hardly any way, and the Hessian is not finite; ");
  });
}

Result TrustRegion::solve(Objective& f, const double* x0, const SolveOptions& options) {
  Run run(f, options, "radius");
  run.watch_for_stall();
  return run.guard([&] {
    Vector x(x0, x0 + f.dim()), g(x.size());
    const double fun = start_with_hessian(run, x, g, radius_);
    descend_by_regions(run, std::move(x), std::move(g), fun, radius_, RegionColumn::radius);
  });
}

}  // namespace steep
