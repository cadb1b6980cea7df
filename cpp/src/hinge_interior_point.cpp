// Linear support vector machines (margin.hpp, q = 1) by the interior point of margin_interior.hpp; ends on the duality gap.
//
// Where rows are many, nearly all multipliers end at a bound: a draft of the solution tells which rows may not, and the
// interior point runs on these alone, the others adding what is linear in w. A pass over all rows gives the gap of the whole
// and shows the rows that were on the wrong side, which join for another round. Where that does not settle it the interior
// point takes all rows: 10 to 20 iterations of O(n d^2), those to a gap of 1e-4 on a copy of X in single precision where that
// pays. Its multipliers are feasible all along.
#include <algorithm>
#include <cmath>
#include <memory>

#include "steep/margin.hpp"
#include "steep/margin_draft.hpp"
#include "steep/margin_interior.hpp"
#include "steep/nonsmooth.hpp"
#include "steep/run.hpp"

namespace steep {
namespace {

constexpr double rough_gap = 1e-4;  // relative, up to which single precision does

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

bool at_rounding(const MarginInterior& point, const MarginProblem& problem, double primal) {
  return point.complementarity() < 1e-14 * std::max(problem.scale(), primal);
}

// Rounds of the interior point on the rows near their corners.
class NearRows {
 public:
  NearRows(MarginProblem& problem, MarginDraft draft)
      : problem_(problem),
        model_(problem.model()),
        at_(std::move(draft)),
        near_(problem.rows()),
        a_(problem.sides()),
        u_(problem.rows()),
        g_(at_.w.size()) {}

  // False when the near rows are too many, or those that are fixed are right and another round leads no further.
  bool round(Run& run) {
    if (!choose()) return false;
    MarginProblem near = problem_.part(rows_);
    MarginInterior point(near, fixed_rows(), at_.w, 0.25 * at_.reach);
    if (run.iterations() == 0) offer(point, run);
    minimize(point, run);
    const bool balanced = point.balance();
    for (Index k = 0; k < near.sides(); ++k)
      a_[rows_[near.row(k)] + (k < near.rows() ? 0 : problem_.rows())] = point.multipliers()[k];
    at_.w = point.coefficients();
    point.subgradient(g_);
    model_.scores(at_.w.data(), at_.z);
    const double primal = problem_.loss(at_.z) + problem_.ridge(at_.w);
    const double gap = std::abs(primal - (balanced ? point.dual() : problem_.dual(a_, dual_w_)));
    if (!std::isfinite(primal) || !std::isfinite(gap)) return false;
    Vector w = at_.w;
    problem_.uncenter(w, g_);
    ++run.result().nfev;
    run.certify("duality_gap", gap, gap);
    run.step_with(w, primal, g_, gap / std::max(1.0, std::abs(primal)), NAN, point.complementarity());
    at_.reach = 2 * farthest_wrong();
    return at_.reach > 0;
  }

 private:
  // Takes the rows within reach, at least twice as many as columns, and so many that their multipliers can balance those of
  // the others, which are at the bound of their side. False when that takes too many.
  bool choose() {
    const Index n = problem_.rows();
    Vector distance(n);
    for (Index i = 0; i < n; ++i) distance[i] = problem_.weight()[i] > 0 ? problem_.distance(at_.z, i) : INFINITY;
    Vector sorted = distance;
    const Index weighted = std::count_if(distance.begin(), distance.end(), [](double v) { return v < INFINITY; });
    const auto least = sorted.begin() + static_cast<std::ptrdiff_t>(std::min(weighted - 1, 2 * model_.features() + 2));
    std::nth_element(sorted.begin(), least, sorted.end());
    at_.reach = std::max(at_.reach, *least);
    for (Index k = 0; k < problem_.sides(); ++k) a_[k] = problem_.rest(at_.z, k) > 0 ? 1 : 0;
    for (;; at_.reach *= 2) {
      rows_.clear();
      for (Index i = 0; i < n; ++i) {
        near_[i] = distance[i] <= at_.reach;
        if (near_[i]) rows_.push_back(i);
      }
      if (4 * static_cast<Index>(rows_.size()) > n) return false;
      if (!model_.intercept() || balances()) return true;
    }
  }

  // The draft, whose loss is linear in the rows left out; the dual value of no multipliers is 0.
  void offer(const MarginInterior& point, Run& run) {
    const double primal = point.primal();
    Vector w = point.coefficients();
    point.subgradient(g_);
    problem_.uncenter(w, g_);
    run.certify("duality_gap", primal, primal);
    run.offer(w, primal, g_);
  }

  bool balances() const {
    double fixed = 0, up = 0, down = 0;
    for (Index k = 0; k < problem_.sides(); ++k) {
      const double c = problem_.weight()[problem_.row(k)], s = problem_.sign()[k];
      if (!near_[problem_.row(k)])
        fixed += c * s * a_[k];
      else
        (s > 0 ? up : down) += c;
    }
    return -fixed < 0.95 * up && fixed < 0.95 * down;
  }

  FixedRows fixed_rows() {
    FixedRows fixed{Vector(g_.size(), 0.0), 0};
    std::fill(u_.begin(), u_.end(), 0.0);
    for (Index k = 0; k < problem_.sides(); ++k) {
      const Index i = problem_.row(k);
      if (near_[i]) continue;
      u_[i] += problem_.weight()[i] * problem_.sign()[k] * a_[k];
      fixed.value += problem_.weight()[i] * problem_.offset()[k] * a_[k];
    }
    model_.transposed(u_, fixed.slope.data());
    return fixed;
  }

  // Until the gap is small or rounding.
  void minimize(MarginInterior& point, Run& run) {
    const double enough = 0.3 * run.threshold();
    double length = 1, best = INFINITY;
    for (int k = 0; k < 50 && length > 1e-8; ++k) {
      const double primal = point.primal();
      const double norm = std::abs(primal - point.dual()) / std::max(1.0, std::abs(primal));
      if (norm <= enough || (norm > 0.9 * best && at_rounding(point, problem_, primal))) return;
      best = std::min(best, norm);
      run.check_time();
      ++run.result().nhev;
      if (!point.step(length)) return;
      if (norm <= 100 * enough) point.refresh();
    }
  }

  // Of the sides that are fixed, how far the farthest is on the other side of its corner.
  double farthest_wrong() const {
    double most = 0;
    for (Index k = 0; k < problem_.sides(); ++k)
      if (!near_[problem_.row(k)] && problem_.weight()[problem_.row(k)] > 0)
        most = std::max(most, a_[k] > 0 ? -problem_.rest(at_.z, k) : problem_.rest(at_.z, k));
    return most;
  }

  MarginProblem& problem_;
  LinearModel& model_;
  MarginDraft at_;
  std::vector<Index> rows_;
  std::vector<char> near_;
  Vector a_, u_, g_, dual_w_;
};

void start_at_zero(MarginProblem& problem, Run& run) {
  Vector w(run.objective().dim(), 0.0), g(w.size());
  const double fun = problem.value_at_zero(g);
  problem.uncenter(w, g);
  run.certify("duality_gap", fun, fun);
  run.start(w, fun, g, fun / std::max(1.0, fun), problem.scale());
}

// Ends the run where the near rows lead to the solution.
void by_near_rows(MarginProblem& problem, MarginProblem& quick, Run& run) {
  MarginDraft draft;
  if (!draft_margin(quick, run, draft)) return;
  NearRows rows(problem, std::move(draft));
  for (int k = 0; k < 4; ++k)
    if (!rows.round(run)) return;
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
    MarginProblem& quick = rough ? *rough : problem;
    start_at_zero(quick, run);
    if (draft_pays(problem) && run.limit() >= 50) by_near_rows(problem, quick, run);
    MarginInterior point(quick);
    Vector g(f.dim()), w;
    double primal = 0, norm = 0, length = 0;
    const auto certificate = [&](bool exact = false) {
      ++run.result().nfev;
      primal = point.primal();
      const double gap = std::abs(primal - (exact ? problem.dual(point.multipliers(), w) : point.dual()));
      if (!std::isfinite(gap)) run.line_search_failed();  // products of slacks and multipliers fell to zero
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
    leave_copy(run.threshold(), false);
    run.step_with(w, primal, g, norm, NAN, point.complementarity());
    for (double best = norm;;) {
      run.check_time();
      ++run.result().nhev;
      if (!point.step(length)) run.fail(Status::singular, "The Gram matrix of a step is singular beyond repair.");
      certificate();
      leave_copy(run.threshold(), length < 0.1);
      if (norm <= 100 * run.threshold()) point.refresh(), certificate(true);
      run.step_with(w, primal, g, norm, length, point.complementarity());
      if (length < 1e-8 || (norm > 0.9 * best && at_rounding(point, problem, primal))) run.line_search_failed();
      best = std::min(best, norm);
    }
  });
}

}  // namespace steep
