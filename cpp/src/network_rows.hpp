// A pass that also carries tangents and makes per-row gradients: the second-order part of NetworkRisk.
#pragma once
#include "steep/kernels.hpp"
#include "steep/network_risk.hpp"

namespace steep {

template <class T>
class NetworkRisk<T>::Rows : public Pass<T> {
 public:
  using Base = Pass<T>;
  using typename Base::Mode;
  using ChunkRows = typename Base::Rows;

  Rows(const Network<T>& net, const LossPlan& plan, Index max_rows, int n_threads)
      : Base(net, plan, max_rows, n_threads, true), factor_(max_rows * net.outputs()) {}

  // After it, tile_of_product makes the tiles of the Hessian's product with v, of the data loss of these rows; with
  // gauss_newton, `gradient` makes those of the Gauss-Newton matrix's: the deltas are then H J v, H the loss's
  // curvature.
  void run_tangents(const T* w, const T* v, T* state, const Packed<T>& packed, const Dataset<T>& data,
                    const ChunkRows& rows, bool gauss_newton, Team& team);
  void tile_of_product(Index i, int member, T* Hv);

  // Per-row gradients. begin_rows once a chunk; then for rows [r0, r0 + count): forward, and J (count * outputs, p)
  // with rows L_c' J_i, where sum_c L_c L_c' is weight times the loss's second derivative in the scores. rho (count *
  // outputs) receives weight^(1/2) (score - target) where the loss is the squared error, else may be null. The sum of
  // losses is left in row_loss.
  void begin_rows(const T* w, T* state, const Packed<T>& packed, const Dataset<T>& data, const ChunkRows& rows) {
    this->begin(w, state, packed, data, rows, {false, true, 0, 0});
  }
  // held: the pass has these rows' data, activations and losses from an earlier call at the same parameters.
  void gauss_newton_rows(const Dataset<T>& data, const ChunkRows& rows, Index r0, Index count, int member, bool held,
                         T* J, T* rho);
  double loss_sum(Index first, Index n) const {
    double sum = 0;
    for (Index r = first; r < first + n; ++r) sum += this->row_loss_[r];
    return sum;
  }
  // Adds to squares (outputs) the rows' weight times (output - target)^2, of the last run's n rows.
  void add_squares(Index n, double* squares) const {
    const Index k = this->net_.outputs();
    const T* score = this->activations_.back().data();
    for (Index i = 0; i < n * k; ++i) {
      const double residual = static_cast<double>(score[i]) - static_cast<double>(this->target_[i]);
      squares[i % k] += static_cast<double>(this->weight_[i / k]) * residual * residual;
    }
  }
  // Backward from seeds (count, outputs): row r of J is the parameters' gradient of <seed_r, output_r>.
  void row_gradients(Index r0, Index count, int member, T* J, Index stride, const T* seeds);

 private:
  void make_tangent_buffers();
  T* tangent(Index l, Index r0) {
    return tangents_[static_cast<std::size_t>(l)].data() + r0 * this->net_.layer(l).outputs();
  }
  Block<T> tangent_block(Index l, Index r0, Index count, int member) {
    Block<T> b = this->block(l, r0, count, member);
    b.tangents = tangent_caches_[static_cast<std::size_t>(l)].data() + r0 * this->net_.layer(l).tangent_entries();
    return b;
  }
  T* delta_tangent(Index l, Index r0) {
    return delta_tangents_[static_cast<std::size_t>(l)].data() + r0 * this->net_.layer(l).outputs();
  }
  LossCall<T> call_of(const Dataset<T>& data, Index r0, Index count);

  std::vector<Buffer<T>> tangents_, tangent_caches_, delta_tangents_;
  Buffer<T> factor_;  // (rows, outputs): what the seeds are made of
};

}  // namespace steep
