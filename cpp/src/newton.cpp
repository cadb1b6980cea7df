// Newton's method x <- x - a H^-1 g by Cholesky. Where H is not positive definite, small problems take |H| (the same
// eigenvectors, absolute eigenvalues bounded below), larger ones H + shift I with the least shift of a doubling sequence
// that factors (Nocedal and Wright, algorithm 3.3); the trace's column "shift" says how much was added to the least
// eigenvalue. O(dim^3 / 3) an iteration.
#include <Eigen/Eigenvalues>
#include <algorithm>

#include "steep/factor.hpp"
#include "steep/line_search.hpp"
#include "steep/second_order.hpp"

namespace steep {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr Index eigen_limit = 64;

// d = -|H|^-1 g; returns the largest change of an eigenvalue.
double absolute_step(const Vector& H, const Vector& g, Vector& d) {
  const Index n = static_cast<Index>(g.size());
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(Eigen::Map<const Matrix>(H.data(), n, n));
  const auto& values = solver.eigenvalues();
  const double largest = values.cwiseAbs().maxCoeff(), least = 1e-8 * largest;
  Eigen::VectorXd coefficients = solver.eigenvectors().transpose() * Eigen::Map<const Eigen::VectorXd>(g.data(), n);
  double shift = 0;
  for (Index i = 0; i < n; ++i) {
    const double used = std::max(std::abs(values[i]), least);
    shift = std::max(shift, used - values[i]);
    coefficients[i] = used > 0 ? -coefficients[i] / used : -coefficients[i];
  }
  Eigen::Map<Eigen::VectorXd>(d.data(), n) = solver.eigenvectors() * coefficients;
  return shift;
}

// d = -(H + shift I)^-1 g; returns the shift, NaN when none within the bounds of float64 works.
double shifted_step(Factor& factor, const Vector& H, const Vector& g, Vector& d) {
  const Index n = static_cast<Index>(g.size());
  const MatrixBounds bounds = matrix_bounds(H.data(), n);
  double shift = 0, least_diagonal = INFINITY;
  for (Index i = 0; i < n; ++i) least_diagonal = std::min(least_diagonal, H[i * n + i]);
  shift = std::max(1e-3 * bounds.largest_entry, -least_diagonal + 1e-3 * bounds.largest_entry);
  for (int trial = 0; trial < 60 && std::isfinite(shift); ++trial, shift *= 2) {
    if (!factor.factor(H.data(), shift)) continue;
    for (Index i = 0; i < n; ++i) d[i] = -g[i];
    factor.solve(d);
    return shift;
  }
  return NAN;
}

}  // namespace

Result Newton::solve(Objective& f, const double* x0, const SolveOptions& options) {
  Run run(f, options, "shift", pure_ ? 100 : -1);
  if (!pure_) run.watch_for_stall();
  return run.guard([&] {
    const Index n = f.dim();
    Vector x(x0, x0 + n), g(n), d(n), H(n * n);
    Factor factor(n);
    LineSearch line(run, n);
    double fun = run.start(x, g, 0.0);
    for (;;) {
      run.hessian(x, H.data());
      if (!all_finite(H)) run.fail(Status::diverged, "The Hessian is not finite.");
      double shift = 0;
      if (factor.factor(H.data(), 0)) {
        for (Index i = 0; i < n; ++i) d[i] = -g[i];
        factor.solve(d);
      } else if (pure_) {
        run.fail(Status::not_positive_definite,
                 "The Hessian is not positive definite (pivot " + std::to_string(factor.pivot()) +
                     "): use the damped method or a trust region.");
      } else {
        shift = n <= eigen_limit ? absolute_step(H, g, d) : shifted_step(factor, H, g, d);
      }
      if (pure_) {
        axpy(1, d, x);
        fun = run.evaluate(x, &g);
        run.step(x, fun, g, 1, shift);
        continue;
      }
      bool moved = all_finite(d) && line.strong_wolfe(x, fun, g, d, 1);
      if (!moved) {  // along -g, before giving up
        for (Index i = 0; i < n; ++i) d[i] = -g[i];
        moved = line.strong_wolfe(x, fun, g, d, first_step(fun, g));
      }
      if (!moved) run.line_search_failed();
      x.swap(line.x);
      g.swap(line.g);
      fun = line.fun;
      run.step(x, fun, g, line.step, shift);
    }
  });
}

}  // namespace steep
