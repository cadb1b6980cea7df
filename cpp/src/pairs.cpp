// Curvature pairs and the two-loop recursion; see pairs.hpp.
#include "pairs.hpp"

namespace steep {

void Pairs::add(const Vector& x1, const Vector& x0, const Vector& g1, const Vector& g0) {
  const Index m = static_cast<Index>(s_.size());
  const Index slot = count_ < m ? (first_ + count_) % m : first_;
  Vector &s = s_[slot], &y = y_[slot];
  for (Index i = 0; i < n_; ++i) s[i] = x1[i] - x0[i], y[i] = g1[i] - g0[i];
  const double sy = dot(s, y);
  if (!(sy > 1e-14 * norm2(s) * norm2(y)) || !std::isfinite(sy)) {
    if (count_ == m) first_ = (first_ + 1) % m, --count_;  // the overwritten pair is gone
    return;
  }
  rho_[slot] = 1 / sy;
  if (count_ < m)
    ++count_;
  else
    first_ = (first_ + 1) % m;
}

void Pairs::apply(const Vector& g, const Factor* metric, Vector& d) {
  for (Index i = 0; i < n_; ++i) d[i] = -g[i];
  if (count_ == 0) {
    if (metric) metric->solve(d);
    return;
  }
  const Index m = static_cast<Index>(s_.size());
  for (Index k = count_; k-- > 0;) {
    const Index slot = (first_ + k) % m;
    alpha_[slot] = rho_[slot] * dot(s_[slot], d);
    axpy(-alpha_[slot], y_[slot], d);
  }
  const Index last = (first_ + count_ - 1) % m;
  if (metric) {
    metric->solve(d);
  } else {
    const double scale = 1 / (rho_[last] * dot(y_[last], y_[last]));
    for (double& value : d) value *= scale;
  }
  for (Index k = 0; k < count_; ++k) {
    const Index slot = (first_ + k) % m;
    axpy(alpha_[slot] - rho_[slot] * dot(y_[slot], d), s_[slot], d);
  }
}

void Pairs::apply_free(const Vector& g, const std::vector<char>& held, Vector& d) {
  for (Index i = 0; i < n_; ++i) d[i] = held[i] ? 0 : -g[i];
  const Index m = static_cast<Index>(s_.size());
  double scale = 0;
  used_.assign(m, 0);
  curvature_.assign(m, 0.0);
  for (Index k = count_; k-- > 0;) {
    const Index slot = (first_ + k) % m;
    const Vector &s = s_[slot], &y = y_[slot];
    double sy = 0, yy = 0, ss = 0, sd = 0;
    for (Index i = 0; i < n_; ++i) {
      if (held[i]) continue;
      sy += s[i] * y[i], yy += y[i] * y[i], ss += s[i] * s[i], sd += s[i] * d[i];
    }
    if (!(sy > 1e-10 * std::sqrt(ss * yy))) continue;
    used_[slot] = 1;
    curvature_[slot] = sy;
    if (scale == 0) scale = sy / yy;
    alpha_[slot] = sd / sy;
    for (Index i = 0; i < n_; ++i)
      if (!held[i]) d[i] -= alpha_[slot] * y[i];
  }
  if (scale > 0)
    for (double& value : d) value *= scale;
  for (Index k = 0; k < count_; ++k) {
    const Index slot = (first_ + k) % m;
    if (!used_[slot]) continue;
    const Vector &s = s_[slot], &y = y_[slot];
    double yd = 0;
    for (Index i = 0; i < n_; ++i)
      if (!held[i]) yd += y[i] * d[i];
    const double beta = alpha_[slot] - yd / curvature_[slot];
    for (Index i = 0; i < n_; ++i)
      if (!held[i]) d[i] += beta * s[i];
  }
}

}  // namespace steep
