// Training on minibatches; see trainer.hpp.
#include "steep/trainer.hpp"

#include <algorithm>
#include <cmath>

#include "steep/finite.hpp"
#include "steep/kernels.hpp"
#include "steep/philox.hpp"
#include "steep/unit.hpp"

namespace steep {
namespace {

constexpr Index chunk_rows = 1024;  // larger batches go through in chunks, their gradients added up in order

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
  const auto each = [&](auto& of_layers, auto other) {
    if (of_layers.empty()) of_layers.assign(static_cast<std::size_t>(net.size()), other);
    if (of_layers.size() != static_cast<std::size_t>(net.size()))
      throw std::invalid_argument("options must be one for each of " + std::to_string(net.size()) + " layers, got " +
                                  std::to_string(of_layers.size()));
    return *std::max_element(of_layers.begin(), of_layers.end());
  };
  options_.l1 = each(options_.layer_l1, options_.l1);
  options_.l2 = each(options_.layer_l2, options_.l2);
  each(options_.layer_decay, rule.weight_decay);
  each(options_.layer_other_decay, 0.0);
  group_ = each(options_.layer_group, 0.0);
  each(options_.layer_max_norm, static_cast<double>(INFINITY));
  each(options_.layer_non_negative, false);
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
  if (group_ > 0) scales_.resize(net.parameter_count());
  tile_norms_.resize(static_cast<std::size_t>(pass_.tiles()));
  tile_penalties_.resize(static_cast<std::size_t>(pass_.tiles()));
  for (Index i = 0; i < pass_.tiles(); ++i) {
    const auto& t = pass_.tile(i);
    unit_.push_back(t.at.weight_begin == t.at.weight_end
                        ? 1
                        : unit_size(net.layer(t.layer), t.at.weight_begin - net.offset(t.layer)));
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
