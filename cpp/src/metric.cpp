// When an approximate Hessian is factored and whether it is used; see metric.hpp.
#include "metric.hpp"

#include <algorithm>
#include <limits>

#include "steep/philox.hpp"

namespace steep {

Metric::Metric(Objective& f, Index n) : H_(n * n), factor_(n, f.threads()), cost_(f.hessian_cost(true)) {
  next_ = cost_ > 0.5 ? static_cast<Index>(4 * cost_) : 0;
}

const Factor* Metric::at(Run& run, const Vector& x, double norm, Index iteration) {
  const double ratio = norm / last_norm_;
  last_norm_ = norm;
  rate_ = iteration == 0 ? 0.5 : 0.5 * (rate_ + std::min(ratio, 0.99));
  const bool worth = cost_ <= 0.5 || std::log(run.threshold() / norm) / std::log(rate_) > 2 * cost_;
  if (iteration < next_ || (usable_ && ratio < 0.25) || !worth) return usable_ ? &factor_ : nullptr;
  next_ = iteration + std::max<Index>({1, iteration, static_cast<Index>(2 * cost_)});
  const double spread = run.approximate_hessian(x, H_.data());
  double shift = 0;
  const double size = matrix_bounds(H_.data(), static_cast<Index>(x.size())).largest_entry;
  usable_ = std::isfinite(size) && size > 0;
  // Directions without curvature get a little (a pivot of rounding is none): pairs correct what that is off.
  const auto definite = [&] { return factor_.factor(H_.data(), shift) && factor_.condition_bound() < 1e12; };
  for (int trial = 0; usable_ && !definite(); ++trial) {
    shift = trial == 0 ? 1e-10 * size : 100 * shift;
    usable_ = trial < 6;
  }
  // Under the metric the condition is that of the sample's noise, ((1 + sqrt(s)) / (1 - sqrt(s)))^2, which the
  // condition of the estimate itself has on top of the Hessian's.
  const bool first = !judged_;
  judged_ = true;
  if (first && usable_ && spread > 0 && spread < 1) {
    const double noise = std::pow((1 + std::sqrt(spread)) / (1 - std::sqrt(spread)), 2);
    if (condition() < noise * noise) {
      usable_ = false;
      next_ = std::numeric_limits<Index>::max();
    }
  }
  return usable_ ? &factor_ : nullptr;
}

double Metric::condition() const {
  const Index n = static_cast<Index>(std::sqrt(static_cast<double>(H_.size())) + 0.5);
  PhiloxReader random(0, stream::initialize);
  Vector v(n), Hv(n);
  for (double& value : v) value = random.normal();
  Vector u = v;
  double high = 0, low = 0;
  for (int step = 0; step < 10; ++step) {
    for (Index i = 0; i < n; ++i) {
      Hv[i] = 0;
      for (Index j = 0; j < n; ++j) Hv[i] += H_[i * n + j] * v[j];
    }
    high = norm2(Hv) / norm2(v);
    for (Index i = 0; i < n; ++i) v[i] = Hv[i] / high;
    const double before = norm2(u);
    factor_.solve(u);
    low = before / norm2(u);
    for (double& value : u) value *= low;
  }
  return high / low;
}

}  // namespace steep
