// Coordinate descent on working sets for linear models with an l1 penalty (or none): a proximal Newton method whose
// model
//
//     1/2 v'(X_S'DX_S + l2) v + b'v + l1 ||v||_1,      D = diag(c_i phi_i''),
//
// on the columns S that are in use or violate their optimality condition most, is minimized by coordinate descent on
// its Gram matrix (l1_quadratic.hpp). For the squared error the model is the objective. Then a line search on the kept
// scores, O(n) a trial, and one pass over X for all correlations X'u, which the duality gap and the next working set
// come from. Stops when the gap is at most tol max(1, |f|) (Massias, Gramfort, Salmon, ICML 2018; Yuan, Ho, Lin, JMLR
// 13 (2012) 1999).
#include "steep/coordinate_search.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "steep/l1_quadratic.hpp"

namespace steep {
namespace {

constexpr Index first_size = 64;  // of a working set, beyond twice the support

}  // namespace

CoordinateSearch::CoordinateSearch(LinearModel& model, const double* x0)
    : model_(model),
      n_(model.rows()),
      d_(model.features()),
      m_(d_ + (model.intercept() ? 1 : 0)),
      l2_(model.l2()),
      exact_(model.loss() == Loss::squared_error),
      x_(x0, x0 + m_),
      g_(m_),
      corr_(m_) {
  for (std::size_t j = 0; j < model.center().size(); ++j) x_[d_] += model.center()[j] * x_[j];
}

void CoordinateSearch::go(Run& run, double l1) {
  run_ = &run;
  l1_ = l1;
  step_ = NAN;
  careful_ = 0;
  evaluate();
  for (bool first = true;; first = false) {
    balance();
    for (Index j = 0; j < d_; ++j) g_[j] = corr_[j] + l2_ * x_[j];
    if (m_ > d_) g_[d_] = corr_[d_];
    const double kkt = run_->optimality(x_, g_), fun = at_.value + penalty(x_);
    double norm = kkt;
    const double gap = duality_gap(model_, l1_, x_.data(), z_, at_, corr_);
    if (std::isfinite(gap)) {
      norm = gap / std::max(1.0, std::abs(fun));
      run_->certify("duality_gap", gap, gap);
    }
    uncenter();
    run_->measure(std::isfinite(gap) ? "relative duality gap" : "gradient norm");
    if (first) {
      run_->start(shown_.x, fun, shown_.g, norm, 0);
      start_kkt_ = kkt;
    } else {
      run_->step_with(shown_.x, fun, shown_.g, norm, step_, static_cast<double>(columns_.size()));
    }
    if (!choose() || !(improve(kkt, false) || improve(kkt, true))) run_->line_search_failed();
  }
}

void CoordinateSearch::uncenter() {
  shown_.x = x_, shown_.g = g_;
  for (std::size_t j = 0; j < model_.center().size(); ++j) {
    shown_.x[d_] -= model_.center()[j] * x_[j];
    shown_.g[j] += model_.center()[j] * g_[d_];
  }
}

double CoordinateSearch::penalty(const Vector& x) const {
  double square = 0, sum = 0;
  for (Index j = 0; j < d_; ++j) square += x[j] * x[j], sum += std::abs(x[j]);
  return 0.5 * l2_ * square + l1_ * sum;
}

// One pass over X: scores, slopes and correlations at x_.
void CoordinateSearch::evaluate() {
  run_->check_time();
  ++run_->result().nfev, ++run_->result().njev;
  model_.evaluate(x_.data(), z_, at_, corr_.data());
  current_ = true;
}

// Slopes at z_, O(n); correlations are those of before.
void CoordinateSearch::measure() {
  run_->check_time();
  ++run_->result().nfev, ++run_->result().njev;
  model_.slopes(z_, at_, true);
  current_ = false;
}

// The best intercept for these weights, as the dual point needs it, and the correlations there.
void CoordinateSearch::balance() {
  if (m_ > d_ && exact_) {
    if (column_sums_.empty()) column_sums_.resize(m_), model_.transposed(at_.c, column_sums_.data());
    const double sum = corr_[d_], step = -sum / column_sums_[d_];
    for (Index i = 0; i < n_; ++i) z_[i] += step, at_.u[i] += step * at_.c[i];
    for (Index j = 0; j < m_; ++j) corr_[j] += step * column_sums_[j];
    at_.value += step * (sum + 0.5 * step * column_sums_[d_]);
    x_[d_] += step;
  } else if (m_ > d_) {
    improve_intercept();
  }
  if (!current_) model_.transposed(at_.u, corr_.data());
  current_ = true;
}

// Newton's method, O(n) a step.
void CoordinateSearch::improve_intercept() {
  for (int trial = 0; trial < 4; ++trial) {
    double sum = 0, size = 0, curve = 0;
    for (Index i = 0; i < n_; ++i) sum += at_.u[i], size += std::abs(at_.u[i]), curve += at_.c[i];
    if (!(std::abs(sum) > 1e-15 * size) || !(curve > 0)) return;
    const double step = -sum / curve, value = at_.value;
    before_ = at_;
    for (double& z : z_) z += step;
    const bool was = current_;
    measure();
    if (!(at_.value <= value + 1e-14 * std::abs(value))) {
      for (double& z : z_) z -= step;
      at_ = before_;
      current_ = was;
      return;
    }
    x_[d_] += step;
  }
}

// Columns in use, then those that violate most; false when there is nothing to do.
bool CoordinateSearch::choose() {
  std::vector<Index> used, others;
  for (Index j = 0; j < d_; ++j) {
    if (x_[j] != 0 || l1_ == 0)
      used.push_back(j);
    else if (std::abs(g_[j]) > l1_)
      others.push_back(j);
  }
  const Index room = std::max<Index>(first_size, static_cast<Index>(used.size()));
  complete_ = static_cast<Index>(others.size()) <= room;
  if (!complete_) {
    std::nth_element(others.begin(), others.begin() + room, others.end(), [&](Index a, Index b) {
      return std::abs(g_[a]) != std::abs(g_[b]) ? std::abs(g_[a]) > std::abs(g_[b]) : a < b;
    });
    others.resize(room);
  }
  used.insert(used.end(), others.begin(), others.end());
  if (exact_) {  // the Gram matrix of squared errors stays: keep its columns unless they are many
    std::vector<Index> kept;
    for (Index j : columns_)
      if (j < d_) kept.push_back(j);
    std::sort(used.begin(), used.end());
    std::vector<Index> both;
    std::set_union(used.begin(), used.end(), kept.begin(), kept.end(), std::back_inserter(both));
    if (both.size() <= kept.size() + kept.size() / 4 || both.size() <= 2 * used.size()) used = std::move(both);
  }
  if (m_ > d_) used.push_back(d_);
  std::sort(used.begin(), used.end());
  before_columns_ = std::move(columns_);
  columns_ = std::move(used);
  return !columns_.empty();
}

// The largest curvature of the loss, where there is one: a model with it bounds the objective from above.
double CoordinateSearch::largest_curvature() const {
  switch (model_.loss()) {
    case Loss::squared_hinge:
    case Loss::squared_epsilon_insensitive:
      return 2;
    case Loss::logistic:
      return 0.25;
    default:
      return 0;
  }
}

// H_ for these columns; that of squared errors is kept, and grows by the new columns' rows.
void CoordinateSearch::form_gram() {
  const Index s = static_cast<Index>(columns_.size());
  std::vector<Index> extra;
  std::set_difference(columns_.begin(), columns_.end(), before_columns_.begin(), before_columns_.end(),
                      std::back_inserter(extra));
  const Index e = static_cast<Index>(extra.size());
  if (exact_ && 4 * e < s && !H_.empty()) {
    if (e == 0 && before_columns_ == columns_) return;
    Vector grown(s * s), rows(e * s);
    const Index old_size = static_cast<Index>(before_columns_.size());
    std::vector<Index> old(s, -1);
    for (Index k = 0, from = 0; k < s; ++k) {
      while (from < old_size && before_columns_[from] < columns_[k]) ++from;
      if (from < old_size && before_columns_[from] == columns_[k]) old[k] = from;
    }
    if (e > 0) model_.cross_gram(extra, columns_, at_.c, rows.data());
    for (Index k = 0, row = 0; k < s; ++k) {
      if (old[k] < 0) {
        for (Index j = 0; j < s; ++j) grown[k * s + j] = grown[j * s + k] = rows[row * s + j];
        ++row;
        grown[k * s + k] += l2_;
      } else {
        for (Index j = 0; j < s; ++j)
          if (old[j] >= 0) grown[k * s + j] = H_[old[k] * old_size + old[j]];
      }
    }
    H_ = std::move(grown);
    return;
  }
  H_.resize(s * s);
  model_.columns_gram(columns_, at_.c, H_.data());
  double largest = 0;
  for (Index k = 0; k < s; ++k) {
    if (columns_[k] < d_) H_[k * s + k] += l2_;
    largest = std::max(largest, H_[k * s + k]);
  }
  // Saturated rows leave next to no curvature.
  for (Index k = 0; k < s && !exact_; ++k) H_[k * s + k] += 1e-12 * largest;
}

// A step of the quadratic model, with the curvature at hand or (where rows that are saturated leave none) the largest.
bool CoordinateSearch::improve(double kkt, bool bounded) {
  const Index s = static_cast<Index>(columns_.size());
  if (model_.loss() == Loss::huber && (bounded || careful_ > 0)) {
    // Far out its curvature vanishes, and Newton's steps are none or short: phi'(r) / r bounds it from above.
    careful_ = bounded ? 10 : careful_ - 1;
    for (Index i = 0; i < n_; ++i) {
      const double r = std::abs(z_[i] - model_.target(i));
      at_.c[i] = model_.row_weight(i) * std::min(1.0, model_.parameter() / std::max(r, 1e-300));
    }
  } else if (bounded) {
    const double top = largest_curvature();
    if (!(top > 0)) return false;
    for (Index i = 0; i < n_; ++i) at_.c[i] = top * model_.row_weight(i);
  }
  form_gram();
  Vector v(s), b(s), l1(s), step(s);
  for (Index k = 0; k < s; ++k) v[k] = x_[columns_[k]], l1[k] = columns_[k] < d_ ? l1_ : 0;
  for (Index k = 0; k < s; ++k) {
    double Hv = 0;
    for (Index i = 0; i < s; ++i) Hv += H_[k * s + i] * v[i];
    b[k] = g_[columns_[k]] - Hv;
  }
  const Vector start = v;
  // Sweeps cost s^2 each, a further pass over X n d.
  const double tight = n_ == 0 || 50 * s * s < n_ * d_ ? 1e-10 : 1e-6;
  const double forcing = exact_ ? (complete_ ? tight : 0.03) : 0.1 * std::min(1.0, std::sqrt(kkt / start_kkt_));
  minimize_l1_quadratic({s, H_.data(), b.data(), l1.data()}, v, forcing * kkt, complete_ ? 1000 : 30);
  double slope = 0;
  bool moved = false;
  for (Index k = 0; k < s; ++k) {
    step[k] = v[k] - start[k];
    slope += g_[columns_[k]] * step[k] + l1[k] * (std::abs(v[k]) - std::abs(start[k]));
    moved = moved || step[k] != 0;
  }
  if (!moved) return false;
  const double fun = at_.value + penalty(x_);
  const Vector x = x_;
  z0_.swap(z_);                           // z_ is written anew
  const bool whole = exact_ || m_ == d_;  // a full step that is taken leaves nothing to do; an intercept moves on
  if (!whole) {
    dz_.assign(n_, 0.0);
    model_.add_columns(columns_, step, dz_);
  }
  step_ = 1;
  for (int trial = 0; trial < 40; ++trial, step_ *= 0.5) {
    for (Index k = 0; k < s; ++k) x_[columns_[k]] = step_ == 1 ? v[k] : start[k] + step_ * step[k];
    if (whole && trial == 0) {
      evaluate();
    } else {
      z_.resize(n_);
      for (Index i = 0; i < n_; ++i) z_[i] = z0_[i] + step_ * dz_[i];
      measure();
    }
    const double fun1 = at_.value + penalty(x_);
    if (fun1 <= fun + 1e-3 * step_ * std::min(slope, 0.0) + 1e-14 * std::abs(fun)) {
      if (step_ < 0.3 && model_.loss() == Loss::huber) careful_ = 10;
      return true;
    }
    if (n_ == 0) break;  // no rows to search along
    if (whole && trial == 0) {
      dz_.resize(n_);
      for (Index i = 0; i < n_; ++i) dz_[i] = z_[i] - z0_[i];
    }
  }
  x_ = x;
  evaluate();
  balance();
  return false;
}

}  // namespace steep
