// Training on minibatches; see trainer.hpp.
#include "steep/trainer.hpp"

#include <algorithm>
#include <cmath>

#include "steep/finite.hpp"
#include "steep/kernels.hpp"
#include "steep/philox.hpp"

namespace steep {
namespace {

constexpr Index chunk_rows = 1024;  // larger batches go through in chunks, their gradients added up in order
enum Sum { sum_loss, sum_penalty, sum_weight, sum_norm, sum_steps, sum_layers };

template <class T>
Index pass_rows(const Network<T>& net, Index batch) {
  for (Index l = 0; l < net.size(); ++l)
    if (net.layer(l).whole_batch()) return std::max<Index>(batch, 64);
  return std::min(std::max<Index>(batch, 64), chunk_rows);
}

template <class T>
std::vector<std::int64_t> weighted_rows(const Dataset<T>& data, bool all) {
  std::vector<std::int64_t> rows;
  for (Index i = 0; i < data.n; ++i)
    if (all || !data.weight || data.weight[i] > 0) rows.push_back(i);
  if (rows.empty()) throw std::invalid_argument("weights must have a positive entry");
  return rows;
}

template <class T>
void copy(const T* from, Buffer<T>& to) {
  std::copy_n(from, to.size(), to.data());
}

// Weights of a unit (a filter) of the layer that has the parameter `at`, which may lie in a block of layers.
template <class T>
Index unit_of(const Layer<T>& layer, Index at) {
  for (const auto& part : layer.parts())
    if (at >= part.offset && at < part.offset + part.layer->parameter_count())
      return unit_of(*part.layer, at - part.offset);
  const Shape weight = layer.arrays().front().shape;
  return entries(weight) / weight.front();
}

// Rules whose weight decay is not part of the gradient need an l2 penalty added to it.
bool decoupled(Rule rule) { return rule == Rule::adamw || rule == Rule::lion; }

}  // namespace

template <class T>
Trainer<T>::Trainer(const Network<T>& net, const T* parameters, const T* state, const Dataset<T>& data,
                    const LossPlan& plan, const UpdateRule& rule, const TrainOptions& options)
    : net_(net),
      data_(data),
      plan_(plan),
      rule_(rule),
      options_(options),
      rows_(weighted_rows(data, options.per_batch)),
      pass_(net, plan, pass_rows(net, std::min<Index>(options.batch_size, static_cast<Index>(rows_.size()))),
            options.n_threads, true),
      packed_(net, true),
      theta_(net.parameter_count()),
      state_(net.state_count()),
      gradient_(net.parameter_count()),
      ahead_(rule.needs_lookahead() ? net.parameter_count() : 0),
      start_theta_(net.parameter_count()),
      start_state_(net.state_count()) {
  rule_.check();
  if (options.mixup > 0 && !data.y) throw std::invalid_argument("mixup needs targets that can be mixed, not labels");
  pass_.set_augmentation(options.augment, {options.mixup, rows_.data(), static_cast<Index>(rows_.size())});
  const auto each = [&](std::vector<double>& of_layers, double& all) {
    if (of_layers.empty()) of_layers.assign(static_cast<std::size_t>(net.size()), all);
    if (of_layers.size() != static_cast<std::size_t>(net.size()))
      throw std::invalid_argument("penalties must be one for each of " + std::to_string(net.size()) + " layers, got " +
                                  std::to_string(of_layers.size()));
    all = *std::max_element(of_layers.begin(), of_layers.end());
  };
  each(options_.layer_l1, options_.l1);
  each(options_.layer_l2, options_.l2);
  each(options_.layer_group, group_);
  if (group_ > 0 && !rule.allows_groups())
    throw std::invalid_argument(std::string(rule.name()) + " has no proximal step for groups");
  if (options_.l1 > 0 && !rule.allows_l1())
    throw std::invalid_argument(std::string(rule.name()) + " has no proximal step for l1");
  const Index n = static_cast<Index>(rows_.size());
  options_.batch_size = std::min(options_.batch_size, n);
  steps_ = (n + options_.batch_size - 1) / options_.batch_size;
  const Index smallest = n - (steps_ - 1) * options_.batch_size;
  for (Index l = 0; l < net.size(); ++l) {
    const Index least = net.layer(l).least_rows();
    if (smallest < least)
      throw std::invalid_argument("batch_size must leave at least " + std::to_string(least) +
                                  " rows in every batch for layer " + std::to_string(l) + " (" + net.layer(l).kind() +
                                  "), got " + std::to_string(options_.batch_size) + ": the last batch of " +
                                  std::to_string(n) + " rows has " + std::to_string(smallest));
  }
  order_ = rows_;
  for (int k = 0; k < rule.slot_count(); ++k) slots_.emplace_back(net.parameter_count());
  tile_norms_.resize(static_cast<std::size_t>(pass_.tiles()));
  tile_penalties_.resize(static_cast<std::size_t>(pass_.tiles()));
  for (Index i = 0; i < pass_.tiles(); ++i) {
    const auto& t = pass_.tile(i);
    unit_.push_back(t.at.weight_begin == t.at.weight_end
                        ? 1
                        : unit_of(net.layer(t.layer), t.at.weight_begin - net.offset(t.layer)));
  }
  sums_.resize(static_cast<std::size_t>(sum_layers + 2 * net.size()));
  set_parameters(parameters, state);
}

template <class T>
void Trainer<T>::set_parameters(const T* parameters, const T* state) {
  copy(parameters, theta_);
  copy(state, state_);
}

template <class T>
void Trainer<T>::restore(const T* parameters, const T* state, const std::vector<const T*>& slots, Index step,
                         Index epoch, Index position, const std::vector<double>& partial, const T* start_parameters,
                         const T* start_state) {
  if (slots.size() != slots_.size() || partial.size() != sums_.size() || position < 0 || position > steps_)
    throw std::invalid_argument("state must be one of the same network, rule and data");
  set_parameters(parameters, state);
  for (std::size_t k = 0; k < slots.size(); ++k) copy(slots[k], slots_[k]);
  t_ = step;
  epoch_ = epoch;
  position_ = position;
  if (position > 0) {
    begin_epoch();
    sums_ = partial;
    copy(start_parameters, start_theta_);
    copy(start_state, start_state_);
  }
}

template <class T>
void Trainer<T>::begin_epoch() {
  if (options_.shuffle && steps_ > 1 && !options_.per_batch) {
    order_ = rows_;
    shuffle(order_, PhiloxReader(options_.seed, stream::shuffle, static_cast<std::uint32_t>(epoch_)));
  }
  std::fill(sums_.begin(), sums_.end(), 0.0);
  copy(static_cast<const T*>(theta_.data()), start_theta_);
  copy(static_cast<const T*>(state_.data()), start_state_);
}

template <class T>
void Trainer<T>::roll_back() {
  copy(static_cast<const T*>(start_theta_.data()), theta_);
  copy(static_cast<const T*>(start_state_.data()), state_);
}

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
  const double group = group_of(pass_.tile(i).layer);
  const Index unit = unit_[static_cast<std::size_t>(i)];
  for (Index j = 0; group > 0 && j < n; j += unit)
    sum += group * std::sqrt(kernels<T>().rule.squared_norm(0, 1, unit, w + j, w + j));
  return sum;
}

template <class T>
void Trainer<T>::update_tile(Index i, const RuleStep<T>& step, T gradient_scale) {
  const Tile& at = pass_.tile(i).at;
  const auto segment = [&](Index begin, Index end, bool weights) {
    if (begin == end) return;
    RuleStep<T> s = step;
    s.gradient_scale = gradient_scale;
    const double l2 = rule_adds_l2_ ? l2_of(pass_.tile(i).layer) : 0;
    s.weight_decay = weights ? step.weight_decay + static_cast<T>(l2) : T(0);
    s.l1 = weights ? static_cast<T>(l1_of(pass_.tile(i).layer)) : T(0);
    T* slot[3] = {};
    for (std::size_t k = 0; k < slots_.size(); ++k) slot[k] = slots_[k].data() + begin;
    kernels<T>().rule.update(s, end - begin, theta_.data() + begin, gradient_.data() + begin, slot[0], slot[1],
                             slot[2]);
  };
  segment(at.weight_begin, at.weight_end, true);
  segment(at.other_begin, at.other_end, false);
  shrink_units(i, group_of(pass_.tile(i).layer) * static_cast<double>(step.prox_rate));
  if (options_.non_negative || std::isfinite(options_.max_norm)) project(i);
}

// The proximal step of threshold times the norm of each unit's weights: all of them become zero together.
template <class T>
void Trainer<T>::shrink_units(Index i, double threshold) {
  if (threshold <= 0) return;
  const Tile& at = pass_.tile(i).at;
  const Index unit = unit_[static_cast<std::size_t>(i)];
  for (T *w = theta_.data() + at.weight_begin, *end = theta_.data() + at.weight_end; w < end; w += unit) {
    const double norm = std::sqrt(kernels<T>().rule.squared_norm(0, 1, unit, w, w));
    const T scale = norm > threshold ? static_cast<T>(1 - threshold / norm) : T(0);
    for (Index j = 0; j < unit; ++j) w[j] *= scale;
  }
}

// A tile's weights onto the nearest that the constraints allow; its rows are whole.
template <class T>
void Trainer<T>::project(Index i) {
  const Tile& at = pass_.tile(i).at;
  T *w = theta_.data() + at.weight_begin, *end = theta_.data() + at.weight_end;
  if (options_.non_negative)
    for (T* p = w; p < end; ++p) *p = *p < 0 ? T(0) : *p;
  if (w == end || !std::isfinite(options_.max_norm)) return;
  const Index row = unit_[static_cast<std::size_t>(i)];
  for (; w < end; w += row) {
    const double norm = std::sqrt(kernels<T>().rule.squared_norm(0, 1, row, w, w));
    const T scale = static_cast<T>(options_.max_norm / norm);
    for (Index j = 0; norm > options_.max_norm && j < row; ++j) w[j] *= scale;
  }
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
    for (Index l = 0; final && position_ + 1 == steps_ && l < net_.size(); ++l)
      sums_[static_cast<std::size_t>(sum_layers + net_.size() + l)] = pass_.activation_norm(l);
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

template <class T>
bool Trainer<T>::evaluate(const Dataset<T>& data, Team& team, Monitor& monitor, double& loss) {
  packed_.make(theta_.data(), team);
  double sum = 0, weight = static_cast<double>(data.n);
  if (data.weight) {
    weight = 0;
    for (Index i = 0; i < data.n; ++i) weight += data.weight[i];
  }
  for (Index first = 0; first < data.n; first += pass_.max_rows()) {
    typename Pass<T>::Rows rows{nullptr, first, std::min(pass_.max_rows(), data.n - first), 1};
    sum += pass_.run(theta_.data(), state_.data(), packed_, data, rows, {}, team);
    if (monitor.poll()) return false;
  }
  loss = sum / weight;
  return true;
}

template <class T>
double Trainer<T>::evaluate(const Dataset<T>& data, Monitor& monitor) {
  Team team(worthwhile_threads(net_.flops_per_row() * static_cast<double>(std::min(data.n, pass_.max_rows())),
                               options_.n_threads));
  double loss = NAN;
  evaluate(data, team, monitor, loss);
  return loss;
}

// Share of the weights that are exactly zero.
template <class T>
double Trainer<T>::zero_share() const {
  Index weights = 0, zeros = 0;
  for (Index i = 0; i < pass_.tiles(); ++i) {
    const Tile& at = pass_.tile(i).at;
    weights += at.weight_end - at.weight_begin;
    zeros += std::count(theta_.data() + at.weight_begin, theta_.data() + at.weight_end, T(0));
  }
  return weights > 0 ? static_cast<double>(zeros) / static_cast<double>(weights) : 0;
}

// After an epoch without a mistake: whether its last parameters make none either, which momentum may have moved on.
template <class T>
bool Trainer<T>::separates(Team& team, Monitor& monitor) {
  if (std::equal(theta_.data(), theta_.data() + theta_.size(), start_theta_.data())) return true;
  double loss = 1;
  return evaluate(data_, team, monitor, loss) && loss == 0;
}

template <class T>
bool Trainer<T>::finish_epoch(TrainReport& report, Team& team, Monitor& monitor) {
  double val_loss = 0;
  if (has_validation_ && !evaluate(validation_, team, monitor, val_loss)) return false;
  const double steps = sums_[sum_steps], loss = sums_[sum_loss] / sums_[sum_weight];
  report.loss.push_back(loss);
  report.objective.push_back(loss + sums_[sum_penalty] / (options_.per_batch ? sums_[sum_weight] : steps));
  report.gradient_norm.push_back(sums_[sum_norm] / steps);
  for (Index l = 0; l < net_.size(); ++l)
    report.layer_gradient_norm.push_back(sums_[static_cast<std::size_t>(sum_layers + l)] / steps);
  if (has_validation_) report.val_loss.push_back(val_loss);
  for (Index l = 0; l < net_.size(); ++l)
    report.layer_activation_norm.push_back(sums_[static_cast<std::size_t>(sum_layers + net_.size() + l)]);
  if (sparse()) report.zeros.push_back(zero_share());
  report.seconds.push_back(monitor.seconds());
  ++epoch_;
  position_ = 0;
  return true;
}

template <class T>
TrainReport Trainer<T>::run(Index epochs, const double* rates, double max_seconds, double tol, Monitor& monitor) {
  using End = TrainReport::End;
  TrainReport report;
  const auto reserve = static_cast<std::size_t>(epochs);
  for (auto* column :
       {&report.loss, &report.objective, &report.val_loss, &report.gradient_norm, &report.zeros, &report.seconds})
    column->reserve(reserve);
  for (auto* column : {&report.layer_gradient_norm, &report.layer_activation_norm})
    column->reserve(reserve * static_cast<std::size_t>(net_.size()));
  const double flops = 3 * net_.flops_per_row() * static_cast<double>(std::min(options_.batch_size, pass_.max_rows()));
  // Three barriers and a cold second cache a step: below about 3 million operations a thread they cost what they save.
  Team team(worthwhile_threads(flops / 3, options_.n_threads));
  runs_ = pass_.runs(team.size());
  const auto diverged = [&](Index step) {
    report.end = End::diverged;
    report.diverged_step = step;
    roll_back();
    position_ = 0;
    return std::move(report);
  };
  for (Index done = 0; done < epochs; ++done, rates += steps_) {
    if (position_ == 0) begin_epoch();
    while (position_ < steps_) {
      if (monitor.poll())
        report.end = End::interrupted;
      else if (monitor.seconds() > max_seconds)
        report.end = End::max_time;
      if (report.end != End::running) return report;
      switch (take_step(rates[position_], team, monitor)) {
        case Outcome::done:
          break;
        case Outcome::interrupted:
          report.end = End::interrupted;
          return report;
        case Outcome::diverged:
          return diverged(position_);
      }
    }
    if (!all_finite(theta_.data(), theta_.size())) return diverged(steps_ - 1);
    const double norm = sums_[sum_norm] / sums_[sum_steps];
    if (!finish_epoch(report, team, monitor)) {
      report.end = End::interrupted;
      return report;
    }
    if (plan_.kernel == Loss::perceptron && norm == 0 && separates(team, monitor))
      report.end = End::separated;
    else if (norm <= tol)
      report.end = End::converged;
    if (report.end != End::running) return report;
  }
  return report;
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace steep
