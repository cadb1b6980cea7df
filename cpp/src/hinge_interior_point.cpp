// Primal-dual interior point for linear support vector machines (margin.hpp, q = 1), predictor and corrector of Mehrotra
// (SIAM J. Optim. 2 (1992) 575; Ferris and Munson, SIAM J. Optim. 13 (2002) 783). With x_i >= 0 the hinge's values, t_i >= 0
// the slack of s_i z_i - 1 + x_i = t_i, multipliers a_i of t and 1 - a_i of x, a Newton step is one weighted Gram matrix:
//
//     (l2 + X'diag(c h)X) dw = X'(c s (a + h p)) - l2 w,      1 / h = x / (1 - a) + t / a,      da = h (p - s X dw),
//     p = r - x + t - (m - x (1 - a)) / (1 - a) + (m - t a) / a,      r = 1 - s z,
//
// the intercept being a column of ones without l2. O(n d^2) an iteration, 15 to 30 iterations; ends on the duality gap
// of w and a, which is feasible all along.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "steep/factor.hpp"
#include "steep/margin.hpp"
#include "steep/nonsmooth.hpp"
#include "steep/run.hpp"

namespace steep {
namespace {

class InteriorPoint {
 public:
  explicit InteriorPoint(MarginProblem& problem)
      : problem_(problem),
        model_(problem.model()),
        n_(problem.rows()),
        d_(model_.features()),
        m_(d_ + (model_.intercept() ? 1 : 0)),
        factor_(m_),
        columns_(m_),
        H_(m_ * m_),
        w_(m_, 0.0),
        z_(n_, 0.0),
        x_(n_, 2.0),
        t_(n_, 1.0),
        a_(n_, 0.5),
        h_(n_),
        p_(n_),
        dz_(n_),
        da_(n_),
        dx_(n_),
        dt_(n_),
        dw_(m_),
        q_(m_) {
    std::iota(columns_.begin(), columns_.end(), Index{0});
    total_ = std::accumulate(problem.weight().begin(), problem.weight().end(), 0.0);
    // Start along w(a) for a balanced a, as far as the dual along it rises.
    double positive = 0;
    for (Index i = 0; i < n_; ++i)
      if (problem.sign()[i] > 0) positive += problem.weight()[i];
    const double negative = total_ - positive, less = std::min(positive, negative);
    for (Index i = 0; i < n_ && m_ > d_; ++i) a_[i] = 0.5 * less / (problem.sign()[i] > 0 ? positive : negative);
    refresh();
    double slope = 0, square = 0;
    for (Index i = 0; i < n_; ++i) slope += problem.weight()[i] * a_[i];
    for (Index j = 0; j < d_; ++j) square += q_[j] * q_[j] / problem.l2();
    const double scale = square > 0 ? std::min(1.0, slope / square) : 0;
    for (Index j = 0; j < d_; ++j) w_[j] = scale * q_[j] / problem.l2();
    model_.scores(w_.data(), z_);
    if (m_ > d_) {
      w_[d_] = problem.best_intercept(z_);
      for (double& z : z_) z += w_[d_];
    }
    constexpr double room = 3;  // 1 and 10 cost a fifth more iterations on the problems tried
    for (Index i = 0; i < n_; ++i) {
      const double r = 1 - problem.sign()[i] * z_[i];
      x_[i] = std::max(r, 0.0) + room;
      t_[i] = x_[i] - r;
    }
  }

  const Vector& coefficients() const { return w_; }

  // X'(c s a), and its last entry sum c s a, anew: steps update it by their own equation.
  void refresh() {
    Vector u(n_);
    for (Index i = 0; i < n_; ++i) u[i] = problem_.weight()[i] * problem_.sign()[i] * a_[i];
    model_.transposed(u, q_.data());
  }

  double primal() const {
    double square = 0;
    for (Index j = 0; j < d_; ++j) square += w_[j] * w_[j];
    return problem_.loss(z_) + 0.5 * problem_.l2() * square;
  }
  // At a, which is balanced but for rounding where there is an intercept.
  double dual() const {
    double value = 0, square = 0;
    for (Index i = 0; i < n_; ++i) value += problem_.weight()[i] * a_[i];
    for (Index j = 0; j < d_; ++j) square += q_[j] * q_[j];
    return value - 0.5 * square / problem_.l2();
  }
  // A subgradient that takes a_i for the hinge's slope: l2 w - X'(c s a).
  void subgradient(Vector& g) const {
    for (Index j = 0; j < m_; ++j) g[j] = (j < d_ ? problem_.l2() * w_[j] : 0.0) - q_[j];
  }

  // Mean complementarity, weighted.
  double complementarity() const {
    double sum = 0;
    for (Index i = 0; i < n_; ++i) sum += problem_.weight()[i] * (x_[i] * (1 - a_[i]) + t_[i] * a_[i]);
    return sum / (2 * total_);
  }

  // False when the Gram matrix cannot be factored.
  bool step(double& length) {
    const Vector& c = problem_.weight();
    for (Index i = 0; i < n_; ++i) h_[i] = c[i] / (x_[i] / (1 - a_[i]) + t_[i] / a_[i]);
    model_.columns_gram(columns_, h_, H_.data());
    double largest = 0;
    for (Index j = 0; j < m_; ++j) {
      if (j < d_) H_[j * m_ + j] += problem_.l2();
      largest = std::max(largest, H_[j * m_ + j]);
    }
    double shift = 0;
    while (!factor_.factor(H_.data(), shift)) {
      shift = std::max(1e-14 * largest, 100 * shift);
      if (!(shift < largest)) return false;
    }
    const double mean = complementarity();
    direction(0, false);
    const double affine = longest(1);
    double after = 0;
    for (Index i = 0; i < n_; ++i)
      after += c[i] * ((x_[i] + affine * dx_[i]) * (1 - a_[i] - affine * da_[i]) +
                       (t_[i] + affine * dt_[i]) * (a_[i] + affine * da_[i]));
    const double share = std::max(after / (2 * total_) / mean, 0.0);
    direction(std::min(share * share * share, 1.0) * mean, true);
    length = longest(std::max(0.9, 1 - mean));
    for (Index i = 0; i < n_; ++i) {
      x_[i] += length * dx_[i], t_[i] += length * dt_[i], a_[i] += length * da_[i], z_[i] += length * dz_[i];
    }
    for (Index j = 0; j < m_; ++j) {
      q_[j] += length * ((j < d_ ? problem_.l2() * (w_[j] + dw_[j]) : 0.0) - q_[j]);  // the step's equation
      w_[j] += length * dw_[j];
    }
    return true;
  }

 private:
  // Towards complementarity `target`, with the second-order terms of the last direction when correcting.
  void direction(double target, bool correct) {
    const Vector &c = problem_.weight(), &s = problem_.sign();
    Vector u(n_);
    for (Index i = 0; i < n_; ++i) {
      const double e = 1 - a_[i];
      const double first = target - t_[i] * a_[i] - (correct ? dt_[i] * da_[i] : 0);
      const double second = target - x_[i] * e + (correct ? dx_[i] * da_[i] : 0);
      p_[i] = 1 - s[i] * z_[i] - x_[i] + t_[i] - second / e + first / a_[i];
      u[i] = s[i] * h_[i] * p_[i];
      dt_[i] = first, dx_[i] = second;  // right-hand sides until the step is known
    }
    model_.transposed(u, dw_.data());
    for (Index j = 0; j < m_; ++j) dw_[j] += q_[j] - (j < d_ ? problem_.l2() * w_[j] : 0.0);
    factor_.solve(dw_);
    model_.scores(dw_.data(), dz_);
    for (Index i = 0; i < n_; ++i) {
      da_[i] = c[i] > 0 ? h_[i] / c[i] * (p_[i] - s[i] * dz_[i]) : 0;
      dt_[i] = (dt_[i] - t_[i] * da_[i]) / a_[i];
      dx_[i] = (dx_[i] + x_[i] * da_[i]) / (1 - a_[i]);
    }
  }

  // The longest step up to 1 that keeps `share` of the way to the boundary.
  double longest(double share) const {
    double a = 1 / share;
    for (Index i = 0; i < n_; ++i) {
      if (dx_[i] < 0) a = std::min(a, -x_[i] / dx_[i]);
      if (dt_[i] < 0) a = std::min(a, -t_[i] / dt_[i]);
      if (da_[i] < 0) a = std::min(a, -a_[i] / da_[i]);
      if (da_[i] > 0) a = std::min(a, (1 - a_[i]) / da_[i]);
    }
    return std::min(1.0, share * a);
  }

  MarginProblem& problem_;
  LinearModel& model_;
  Index n_, d_, m_;
  Factor factor_;
  std::vector<Index> columns_;
  Vector H_, w_, z_, x_, t_, a_, h_, p_, dz_, da_, dx_, dt_, dw_, q_;
  double total_ = 0;
};

// The sign of all rows with a weight, 0 where both occur.
double only_class(const MarginProblem& problem) {
  double side = 0;
  for (Index i = 0; i < problem.rows(); ++i) {
    if (!(problem.weight()[i] > 0)) continue;
    if (side != 0 && side != problem.sign()[i]) return 0;
    side = problem.sign()[i];
  }
  return side;
}

}  // namespace

Result HingeInteriorPoint::solve(Objective& f, const double*, const SolveOptions& options) {
  MarginProblem problem(f, name());
  if (problem.squared())
    throw std::invalid_argument("method hinge_interior_point needs the hinge, and not the squared one");
  Run run(f, options, "complementarity", 200);
  run.measure("relative duality gap");
  return run.guard([&] {
    if (const double side = only_class(problem); problem.model().intercept() && side != 0) {
      Vector w(f.dim(), 0.0), g(f.dim(), 0.0);  // the intercept alone makes every margin 1
      w.back() = side;
      run.certify("duality_gap", 0, 0);
      run.start(w, 0, g, 0, 0);
    }
    InteriorPoint point(problem);
    Vector g(f.dim());
    double primal = 0, norm = 0, length = 0;
    const auto certificate = [&] {
      run.check_time();
      ++run.result().nfev;
      primal = point.primal();
      const double gap = std::max(primal - point.dual(), 0.0);
      point.subgradient(g);
      run.certify("duality_gap", gap, gap);
      norm = gap / std::max(1.0, std::abs(primal));
    };
    const Vector& w = point.coefficients();
    certificate();
    run.start(w, primal, g, norm, point.complementarity());
    for (double best = norm;;) {
      run.check_time();
      ++run.result().nhev;
      if (!point.step(length)) run.fail(Status::singular, "The Gram matrix of a step is singular beyond repair.");
      certificate();
      if (norm <= 100 * run.threshold()) point.refresh(), certificate();
      run.step_with(w, primal, g, norm, length, point.complementarity());
      if (length < 1e-8 || (norm > 0.9 * best && point.complementarity() < 1e-14 * std::max(1.0, primal)))
        run.line_search_failed();
      best = std::min(best, norm);
    }
  });
}

}  // namespace steep
