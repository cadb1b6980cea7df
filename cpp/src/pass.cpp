// Passes of batches; see pass.hpp.
#include "steep/pass.hpp"

#include <algorithm>
#include <cmath>

#include "steep/kernels.hpp"

namespace steep {
namespace {

constexpr double flops_per_thread = 1e6;  // work that pays for a barrier

}  // namespace

int worthwhile_threads(double flops, int n_threads) {
  return std::max(1, std::min(n_threads, static_cast<int>(std::min(flops / flops_per_thread, 1e6))));
}

template <class T>
Pass<T>::Pass(const Network<T>& net, const LossPlan& plan, Index max_rows, int n_threads, bool with_backward)
    : net_(net), plan_(plan), max_rows_(max_rows) {
  const Index k = net.outputs();
  Index workspace_size = 0;
  for (Index l = 0; l < net.size(); ++l) {
    const Layer<T>& layer = net.layer(l);
    if (alone(l) || (l > 0 && alone(l - 1))) segments_.push_back(l);
    activations_.emplace_back(max_rows * layer.outputs());
    deltas_.emplace_back(with_backward ? max_rows * layer.outputs() : 0);
    caches_.emplace_back(max_rows * layer.cache_entries());
    batches_.emplace_back(layer.batch_entries(max_rows));
    workspace_size = std::max(workspace_size, layer.workspace_size(max_rows));
    for (Index task = 0; task < layer.tiles(); ++task) {
      Tile t = layer.tile(task);
      const Index offset = net.offset(l);
      tiles_.push_back(
          {l, task, {t.weight_begin + offset, t.weight_end + offset, t.other_begin + offset, t.other_end + offset}});
    }
  }
  segments_.erase(std::remove(segments_.begin(), segments_.end(), 0), segments_.end());
  segments_.push_back(net.size());
  if (alone(net.size() - 1)) segments_.push_back(net.size());  // the loss comes after it, by rows
  input_.resize(max_rows * net.inputs());
  target_.resize(max_rows * k);
  weight_.resize(max_rows);
  label_.resize(max_rows);
  id_.resize(max_rows);
  row_loss_.resize(max_rows);
  for (int i = 0; i < n_threads; ++i) {
    workspaces_.emplace_back(workspace_size);
    workspace_of_.push_back(workspaces_.back().data());
  }
}

template <class T>
void Pass<T>::set_augmentation(const Augmentation& a, const Mixup& m) {
  augmentation_ = a;
  mixup_ = m;
  original_.resize(a.any() ? max_rows_ * net_.inputs() : 0);
  partner_.resize(m.any() ? max_rows_ * net_.inputs() : 0);
  partner_target_.resize(m.any() ? max_rows_ * net_.outputs() : 0);
  partner_id_.resize(m.any() ? max_rows_ : 0);
  share_.resize(m.any() ? max_rows_ : 0);
}

template <class T>
const T* Pass<T>::input_of(Index layer, Index r0) const {
  if (layer == 0) return x_ + r0 * net_.inputs();
  return activations_[static_cast<std::size_t>(layer - 1)].data() + r0 * net_.layer(layer).inputs();
}

template <class T>
Block<T> Pass<T>::block(Index layer, Index r0, Index count, int member) const {
  Block<T> b;
  b.rows = count;
  b.first = r0;
  b.total = rows_;
  b.w = w_ + net_.offset(layer);
  b.packed = packed_->of(layer);
  b.state = state_ + net_.state_offset(layer);
  b.cache = const_cast<T*>(caches_[static_cast<std::size_t>(layer)].data()) + r0 * net_.layer(layer).cache_entries();
  b.batch = const_cast<T*>(batches_[static_cast<std::size_t>(layer)].data());
  b.workspace = workspace_of_[static_cast<std::size_t>(member)];
  b.workspaces = workspace_of_.data();
  b.training = mode_.training;
  b.raw = plan_.on_raw && layer + 1 == net_.size();
  b.seed = mode_.seed;
  b.epoch = mode_.epoch;
  b.row_ids = id_.data() + r0;
  return b;
}

template <class T>
void Pass<T>::inputs(Index r0, Index count, const Dataset<T>& data, const std::int64_t* ids, T* to) {
  kernels<T>().gather.rows(data.element, data.x, data.row_stride, ids, count, data.columns, data.scale, data.shift, to);
  for (Index i = 0; augmented() && i < count; ++i)
    augment(augmentation_, mode_.seed, mode_.epoch, ids[i], to + i * data.columns,
            original_.data() + (r0 + i) * data.columns);
}

template <class T>
void Pass<T>::targets(Index count, const Dataset<T>& data, const std::int64_t* ids, T* to) {
  const Index k = net_.outputs();
  const Element element = sizeof(T) == 4 ? Element::float32 : Element::float64;
  kernels<T>().gather.rows(element, data.y, k, ids, count, k, nullptr, nullptr, to);
}

template <class T>
void Pass<T>::mix(Index r0, Index count, const Dataset<T>& data) {
  const Index k = net_.outputs();
  std::int64_t* ids = partner_id_.data() + r0;
  for (Index r = r0; r < r0 + count; ++r) {
    const Partner partner = partner_of(mixup_, mode_.seed, mode_.epoch, id_[r]);
    partner_id_[r] = partner.row;
    share_[r] = partner.share;
  }
  inputs(r0, count, data, ids, partner_.data() + r0 * data.columns);
  targets(count, data, ids, partner_target_.data() + r0 * k);
  const auto blend = [](double share, const T* other, Index n, T* to) {
    for (Index j = 0; j < n; ++j) to[j] = static_cast<T>(share * to[j] + (1 - share) * other[j]);
  };
  for (Index r = r0; r < r0 + count; ++r) {
    blend(share_[r], partner_.data() + r * data.columns, data.columns, input_.data() + r * data.columns);
    blend(share_[r], partner_target_.data() + r * k, k, target_.data() + r * k);
  }
}

template <class T>
void Pass<T>::load(Index r0, Index count, const Dataset<T>& data, const Rows& rows) {
  const Index k = net_.outputs();
  for (Index r = r0; r < r0 + count; ++r) {
    const Index id = rows.ids ? rows.ids[r] : rows.first + r;
    id_[r] = id;
    weight_[r] = static_cast<T>(rows.weight_scale * (data.weight ? data.weight[id] : 1.0));
    if (data.label) label_[r] = data.label[id];
  }
  const std::int64_t* ids = id_.data() + r0;
  if (x_ == input_.data()) inputs(r0, count, data, ids, input_.data() + r0 * data.columns);
  if (data.y) targets(count, data, ids, target_.data() + r0 * k);
  if (mixed()) mix(r0, count, data);
}

template <class T>
void Pass<T>::forward(Index begin, Index end, Index r0, Index count, int member) {
  for (Index l = begin; l < end; ++l) {
    net_.layer(l).forward(block(l, r0, count, member), input_of(l, r0), activation(l, r0));
  }
}

template <class T>
void Pass<T>::loss_of(Index r0, Index count, const Dataset<T>& data) {
  const Index k = net_.outputs();
  LossCall<T> call;
  call.kind = plan_.kernel;
  call.parameter = plan_.parameter;
  call.largest = plan_.largest;
  call.rows = count;
  call.outputs = k;
  call.score = activations_.back().data() + r0 * k;
  call.target = data.y ? target_.data() + r0 * k : nullptr;
  call.label = data.label ? label_.data() + r0 : nullptr;
  call.weight = weight_.data() + r0;
  value_and_gradient(call, row_loss_.data() + r0, mode_.backward ? delta(net_.size() - 1, r0) : nullptr);
}

template <class T>
void Pass<T>::value_and_gradient(const LossCall<T>& call, double* row_loss, T* gradient) const {
  kernels<T>().loss.value_and_gradient(call, row_loss, gradient);
  if (plan_.output_weights.empty()) return;
  const double* c = plan_.output_weights.data();
  for (Index r = 0; r < call.rows; ++r) {
    double sum = 0;
    for (Index j = 0; j < call.outputs; ++j) {
      const Index i = r * call.outputs + j;
      const double residual = static_cast<double>(call.score[i]) - static_cast<double>(call.target[i]);
      sum += c[j] / 2 * residual * residual;
      if (gradient) gradient[i] *= static_cast<T>(c[j]);
    }
    if (row_loss) row_loss[r] = static_cast<double>(call.weight[r]) * sum;
  }
}

template <class T>
void Pass<T>::curvature(const LossCall<T>& call, const T* v, T* out) const {
  kernels<T>().loss.curvature(call, v, out);
  const std::vector<double>& c = plan_.output_weights;
  for (Index i = 0; !c.empty() && i < call.rows * call.outputs; ++i)
    out[i] *= static_cast<T>(c[static_cast<std::size_t>(i % call.outputs)]);
}

template <class T>
void Pass<T>::backward(Index begin, Index end, Index r0, Index count, int member) {
  for (Index l = end; l-- > begin;) {
    net_.layer(l).backward(block(l, r0, count, member), input_of(l, r0), activation(l, r0), delta(l, r0),
                           l > 0 ? delta(l - 1, r0) : nullptr);
  }
}

template <class T>
void Pass<T>::begin(const T* w, T* state, const Packed<T>& packed, const Dataset<T>& data, const Rows& rows,
                    const Mode& mode) {
  w_ = w;
  state_ = state;
  packed_ = &packed;
  mode_ = mode;
  rows_ = rows.n;
  const T* in_place = rows.ids || augmented() || mixed() ? nullptr : data.rows_in_place(rows.first);
  x_ = in_place ? in_place : input_.data();
}

template <class T>
double Pass<T>::run(const T* w, T* state, const Packed<T>& packed, const Dataset<T>& data, const Rows& rows,
                    const Mode& mode, Team& team) {
  begin(w, state, packed, data, rows, mode);
  const Index n = rows.n;
  const Index last = static_cast<Index>(segments_.size()) - 1;
  const bool load_first = net_.layer(0).sees_batch(mode.training);
  if (load_first) by_blocks(n, team, [&](Index r0, Index count, int) { load(r0, count, data, rows); });
  Index start = 0;
  for (Index s = 0; s < last; ++s) {
    const Index end = segments_[static_cast<std::size_t>(s)];
    const Layer<T>& layer = net_.layer(start);
    if (layer.sees_batch(mode.training)) {
      layer.forward_batch(block(start, 0, n, 0), input_of(start, 0), activation(start, 0), team);
    } else {
      by_blocks(n, team, [&](Index r0, Index count, int member) {
        if (start == 0) load(r0, count, data, rows);
        forward(start, end, r0, count, member);
      });
    }
    start = end;
  }
  by_blocks(n, team, [&](Index r0, Index count, int member) {
    if (start == 0) load(r0, count, data, rows);
    forward(start, net_.size(), r0, count, member);
    loss_of(r0, count, data);
    if (mode_.backward) backward(start, net_.size(), r0, count, member);
  });
  for (Index s = last; mode.backward && s-- > 0;) {
    const Index end = segments_[static_cast<std::size_t>(s)];
    start = s > 0 ? segments_[static_cast<std::size_t>(s - 1)] : 0;
    const Layer<T>& layer = net_.layer(start);
    if (layer.sees_batch(mode.training)) {
      layer.backward_batch(block(start, 0, n, 0), input_of(start, 0), activation(start, 0), delta(start, 0),
                           start > 0 ? delta(start - 1, 0) : nullptr, team);
    } else {
      by_blocks(n, team, [&](Index r0, Index count, int member) { backward(start, end, r0, count, member); });
    }
  }
  double sum = 0;
  for (Index r = 0; r < n; ++r) sum += row_loss_[r];
  return sum;
}

template <class T>
std::vector<typename Pass<T>::TileRun> Pass<T>::runs(int n_threads) const {
  std::vector<TileRun> found;
  for (Index first = 0; first < tiles();) {
    Index end = first;
    while (end < tiles() && tile(end).layer == tile(first).layer) ++end;
    const Index count = end - first, parts = std::min<Index>(count, n_threads);
    for (Index part = 0; part < parts; ++part)
      found.push_back({first + part * count / parts, first + (part + 1) * count / parts});
    first = end;
  }
  return found;
}

template <class T>
void Pass<T>::gradients(TileRun run, int member, T* g, bool accumulate) {
  const Index l = tile(run.begin).layer, first = tile(run.begin).number;
  net_.layer(l).gradients(first, first + run.end - run.begin, block(l, 0, rows_, member), input_of(l, 0), delta(l, 0),
                          g + net_.offset(l), accumulate);
}

template <class T>
double Pass<T>::activation_squares(Index layer) const {
  const T* a = activations_[static_cast<std::size_t>(layer)].data();
  return kernels<T>().rule.squared_norm(0, 1, rows_ * net_.layer(layer).outputs(), a, a);
}

template class Pass<float>;
template class Pass<double>;

}  // namespace steep
