// Tangents and per-row gradients of a chunk of rows; see network_rows.hpp.
#include "network_rows.hpp"

#include <algorithm>
#include <cmath>

namespace steep {

template <class T>
void NetworkRisk<T>::Rows::make_tangent_buffers() {
  if (!tangents_.empty()) return;
  for (Index l = 0; l < this->net_.size(); ++l) {
    const Layer<T>& layer = this->net_.layer(l);
    tangents_.emplace_back(this->max_rows_ * layer.outputs());
    delta_tangents_.emplace_back(this->max_rows_ * layer.outputs());
    tangent_caches_.emplace_back(this->max_rows_ * layer.tangent_entries());
  }
}

template <class T>
LossCall<T> NetworkRisk<T>::Rows::call_of(const Dataset<T>& data, Index r0, Index count) {
  const Index k = this->net_.outputs();
  LossCall<T> call;
  call.kind = this->plan_.kernel;
  call.parameter = this->plan_.parameter;
  call.largest = this->plan_.largest;
  call.rows = count;
  call.outputs = k;
  call.score = this->activations_.back().data() + r0 * k;
  call.target = data.y ? this->target_.data() + r0 * k : nullptr;
  call.label = data.label ? this->label_.data() + r0 : nullptr;
  call.weight = this->weight_.data() + r0;
  return call;
}

template <class T>
void NetworkRisk<T>::Rows::run_tangents(const T* w, const T* v, T* state, const Packed<T>& packed,
                                        const Dataset<T>& data, const ChunkRows& rows, bool gauss_newton, Team& team) {
  make_tangent_buffers();
  this->begin(w, state, packed, data, rows, {false, true, 0, 0});
  const Network<T>& net = this->net_;
  const Index last = net.size() - 1;
  this->by_blocks(rows.n, team, [&](Index r0, Index count, int member) {
    this->load(r0, count, data, rows);
    this->forward(0, net.size(), r0, count, member);
    for (Index l = 0; l < net.size(); ++l)
      net.layer(l).tangent_forward(tangent_block(l, r0, count, member), this->input_of(l, r0),
                                   l > 0 ? tangent(l - 1, r0) : nullptr, this->activation(l, r0), v + net.offset(l),
                                   tangent(l, r0));
    if (gauss_newton) {
      LossCall<T> call = call_of(data, r0, count);
      call.model = true;
      this->curvature(call, tangent(last, r0), this->delta(last, r0));
      this->backward(0, net.size(), r0, count, member);
      return;
    }
    this->loss_of(r0, count, data);
    this->curvature(call_of(data, r0, count), tangent(last, r0), delta_tangent(last, r0));
    for (Index l = net.size(); l-- > 0;)
      net.layer(l).tangent_backward(tangent_block(l, r0, count, member), this->input_of(l, r0),
                                    l > 0 ? tangent(l - 1, r0) : nullptr, this->activation(l, r0), v + net.offset(l),
                                    this->delta(l, r0), delta_tangent(l, r0), l > 0 ? this->delta(l - 1, r0) : nullptr,
                                    l > 0 ? delta_tangent(l - 1, r0) : nullptr);
  });
}

template <class T>
void NetworkRisk<T>::Rows::tile_of_product(Index i, int member, T* Hv) {
  const auto& t = this->tile(i);
  const Index l = t.layer;
  this->net_.layer(l).tangent_gradient(t.number, tangent_block(l, 0, this->rows_, member), this->input_of(l, 0),
                                       l > 0 ? tangent(l - 1, 0) : nullptr, this->delta(l, 0), delta_tangent(l, 0),
                                       Hv + this->net_.offset(l));
}

template <class T>
void NetworkRisk<T>::Rows::row_gradients(Index r0, Index count, int member, T* J, Index stride, const T* seeds) {
  const Network<T>& net = this->net_;
  const Index k = net.outputs();
  T* d = this->delta(net.size() - 1, r0);
  if (seeds != d) std::copy_n(seeds, count * k, d);
  this->backward(0, net.size(), r0, count, member);
  for (Index l = 0; l < net.size(); ++l)
    net.layer(l).row_jacobian(this->block(l, r0, count, member), this->input_of(l, r0), this->delta(l, r0),
                              J + net.offset(l), stride);
}

template <class T>
void NetworkRisk<T>::Rows::gauss_newton_rows(const Dataset<T>& data, const ChunkRows& rows, Index r0, Index count,
                                             int member, bool held, T* J, T* rho) {
  const Network<T>& net = this->net_;
  const Index k = net.outputs(), p = net.parameter_count();
  if (!held) {
    this->load(r0, count, data, rows);
    this->forward(0, net.size(), r0, count, member);
    this->value_and_gradient(call_of(data, r0, count), this->row_loss_.data() + r0, nullptr);
  }
  const T* score = this->activations_.back().data() + r0 * k;
  const T* weight = this->weight_.data() + r0;
  T* factor = factor_.data() + r0 * k;
  const bool softmax = this->plan_.kernel == Loss::softmax_cross_entropy;
  if (softmax) {
    kernels<T>().activation.value(Activation::softmax, T(0), count, k, score, factor);
  } else {
    T* ones = this->delta(net.size() - 1, r0);
    std::fill_n(ones, count * k, T(1));
    LossCall<T> call = call_of(data, r0, count);
    call.model = true;
    this->curvature(call, ones, factor);
    for (Index j = 0; j < count * k; ++j) factor[j] = std::sqrt(std::max(factor[j], T(0)));
  }
  if (rho)
    for (Index r = 0; r < count; ++r)
      for (Index c = 0; c < k; ++c)
        rho[r * k + c] = factor[r * k + c] * (score[r * k + c] - this->target_[(r0 + r) * k + c]);
  for (Index c = 0; c < k; ++c) {
    T* seed = this->delta(net.size() - 1, r0);
    for (Index r = 0; r < count; ++r) {
      T* s = seed + r * k;
      const T* f = factor + r * k;
      if (softmax) {
        const T root = std::sqrt(weight[r] * f[c]);
        for (Index j = 0; j < k; ++j) s[j] = -f[j] * root;
        s[c] += root;
      } else {
        std::fill_n(s, k, T(0));
        s[c] = f[c];
      }
    }
    row_gradients(r0, count, member, J + c * p, k * p, seed);
  }
}

template class NetworkRisk<float>::Rows;
template class NetworkRisk<double>::Rows;

}  // namespace steep
