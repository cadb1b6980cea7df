// One step of training: the gradient of a minibatch, its norms, the fused update with its proximal steps and
// projections; see trainer.hpp.
#include <algorithm>
#include <cmath>

#include "steep/kernels.hpp"
#include "steep/trainer.hpp"
#include "steep/unit.hpp"

namespace steep {
namespace {

// Rules whose weight decay is not part of the gradient need an l2 penalty added to it.
bool decoupled(Rule rule) { return rule == Rule::adamw || rule == Rule::lion; }

}  // namespace

// lambda Omega of the weights of a tile, before its update.
template <class T>
double Trainer<T>::penalty(Index i) const {
  const Tile& at = pass_.tile(i).at;
  const T* w = theta_.data() + at.weight_begin;
  const Index n = at.weight_end - at.weight_begin;
  double sum = 0;
  const double l1 = l1_of(pass_.tile(i).layer), l2 = l2_of(pass_.tile(i).layer);
  if (l2 > 0) sum += l2 / 2 * kernels<T>().rule.squared_norm(0, 1, n, w, w);
  if (l1 > 0) {
    double size = 0;
    for (Index j = 0; j < n; ++j) size += std::fabs(static_cast<double>(w[j]));
    sum += l1 * size;
  }
  const double group = of(options_.layer_group, pass_.tile(i).layer);
  const Index unit = unit_[static_cast<std::size_t>(i)];
  for (Index j = 0; group > 0 && j < n; j += unit)
    sum += group * std::sqrt(kernels<T>().rule.squared_norm(0, 1, unit, w + j, w + j));
  return sum;
}

template <class T>
void Trainer<T>::update_tile(Index i, const RuleStep<T>& step, T gradient_scale) {
  const Tile& at = pass_.tile(i).at;
  const Index layer = pass_.tile(i).layer;
  const double group = of(options_.layer_group, layer), limit = of(options_.layer_max_norm, layer);
  const auto segment = [&](Index begin, Index end, bool weights) {
    if (begin == end) return;
    RuleStep<T> s = step;
    s.gradient_scale = gradient_scale;
    const double l2 = rule_adds_l2_ ? l2_of(layer) : 0;
    s.weight_decay = static_cast<T>(of(weights ? options_.layer_decay : options_.layer_other_decay, layer));
    if (weights) s.weight_decay += static_cast<T>(l2);
    s.l1 = weights ? static_cast<T>(l1_of(layer)) : T(0);
    T* slot[3] = {};
    for (std::size_t k = 0; k < slots_.size(); ++k) slot[k] = slots_[k].data() + begin;
    kernels<T>().rule.update(s, end - begin, theta_.data() + begin, gradient_.data() + begin, slot[0], slot[1], slot[2],
                             weights && group > 0 ? scales_.data() + begin : nullptr);
  };
  segment(at.weight_begin, at.weight_end, true);
  segment(at.other_begin, at.other_end, false);
  T* w = theta_.data() + at.weight_begin;
  const Index n = at.weight_end - at.weight_begin, unit = unit_[static_cast<std::size_t>(i)];  // whole units
  // In this order they are the proximal step of the sum: what is negative is zero in it, whatever the rest shrinks to.
  if (of(options_.layer_non_negative, layer))
    std::replace_if(
        w, w + n, [](T x) { return x < 0; }, T(0));
  if (group > 0) shrink_units(n, unit, group, scales_.data() + at.weight_begin, w);
  if (std::isfinite(limit)) limit_norms(n, unit, limit, w);
}

template <class T>
typename Trainer<T>::Outcome Trainer<T>::take_step(double rate, Team& team, Monitor& monitor) {
  const Index first = position_ * options_.batch_size;
  const Index n = std::min(options_.batch_size, static_cast<Index>(rows_.size()) - first), chunk = pass_.max_rows();
  const std::int64_t* ids = order_.data() + first;
  double weight = static_cast<double>(n);
  if (data_.weight) {
    weight = 0;
    for (Index r = 0; r < n; ++r) weight += data_.weight[ids[r]];
  }
  batch_weight_ = weight;
  l2_ = options_.per_batch ? options_.l2 / weight : options_.l2;
  const bool in_order = !options_.per_batch && steps_ == 1 && static_cast<Index>(rows_.size()) == data_.n;
  const bool clip = std::isfinite(options_.clip_norm), penalized = sparse() || l2_ > 0;

  RuleStep<T> step = rule_.step<T>(t_ + 1, rate);
  const T* w = theta_.data();
  if (rule_.needs_lookahead()) {
    RuleStep<T> look = step;
    for (Index i = 0; i < pass_.tiles(); ++i) {
      const Tile& at = pass_.tile(i).at;
      look.l1 = static_cast<T>(l1_of(pass_.tile(i).layer));
      kernels<T>().rule.lookahead(look, at.weight_end - at.weight_begin, theta_.data() + at.weight_begin,
                                  slots_[0].data() + at.weight_begin, ahead_.data() + at.weight_begin);
      look.l1 = 0;
      kernels<T>().rule.lookahead(look, at.other_end - at.other_begin, theta_.data() + at.other_begin,
                                  slots_[0].data() + at.other_begin, ahead_.data() + at.other_begin);
    }
    w = ahead_.data();
  }
  packed_.make(w, team);

  // The penalty's gradient, by the rule where it adds weight decay to g; clipping shortens the sum of both.
  const bool add_l2 = l2_ > 0 && (clip || decoupled(rule_.rule));
  rule_adds_l2_ = !add_l2;
  const auto measure = [&](Index i) {
    const Tile& at = pass_.tile(i).at;
    const Index weights = at.weight_end - at.weight_begin;
    T* g = gradient_.data() + at.weight_begin;
    const T* point = w + at.weight_begin;
    const T own = static_cast<T>(l2_of(pass_.tile(i).layer)), l2 = add_l2 ? T(0) : own;
    if (add_l2)
      for (Index j = 0; j < weights; ++j) g[j] += own * point[j];
    const auto norm = kernels<T>().rule.squared_norm;
    const std::size_t k = static_cast<std::size_t>(i);
    tile_norms_[k] = norm(1, l2, weights, point, g) +
                     norm(1, 0, at.other_end - at.other_begin, w + at.other_begin, gradient_.data() + at.other_begin);
    if (penalized) tile_penalties_[k] = penalty(i);
  };

  double loss = 0;
  for (Index start = 0; start < n; start += chunk) {
    const Index count = std::min(chunk, n - start);
    const bool final = start + count == n;
    typename Pass<T>::Rows rows{in_order ? nullptr : ids + start, first + start, count, 1 / weight};
    loss += pass_.run(w, state_.data(), packed_, data_, rows,
                      {true, true, options_.seed, static_cast<std::uint32_t>(epoch_)}, team);
    if (final && !std::isfinite(loss)) return Outcome::diverged;
    for (Index l = 0; position_ + 1 == steps_ && l < net_.size(); ++l) {
      double& norm = sums_[static_cast<std::size_t>(sum_layers + net_.size() + l)];
      norm = (start > 0 ? norm : 0) + pass_.activation_squares(l);
      if (final) norm = std::sqrt(norm / static_cast<double>(n * net_.layer(l).outputs()));
    }
    if (n > chunk && monitor.poll()) return Outcome::interrupted;
    team.run(static_cast<Index>(runs_.size()), [&](Index task, int member) {
      const auto run = runs_[static_cast<std::size_t>(task)];
      pass_.gradients(run, member, gradient_.data(), start > 0);
      for (Index i = run.begin; final && i < run.end; ++i) {
        measure(i);
        if (!clip) update_tile(i, step, 1);
      }
    });
  }
  double total = 0, penalties = 0;
  std::vector<double>& s = sums_;
  for (Index l = 0, i = 0; l < net_.size(); ++l) {
    double layer = 0;
    for (; i < pass_.tiles() && pass_.tile(i).layer == l; ++i) {
      layer += tile_norms_[static_cast<std::size_t>(i)];
      penalties += tile_penalties_[static_cast<std::size_t>(i)];
    }
    total += layer;
    s[static_cast<std::size_t>(sum_layers + l)] += std::sqrt(layer);
  }
  if (!std::isfinite(total)) return Outcome::diverged;
  const double norm = std::sqrt(total);
  if (clip) {
    const T scale = norm > options_.clip_norm ? static_cast<T>(options_.clip_norm / norm) : T(1);
    team.run(pass_.tiles(), [&](Index i, int) { update_tile(i, step, scale); });
  }
  const double share = options_.per_batch ? static_cast<double>(n) : weight;
  s[sum_loss] += loss * share;
  s[sum_penalty] += options_.per_batch ? penalties * share : penalties;
  s[sum_weight] += share;
  s[sum_norm] += norm;
  s[sum_steps] += 1;
  ++t_;
  ++position_;
  return Outcome::done;
}

template double Trainer<float>::penalty(Index) const;
template double Trainer<double>::penalty(Index) const;
template void Trainer<float>::update_tile(Index, const RuleStep<float>&, float);
template void Trainer<double>::update_tile(Index, const RuleStep<double>&, double);
template Trainer<float>::Outcome Trainer<float>::take_step(double, Team&, Monitor&);
template Trainer<double>::Outcome Trainer<double>::take_step(double, Team&, Monitor&);

}  // namespace steep
