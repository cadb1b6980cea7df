// Primal-dual interior point for linear support vector machines (margin.hpp, q = 1), predictor and corrector of Mehrotra
// (SIAM J. Optim. 2 (1992) 575; Ferris and Munson, SIAM J. Optim. 13 (2002) 783). With x_k >= 0 the terms' values, t_k >= 0
// the slack of s_k z_i - o_k + x_k = t_k, multipliers a_k of t and 1 - a_k of x, a Newton step is one weighted Gram matrix:
//
//     (l2 + X'diag(c h)X) dw = X'(c s (a + h p)) - l2 w,      1 / h = x / (1 - a) + t / a,      da = h (p - s X dw),
//     p = r - x + t - (m - x (1 - a)) / (1 - a) + (m - t a) / a,      r = o - s z,      h of a row: the sum of its sides',
//
// the intercept being a column of ones without l2. O(n d^2) an iteration, 15 to 30 iterations; ends on the duality gap
// of w and a, which is feasible all along. The way to a gap of 1e-4 is made on a copy of X in single precision, where
// that pays.
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "steep/factor.hpp"
#include "steep/margin.hpp"
#include "steep/nonsmooth.hpp"
#include "steep/run.hpp"

namespace steep {
namespace {

constexpr double rough_gap = 1e-4;  // relative, up to which single precision does

class InteriorPoint {
 public:
  explicit InteriorPoint(MarginProblem& problem)
      : problem_(&problem),
        model_(&problem.model()),
        n_(problem.rows()),
        k_(problem.sides()),
        d_(model_->features()),
        m_(d_ + (model_->intercept() ? 1 : 0)),
        factor_(m_),
        columns_(m_),
        H_(m_ * m_),
        w_(m_, 0.0),
        z_(n_, 0.0),
        x_(k_, 2.0),
        t_(k_, 1.0),
        a_(k_, 0.5),
        h_(k_),
        p_(k_),
        u_(n_),
        dz_(n_),
        da_(k_),
        dx_(k_),
        dt_(k_),
        dw_(m_),
        q_(m_) {
    std::iota(columns_.begin(), columns_.end(), Index{0});
    // Start along w(a) for a balanced a, as far as the dual along it rises; without one w(a) is 0.
    double positive = 0;
    for (Index k = 0; k < k_; ++k) {
      total_ += weight(k);
      if (problem.sign()[k] > 0) positive += weight(k);
    }
    const double negative = total_ - positive, less = std::min(positive, negative);
    for (Index k = 0; k < k_ && m_ > d_; ++k) a_[k] = 0.5 * less / (problem.sign()[k] > 0 ? positive : negative);
    refresh();
    double slope = 0, square = 0;
    for (Index k = 0; k < k_; ++k) slope += weight(k) * problem.offset()[k] * a_[k];
    for (Index j = 0; j < d_; ++j) square += q_[j] * q_[j] / problem.l2();
    const double scale = square > 0 ? std::clamp(slope / square, 0.0, 1.0) : 0;
    for (Index j = 0; j < d_; ++j) w_[j] = scale * q_[j] / problem.l2();
    model_->scores(w_.data(), z_);
    if (m_ > d_) {
      w_[d_] = problem.best_intercept(z_);
      for (double& z : z_) z += w_[d_];
    }
    const double room = 3 * problem.scale();  // 1 and 10 cost a fifth more iterations on the hinges tried
    for (Index k = 0; k < k_; ++k) {
      const double r = rest(k);
      x_[k] = std::max(r, 0.0) + room;
      t_[k] = x_[k] - r;
    }
  }

  const Vector& coefficients() const { return w_; }
  const Vector& multipliers() const { return a_; }

  // Goes on with another problem of the same rows.
  void move_to(MarginProblem& problem) {
    problem_ = &problem;
    model_ = &problem.model();
    model_->scores(w_.data(), z_);
    refresh();
  }

  // X'(c s a), and its last entry sum c s a, anew: steps update it by their own equation.
  void refresh() {
    gather(u_, [&](Index k) { return weight(k) * problem_->sign()[k] * a_[k]; });
    model_->transposed(u_, q_.data());
  }

  double primal() const {
    double square = 0;
    for (Index j = 0; j < d_; ++j) square += w_[j] * w_[j];
    return problem_->loss(z_) + 0.5 * problem_->l2() * square;
  }
  // At a, which is balanced but for rounding where there is an intercept.
  double dual() const {
    double value = 0, square = 0;
    for (Index k = 0; k < k_; ++k) value += weight(k) * problem_->offset()[k] * a_[k];
    for (Index j = 0; j < d_; ++j) square += q_[j] * q_[j];
    return value - 0.5 * square / problem_->l2();
  }
  // A subgradient that takes a_i for the hinge's slope: l2 w - X'(c s a).
  void subgradient(Vector& g) const {
    for (Index j = 0; j < m_; ++j) g[j] = (j < d_ ? problem_->l2() * w_[j] : 0.0) - q_[j];
  }

  // Mean complementarity, weighted.
  double complementarity() const {
    double sum = 0;
    for (Index k = 0; k < k_; ++k) sum += weight(k) * (x_[k] * (1 - a_[k]) + t_[k] * a_[k]);
    return sum / (2 * total_);
  }

  // False when the Gram matrix cannot be factored.
  bool step(double& length) {
    for (Index k = 0; k < k_; ++k) h_[k] = weight(k) / (x_[k] / (1 - a_[k]) + t_[k] / a_[k]);
    gather(u_, [&](Index k) { return h_[k]; });
    model_->columns_gram(columns_, u_, H_.data());
    double largest = 0;
    for (Index j = 0; j < m_; ++j) {
      if (j < d_) H_[j * m_ + j] += problem_->l2();
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
    for (Index k = 0; k < k_; ++k)
      after += weight(k) * ((x_[k] + affine * dx_[k]) * (1 - a_[k] - affine * da_[k]) +
                            (t_[k] + affine * dt_[k]) * (a_[k] + affine * da_[k]));
    const double share = std::max(after / (2 * total_) / mean, 0.0);
    direction(std::min(share * share * share, 1.0) * mean, true);
    length = longest(std::max(0.9, 1 - mean / problem_->scale()));
    for (Index i = 0; i < n_; ++i) z_[i] += length * dz_[i];
    for (Index k = 0; k < k_; ++k) x_[k] += length * dx_[k], t_[k] += length * dt_[k], a_[k] += length * da_[k];
    for (Index j = 0; j < m_; ++j) {
      q_[j] += length * ((j < d_ ? problem_->l2() * (w_[j] + dw_[j]) : 0.0) - q_[j]);  // the step's equation
      w_[j] += length * dw_[j];
    }
    return true;
  }

 private:
  // Towards complementarity `target`, with the second-order terms of the last direction when correcting.
  void direction(double target, bool correct) {
    const Vector& s = problem_->sign();
    for (Index k = 0; k < k_; ++k) {
      const double e = 1 - a_[k];
      const double first = target - t_[k] * a_[k] - (correct ? dt_[k] * da_[k] : 0);
      const double second = target - x_[k] * e + (correct ? dx_[k] * da_[k] : 0);
      p_[k] = rest(k) - x_[k] + t_[k] - second / e + first / a_[k];
      dt_[k] = first, dx_[k] = second;  // right-hand sides until the step is known
    }
    gather(u_, [&](Index k) { return s[k] * h_[k] * p_[k]; });
    model_->transposed(u_, dw_.data());
    for (Index j = 0; j < m_; ++j) dw_[j] += q_[j] - (j < d_ ? problem_->l2() * w_[j] : 0.0);
    factor_.solve(dw_);
    model_->scores(dw_.data(), dz_);
    for (Index k = 0; k < k_; ++k) {
      const double c = weight(k);
      da_[k] = c > 0 ? h_[k] / c * (p_[k] - s[k] * dz_[problem_->row(k)]) : 0;
      dt_[k] = (dt_[k] - t_[k] * da_[k]) / a_[k];
      dx_[k] = (dx_[k] + x_[k] * da_[k]) / (1 - a_[k]);
    }
  }

  double weight(Index k) const { return problem_->weight()[problem_->row(k)]; }
  double rest(Index k) const { return problem_->offset()[k] - problem_->sign()[k] * z_[problem_->row(k)]; }

  // out (rows) = the sums of a row's sides.
  template <class F>
  void gather(Vector& out, F&& side) const {
    for (Index i = 0; i < n_; ++i) out[i] = side(i);
    for (Index k = n_; k < k_; ++k) out[k - n_] += side(k);
  }

  // The longest step up to 1 that keeps `share` of the way to the boundary.
  double longest(double share) const {
    double a = 1 / share;
    for (Index k = 0; k < k_; ++k) {
      if (dx_[k] < 0) a = std::min(a, -x_[k] / dx_[k]);
      if (dt_[k] < 0) a = std::min(a, -t_[k] / dt_[k]);
      if (da_[k] < 0) a = std::min(a, -a_[k] / da_[k]);
      if (da_[k] > 0) a = std::min(a, (1 - a_[k]) / da_[k]);
    }
    return std::min(1.0, share * a);
  }

  MarginProblem* problem_;
  LinearModel* model_;
  Index n_, k_, d_, m_;
  Factor factor_;
  std::vector<Index> columns_;
  Vector H_, w_, z_, x_, t_, a_, h_, p_, u_, dz_, da_, dx_, dt_, dw_, q_;
  double total_ = 0;
};

// The sign of all sides with a weight, 0 where both occur.
double only_class(const MarginProblem& problem) {
  double sign = 0;
  for (Index k = 0; k < problem.sides(); ++k) {
    if (!(problem.weight()[problem.row(k)] > 0)) continue;
    if (sign != 0 && sign != problem.sign()[k]) return 0;
    sign = problem.sign()[k];
  }
  return sign;
}

}  // namespace

Result HingeInteriorPoint::solve(Objective& f, const double*, const SolveOptions& options) {
  MarginProblem problem(f, name());
  if (problem.squared())
    throw std::invalid_argument(
        "method hinge_interior_point needs the hinge or the epsilon-insensitive loss, and not its square");
  Run run(f, options, "complementarity", 200);
  run.measure("relative duality gap");
  return run.guard([&] {
    if (const double sign = only_class(problem); problem.model().intercept() && sign != 0) {
      Vector w(f.dim(), 0.0), g(f.dim(), 0.0);  // the intercept alone makes every margin 1
      w.back() = sign;
      run.certify("duality_gap", 0, 0);
      run.start(w, 0, g, 0, 0);
    }
    Objective* draft = problem.model().center().empty() ? f.draft(Objective::Brevity::single) : nullptr;
    auto rough = draft ? std::make_unique<MarginProblem>(*draft, name()) : nullptr;
    if (rough && !rough->model().center().empty()) rough.reset();
    InteriorPoint point(rough ? *rough : problem);
    Vector g(f.dim()), w;
    double primal = 0, norm = 0, length = 0;
    const auto certificate = [&](bool exact = false) {
      run.check_time();
      ++run.result().nfev;
      primal = point.primal();
      const double gap = std::abs(primal - (exact ? problem.dual(point.multipliers(), w) : point.dual()));
      point.subgradient(g);
      w = point.coefficients();
      problem.uncenter(w, g);
      run.certify("duality_gap", gap, gap);
      norm = gap / std::max(1.0, std::abs(primal));
    };
    const auto leave_copy = [&](double tol, bool now) {
      if (!rough || (norm > std::max(rough_gap, 100 * tol) && !now)) return;
      point.move_to(problem);
      rough.reset();
      certificate();
    };
    certificate();
    leave_copy(options.tol, false);
    run.start(w, primal, g, norm, point.complementarity());
    for (double best = norm;;) {
      run.check_time();
      ++run.result().nhev;
      if (!point.step(length)) run.fail(Status::singular, "The Gram matrix of a step is singular beyond repair.");
      certificate();
      leave_copy(run.threshold(), length < 0.1);
      if (norm <= 100 * run.threshold()) point.refresh(), certificate(true);
      run.step_with(w, primal, g, norm, length, point.complementarity());
      if (length < 1e-8 || (norm > 0.9 * best && point.complementarity() < 1e-14 * std::max(problem.scale(), primal)))
        run.line_search_failed();
      best = std::min(best, norm);
    }
  });
}

}  // namespace steep
