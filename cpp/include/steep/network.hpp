// A network h(x; w): layers one after the other, and where each one's parameters lie in the flat vector. Architecture
// only: parameters and state belong to the caller, so one network serves any number of threads.
#pragma once
#include "steep/buffer.hpp"
#include "steep/dataset.hpp"
#include "steep/layer.hpp"
#include "steep/monitor.hpp"

namespace steep {

template <class T>
class Network {
 public:
  Network(std::vector<LayerSpec> specs, Shape input_shape);

  Index size() const { return static_cast<Index>(layers_.size()); }
  const Layer<T>& layer(Index i) const { return *layers_[static_cast<std::size_t>(i)]; }
  Index offset(Index i) const { return offsets_[static_cast<std::size_t>(i)]; }  // of the layer's parameters
  Index state_offset(Index i) const { return state_offsets_[static_cast<std::size_t>(i)]; }
  Index parameter_count() const { return offsets_.back(); }
  Index state_count() const { return state_offsets_.back(); }
  const Shape& input_shape() const { return input_shape_; }
  const Shape& output_shape() const { return layers_.back()->output_shape(); }
  Index inputs() const { return entries(input_shape_); }
  Index outputs() const { return entries(output_shape()); }
  Activation output_activation() const { return layers_.back()->activation(); }
  double flops_per_row() const;
  Index widest() const;  // the most entries a row has anywhere

 private:
  Shape input_shape_;
  std::vector<std::unique_ptr<Layer<T>>> layers_;
  std::vector<Index> offsets_, state_offsets_;
};

// The panels of all layers, made from a flat vector.
template <class T>
class Packed {
 public:
  // with_backward: also what backward needs; the first layer needs none unless input gradients are wanted.
  Packed(const Network<T>& net, bool with_backward, bool input_gradient = false);
  void make(const T* w, Team& team);
  const T* of(Index layer) const { return data_.data() + offsets_[static_cast<std::size_t>(layer)]; }
  T* of(Index layer) { return data_.data() + offsets_[static_cast<std::size_t>(layer)]; }

 private:
  struct Task {
    Index layer, number;
  };
  const Network<T>& net_;
  std::vector<Index> offsets_;
  std::vector<Task> tasks_;
  Buffer<T> data_;
};

// Outputs (n, outputs) of the rows of x, in inference mode, block by block. out_scale, out_shift (outputs) or null.
// raw: scores before the output activation. n_threads < 1: the default. False when the monitor stopped it. Throws
// std::invalid_argument for a row that is not finite.
template <class T>
bool predict(const Network<T>& net, const T* w, const T* state, const Dataset<T>& x, bool raw, const T* out_scale,
             const T* out_shift, T* out, int n_threads, Monitor& monitor);

}  // namespace steep
