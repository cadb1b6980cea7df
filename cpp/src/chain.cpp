// Chains of layers; see chain.hpp.
#include "steep/chain.hpp"

#include <algorithm>

namespace steep {
namespace {

constexpr Index block_rows = 64;

}  // namespace

template <class T>
Chain<T>::Chain(std::vector<const Layer<T>*> layers) : layers_(std::move(layers)) {
  Place at;
  for (Index i = 0; i < size(); ++i) {
    const Layer<T>& l = layer(i);
    places_.push_back(at);
    for (Index task = 0; task < l.tiles(); ++task) {
      const Tile t = l.tile(task);
      const Index o = at.parameters;
      tiles_.push_back({i, task, {t.weight_begin + o, t.weight_end + o, t.other_begin + o, t.other_end + o}});
    }
    at.parameters += l.parameter_count();
    at.state += l.state_count();
    at.packed += (l.packed_size(true) + 15) / 16 * 16;
    at.tasks += l.pack_tasks(true);
    at.cache += 2 * l.outputs() + l.cache_entries();
    at.tangents += 2 * l.outputs() + l.tangent_entries();
  }
  places_.push_back(at);
}

template <class T>
bool Chain<T>::whole_batch() const {
  return std::any_of(layers_.begin(), layers_.end(), [](const Layer<T>* l) { return l->whole_batch(); });
}

template <class T>
Index Chain<T>::least_rows() const {
  Index least = 1;
  for (const Layer<T>* l : layers_) least = std::max(least, l->least_rows());
  return least;
}

template <class T>
void Chain<T>::pack(Index task, const T* w, T* packed) const {
  Index i = 0;
  while (places_[static_cast<std::size_t>(i + 1)].tasks <= task) ++i;
  const Place& at = place(i);
  layer(i).pack(task - at.tasks, w + at.parameters, packed + at.packed);
}

template <class T>
Index Chain<T>::batch_entries(Index max_rows) const {
  Index sum = 0;
  for (const Layer<T>* l : layers_) sum += l->batch_entries(max_rows);
  return sum;
}

template <class T>
Index Chain<T>::workspace_size(Index rows) const {
  Index most = 0;
  for (const Layer<T>* l : layers_) most = std::max(most, l->workspace_size(rows));
  return most;
}

template <class T>
Block<T> Chain<T>::inner(const Block<T>& b, Index i) const {
  const Place& at = place(i);
  const Index n = 2 * layer(i).outputs();
  Block<T> in = b;
  in.total = b.batch_rows();
  in.w = b.w + at.parameters;
  in.packed = b.packed ? b.packed + at.packed : nullptr;
  in.state = b.state + at.state;
  in.cache = b.within(b.cache, cache_entries(), at.cache + n, layer(i).cache_entries());
  if (b.tangents) in.tangents = b.within(b.tangents, tangent_entries(), at.tangents + n, layer(i).tangent_entries());
  for (Index j = 0; in.batch && j < i; ++j) in.batch += layer(j).batch_entries(in.total);
  in.raw = b.raw && i + 1 == size();
  return in;
}

template <class T>
template <class Work>
void Chain<T>::by_blocks(const Block<T>& b, Index i, Team* team, Work work) const {
  const Block<T> whole = inner(b, i);
  if (!team) return work(whole, 0);
  const Index blocks = std::max((b.rows + block_rows - 1) / block_rows, std::min<Index>(b.rows, team->size()));
  team->run(blocks, [&](Index task, int member) {
    const Index r0 = task * b.rows / blocks;
    Block<T> part = whole;
    part.rows = (task + 1) * b.rows / blocks - r0;
    part.first += r0;
    part.cache += r0 * layer(i).cache_entries();
    if (part.row_ids) part.row_ids += r0;
    part.workspace = b.workspaces[member];
    if (part.rows > 0) work(part, r0);
  });
}

template <class T>
void Chain<T>::forward(const Block<T>& b, const T* x, T* y, Team* team) const {
  for (Index i = 0; i < size(); ++i) {
    const Layer<T>& l = layer(i);
    T* to = i + 1 == size() ? y : output(b, i);
    if (team && l.sees_batch(b.training))
      l.forward_batch(inner(b, i), x, to, *team);
    else
      by_blocks(b, i, team,
                [&](const Block<T>& part, Index r0) { l.forward(part, x + r0 * l.inputs(), to + r0 * l.outputs()); });
    x = to;
  }
}

template <class T>
void Chain<T>::backward(const Block<T>& b, const T* x, const T* y, T* dy, T* dx, Team* team) const {
  for (Index i = size(); i-- > 0;) {
    const Layer<T>& l = layer(i);
    const bool last = i + 1 == size();
    const T *from = i == 0 ? x : output(b, i - 1), *out = last ? y : output(b, i);
    T *d = last ? dy : delta(b, i), *to = i == 0 ? dx : delta(b, i - 1);
    if (team && l.sees_batch(b.training)) {
      l.backward_batch(inner(b, i), from, out, d, to, *team);
      continue;
    }
    by_blocks(b, i, team, [&](const Block<T>& part, Index r0) {
      l.backward(part, from + r0 * l.inputs(), out + r0 * l.outputs(), d + r0 * l.outputs(),
                 to ? to + r0 * l.inputs() : nullptr);
    });
  }
}

template <class T>
void Chain<T>::gradients(Index begin, Index end, const Block<T>& b, const T* x, const T* dy, T* g,
                         bool accumulate) const {
  while (begin < end) {
    const ChainTile& t = tiles_[static_cast<std::size_t>(begin)];
    const Index i = t.layer, count = std::min(end - begin, layer(i).tiles() - t.number);
    layer(i).gradients(t.number, t.number + count, inner(b, i), i == 0 ? x : output(b, i - 1),
                       i + 1 == size() ? dy : delta(b, i), g + offset(i), accumulate);
    begin += count;
  }
}

template <class T>
void Chain<T>::row_jacobian(const Block<T>& b, const T* x, const T* dy, T* J, Index stride) const {
  for (Index i = 0; i < size(); ++i)
    layer(i).row_jacobian(inner(b, i), i == 0 ? x : output(b, i - 1), i + 1 == size() ? dy : delta(b, i), J + offset(i),
                          stride);
}

template <class T>
bool Chain<T>::has_tangents() const {
  return std::all_of(layers_.begin(), layers_.end(), [](const Layer<T>* l) { return l->has_tangents(); });
}

template <class T>
void Chain<T>::tangent_forward(const Block<T>& b, const T* x, const T* xdot, const T* y, const T* wdot, T* ydot) const {
  for (Index i = 0; i < size(); ++i) {
    const bool last = i + 1 == size();
    T* to = last ? ydot : tangent(b, i);
    const T* out = last ? y : output(b, i);
    layer(i).tangent_forward(inner(b, i), x, xdot, out, wdot + offset(i), to);
    x = out;
    xdot = to;
  }
}

template <class T>
void Chain<T>::tangent_backward(const Block<T>& b, const T* x, const T* xdot, const T* y, const T* wdot, T* dy,
                                T* dydot, T* dx, T* dxdot) const {
  for (Index i = size(); i-- > 0;) {
    const bool first = i == 0, last = i + 1 == size();
    layer(i).tangent_backward(inner(b, i), first ? x : output(b, i - 1), first ? xdot : tangent(b, i - 1),
                              last ? y : output(b, i), wdot + offset(i), last ? dy : delta(b, i),
                              last ? dydot : delta_tangent(b, i), first ? dx : delta(b, i - 1),
                              first ? dxdot : delta_tangent(b, i - 1));
  }
}

template <class T>
void Chain<T>::tangent_gradient(Index task, const Block<T>& b, const T* x, const T* xdot, const T* dy, const T* dydot,
                                T* g) const {
  const ChainTile& t = tiles_[static_cast<std::size_t>(task)];
  const Index i = t.layer;
  const bool first = i == 0, last = i + 1 == size();
  layer(i).tangent_gradient(t.number, inner(b, i), first ? x : output(b, i - 1), first ? xdot : tangent(b, i - 1),
                            last ? dy : delta(b, i), last ? dydot : delta_tangent(b, i), g + offset(i));
}

template class Chain<float>;
template class Chain<double>;

}  // namespace steep
