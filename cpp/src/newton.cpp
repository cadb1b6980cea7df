// Newton's method x <- x - a H^-1 g by Cholesky. Where H is not positive definite, small problems take |H| (the same
// eigenvectors, absolute eigenvalues bounded below), larger ones H + shift I with the least shift of a doubling sequence
// that factors (Nocedal and Wright, algorithm 3.3); the trace's column "shift" says how much was added to the least
// eigenvalue. A run that has met many such Hessians, or whose line search fails, goes on in a trust region, where the
// shift is the multiplier of the radius. O(dim^3 / 3) an iteration.
#include <algorithm>

#include "steep/decomposition.hpp"
#include "steep/factor.hpp"
#include "steep/line_search.hpp"
#include "steep/second_order.hpp"

namespace steep {
namespace {

constexpr Index eigen_limit = 64;
constexpr int indefinite_limit = 50;
constexpr Index patience = 200;  // iterations: of piecewise quadratics a line search can go on without end

// d = -|H|^-1 g; returns the largest change of an eigenvalue.
double absolute_step(const Vector& H, const Vector& g, Vector& d) {
  const Index n = static_cast<Index>(g.size());
  const SymmetricEigen eigen(H.data(), n, SymmetricEigen::values_and_vectors);
  const double least = 1e-8 * eigen.largest();
  Vector coordinates = eigen.coordinates(g);
  double shift = 0;
  for (Index i = 0; i < n; ++i) {
    const double used = std::max(std::abs(eigen.values[i]), least);
    shift = std::max(shift, used - eigen.values[i]);
    coordinates[i] /= used > 0 ? -used : -1;
  }
  d = eigen.combined(coordinates);
  return shift;
}

// d = -H^-1 g; false for a singular H.
bool indefinite_step(const Vector& H, const Vector& g, Vector& d) {
  const SymmetricEigen eigen(H.data(), static_cast<Index>(g.size()), SymmetricEigen::values_and_vectors);
  Vector coordinates = eigen.coordinates(g);
  for (std::size_t i = 0; i < g.size(); ++i) {
    if (!(std::abs(eigen.values[i]) > 1e-15 * eigen.largest())) return false;
    coordinates[i] /= -eigen.values[i];
  }
  d = eigen.combined(coordinates);
  return true;
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

void refuse_unless_finite(Run& run, const Vector& x, const Vector& H) {
  const auto bad = std::find_if_not(H.begin(), H.end(), [](double value) { return std::isfinite(value); });
  if (bad == H.end()) return;
  const auto place = static_cast<std::size_t>(bad - H.begin());
  run.fail(Status::diverged, "The Hessian is not finite: " + std::to_string(*bad) + " in entry (" +
                                 std::to_string(place / x.size()) + ", " + std::to_string(place % x.size()) + ") at " +
                                 point_text(x) + ".");
}

// Which Hessian the damped method takes next.
class Thrift {
 public:
  enum Source { exact, approximate, kept };

  Thrift(Run& run, const Vector& g, bool pure)
      : cost_(pure ? 0 : run.objective().hessian_cost(false)), first_norm_(norm_inf(g)), norm_(first_norm_) {
    rough_ = cost_ > 0 && run.objective().hessian_cost(true) < 0.5 * cost_;
  }

  Source next(const Run& run, const Vector& g) {
    norm_ = norm_inf(g);
    if (rough_ && norm_ > 0.02 * first_norm_) return last_ = approximate;
    rough_ = false;
    if (cost_ > 0 && ratio_ < 0.1 && last_ != approximate) {
      const double expected = last_ == kept ? ratio_ : 2 * ratio_;
      if (std::log(norm_ / run.threshold()) < cost_ * std::log(1 / expected)) return last_ = kept;
    }
    return last_ = exact;
  }

  // Whether a copy of the data is made good by the Hessians.
  bool dear() const { return cost_ > 5; }

  // After a step: what it did to the gradient; `whole`: it was the Newton step itself.
  void note(const Vector& g, bool whole) {
    ratio_ = whole ? norm_inf(g) / norm_ : 1;
    if (last_ == approximate && ratio_ > 0.5) rough_ = false;
  }

 private:
  double cost_, first_norm_, norm_, ratio_ = 1;
  bool rough_ = false;
  Source last_ = exact;
};

}  // namespace

Result Newton::solve(Objective& f, const double* x0, const SolveOptions& options) {
  Run run(f, options, "shift", pure_ ? 100 : -1);
  if (!pure_) run.watch_for_stall();
  bool indefinite_end = false;
  Result result = run.guard([&] {
    const Index n = f.dim();
    Vector x(x0, x0 + n), g(n), d(n), H(n * n);
    Factor factor(n, f.threads());
    LineSearch line(run, n);
    double fun = pure_ ? run.start(x, g, 0.0) : start_with_hessian(run, x, g, 0.0);
    if (!pure_) end_by_regions(run, x, g, fun, RegionColumn::shift);
    Thrift thrift(run, g, pure_);
    // Single precision is enough for well-conditioned Hessians; the gradients are exact.
    Objective* single = thrift.dear() ? f.draft(Objective::Brevity::single) : nullptr;
    for (int indefinite = 0;;) {
      const Thrift::Source source = thrift.next(run, g);
      double shift = 0;
      bool definite = source == Thrift::kept;
      if (source == Thrift::approximate) {
        run.approximate_hessian(x, H.data());
        definite = all_finite(H) && factor.factor(H.data(), 0);
      }
      if (source == Thrift::exact && single) {
        run.hessian(x, H.data(), *single);
        definite = all_finite(H) && factor.factor(H.data(), 0) && factor.condition_bound() < 1e4;
        if (!definite) single = nullptr;
      }
      if ((source == Thrift::exact && !single) || !definite) {
        run.hessian(x, H.data());
        refuse_unless_finite(run, x, H);
        definite = factor.factor(H.data(), 0);
      }
      if (definite) {
        for (Index i = 0; i < n; ++i) d[i] = -g[i];
        factor.solve(d);
      } else if (pure_) {
        if (!indefinite_step(H, g, d)) run.fail(Status::singular, "The Hessian is singular.");
      } else {
        if (++indefinite > indefinite_limit)
          descend_by_regions(run, std::move(x), std::move(g), fun, 0, RegionColumn::shift);
        shift = n <= eigen_limit ? absolute_step(H, g, d) : shifted_step(factor, H, g, d);
      }
      if (pure_) {
        indefinite_end = !definite;
        axpy(1, d, x);
        fun = run.evaluate(x, &g);
        run.step(x, fun, g, 1, shift);
        continue;
      }
      if (!all_finite(d) || run.iterations() >= patience || !line.strong_wolfe(x, fun, g, d, 1))
        descend_by_regions(run, std::move(x), std::move(g), fun, 0, RegionColumn::shift);
      x.swap(line.x);
      g.swap(line.g);
      fun = line.fun;
      thrift.note(g, definite && line.step == 1);
      if (!definite && leave_saddle(run, x, g, fun, shift)) continue;
      run.step(x, fun, g, line.step, shift);
    }
  });
  if (indefinite_end && result.status == Status::converged) {
    result.status = Status::not_positive_definite;
    result.message = "Stationary, but no minimum: the Hessian is not positive definite. " + result.message;
  }
  return result;
}

}  // namespace steep
