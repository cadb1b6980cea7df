// Training by an update rule on minibatches: whole epochs at a time, with everything that a later call goes on from.
//
// One step: pack the parameters' panels; a pass of the batch; then, tile by tile while it is in cache, the gradient,
// its norm, the fused update. With clipping the update waits for the norm of all tiles. The batch's gradient is
// sum s g / sum s; rows of weight zero are dropped before the shuffle. Nothing is allocated in a step.
#pragma once
#include <cmath>

#include "steep/pass.hpp"
#include "steep/update_rule.hpp"

namespace steep {

struct TrainOptions {
  Index batch_size = 128;
  bool shuffle = true;
  std::uint64_t seed = 0;
  double l1 = 0, l2 = 0;                   // penalty on weights
  std::vector<double> layer_l1, layer_l2;  // of each layer; empty: l1 and l2 for all
  // The rule's weight decay, of the weights and of the other parameters of each layer; empty: the rule's own, and 0.
  std::vector<double> layer_decay, layer_other_decay;
  std::vector<double> layer_group;  // lambda of the sum of the norms of each unit's weights; empty: 0
  // By projection after each step, of each layer; empty: none. The norm of the weights of a unit, infinite: any; and
  // whether weights are at least zero.
  std::vector<double> layer_max_norm;
  std::vector<bool> layer_non_negative;
  Augmentation augment;
  double mixup = 0;  // alpha; needs targets, not labels
  double clip_norm = INFINITY;
  int n_threads = 1;
  // scikit-learn's conventions: the penalty is divided by the batch's weight, rows of weight zero stay in their
  // batches, means over an epoch count rows, and the caller gives each epoch's order by set_order.
  bool per_batch = false;
};

// What the epochs of one call of run gave, and why it ended.
struct TrainReport {
  enum class End { running, diverged, interrupted, max_time, converged, separated };
  static constexpr const char* end_names[] = {"running",  "diverged",  "interrupted",
                                              "max_time", "converged", "separated"};
  End end = End::running;
  Index diverged_step = -1;  // step of the epoch, from 0
  std::vector<double> loss, objective, val_loss, gradient_norm, layer_gradient_norm, seconds;  // an entry an epoch
  std::vector<double> layer_activation_norm;  // root mean square of each layer's outputs in the epoch's last step
  std::vector<double> zeros;                  // share of the weights, with an l1 or a group penalty
};

template <class T>
class Trainer {
 public:
  // data must outlive the trainer; parameters and state are copied.
  Trainer(const Network<T>& net, const T* parameters, const T* state, const Dataset<T>& data, const LossPlan& plan,
          const UpdateRule& rule, const TrainOptions& options);

  void set_validation(const Dataset<T>& data) {
    validation_ = data;
    has_validation_ = true;
  }
  Index steps_per_epoch() const { return steps_; }
  // The order of all rows in the epochs to come, instead of shuffles; with per_batch only.
  void set_order(const std::int64_t* order) { order_.assign(order, order + rows_.size()); }
  // Up to `epochs` further epochs, the first of which may have begun; rates: one for each step of them.
  TrainReport run(Index epochs, const double* rates, double max_seconds, double tol, Monitor& monitor);
  // Mean loss of a data set in inference mode.
  double evaluate(const Dataset<T>& data, Monitor& monitor);

  // What a resumed run needs. `position`: steps of the current epoch already made (all of them: what is left is the
  // validation); `partial`: their sums.
  Index step_count() const { return t_; }
  Index epoch() const { return epoch_; }
  Index position() const { return position_; }
  const std::vector<double>& partial() const { return sums_; }
  const T* parameters() const { return theta_.data(); }
  const T* state() const { return state_.data(); }
  const T* start_parameters() const {
    return start_theta_.data();
  }  // of the current epoch: what divergence falls back to
  const T* start_state() const { return start_state_.data(); }
  Index slot_count() const { return static_cast<Index>(slots_.size()); }
  const T* slot(Index k) const { return slots_[static_cast<std::size_t>(k)].data(); }
  const Network<T>& network() const { return net_; }
  void restore(const T* parameters, const T* state, const std::vector<const T*>& slots, Index step, Index epoch,
               Index position, const std::vector<double>& partial, const T* start_parameters, const T* start_state);
  void set_parameters(const T* parameters, const T* state);

 private:
  enum class Outcome { done, interrupted, diverged };
  void begin_epoch();
  Outcome take_step(double rate, Team& team, Monitor& monitor);
  template <class V>
  static auto of(const std::vector<V>& layers, Index layer) {
    return layers[static_cast<std::size_t>(layer)];
  }
  double l1_of(Index layer) const { return of(options_.layer_l1, layer); }
  double l2_of(Index layer) const {
    const double l2 = of(options_.layer_l2, layer);
    return options_.per_batch ? l2 / batch_weight_ : l2;
  }
  bool sparse() const { return options_.l1 > 0 || group_ > 0; }
  void update_tile(Index i, const RuleStep<T>& step, T gradient_scale);
  double penalty(Index i) const;
  // These two say false when the monitor stopped them, and can then be called again.
  bool evaluate(const Dataset<T>& data, Team& team, Monitor& monitor, double& loss);
  bool finish_epoch(TrainReport& report, Team& team, Monitor& monitor);
  double zero_share() const;
  bool separates(Team& team, Monitor& monitor);
  void roll_back();

  const Network<T>& net_;
  Dataset<T> data_, validation_;
  bool has_validation_ = false;
  LossPlan plan_;
  UpdateRule rule_;
  TrainOptions options_;
  std::vector<std::int64_t> rows_, order_;  // of positive weight; this epoch's order
  Index steps_ = 0;
  double l2_ = 0, batch_weight_ = 1;  // of the step in progress; l2_ is the largest of all layers
  bool rule_adds_l2_ = false;
  double group_ = 0;         // the largest of all layers
  std::vector<Index> unit_;  // weights of a unit, of each tile
  Pass<T> pass_;
  Packed<T> packed_;
  Buffer<T> theta_, state_, gradient_, ahead_;
  Buffer<T> scales_;  // the rule's step scale of each parameter, with a group penalty
  std::vector<Buffer<T>> slots_;
  Buffer<T> start_theta_, start_state_;  // of the epoch
  Index t_ = 0, epoch_ = 0, position_ = 0;
  std::vector<typename Pass<T>::TileRun> runs_;  // what the threads of the call in progress share out
  std::vector<double> tile_norms_, tile_penalties_;
  // Of the epoch in progress; sum_layers: each layer's gradient norm, then its activation norm.
  enum Sum { sum_loss, sum_penalty, sum_weight, sum_norm, sum_steps, sum_layers };
  std::vector<double> sums_;
};

}  // namespace steep
