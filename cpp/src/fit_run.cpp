// See fit_run.hpp. Three or five products with X a gap, O(d^3 + n d) a vertex.
#include "fit_run.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>
#include <utility>

#include "steep/decomposition.hpp"

namespace steep {

bool factor_near(Factor& factor, const Vector& H, Index n) {
  double largest = 0;
  for (Index i = 0; i < n; ++i) largest = std::max(largest, H[i * n + i]);
  double shift = 0;
  for (int trial = 0; trial < 8; ++trial) {
    if (factor.factor(H.data(), shift)) return true;
    shift = shift == 0 ? 1e-15 * largest : 100 * shift;
  }
  return false;
}

FitRun::FitRun(Run& run, FitBasis& basis)
    : run_(run),
      basis_(basis),
      f_(basis.fit()),
      given_(basis.given()),
      n_(f_.rows()),
      d_(f_.dim()),
      g_(given_.dim()),
      v_(n_),
      Xv_(d_),
      Xz_(n_),
      gram_(d_) {
  Vector H = basis.gram();
  constant_ = std::all_of(H.begin(), H.end(), [](double h) { return h == 0; });
  const Vector &y = f_.targets(), &up = f_.up(), &down = f_.down();
  for (Index i = 0; i < n_; ++i) {
    const double size = f_.is_sum() ? std::max(up[i], down[i]) * std::abs(y[i]) : std::abs(y[i]);
    rounding_ = f_.is_sum() ? rounding_ + size : std::max(rounding_, size);
  }
  rounding_ *= 4 * std::numeric_limits<double>::epsilon();
  for (Index j = 0; j < d_; ++j) H[j * d_ + j] *= 1 + 1e-14;
  regular_ = factor_near(gram_, H, d_);
  run.measure("relative duality gap");
}

Vector FitRun::first() const {
  Vector w(d_);
  if (!regular_) return w;
  f_.transposed(f_.targets().data(), w.data());
  gram_.solve(w);
  return all_finite(w) ? w : Vector(d_, 0.0);
}

void FitRun::start(FitPoint& at) {
  const double gap = measure(at);
  run_.start(x_, fun_, g_, gap, NAN);
}

void FitRun::step(FitPoint& at, double length, double mu) {
  const double gap = measure(at);
  if (gap < 1e-2 && d_ <= 1000) try_vertex(at, length, mu);
  run_.step_with(x_, fun_, g_, gap, length, mu);
  if (std::abs(fun_ - bound_) <= rounding_) {
    char text[96];
    std::snprintf(text, sizeof text, "Converged: the duality gap %.6g is rounding of y.", std::abs(fun_ - bound_));
    run_.fail(Status::converged, text);
  }
}

void FitRun::residuals_of_last(const Vector& w, Vector& r) {
  r.resize(n_);
  if (&f_ == &given_)
    r = given_.residuals();
  else
    f_.residuals_at(w.data(), r.data());
}

double FitRun::measure(FitPoint& at) {
  x_ = basis_.coefficients(at.w);
  fun_ = run_.evaluate(x_, &g_);
  residuals_of_last(at.w, at.r);
  at.Xv.resize(d_);
  f_.transposed(at.v.data(), at.Xv.data());
  if (constant_)  // X is 0: every w has this value
    bound_ = fun_;
  else if (regular_)
    bound_ = std::max(bound_, bound_of(at.w, at.v, at.Xv));
  return certify(fun_);
}

// y'v for v made feasible: X'v = 0 by projection, then scaled into the box (or to a sum of one); less what is left of
// X'v times coefficients of twice w's size. A second projection where the first left more than y'v's rounding.
double FitRun::bound_of(const Vector& w, const Vector& v, const Vector& Xv) {
  const Vector& y = f_.targets();
  v_ = v, Xv_ = Xv;
  double left = 0;
  for (int round = 0; round < 2; ++round) {
    gram_.solve(Xv_);
    f_.residuals_at(Xv_.data(), Xz_.data());
    for (Index i = 0; i < n_; ++i) v_[i] -= y[i] - Xz_[i];
    f_.transposed(v_.data(), Xv_.data());
    left = 2 * norm2(Xv_) * norm2(w);
    if (left <= 1e-14 * norm2(y) * norm2(v_)) break;
  }
  double scale = 1, sum = 0;
  for (Index i = 0; i < n_; ++i) {
    sum += std::abs(v_[i]);
    if (!f_.is_sum()) continue;
    if (v_[i] > f_.up()[i]) scale = std::min(scale, f_.up()[i] / v_[i]);
    if (v_[i] < -f_.down()[i]) scale = std::min(scale, -f_.down()[i] / v_[i]);
  }
  if (!f_.is_sum()) scale = 1 / std::max(1.0, sum);
  return scale * (dot(y, v_) - left);
}

// A dual value above f by more than rounding would be an error, and shows as a gap.
double FitRun::certify(double fun) {
  const double gap = std::abs(fun - bound_);
  run_.certify("duality_gap", gap, gap);
  return gap / std::max(1.0, std::abs(fun));
}

// Those of the least residuals of a sum, of the largest of a maximum.
std::vector<Index> FitRun::active_rows(const Vector& r, Index count) const {
  std::vector<Index> order(n_);
  std::iota(order.begin(), order.end(), Index{0});
  const bool sum = f_.is_sum();
  std::nth_element(order.begin(), order.begin() + (count - 1), order.end(), [&](Index a, Index b) {
    return sum ? std::abs(r[a]) < std::abs(r[b]) : std::abs(r[a]) > std::abs(r[b]);
  });
  order.resize(count);
  return order;
}

// Solves the rows that w interpolates (d of a sum, d + 1 of a maximum) and their multipliers. Where those are feasible
// the vertex is optimal to rounding, and the run ends.
void FitRun::try_vertex(const FitPoint& at, double length, double mu) {
  const bool sum = f_.is_sum();
  const Index k = sum ? d_ : d_ + 1;
  if (n_ < k) return;
  const std::vector<Index> active = active_rows(at.r, k);
  Eigen::MatrixXd A(k, k);
  Eigen::VectorXd b(k), row(d_);
  for (Index i = 0; i < k; ++i) {
    const double r = at.r[active[i]];
    f_.rows_of(active[i], 1, row.data());
    A.row(i).head(d_) = row;
    if (!sum) A(i, d_) = r > 0 ? 1 : -1;
    b[i] = r;
  }
  const QR qr(std::move(A));
  const Eigen::VectorXd dw = qr.solve(b);  // X dw (+ sign t) = r
  if (!dw.allFinite()) return;
  Vector w = at.w, r, v(n_, 0.0), Xv(d_);
  for (Index j = 0; j < d_; ++j) w[j] += dw[j];
  const Vector x = basis_.coefficients(w);
  const double fun = run_.evaluate(x, nullptr);
  if (!(fun <= fun_ + 1e-14 * std::abs(fun_))) return;
  residuals_of_last(w, r);
  Eigen::VectorXd rhs = Eigen::VectorXd::Zero(k);
  if (sum) {
    for (Index i = 0; i < n_; ++i) v[i] = r[i] > 0 ? f_.up()[i] : -f_.down()[i];
    for (Index i : active) v[i] = 0;
    f_.transposed(v.data(), Xv.data());
    for (Index j = 0; j < d_; ++j) rhs[j] = -Xv[j];
  } else {
    rhs[d_] = 1;
  }
  const Eigen::VectorXd lambda = qr.transposed_solve(rhs);
  if (!lambda.allFinite()) return;
  for (Index i = 0; i < k; ++i) v[active[i]] = lambda[i];
  f_.transposed(v.data(), Xv.data());
  const double before = std::exchange(bound_, std::max(bound_, bound_of(w, v, Xv)));
  const double gap = std::abs(fun - bound_) / std::max(1.0, std::abs(fun));
  if (gap > run_.threshold()) {
    bound_ = before;
    return;
  }
  certify(fun);
  given_.subgradient(g_.data());
  run_.step_with(x, fun, g_, gap, length, mu);
}

}  // namespace steep
