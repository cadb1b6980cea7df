// A pass of a batch through a network: gather, forward, loss, backward, and the parameters' gradient tile by tile.
//
// Two phases. run: each task takes a block of rows from the gather to the first layer's dz. gradient: each task makes
// one tile of the gradient from all rows, for a caller that uses it at once. Workspaces are sized in the constructor;
// no call allocates. Losses are summed in double in the order of rows, so no cut and no number of threads changes a
// bit.
#pragma once
#include "steep/augment.hpp"
#include "steep/loss.hpp"
#include "steep/network.hpp"

namespace steep {

// Which loss kernel runs, and whether on raw scores (the output activation is then part of the loss).
struct LossPlan {
  Loss kernel = Loss::squared_error;
  bool on_raw = false;
  double parameter = 1;                // huber's delta, pinball's q, epsilon, soft_l1's and cauchy's c
  std::vector<double> output_weights;  // of the squared error's outputs; empty: ones
  double largest = INFINITY;           // as in LossCall
};

template <class T>
class Pass {
 public:
  struct Rows {
    const std::int64_t* ids = nullptr;  // rows of the data set; null: first, first + 1, ...
    Index first = 0, n = 0;
    double weight_scale = 1;  // multiplies the rows' weights: 1 / (sum of the batch's weights) makes means
  };
  struct Mode {
    bool training = false, backward = false;
    std::uint64_t seed = 0;
    std::uint32_t epoch = 0;
  };
  // A tile of the network's parameters, offsets into the flat vector.
  struct NetTile {
    Index layer, number;
    Tile at;
  };

  // max_rows: of a call of run. n_threads: the largest team that will be used.
  Pass(const Network<T>& net, const LossPlan& plan, Index max_rows, int n_threads, bool with_backward);

  // Of the rows of every later run in training.
  void set_augmentation(const Augmentation& a, const Mixup& m);
  // Of the squared error's outputs; empty: ones.
  void weigh_outputs(const std::vector<double>& weights) { plan_.output_weights = weights; }
  void limit_loss(double largest) { plan_.largest = largest; }
  const Network<T>& network() const { return net_; }
  Index max_rows() const { return max_rows_; }
  // Sum of weight_scale * weight * loss over the rows.
  double run(const T* w, T* state, const Packed<T>& packed, const Dataset<T>& data, const Rows& rows, const Mode& mode,
             Team& team);
  // Tile `i` of the gradient, from the rows of the last run with backward; g is the whole flat vector's.
  Index tiles() const { return static_cast<Index>(tiles_.size()); }
  const NetTile& tile(Index i) const { return tiles_[static_cast<std::size_t>(i)]; }
  int most_threads() const { return static_cast<int>(workspaces_.size()); }
  void gradient(Index i, int member, T* g, bool accumulate) { gradients({i, i + 1}, member, g, accumulate); }
  // Runs of tiles of one layer, as many a layer as there are threads: the gradient of a run is one product.
  struct TileRun {
    Index begin, end;
  };
  std::vector<TileRun> runs(int n_threads) const;
  void gradients(TileRun run, int member, T* g, bool accumulate);
  // Sum of squares of a layer's outputs (scores where the loss is on them) over the rows of the last run.
  double activation_squares(Index layer) const;
  // Outputs (scores where the loss is on them) of the last run, (n, outputs).
  const T* outputs() const { return activations_.back().data(); }

 protected:
  template <class Work>
  void by_blocks(Index n, Team& team, Work&& work) {
    Index blocks = (n + block_rows - 1) / block_rows;
    if (team.size() > 1 && n >= 8 * team.size()) blocks = (blocks + team.size() - 1) / team.size() * team.size();
    team.run(blocks, [&](Index task, int member) {
      const Index r0 = task * n / blocks, r1 = (task + 1) * n / blocks;
      if (r1 > r0) work(r0, r1 - r0, member);
    });
  }
  static constexpr Index block_rows = 64;  // so that a block's activations stay in the second cache

  // What the following calls work on.
  void begin(const T* w, T* state, const Packed<T>& packed, const Dataset<T>& data, const Rows& rows, const Mode& mode);
  void load(Index r0, Index count, const Dataset<T>& data, const Rows& rows);
  void inputs(Index r0, Index count, const Dataset<T>& data, const std::int64_t* ids, T* to);
  void targets(Index count, const Dataset<T>& data, const std::int64_t* ids, T* to);
  void mix(Index r0, Index count, const Dataset<T>& data);
  void forward(Index begin, Index end, Index r0, Index count, int member);
  void loss_of(Index r0, Index count, const Dataset<T>& data);
  // The kernels of LossKernels, with the outputs' weights.
  void value_and_gradient(const LossCall<T>& call, double* row_loss, T* gradient) const;
  void curvature(const LossCall<T>& call, const T* v, T* out) const;
  void backward(Index begin, Index end, Index r0, Index count, int member);
  Block<T> block(Index layer, Index r0, Index count, int member) const;
  T* activation(Index layer, Index r0) {
    return activations_[static_cast<std::size_t>(layer)].data() + r0 * net_.layer(layer).outputs();
  }
  T* delta(Index layer, Index r0) {
    return deltas_[static_cast<std::size_t>(layer)].data() + r0 * net_.layer(layer).outputs();
  }
  const T* input_of(Index layer, Index r0) const;
  bool augmented() const { return mode_.training && augmentation_.any(); }
  bool mixed() const { return mode_.training && mixup_.any(); }
  bool alone(Index layer) const { return net_.layer(layer).whole_batch(); }

  const Network<T>& net_;
  LossPlan plan_;
  Index max_rows_;
  std::vector<NetTile> tiles_;
  std::vector<Index> segments_;  // ends of runs of layers that work row by row, or of one layer alone
  Augmentation augmentation_;
  Mixup mixup_;
  Buffer<T> input_;                     // (rows, inputs)
  Buffer<T> original_;                  // before augmentation
  Buffer<T> partner_, partner_target_;  // of each row, with mixup
  std::vector<Buffer<T>> activations_;  // of each layer, (rows, outputs)
  std::vector<Buffer<T>> deltas_;
  std::vector<Buffer<T>> caches_;
  std::vector<Buffer<T>> batches_;
  std::vector<Buffer<T>> workspaces_;  // of each thread
  std::vector<T*> workspace_of_;
  Buffer<T> target_, weight_;
  Buffer<std::int32_t> label_;
  Buffer<std::int64_t> id_, partner_id_;
  Buffer<double> row_loss_, share_;
  // Of the call in progress.
  const T* x_ = nullptr;
  const T* w_ = nullptr;
  T* state_ = nullptr;
  const Packed<T>* packed_ = nullptr;
  Mode mode_;
  Index rows_ = 0;
};

// How many threads some work is worth: `flops` of arithmetic between two barriers.
int worthwhile_threads(double flops, int n_threads);

}  // namespace steep
