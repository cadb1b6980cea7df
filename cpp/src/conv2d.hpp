// The convolution layer; see conv2d.cpp. And windows from a layer's description, which pooling needs too.
#pragma once
#include <algorithm>

#include "steep/kernels.hpp"
#include "steep/layer.hpp"

namespace steep {

// Throws where the input is no image, or the window does not fit.
Window make_window(const LayerSpec& spec, const Shape& input);

template <class T>
class Conv2D final : public Layer<T> {
 public:
  Conv2D(const LayerSpec& spec, const Shape& input, const Window& w);

  const char* kind() const override { return "conv2d"; }
  Activation activation() const override { return phi_; }
  std::vector<ArraySpec> arrays() const override;
  Index fan_in() const override { return depth_; }
  Index fan_out() const override { return w_.kernel_y * w_.kernel_x * group_filters_; }
  double flops_per_row() const override { return 2.0 * static_cast<double>(w_.pixels() * filters_ * depth_); }

  Index packed_size(bool with_backward) const override;
  Index pack_tasks(bool with_backward) const override;
  void pack(Index task, const T* w, T* packed) const override;
  Index cache_entries() const override { return x_frame_ + kept_; }  // of an image: its frame, z
  Index workspace_size(Index rows) const override;

  void forward(const Block<T>& b, const T* x, T* y) const override;
  void backward(const Block<T>& b, const T* x, const T* y, T* dy, T* dx) const override;
  Index tiles() const override { return groups_ * tiles_of_group_; }
  Tile tile(Index task) const override;
  void gradient(Index task, const Block<T>& b, const T* x, const T* dz, T* g, bool accumulate) const override {
    gradients(task, task + 1, b, x, dz, g, accumulate);
  }
  void gradients(Index begin, Index end, const Block<T>& b, const T* x, const T* dz, T* g,
                 bool accumulate) const override;
  void row_jacobian(const Block<T>& b, const T* x, const T* dz, T* J, Index stride) const override;

  bool has_tangents() const override { return true; }
  Index tangent_entries() const override { return this->outputs(); }
  void tangent_forward(const Block<T>& b, const T* x, const T* xdot, const T* y, const T* wdot, T* ydot) const override;
  void tangent_backward(const Block<T>& b, const T* x, const T* xdot, const T* y, const T* wdot, T* dy, T* dydot, T* dx,
                        T* dxdot) const override;
  void tangent_gradient(Index task, const Block<T>& b, const T* x, const T* xdot, const T* dz, const T* dzdot,
                        T* g) const override;

 private:
  static constexpr Index few_weights = 16;         // of a line, so that a product has them as rows
  static constexpr Index unfolded_entries = 8192;  // of a run of lines, about: it stays in the first cache
  static constexpr Index tile_filters = 8;         // of a tile, at least

  void slide(const T* framed, Index pitch, Index channels, Index height, Index width, const T* panels, const T* bias,
             bool relu, T* to, Index outputs) const;
  void framed_gradient(const Tile& t, const Block<T>& b, const T* dz, T* g, bool accumulate) const;
  void unfolded_forward(const T* image, const T* panels, const T* bias, bool relu, bool accumulate, T* workspace,
                        T* z) const;
  void unfolded_input(const T* dz, const T* panels, T* workspace, T* dimage) const;  // added
  void unfolded_gradient(const Tile& t, const Block<T>& b, const T* x, const T* dz, T* g, bool accumulate,
                         bool with_bias) const;
  void unfolded_panels(const T* w, bool back, T* panels) const;
  void bias_gradient(const Tile& t, const Block<T>& b, const T* dz, T* g, bool accumulate) const;
  const T* kept(const Block<T>& b, Index r) const { return kept_ ? b.cache + r * cache_entries() + x_frame_ : nullptr; }

  Window w_;
  Activation phi_;
  T slope_;
  bool bias_, framed_ = false;
  Index filters_, groups_, channels_ = 0, group_filters_ = 0;                           // channels of a group
  Index depth_ = 0;                                                                     // weights of a filter
  Index x_rows_ = 0, x_pitch_ = 0, x_frame_ = 0, z_rows_ = 0, z_pitch_ = 0, kept_ = 0;  // frames, and what is kept of z
  Index panels_ = 0, back_panels_ = 0, lines_ = 1, tiles_of_group_ = 1;
  const Kernels<T>& k_;
};

}  // namespace steep
