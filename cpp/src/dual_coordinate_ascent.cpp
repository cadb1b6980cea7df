// Dual coordinate ascent for linear support vector machines (Hsieh, Chang, Lin, Keerthi, Sundararajan, ICML 2008; Ho
// and Lin, JMLR 13 (2012) 3323): the dual of margin.hpp in one a_k at a time, exactly, w(a) kept up to date,
//
//     a_k <- clip(a_k + (o_k - s_k z_i - [q = 2] a_k / 2) / (c_i ||x_i||^2 / l2 + [q = 2] / 2)).
//
// Sides in an order drawn anew each epoch (Philox); those at a bound that their slope holds there are left out
// (shrinking) until the rest has converged. A free intercept makes sum c_i a_i s_i = 0 a condition: method of
// multipliers, that is an extra column 1 with penalty g/2 (b - b_k)^2, b_k moved on after every epoch. Every few epochs
// the duality gap of the feasible point next to a is computed; it is what stops. O(n d) an epoch, serial.
#include <algorithm>
#include <cmath>

#include "steep/margin.hpp"
#include "steep/nonsmooth.hpp"
#include "steep/philox.hpp"
#include "steep/run.hpp"

namespace steep {
namespace {

class Ascent {
 public:
  Ascent(MarginProblem& problem, std::uint64_t seed, bool shrink)
      : problem_(problem),
        model_(problem.model()),
        n_(problem.rows()),
        d_(model_.features()),
        seed_(seed),
        shrink_(shrink),
        a_(problem.sides(), 0.0),
        curve_(n_),
        w_(d_, 0.0) {
    double mean = 0;
    for (Index i = 0; i < n_; ++i) curve_[i] = model_.row_square(i), mean += curve_[i] / static_cast<double>(n_);
    if (model_.intercept()) rho_ = problem.l2() / std::max(mean, 1e-300);
    for (Index i = 0; i < n_; ++i) {
      curve_[i] = problem.weight()[i] * (curve_[i] / problem.l2() + (rho_ > 0 ? 1 / rho_ : 0));
      if (problem.squared()) curve_[i] += 0.5;
    }
    for (Index k = 0; k < problem.sides(); ++k)
      if (problem.weight()[problem.row(k)] > 0) active_.push_back(k);
    all_ = active_;
    model_.set_coefficients(w_.data());
  }

  const Vector& multipliers() const { return a_; }
  Index epochs() const { return epochs_; }

  void epoch() {
    shuffle(active_, PhiloxReader(seed_, stream::shuffle, static_cast<std::uint32_t>(epochs_)));
    ++epochs_;
    const double top = problem_.squared() ? INFINITY : 1.0;
    const Vector &s = problem_.sign(), &o = problem_.offset(), &c = problem_.weight();
    double highest = -INFINITY, lowest = INFINITY;
    std::size_t kept = 0;
    for (std::size_t at = 0; at < active_.size(); ++at) {
      const Index k = active_[at], i = problem_.row(k);
      const double slope = o[k] - s[k] * (model_.row_score(i) + b_) - (problem_.squared() ? 0.5 * a_[k] : 0);
      double projected = slope;
      if (a_[k] <= 0) {
        if (shrink_ && -slope > shrink_above_) continue;
        projected = std::max(slope, 0.0);
      } else if (a_[k] >= top) {
        if (shrink_ && -slope < shrink_below_) continue;
        projected = std::min(slope, 0.0);
      }
      active_[kept++] = k;
      highest = std::max(highest, -projected);
      lowest = std::min(lowest, -projected);
      if (projected == 0) continue;
      const double moved = std::clamp(a_[k] + slope / std::max(curve_[i], 1e-300), 0.0, top),
                   change = c[i] * s[k] * (moved - a_[k]);
      a_[k] = moved;
      if (change == 0) continue;
      model_.row_add(i, change / problem_.l2());
      if (rho_ > 0) b_ += change / rho_, balance_ += change;
    }
    active_.resize(kept);
    shrink_above_ = highest > 0 ? highest : INFINITY;
    shrink_below_ = lowest < 0 ? lowest : -INFINITY;
    if (rho_ > 0) b_ += balance_ / rho_;  // the centre moves to b, and the multiplier term stays
    if (kept == 0 || highest - lowest < 0.1 * unshrink_below_) {
      unshrink_below_ = std::max(highest - lowest, 0.0);
      unshrink();
    }
  }

  void unshrink() {
    active_ = all_;
    shrink_above_ = INFINITY, shrink_below_ = -INFINITY;
  }

 private:
  MarginProblem& problem_;
  LinearModel& model_;
  Index n_, d_, epochs_ = 0;
  std::uint64_t seed_;
  bool shrink_;
  Vector a_, curve_, w_;
  std::vector<std::int64_t> active_, all_;
  double rho_ = 0, b_ = 0, balance_ = 0;  // of the intercept: its penalty, value, sum c a s
  double shrink_above_ = INFINITY, shrink_below_ = -INFINITY, unshrink_below_ = INFINITY;
};

}  // namespace

Result DualCoordinateAscent::solve(Objective& f, const double*, const SolveOptions& options) {
  MarginProblem problem(f, name());
  Run run(f, options, "epochs", 2000);
  run.measure("relative duality gap");
  return run.guard([&] {
    Ascent ascent(problem, seed_, shrink_);
    Vector w, g(f.dim());
    const auto certificate = [&](double& gap) {
      run.check_time();
      ++run.result().nfev;
      const MarginProblem::Values at = problem.certify(ascent.multipliers(), w);
      problem.subgradient(w, g);
      problem.uncenter(w, g);
      gap = std::abs(at.primal - at.dual);
      run.certify("duality_gap", gap, gap);
      return at.primal;
    };
    double gap = 0, primal = certificate(gap), best = INFINITY;
    run.start(w, primal, g, gap / std::max(1.0, std::abs(primal)), 0);
    for (;;) {
      const Index epochs = ascent.epochs() < 5 ? 1 : 5;
      for (Index k = 0; k < epochs; ++k) {
        run.check_time();
        ascent.epoch();
      }
      primal = certificate(gap);
      if (gap > 0.9 * best) ascent.unshrink();
      best = std::min(best, gap);
      run.step_with(w, primal, g, gap / std::max(1.0, std::abs(primal)), NAN, static_cast<double>(ascent.epochs()));
    }
  });
}

}  // namespace steep
