// Excerpts of linear risks: a sample of the rows, from which a minimizer and a Hessian are drafted, and all rows in
// single precision, which read half as much memory. With r rows the sample's Hessian S is within about (1 +- sqrt(d /
// r)) of H, whatever the condition of H, and its minimizer off by about as much. Rounding of single precision has a
// mean of zero: over n rows it moves the gradient by some 1e-7 / sqrt(n).
#include "steep/linear_excerpt.hpp"

#include <cmath>

namespace steep {
namespace {

constexpr double most_bytes = 1 << 30;   // of a copy
constexpr Index rows_for_a_draft = 100;  // a variable: a minimizer that is off by a tenth
constexpr double least_bytes = 8 << 20;  // of the data, for a copy in single precision to pay

}  // namespace

// More than the 6 d that make a Hessian of use while they cost little beside a pass over X.
template <class T>
Index LinearRiskOf<T>::sample_rows() const {
  const Index d = features_, k = outputs(), pairs = separable() ? k : k * (k + 1) / 2;
  const Index cheap = std::min<Index>(7 * rows_ * k / (d * pairs), rows_ / 8);
  return std::min(rows_, std::max<Index>({2048, 6 * d, cheap}));
}

template <class T>
LinearExcerpt* LinearRiskOf<T>::excerpt(Brevity brevity) {
  const bool sample = brevity == Brevity::sample;
  if (design_.sparse() || features_ == 0 || (sample && !has_curvature())) return nullptr;
  const Index wanted = sample ? sample_rows() : rows_, d = features_, k = outputs();
  const double bytes = 4.0 * static_cast<double>(wanted) * static_cast<double>(d);
  if (sample ? wanted == rows_ : sizeof(T) == sizeof(float) || bytes < least_bytes / 2) return nullptr;
  if (bytes > most_bytes) return nullptr;
  std::unique_ptr<LinearExcerpt>& kept = sample ? sample_ : single_;
  if (kept) {
    if (kept->risk) kept->risk->set_threads(options_.n_threads);
    return kept->risk ? kept.get() : nullptr;
  }
  kept = std::make_unique<LinearExcerpt>();
  LinearExcerpt& copy = *kept;
  // Runs of rows, spread evenly over the data.
  const Index run = sample ? std::clamp<Index>(wanted / 256 / 16 * 16, 16, 128) : 4096;
  const Index runs = (rows_ + run - 1) / run, taken = std::min(runs, (wanted + run - 1) / run);
  const auto origin = [&](Index r) { return r * runs / taken * run; };
  const auto length = [&](Index r) { return std::min(run, rows_ - origin(r)); };
  std::vector<Index> place(static_cast<std::size_t>(taken) + 1, 0);
  for (Index r = 0; r < taken; ++r)
    place[static_cast<std::size_t>(r) + 1] = place[static_cast<std::size_t>(r)] + length(r);
  const Index n = place.back();
  copy.x.resize_unset(n * d);
  if (y_) copy.y.resize_unset(n * k);
  if (weight_) copy.weight.resize_unset(n);
  if (label_) copy.label.resize(static_cast<std::size_t>(n));
  over_rows(taken, tasks_for(static_cast<double>(n * d)), 1, [&](Index r, Index, Index, Space&) {
    const Index first = origin(r), m = length(r), to = place[static_cast<std::size_t>(r)];
    const auto narrow = [](const T* from, Index count, float* out) {
      for (Index i = 0; i < count; ++i) out[i] = static_cast<float>(from[i]);
    };
    for (Index i = 0; i < m; ++i) narrow(design_.dense_row(first + i), d, copy.x.data() + (to + i) * d);
    if (y_) narrow(y_ + first * k, m * k, copy.y.data() + to * k);
    if (weight_) narrow(weight_ + first, m, copy.weight.data() + to);
    if (label_) std::copy_n(label_ + first, m, copy.label.begin() + to);
  });
  double part = static_cast<double>(n), all = static_cast<double>(rows_);
  if (weight_) {
    part = all = 0;
    for (Index i = 0; i < n; ++i) part += static_cast<double>(copy.weight[i]);
    for (Index i = 0; i < rows_; ++i) all += static_cast<double>(weight_[i]);
  }
  if (!(part > 0) || !std::isfinite(part)) return nullptr;
  copy.risk = std::make_unique<LinearRiskOf<float>>(options_, Design<float>(copy.x.data(), n, d, d),
                                                    y_ ? copy.y.data() : nullptr, label_ ? copy.label.data() : nullptr,
                                                    weight_ ? copy.weight.data() : nullptr);
  copy.risk->set_scale(scale_ * all / part);
  return kept.get();
}

template <class T>
Objective* LinearRiskOf<T>::draft(Brevity brevity) {
  if (brevity == Brevity::sample && sample_rows() < rows_for_a_draft * features_) return nullptr;
  LinearExcerpt* found = excerpt(brevity);
  return found ? found->risk.get() : nullptr;
}

// An evaluation is bound by memory (12 GB/s), a Gram matrix by arithmetic (40 Gflop/s in double): what one core does of
// each. The sample's is of single precision.
template <class T>
double LinearRiskOf<T>::hessian_cost(bool approximate) {
  if (design_.sparse() || !has_hessian()) return 0;
  const double d = static_cast<double>(features_), k = static_cast<double>(outputs());
  const double all = (separable() ? 1 : (k + 1) / 2) * d * 12 / 320;
  const Index rows = sample_rows();
  if (!approximate || rows == rows_) return all;
  return all / (8 / static_cast<double>(sizeof(T))) * static_cast<double>(rows) / static_cast<double>(rows_);
}

template <class T>
double LinearRiskOf<T>::approximate_hessian(const double* w, double* H) {
  if (design_.sparse() || !has_hessian()) return -1;
  const LinearExcerpt* sample = excerpt(Brevity::sample);
  if (!sample) {
    hessian(w, H);
    return 0;
  }
  sample->risk->hessian(w, H);
  return static_cast<double>(features_) / static_cast<double>(sample->risk->rows());
}

#define STEEP_INSTANTIATE(T)                                                    \
  template Objective* LinearRiskOf<T>::draft(Brevity);                          \
  template double LinearRiskOf<T>::approximate_hessian(const double*, double*); \
  template double LinearRiskOf<T>::hessian_cost(bool);
STEEP_INSTANTIATE(float)
STEEP_INSTANTIATE(double)
#undef STEEP_INSTANTIATE

}  // namespace steep
