// See margin_draft.hpp. With r_k = o_k - s_k z_i a term is
//
//     phi(r) = max_{0 <= a <= 1} a r - v/2 (a - 1/2)^2,      a = clip(1/2 + r / v, 0, 1),      v the width,
//
// so that only rows with |r| < v/2 enter a step's matrix, l2 + X'diag(c / v)X. A sample of m rows leads as near as its own
// noise, sqrt(d / m); two or three steps on all rows then lead as near as the rounded corner, about v / 10.
#include "steep/margin_draft.hpp"

#include <algorithm>
#include <cmath>

#include "steep/newton_matrix.hpp"

namespace steep {
namespace {

constexpr Index sample_per_column = 50, least_per_column = 40, rows_per_sample = 4, least_sample = 512;

class RoundedMargin {
 public:
  RoundedMargin(MarginProblem& problem, Run& run)
      : problem_(problem),
        model_(problem.model()),
        run_(run),
        d_(model_.features()),
        m_(d_ + (model_.intercept() ? 1 : 0)),
        matrix_(m_),
        u_(problem.rows()),
        h_(problem.rows()),
        dz_(problem.rows()),
        dw_(m_) {
    for (double c : problem.weight()) total_ += c, weighted_ += c > 0;
  }

  // At most `most` steps from w, whose scores are z, until one moves the scores by a small share of the width. Returns the
  // mean move of the last; negative when there is no step.
  double descend(Vector& w, Vector& z, double width, int most, bool offers = false) {
    double moved = -1, before = look(w, z, width);
    for (int round = 0; round < most; ++round) {
      slope_at(w);
      if (offers) offer(w, z);
      run_.check_time();
      if (!direct()) break;
      double slope = 0, square = 0;
      for (Index j = 0; j < m_; ++j) slope -= g_[j] * dw_[j];
      for (std::size_t i = 0; i < z.size(); ++i) square += problem_.weight()[i] * dz_[i] * dz_[i];
      double t = 0, next = 1, now = 0;
      do {  // t is where w and z are
        for (Index j = 0; j < m_; ++j) w[j] += (next - t) * dw_[j];
        for (std::size_t i = 0; i < z.size(); ++i) z[i] += (next - t) * dz_[i];
        t = next, next = 0.5 * t;
        now = look(w, z, width);
      } while (!(now <= before + 1e-4 * t * slope) && t > 1e-3);
      if (!(now <= before)) break;
      before = now;
      moved = t * std::sqrt(square / total_);
      if (moved <= 0.15 * width) break;
    }
    return moved;
  }

  // The width that takes in a share of the rows with a weight.
  double width_of(const Vector& z, double share) {
    for (Index i = 0; i < problem_.rows(); ++i) u_[i] = problem_.weight()[i] > 0 ? problem_.distance(z, i) : INFINITY;
    const auto middle = u_.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(weighted_));
    std::nth_element(u_.begin(), middle, u_.end());
    return 2 * *middle;
  }

 private:
  // The value at w, and what the gradient and the matrix there are made of: u_ and h_.
  double look(const Vector& w, const Vector& z, double width) {
    const Index n = problem_.rows();
    const double *s = problem_.sign().data(), *o = problem_.offset().data(), *c = problem_.weight().data();
    double sum = 0;
    std::fill(u_.begin(), u_.end(), 0.0);
    std::fill(h_.begin(), h_.end(), 0.0);
    for (Index first = 0; first < problem_.sides(); first += n, s += n, o += n) {
      for (Index i = 0; i < n; ++i) {
        const double r = o[i] - s[i] * z[i], free = 0.5 + r / width, a = std::min(std::max(free, 0.0), 1.0);
        u_[i] += c[i] * s[i] * a;
        h_[i] += a == free ? c[i] / width : 0.0;
        sum += c[i] * (a * r - 0.5 * width * (a - 0.5) * (a - 0.5));
      }
    }
    return sum + problem_.ridge(w);
  }

  // g_, minus the gradient, at w, where look was last.
  void slope_at(const Vector& w) {
    g_.resize(m_);
    model_.transposed(u_, g_.data());
    for (Index j = 0; j < d_; ++j) g_[j] -= problem_.l2() * w[j];
  }

  // The Newton step dw_ from there, and dz_ of the scores.
  bool direct() {
    if (!matrix_.form(model_, h_)) return false;
    dw_ = g_;
    matrix_.solve(dw_);
    model_.scores(dw_.data(), dz_);
    return true;
  }

  // w, where slope_at was last; the dual value of no multipliers is 0.
  void offer(Vector w, const Vector& z) {
    const double value = problem_.loss(z) + problem_.ridge(w);
    Vector g(m_);
    for (Index j = 0; j < m_; ++j) g[j] = -g_[j];
    problem_.uncenter(w, g);
    run_.certify("duality_gap", value, value);
    run_.offer(w, value, g);
  }

  MarginProblem& problem_;
  LinearModel& model_;
  Run& run_;
  Index d_, m_;
  NewtonMatrix matrix_;
  Vector u_, h_, dz_, dw_, g_;
  double total_ = 0;
  Index weighted_ = 0;  // rows that have a weight
};

Index sample_rows(MarginProblem& problem) {
  const Index n = problem.rows();
  return std::min(n / rows_per_sample, std::max(least_sample, sample_per_column * problem.model().features()));
}

// Rows spread evenly over the data, one of every few at a place that changes, lest a period of the data's be theirs.
std::vector<Index> spread_rows(Index n, Index every) {
  std::vector<Index> rows;
  for (Index first = 0; first + every <= n; first += every)
    rows.push_back(first + static_cast<Index>((static_cast<std::uint32_t>(first / every) * 2654435761u) >> 16) % every);
  return rows;
}

}  // namespace

bool draft_pays(MarginProblem& problem) {
  const Index least = std::max(rows_per_sample * least_sample, least_per_column * problem.model().features());
  return !problem.model().sparse() && problem.rows() >= least;
}

bool draft_margin(MarginProblem& problem, Run& run, MarginDraft& out) {
  const std::vector<Index> rows = spread_rows(problem.rows(), problem.rows() / sample_rows(problem));
  double all = 0, part = 0;
  for (double c : problem.weight()) all += c;
  for (Index i : rows) part += problem.weight()[i];
  if (!(part > 0)) return false;
  MarginProblem sample = problem.part(rows, all / part);
  RoundedMargin drafted(sample, run), whole(problem, run);
  Vector z;
  sample.aim(sample.balanced(), out.w, z);
  if (drafted.descend(out.w, z, problem.scale(), 6) < 0) return false;
  const double width = drafted.width_of(z, 0.12);
  if (!(width > 0)) return false;
  problem.model().scores(out.w.data(), out.z);
  const double moved = whole.descend(out.w, out.z, width, 3, true);
  out.reach = std::max(moved, width / 6);
  return moved >= 0;
}

}  // namespace steep
