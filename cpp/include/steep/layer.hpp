// A layer: a map of rows of entries, with parameters that lie together in the network's flat vector.
//
// A layer object is an architecture, without parameters, and is shared by all passes; what a call needs is handed to
// it. forward and backward work on blocks of rows, so that a task takes a block through many layers while it is in
// cache; gradient works on tiles of the parameters and sees all rows of a batch. A result depends on its row (its tile)
// alone, so neither the cut into blocks nor the number of threads changes a bit. Layers that need the whole batch at
// once (batch normalization in training) say so with whole_batch and override the *_batch calls.
#pragma once
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "steep/activation.hpp"
#include "steep/index.hpp"
#include "steep/team.hpp"

namespace steep {

using Shape = std::vector<Index>;
inline Index entries(const Shape& shape) {
  Index n = 1;
  for (Index side : shape) n *= side;
  return n;
}

// A named array of a layer, at `offset` of the layer's parameters (or of its state).
struct ArraySpec {
  const char* name;
  Shape shape;
  Index offset;
  double initial = 0;  // of state, and of parameters that are not drawn
};

// A tile of the parameters: two segments of the layer's parameters, one of weights and one of others (biases).
struct Tile {
  Index weight_begin = 0, weight_end = 0, other_begin = 0, other_end = 0;
};

// What a call on a block of rows is given besides its arrays. Offsets are applied already.
template <class T>
struct Block {
  Index rows = 0;
  // They are rows [first, first + rows) of a batch of `total` (0: of their own), for which caches are laid out; an
  // array that lies in one begins at the batch's first row.
  Index first = 0, total = 0;
  const T* w = nullptr;            // the layer's parameters
  const T* packed = nullptr;       // what pack made of them; forward does without (null) for a few rows
  T* state = nullptr;              // running statistics
  T* cache = nullptr;              // (rows, cache_entries): from forward to backward
  T* tangents = nullptr;           // (rows, tangent_entries): from tangent_forward to tangent_gradient
  T* batch = nullptr;              // batch_entries: from forward_batch to backward_batch and gradient
  T* workspace = nullptr;          // workspace_size(rows); of the calling thread
  T* const* workspaces = nullptr;  // of every member of the team, in the *_batch calls
  bool training = false;
  bool raw = false;  // leave out the output activation: scores are wanted
  // Keys of the random numbers of training: seed, epoch, and the data set's row of each row.
  std::uint64_t seed = 0;
  std::uint32_t epoch = 0;
  const std::int64_t* row_ids = nullptr;

  Index batch_rows() const { return total > 0 ? total : rows; }
  // Where these rows begin of an array in a cache of `entries` a row, which holds `before` entries a row in front of
  // it.
  T* within(T* all, Index entries, Index before, Index width) const {
    return all - first * entries + batch_rows() * before + first * width;
  }
};

template <class T>
class Layer {
 public:
  virtual ~Layer() = default;
  virtual const char* kind() const = 0;

  const Shape& input_shape() const { return input_; }
  const Shape& output_shape() const { return output_; }
  Index inputs() const { return entries(input_); }
  Index outputs() const { return entries(output_); }
  virtual Activation activation() const { return Activation::identity; }  // the one applied last
  virtual Index fan_in() const { return inputs(); }
  virtual Index fan_out() const { return outputs(); }
  virtual std::vector<ArraySpec> arrays() const { return {}; }
  virtual std::vector<ArraySpec> state_arrays() const { return {}; }
  // Layers inside this one, and where each one's parameters and state begin in it.
  struct Part {
    const Layer* layer;
    Index offset, state_offset;
  };
  virtual std::vector<Part> parts() const { return {}; }
  Index parameter_count() const { return count(arrays()); }
  Index state_count() const { return count(state_arrays()); }
  virtual double flops_per_row() const { return 0; }  // of forward

  // What is made of the parameters once a step, for all blocks: panels of products.
  virtual Index packed_size(bool with_backward) const {
    (void)with_backward;
    return 0;
  }
  virtual Index pack_tasks(bool with_backward) const {
    (void)with_backward;
    return 0;
  }
  virtual void pack(Index task, const T* w, T* packed) const {
    (void)task;
    (void)w;
    (void)packed;
  }

  virtual Index cache_entries() const { return 0; }
  virtual Index workspace_size(Index rows) const {
    (void)rows;
    return 0;
  }
  virtual Index forward_workspace_size(Index rows) const { return workspace_size(rows); }  // of forward alone
  virtual void forward(const Block<T>& b, const T* x, T* y) const = 0;
  // dy: gradient with respect to y, turned in place into what `gradient` needs; dx null: not wanted.
  virtual void backward(const Block<T>& b, const T* x, const T* y, T* dy, T* dx) const = 0;

  // whole_batch: in training the *_batch calls are wanted. least_rows: a batch with fewer is refused.
  virtual bool whole_batch() const { return false; }
  bool sees_batch(bool training) const { return training && whole_batch(); }
  virtual Index least_rows() const { return 1; }
  virtual Index batch_entries(Index max_rows) const {
    (void)max_rows;
    return 0;
  }
  virtual void forward_batch(const Block<T>& b, const T* x, T* y, Team& team) const {
    (void)team;
    forward(b, x, y);
  }
  virtual void backward_batch(const Block<T>& b, const T* x, const T* y, T* dy, T* dx, Team& team) const {
    (void)team;
    backward(b, x, y, dy, dx);
  }

  // The parameters' gradient, tile by tile: g (of the layer) [+]= sum over rows; dz is what backward left in dy.
  virtual Index tiles() const { return 0; }
  virtual Tile tile(Index task) const {
    (void)task;
    return {};
  }
  virtual void gradient(Index task, const Block<T>& b, const T* x, const T* dz, T* g, bool accumulate) const {
    (void)task;
    (void)b;
    (void)x;
    (void)dz;
    (void)g;
    (void)accumulate;
  }
  // Tiles [begin, end) at once, to the same bits.
  virtual void gradients(Index begin, Index end, const Block<T>& b, const T* x, const T* dz, T* g,
                         bool accumulate) const {
    for (Index task = begin; task < end; ++task) gradient(task, b, x, dz, g, accumulate);
  }

  // Exact second derivatives by the R-operator (Pearlmutter, Neural Computation 6 (1994) 147). xdot null: zero.
  // tangent_forward: ydot = the derivative of y along (xdot, wdot). tangent_backward does to (dy, dydot) and (dx,
  // dxdot) what backward does, and its derivative.
  virtual bool has_tangents() const { return false; }
  virtual Index tangent_entries() const { return 0; }
  virtual void tangent_forward(const Block<T>& b, const T* x, const T* xdot, const T* y, const T* wdot, T* ydot) const {
    (void)b;
    (void)x;
    (void)xdot;
    (void)y;
    (void)wdot;
    (void)ydot;
    lacks("tangents");
  }
  virtual void tangent_backward(const Block<T>& b, const T* x, const T* xdot, const T* y, const T* wdot, T* dy,
                                T* dydot, T* dx, T* dxdot) const {
    (void)b;
    (void)x;
    (void)xdot;
    (void)y;
    (void)wdot;
    (void)dy;
    (void)dydot;
    (void)dx;
    (void)dxdot;
    lacks("tangents");
  }
  // The derivative of `gradient` along the tangents, added to g: by default gradient(xdot, dz) + gradient(x, dzdot),
  // which is right where the gradient is bilinear in (x, dz).
  virtual void tangent_gradient(Index task, const Block<T>& b, const T* x, const T* xdot, const T* dz, const T* dzdot,
                                T* g) const {
    if (xdot) gradient_weights(task, b, xdot, dz, g);
    gradient(task, b, x, dzdot, g, xdot != nullptr);
  }
  // gradient without the terms that do not depend on x (biases): they are set to zero.
  virtual void gradient_weights(Index task, const Block<T>& b, const T* x, const T* dz, T* g) const {
    (void)task;
    (void)b;
    (void)x;
    (void)dz;
    (void)g;
    lacks("tangents");
  }
  // Row r of J (rows, stride) receives this row's own parameter gradient; dz as in gradient.
  virtual void row_jacobian(const Block<T>& b, const T* x, const T* dz, T* J, Index stride) const {
    (void)b;
    (void)x;
    (void)dz;
    (void)J;
    (void)stride;
    if (parameter_count() > 0) lacks("per-row gradients");
  }

 protected:
  Shape input_, output_;
  [[noreturn]] void lacks(const char* what) const {
    throw std::invalid_argument(std::string(kind()) + " layers have no " + what);
  }

 private:
  static Index count(const std::vector<ArraySpec>& specs) {
    Index n = 0;
    for (const ArraySpec& spec : specs) n += entries(spec.shape);
    return n;
  }
};

// A layer as it is described: the kind and its options. One struct for all kinds, as it comes from the border.
struct LayerSpec {
  std::string kind;
  Index units = 0;  // of dense; filters of conv2d
  Activation activation = Activation::identity;
  double slope = 0.01;
  bool use_bias = true;
  double rate = 0;                                                   // of dropout
  double momentum = 0.1, eps = 1e-5;                                 // of normalizations
  bool all_axes = false;                                             // of layer_norm: over all axes, not the last alone
  Shape shape;                                                       // of reshape
  Shape window{1, 1}, strides{1, 1}, dilation{1, 1}, padding{0, 0};  // (vertical, horizontal)
  bool same = false;                                                 // as much padding as keeps ceil(side / stride)
  Index groups = 1;
  std::vector<LayerSpec> layers, shortcut;  // of residual
  std::uint32_t stream = 0;                 // of its random numbers; a network gives them out
};

// Throws std::invalid_argument that names the option, the rule and the value.
template <class T>
using LayerPointer = std::unique_ptr<Layer<T>>;
template <class T>
LayerPointer<T> make_layer(const LayerSpec& spec, const Shape& input);
template <class T>
LayerPointer<T> make_dense(const LayerSpec& spec, const Shape& input);
template <class T>
LayerPointer<T> make_activation(const LayerSpec& spec, const Shape& input);
template <class T>
LayerPointer<T> make_dropout(const LayerSpec& spec, const Shape& input);
template <class T>
LayerPointer<T> make_reshape(const LayerSpec& spec, const Shape& input);  // flatten, too
template <class T>
LayerPointer<T> make_batch_norm(const LayerSpec& spec, const Shape& input);
template <class T>
LayerPointer<T> make_layer_norm(const LayerSpec& spec, const Shape& input);
template <class T>
LayerPointer<T> make_conv2d(const LayerSpec& spec, const Shape& input);
template <class T>
LayerPointer<T> make_pool2d(const LayerSpec& spec, const Shape& input);  // max, average, global average
template <class T>
LayerPointer<T> make_residual(const LayerSpec& spec, const Shape& input);

// "(28, 28, 1)", for messages.
std::string to_text(const Shape& shape);
// The entries of a shape with sides of at least 1; refuses more than 2^40, in the name of `what`, before a product
// overflows.
Index checked_entries(const Shape& shape, const char* what);

}  // namespace steep
