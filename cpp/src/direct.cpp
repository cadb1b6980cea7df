// The minimizer of a quadratic 1/2 x'Hx + g'x + c: Cholesky of H scaled to a unit diagonal while its condition estimate
// is below 1e8, else the eigenvalues, which give the minimizer of least norm, or a direction in which the quadratic is
// unbounded: one of negative curvature, or the part of -g outside the range of H. O(dim^3 / 3). An objective with a
// structure of its own (least squares) answers by that.
#include <algorithm>
#include <limits>

#include "steep/decomposition.hpp"
#include "steep/factor.hpp"
#include "steep/run.hpp"
#include "steep/second_order.hpp"

namespace steep {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

void solve_by_eigenvalues(Run& run, const Vector& H, const Vector& g0, Vector& x) {
  const Index n = static_cast<Index>(x.size());
  const SymmetricEigen eigen(H.data(), n, SymmetricEigen::values_and_vectors, [&] { run.check_time(); });
  const Vector &values = eigen.values, c = eigen.coordinates(g0);
  const double zero = std::max<double>(n, 10) * eps * eigen.largest();
  if (values[0] < -zero) {
    Vector direction = eigen.vector(0);
    if (c[0] > 0)
      for (double& value : direction) value = -value;
    run.unbounded_along(std::move(direction), "The quadratic is unbounded below: its Hessian has the eigenvalue " +
                                                  std::to_string(values[0]) + "; res.direction descends forever.");
  }
  Vector outside(n, 0.0), step(n, 0.0);
  Index rank = 0;
  for (Index i = 0; i < n; ++i) {
    if (values[i] > zero) {
      step[i] = -c[i] / values[i];
      ++rank;
    } else {
      outside[i] = -c[i];
    }
  }
  // Rounding of c is eps |g|; the cut eigenvalues can hold cond-many times that of a g within the range.
  if (norm2(outside) > 1e-10 * std::max(norm2(c), 1e-300)) {
    run.unbounded_along(eigen.combined(outside),
                        "The quadratic is unbounded below: its Hessian has rank " + std::to_string(rank) + " of " +
                            std::to_string(n) +
                            ", and the linear term is not in its range; res.direction descends forever.");
  }
  x = eigen.combined(step);
}

// Steps of an objective's own until the gradient is below the threshold or no longer shrinks.
bool solve_by_structure(Run& run, Vector& x, Vector& g) {
  Objective& f = run.objective();
  std::string how;
  Vector x1 = x, g1(g.size());
  double fun = 0, norm = norm_inf(g);
  const double first = norm;
  for (int step = 0;; ++step) {
    if (!f.minimize_quadratic(x1.data(), g.data(), how)) return false;
    const double fun1 = run.evaluate(x1, &g1), norm1 = norm_inf(g1);
    const bool better = norm1 < norm || step == 0;
    if (better) x = x1, g = g1, fun = fun1, norm = norm1;
    if (norm <= run.threshold() || !better || step == 3)
      run.accept_final(x, fun, g, 1, norm <= std::max(run.threshold(), 1e-8 * first), how);
    x1 = x;
  }
}

}  // namespace

Result Direct::solve(Objective& f, const double* x0, const SolveOptions& options) {
  if (!f.is_quadratic())
    throw std::invalid_argument("method direct needs a quadratic objective, and " + f.name() + " is not");
  Run run(f, options);
  return run.guard([&] {
    const Index n = f.dim();
    Vector x(x0, x0 + n), g(n);
    f.foresee_minimum();
    double fun = run.begin(x, g);
    if (solve_by_structure(run, x, g)) return;
    Vector d(n), H(n * n), zero(n, 0.0), g0(n);
    run.hessian(x, H.data());
    if (!all_finite(H)) run.fail(Status::diverged, "The Hessian is not finite.");
    ScaledFactor factor(n, f.threads());
    const bool definite = factor.factor(H, 1e-8);
    std::string how = "Solved by Cholesky";
    if (!definite) {
      run.evaluate(zero, &g0);
      solve_by_eigenvalues(run, H, g0, x);
      how = "Solved by eigenvalues (ill-conditioned or singular: the minimizer of least norm)";
      fun = run.evaluate(x, &g);
    }
    const double size = matrix_bounds(H.data(), n).frobenius;
    for (int refinement = 0;; ++refinement) {
      const double rounding = 10 * eps * (size * norm2(x) * std::sqrt(static_cast<double>(n)) + norm2(g0)) * 10;
      if (refinement > 0 || !definite) {
        const double norm = norm_inf(g);
        if (norm <= run.threshold() || norm <= rounding || refinement >= 3 || !definite) {
          run.result().nit = 0;
          if (definite) {  // the gap is 1/2 g'H^-1 g
            d = g;
            factor.solve(d);
            run.certify("gradient_norm", norm, 0.5 * dot(g, d));
          }
          run.accept_final(x, fun, g, 1, definite || norm <= std::max(rounding, 1e-8 * norm2(g0)), how);
        }
      }
      d = g;
      factor.solve(d);
      axpy(-1, d, x);
      fun = run.evaluate(x, &g);
    }
  });
}

}  // namespace steep
