// Layers one after the other on one batch, with everything between them in one cache: what is inside a residual block,
// and what a loop of the user's own runs (session.hpp).
#pragma once
#include "steep/layer.hpp"

namespace steep {

template <class T>
class Chain {
 public:
  explicit Chain(std::vector<const Layer<T>*> layers);

  Index size() const { return static_cast<Index>(layers_.size()); }
  const Layer<T>& layer(Index i) const { return *layers_[static_cast<std::size_t>(i)]; }
  Index offset(Index i) const { return places_[static_cast<std::size_t>(i)].parameters; }
  Index state_offset(Index i) const { return places_[static_cast<std::size_t>(i)].state; }
  Index parameter_count() const { return places_.back().parameters; }
  Index state_count() const { return places_.back().state; }
  bool whole_batch() const;
  Index least_rows() const;

  // Panels are made for both directions always.
  Index packed_size() const { return places_.back().packed; }
  Index pack_tasks() const { return places_.back().tasks; }
  void pack(Index task, const T* w, T* packed) const;

  Index cache_entries() const { return places_.back().cache; }
  Index batch_entries(Index max_rows) const;
  Index workspace_size(Index rows) const;

  // team null: on the calling thread, no layer sees the whole batch. b.cache (rows, cache_entries) goes on to backward.
  void forward(const Block<T>& b, const T* x, T* y, Team* team) const;
  void backward(const Block<T>& b, const T* x, const T* y, T* dy, T* dx, Team* team) const;

  Index tiles() const { return static_cast<Index>(tiles_.size()); }
  Tile tile(Index task) const { return tiles_[static_cast<std::size_t>(task)].at; }
  void gradient(Index task, const Block<T>& b, const T* x, const T* dy, T* g, bool accumulate) const {
    gradients(task, task + 1, b, x, dy, g, accumulate);
  }
  void gradients(Index begin, Index end, const Block<T>& b, const T* x, const T* dy, T* g, bool accumulate) const;
  void row_jacobian(const Block<T>& b, const T* x, const T* dy, T* J, Index stride) const;

  // As the layers' own. b.tangents (rows, tangent_entries) goes from one to the next.
  bool has_tangents() const;
  Index tangent_entries() const { return places_.back().tangents; }
  void tangent_forward(const Block<T>& b, const T* x, const T* xdot, const T* y, const T* wdot, T* ydot) const;
  void tangent_backward(const Block<T>& b, const T* x, const T* xdot, const T* y, const T* wdot, T* dy, T* dydot, T* dx,
                        T* dxdot) const;
  void tangent_gradient(Index task, const Block<T>& b, const T* x, const T* xdot, const T* dy, const T* dydot,
                        T* g) const;

 private:
  struct Place {
    Index parameters = 0, state = 0, packed = 0, tasks = 0;
    Index cache = 0, tangents = 0;  // of a row: an output, its gradient, the layer's own; and the tangents of these
  };
  struct ChainTile {
    Index layer, number;
    Tile at;
  };
  Block<T> inner(const Block<T>& b, Index i) const;
  const Place& place(Index i) const { return places_[static_cast<std::size_t>(i)]; }
  // Output i, its gradient, and their tangents; the last ones are the caller's.
  T* output(const Block<T>& b, Index i) const {
    return b.within(b.cache, cache_entries(), place(i).cache, layer(i).outputs());
  }
  T* delta(const Block<T>& b, Index i) const {
    return b.within(b.cache, cache_entries(), place(i).cache + layer(i).outputs(), layer(i).outputs());
  }
  T* tangent(const Block<T>& b, Index i) const {
    return b.within(b.tangents, tangent_entries(), place(i).tangents, layer(i).outputs());
  }
  T* delta_tangent(const Block<T>& b, Index i) const {
    return b.within(b.tangents, tangent_entries(), place(i).tangents + layer(i).outputs(), layer(i).outputs());
  }
  template <class Work>
  void by_blocks(const Block<T>& b, Index i, Team* team, Work work) const;

  std::vector<const Layer<T>*> layers_;
  std::vector<Place> places_;  // of each layer, and the totals
  std::vector<ChainTile> tiles_;
};

}  // namespace steep
