// Jacobians and gradients of single rows; see derivatives.hpp.
#include "steep/derivatives.hpp"

#include <algorithm>
#include <atomic>

namespace steep {
namespace {

constexpr Index chunk_rows = 512;

template <class T>
class RowPass : public Pass<T> {
 public:
  RowPass(const Network<T>& net, const LossPlan& plan, Index rows, int n_threads, Wrt wrt)
      : Pass<T>(net, plan, rows, n_threads, true), packed_(net, true, wrt == Wrt::inputs), wrt_(wrt) {
    for (Index l = 0; wrt == Wrt::parameters && l < net.size(); ++l)
      if (net.layer(l).parameter_count() > 0 && !net.layer(l).has_tangents())
        throw std::invalid_argument(std::string(net.layer(l).kind()) + " layers have no per-row gradients");
  }

  // Calls each(r0, count, member) for blocks of all rows, after their forward pass. False when the monitor stopped it.
  template <class Each>
  bool for_blocks(const T* w, const T* state, const Dataset<T>& data, Team& team, Monitor& monitor, Each&& each) {
    packed_.make(w, team);
    for (Index first = 0; first < data.n; first += this->max_rows_) {
      const typename Pass<T>::Rows rows{nullptr, first, std::min(this->max_rows_, data.n - first), 1};
      this->begin(w, const_cast<T*>(state), packed_, data, rows, {false, true, 0, 0});
      this->by_blocks(rows.n, team, [&](Index r0, Index count, int member) {
        this->load(r0, count, data, rows);
        this->forward(0, this->net_.size(), r0, count, member);
        each(first + r0, r0, count, member);
      });
      if (monitor.poll()) return false;
    }
    return true;
  }
  T* seeds(Index r0) { return this->delta(this->net_.size() - 1, r0); }
  void seed_with_loss(Index r0, Index count, const Dataset<T>& data) { this->loss_of(r0, count, data); }

  // Backward from the seeds; row r of `out` (stride apart) receives the derivative.
  void backward_into(Index r0, Index count, int member, const Dataset<T>& data, T* out, Index stride) {
    const Network<T>& net = this->net_;
    if (wrt_ == Wrt::parameters) {
      this->backward(0, net.size(), r0, count, member);
      for (Index l = 0; l < net.size(); ++l)
        net.layer(l).row_jacobian(this->block(l, r0, count, member), this->input_of(l, r0), this->delta(l, r0),
                                  out + net.offset(l), stride);
      return;
    }
    this->backward(1, net.size(), r0, count, member);
    const Index d = net.inputs();
    Buffer<T>& dx = input_gradients_[static_cast<std::size_t>(member)];
    if (dx.size() < count * d) dx.resize(count * d);
    net.layer(0).backward(this->block(0, r0, count, member), this->input_of(0, r0), this->activation(0, r0),
                          this->delta(0, r0), dx.data());
    for (Index r = 0; r < count; ++r)
      for (Index j = 0; j < d; ++j) out[r * stride + j] = dx[r * d + j] * (data.scale ? data.scale[j] : T(1));
  }
  void use_threads(int n) { input_gradients_.resize(static_cast<std::size_t>(n)); }

 private:
  Packed<T> packed_;
  Wrt wrt_;
  std::vector<Buffer<T>> input_gradients_;  // of each thread
};

template <class T>
int team_size(const Network<T>& net, const Dataset<T>& data, int n_threads) {
  return worthwhile_threads(3 * net.flops_per_row() * static_cast<double>(data.n) / 20, n_threads);
}

}  // namespace

template <class T>
bool jacobian(const Network<T>& net, const T* w, const T* state, const Dataset<T>& data, Wrt wrt, const T* out_scale,
              T* J, int n_threads, Monitor& monitor) {
  Team team(team_size(net, data, n_threads));
  RowPass<T> pass(net, {}, std::min(data.n, chunk_rows), team.size(), wrt);
  pass.use_threads(team.size());
  const Index k = net.outputs(), size = wrt == Wrt::parameters ? net.parameter_count() : net.inputs();
  return pass.for_blocks(w, state, data, team, monitor, [&](Index row, Index r0, Index count, int member) {
    for (Index c = 0; c < k; ++c) {
      T* seed = pass.seeds(r0);
      std::fill_n(seed, count * k, T(0));
      for (Index r = 0; r < count; ++r) seed[r * k + c] = out_scale ? out_scale[c] : T(1);
      pass.backward_into(r0, count, member, data, J + (row * k + c) * size, k * size);
    }
  });
}

template <class T>
bool row_gradients(const Network<T>& net, const T* w, const T* state, const Dataset<T>& data, const LossPlan& plan,
                   Wrt wrt, T* G, int n_threads, Monitor& monitor) {
  Team team(team_size(net, data, n_threads));
  RowPass<T> pass(net, plan, std::min(data.n, chunk_rows), team.size(), wrt);
  pass.use_threads(team.size());
  const Index size = wrt == Wrt::parameters ? net.parameter_count() : net.inputs();
  return pass.for_blocks(w, state, data, team, monitor, [&](Index row, Index r0, Index count, int member) {
    pass.seed_with_loss(r0, count, data);
    pass.backward_into(r0, count, member, data, G + row * size, size);
  });
}

#define STEEP_DERIVATIVES(T)                                                                                           \
  template bool jacobian(const Network<T>&, const T*, const T*, const Dataset<T>&, Wrt, const T*, T*, int, Monitor&);  \
  template bool row_gradients(const Network<T>&, const T*, const T*, const Dataset<T>&, const LossPlan&, Wrt, T*, int, \
                              Monitor&);
STEEP_DERIVATIVES(float)
STEEP_DERIVATIVES(double)
#undef STEEP_DERIVATIVES

}  // namespace steep
