// Two-dimensional convolution of images (height, width, channels), as networks mean it (a cross-correlation):
//
//     z(y, x, o) = b(o) + sum W(o, ky, kx, c) a(y stride + ky dilation - top, x stride + kx dilation - left, c)
//
// Weights are (filters, kernel_y, kernel_x, channels / groups). Two ways to products:
// - framed (stride 1, no dilation, one group): images lie in frames of zeros, `pitch` pixels a line. A line of output is a
//   sum over ky of products whose left factor is the frame itself, its rows overlapping; nothing is unfolded. The input's
//   gradient is the same with the flipped kernel on the framed dz, and the weights' gradient is one product an image and ky,
//   over all pixels of the two frames, where what lies between lines counts zero.
// - unfolded (everything else, and few channels): a run of output lines as the rows of a matrix (unfold.hpp), one product.
// An image is one run of products, so results depend on the row alone.
#include "conv2d.hpp"

#include <string>

#include "unfold.hpp"

namespace steep {

template <class T>
Conv2D<T>::Conv2D(const LayerSpec& spec, const Shape& input, const Window& w)
    : w_(w),
      phi_(spec.activation),
      slope_(static_cast<T>(spec.slope)),
      bias_(spec.use_bias),
      filters_(spec.units),
      groups_(spec.groups),
      k_(kernels<T>()) {
  this->input_ = input;
  this->output_ = {w.out_height, w.out_width, filters_};
  channels_ = w.channels / groups_;
  group_filters_ = filters_ / groups_;
  depth_ = w.kernel_y * w.kernel_x * channels_;
  const bool plain = w.stride_y == 1 && w.stride_x == 1 && w.dilation_y == 1 && w.dilation_x == 1 && groups_ == 1;
  framed_ = plain && w.top < w.kernel_y && w.left < w.kernel_x && w.kernel_x * channels_ >= least_depth;
  if (framed_) {
    behind_y_ = w.kernel_y - 1 - w.top;
    behind_x_ = w.kernel_x - 1 - w.left;
    pitch_ = std::max(w.out_width, w.width) + w.kernel_x - 1;
    x_rows_ = w.out_height + w.kernel_y - 1;
    z_rows_ = std::max(w.height + w.kernel_y - 1, behind_y_ + w.out_height);
    x_frame_ = (x_rows_ * pitch_ * w.channels + 15) / 16 * 16;
    z_frame_ = (z_rows_ * pitch_ * filters_ + 15) / 16 * 16;
    panels_ = k_.product.packed_size(w.kernel_x * channels_, filters_);
    back_panels_ = k_.product.packed_size(w.kernel_x * filters_, channels_);
  } else {
    panels_ = k_.product.packed_size(depth_, group_filters_);
    back_panels_ = k_.product.packed_size(group_filters_, depth_);
  }
  kept_ = needs_preactivation(phi_) ? this->outputs() : 0;
  lines_ = std::min(w.out_height, std::max<Index>(1, unfolded_entries / (w.out_width * depth_)));
  const Index want = std::max<Index>(1, group_filters_ / tile_filters);
  tiles_of_group_ = std::min(group_filters_, want);
}

template <class T>
std::vector<ArraySpec> Conv2D<T>::arrays() const {
  std::vector<ArraySpec> all{{"weight", {filters_, w_.kernel_y, w_.kernel_x, channels_}, 0}};
  if (bias_) all.push_back({"bias", {filters_}, filters_ * depth_});
  return all;
}

template <class T>
Index Conv2D<T>::packed_size(bool with_backward) const {
  const Index parts = framed_ ? w_.kernel_y : groups_;
  const Index flipped = framed_ ? w_.kernel_x * filters_ * channels_ : 0;
  return parts * (panels_ + (with_backward ? back_panels_ + flipped : 0));
}

template <class T>
Index Conv2D<T>::pack_tasks(bool with_backward) const {
  return (framed_ ? w_.kernel_y : groups_) * (with_backward ? 2 : 1);
}

template <class T>
void Conv2D<T>::pack(Index task, const T* w, T* packed) const {
  const Index parts = framed_ ? w_.kernel_y : groups_, part = task % parts;
  T* back = packed + parts * panels_;
  if (framed_) {
    const Index line = w_.kernel_x * channels_;
    if (task < parts) return k_.product.pack(line, filters_, w + part * line, 1, depth_, packed + part * panels_);
    T* flipped = back + parts * back_panels_ + part * line * filters_;
    for (Index kx = 0; kx < w_.kernel_x; ++kx)
      for (Index o = 0; o < filters_; ++o)
        std::copy_n(w + o * depth_ + ((w_.kernel_y - 1 - part) * w_.kernel_x + w_.kernel_x - 1 - kx) * channels_,
                    channels_, flipped + (kx * filters_ + o) * channels_);
    return k_.product.pack(w_.kernel_x * filters_, channels_, flipped, channels_, 1, back + part * back_panels_);
  }
  const T* of_group = w + part * group_filters_ * depth_;
  if (task < parts) return k_.product.pack(depth_, group_filters_, of_group, 1, depth_, packed + part * panels_);
  k_.product.pack(group_filters_, depth_, of_group, depth_, 1, back + part * back_panels_);
}

template <class T>
Index Conv2D<T>::workspace_size(Index) const {
  const Index unfolded = (lines_ * w_.out_width * depth_ + 15) / 16 * 16, parts = framed_ ? w_.kernel_y : groups_;
  const Index pixels = framed_ ? x_rows_ * pitch_ : lines_ * w_.out_width,
              wide = framed_ ? w_.kernel_x * channels_ : depth_;
  const Index product = std::max(k_.product.workspace_size(filters_, wide, pixels),
                                 k_.product.workspace_size(lines_ * w_.out_width, group_filters_, depth_));
  const Index tangent =
      std::max(k_.product.packed_size(depth_, group_filters_), k_.product.packed_size(group_filters_, depth_));
  return unfolded + std::max(parts * panels_, groups_ * tangent) + product + w_.pixels() + 64;
}

template <class T>
void Conv2D<T>::forward(const Block<T>& b, const T* x, T* y) const {
  const bool apply = !b.raw && phi_ != Activation::identity, keep = kept_ > 0 && !b.raw;
  const bool relu = apply && phi_ == Activation::relu;
  const T* panels = b.packed;
  T* workspace = b.workspace;
  if (!panels) {  // few rows: panels of this call's own
    for (Index task = 0; task < pack_tasks(false); ++task) pack(task, b.w, workspace);
    panels = workspace;
    workspace += (framed_ ? w_.kernel_y : groups_) * panels_;
  }
  const T* bias = bias_ ? b.w + filters_ * depth_ : nullptr;
  for (Index r = 0; r < b.rows; ++r) {
    T *cache = b.cache + r * cache_entries(), *to = y + r * this->outputs();
    T* z = keep ? cache + x_frame_ + z_frame_ : to;
    if (framed_) {
      frame(x + r * w_.inputs(), w_.height, w_.width, w_.channels, w_.top, w_.left, x_rows_, pitch_, cache);
      slide(cache, w_.channels, w_.out_height, w_.out_width, panels, panels_, bias, relu, z, filters_);
    } else {
      unfolded_forward(x + r * w_.inputs(), panels, bias, relu, false, workspace, z);
    }
    if (apply && !relu) k_.activation.value(phi_, slope_, w_.pixels(), filters_, z, to);
  }
}

// to (height, width, outputs) = bias + sum over ky of framed lines times panels.
template <class T>
void Conv2D<T>::slide(const T* framed, Index channels, Index height, Index width, const T* panels, Index panel_size,
                      const T* bias, bool relu, T* to, Index outputs) const {
  const bool together = pitch_ == width;  // lines follow each other without a gap
  const Index lines = together ? 1 : height;
  Product<T> p;
  p.m = together ? height * width : width;
  p.n = outputs;
  p.k = w_.kernel_x * channels;
  p.a_row = channels;
  p.packed = true;
  p.c_row = outputs;
  for (Index y = 0; y < lines; ++y) {
    p.c = to + y * width * outputs;
    for (Index ky = 0; ky < w_.kernel_y; ++ky) {
      p.a = framed + (y + ky) * pitch_ * channels;
      p.b = panels + ky * panel_size;
      p.accumulate = ky > 0;
      p.bias = ky + 1 == w_.kernel_y ? bias : nullptr;
      p.relu = relu && ky + 1 == w_.kernel_y;
      k_.product.multiply(p);
    }
  }
}

template <class T>
void Conv2D<T>::unfolded_forward(const T* image, const T* panels, const T* bias, bool relu, bool accumulate,
                                 T* workspace, T* z) const {
  for (Index y = 0; y < w_.out_height; y += lines_) {
    const Index last = std::min(y + lines_, w_.out_height), at = y * w_.out_width;
    for (Index g = 0; g < groups_; ++g) {
      unfold(w_, image, y, last, g * channels_, channels_, workspace);
      Product<T> p;
      p.m = last * w_.out_width - at;
      p.n = group_filters_;
      p.k = depth_;
      p.a = workspace;
      p.a_row = depth_;
      p.b = panels + g * k_.product.packed_size(depth_, group_filters_);
      p.packed = true;
      p.c = z + at * filters_ + g * group_filters_;
      p.c_row = filters_;
      p.bias = bias ? bias + g * group_filters_ : nullptr;
      p.relu = relu;
      p.accumulate = accumulate;
      k_.product.multiply(p);
    }
  }
}

template <class T>
void Conv2D<T>::unfolded_input(const T* dz, const T* panels, T* workspace, T* dimage) const {
  for (Index y = 0; y < w_.out_height; y += lines_) {
    const Index last = std::min(y + lines_, w_.out_height), at = y * w_.out_width;
    for (Index g = 0; g < groups_; ++g) {
      Product<T> p;
      p.m = last * w_.out_width - at;
      p.n = depth_;
      p.k = group_filters_;
      p.a = dz + at * filters_ + g * group_filters_;
      p.a_row = filters_;
      p.b = panels + g * k_.product.packed_size(group_filters_, depth_);
      p.packed = true;
      p.c = workspace;
      p.c_row = depth_;
      k_.product.multiply(p);
      fold(w_, workspace, y, last, g * channels_, channels_, dimage);
    }
  }
}

template <class T>
void Conv2D<T>::backward(const Block<T>& b, const T*, const T* y, T* dy, T* dx) const {
  const Index n = this->outputs();
  for (Index r = 0; r < b.rows; ++r) {
    T *cache = b.cache + r * cache_entries(), *dz = dy + r * n, *to = dx ? dx + r * w_.inputs() : nullptr;
    if (!b.raw && phi_ != Activation::identity)
      k_.activation.pullback(phi_, slope_, w_.pixels(), filters_, kept_ ? cache + x_frame_ + z_frame_ : nullptr,
                             y + r * n, dz);
    const Index parts = framed_ ? w_.kernel_y : groups_;
    const T* panels = b.packed + parts * panels_;
    if (framed_) {
      T* framed = cache + x_frame_;
      frame(dz, w_.out_height, w_.out_width, filters_, behind_y_, behind_x_, z_rows_, pitch_, framed);
      if (to) slide(framed, filters_, w_.height, w_.width, panels, back_panels_, nullptr, false, to, w_.channels);
    } else if (to) {
      std::fill_n(to, w_.inputs(), T(0));
      unfolded_input(dz, panels, b.workspace, to);
    }
  }
}

template <class T>
Tile Conv2D<T>::tile(Index task) const {
  const Index g = task / tiles_of_group_, i = task % tiles_of_group_;
  const Index i0 = g * group_filters_ + i * group_filters_ / tiles_of_group_;
  const Index i1 = g * group_filters_ + (i + 1) * group_filters_ / tiles_of_group_, bias = filters_ * depth_;
  if (!bias_) return {i0 * depth_, i1 * depth_, bias, bias};
  return {i0 * depth_, i1 * depth_, bias + i0, bias + i1};
}

template <class T>
void Conv2D<T>::gradients(Index begin, Index end, const Block<T>& b, const T* x, const T* dz, T* g,
                          bool accumulate) const {
  if (!framed_) {
    for (Index task = begin; task < end; ++task) {
      Tile t = tile(task);  // and those that follow in its group
      for (; task + 1 < end && (task + 1) % tiles_of_group_ != 0; ++task) {
        t.weight_end = tile(task + 1).weight_end;
        t.other_end = tile(task + 1).other_end;
      }
      unfolded_gradient(t, b, x, dz, g, accumulate, true);
    }
    return;
  }
  Tile t = tile(begin);
  t.weight_end = tile(end - 1).weight_end;
  t.other_end = tile(end - 1).other_end;
  const Index i0 = t.weight_begin / depth_, i1 = t.weight_end / depth_, line = w_.kernel_x * channels_;
  Product<T> p;
  p.m = i1 - i0;
  p.n = line;
  p.k = (w_.out_height - 1) * pitch_ + w_.out_width;
  p.a_row = 1;
  p.a_col = filters_;
  p.b_row = channels_;
  p.c_row = depth_;
  p.workspace = b.workspace;
  for (Index r = 0; r < b.rows; ++r) {
    const T* cache = b.cache + r * cache_entries();
    p.a = cache + x_frame_ + (behind_y_ * pitch_ + behind_x_) * filters_ + i0;
    p.accumulate = accumulate || r > 0;
    for (Index ky = 0; ky < w_.kernel_y; ++ky) {
      p.b = cache + ky * pitch_ * channels_;
      p.c = g + t.weight_begin + ky * line;
      k_.product.multiply(p);
    }
  }
  bias_gradient(t, b, dz, g, accumulate);
}

template <class T>
void Conv2D<T>::bias_gradient(const Tile& t, const Block<T>& b, const T* dz, T* g, bool accumulate) const {
  if (t.other_begin == t.other_end) return;
  T* ones = b.workspace;
  std::fill_n(ones, w_.pixels(), T(1));
  for (Index r = 0; r < b.rows; ++r)
    k_.product.transposed_vector(w_.pixels(), t.other_end - t.other_begin,
                                 dz + r * this->outputs() + (t.other_begin - filters_ * depth_), filters_, ones,
                                 g + t.other_begin, accumulate || r > 0);
}

template <class T>
void Conv2D<T>::unfolded_gradient(const Tile& t, const Block<T>& b, const T* x, const T* dz, T* g, bool accumulate,
                                  bool with_bias) const {
  const Index i0 = t.weight_begin / depth_, i1 = t.weight_end / depth_, group = i0 / group_filters_;
  const Index unfolded = (lines_ * w_.out_width * depth_ + 15) / 16 * 16;
  Product<T> p;
  p.m = i1 - i0;
  p.n = depth_;
  p.a_row = 1;
  p.a_col = filters_;
  p.b = b.workspace;
  p.b_row = depth_;
  p.c = g + t.weight_begin;
  p.c_row = depth_;
  p.workspace = b.workspace + unfolded;
  for (Index r = 0; r < b.rows; ++r) {
    for (Index y = 0; y < w_.out_height; y += lines_) {
      const Index last = std::min(y + lines_, w_.out_height), at = y * w_.out_width;
      unfold(w_, x + r * w_.inputs(), y, last, group * channels_, channels_, b.workspace);
      p.k = last * w_.out_width - at;
      p.a = dz + r * this->outputs() + at * filters_ + i0;
      p.accumulate = accumulate || r > 0 || y > 0;
      k_.product.multiply(p);
    }
  }
  if (with_bias)
    bias_gradient(t, b, dz, g, accumulate);
  else
    std::fill(g + t.other_begin, g + t.other_end, T(0));
}

template <class T>
void Conv2D<T>::row_jacobian(const Block<T>& b, const T* x, const T* dz, T* J, Index stride) const {
  for (Index r = 0; r < b.rows; ++r) {
    Block<T> row = b;
    row.rows = 1;
    row.cache = b.cache + r * cache_entries();
    for (Index task = 0; task < tiles(); ++task)
      unfolded_gradient(tile(task), row, x + r * w_.inputs(), dz + r * this->outputs(), J + r * stride, false, true);
  }
}

// Panels of any weights for the unfolded products, in workspace.
template <class T>
void Conv2D<T>::unfolded_panels(const T* w, bool back, T* panels) const {
  for (Index g = 0; g < groups_; ++g) {
    const T* of_group = w + g * group_filters_ * depth_;
    if (back)
      k_.product.pack(group_filters_, depth_, of_group, depth_, 1,
                      panels + g * k_.product.packed_size(group_filters_, depth_));
    else
      k_.product.pack(depth_, group_filters_, of_group, 1, depth_,
                      panels + g * k_.product.packed_size(depth_, group_filters_));
  }
}

template <class T>
void Conv2D<T>::tangent_forward(const Block<T>& b, const T* x, const T* xdot, const T* y, const T* wdot, T* ydot,
                                T* zdot) const {
  const Index n = this->outputs();
  T* panels = b.workspace + (lines_ * w_.out_width * depth_ + 15) / 16 * 16;
  unfolded_panels(wdot, false, panels);
  for (Index r = 0; r < b.rows; ++r)
    unfolded_forward(x + r * w_.inputs(), panels, bias_ ? wdot + filters_ * depth_ : nullptr, false, false, b.workspace,
                     zdot + r * n);
  if (xdot) {
    unfolded_panels(b.w, false, panels);
    for (Index r = 0; r < b.rows; ++r)
      unfolded_forward(xdot + r * w_.inputs(), panels, nullptr, false, true, b.workspace, zdot + r * n);
  }
  std::copy_n(zdot, b.rows * n, ydot);
  if (b.raw || phi_ == Activation::identity) return;
  for (Index r = 0; r < b.rows; ++r)
    k_.activation.pullback(phi_, slope_, w_.pixels(), filters_, kept(b, r), y + r * n, ydot + r * n);
}

template <class T>
void Conv2D<T>::tangent_backward(const Block<T>& b, const T*, const T*, const T* y, const T* wdot, const T* zdot, T* dy,
                                 T* dydot, T* dx, T* dxdot) const {
  const Index n = this->outputs(), d = w_.inputs();
  for (Index r = 0; r < b.rows && !b.raw && phi_ != Activation::identity; ++r) {
    const auto& a = k_.activation;
    a.pullback(phi_, slope_, w_.pixels(), filters_, kept(b, r), y + r * n, dydot + r * n);
    a.curvature(phi_, slope_, w_.pixels(), filters_, kept(b, r), y + r * n, dy + r * n, zdot + r * n, dydot + r * n);
    a.pullback(phi_, slope_, w_.pixels(), filters_, kept(b, r), y + r * n, dy + r * n);
  }
  if (!dx) return;
  T* panels = b.workspace + (lines_ * w_.out_width * depth_ + 15) / 16 * 16;
  std::fill_n(dx, b.rows * d, T(0));
  std::fill_n(dxdot, b.rows * d, T(0));
  unfolded_panels(b.w, true, panels);
  for (Index r = 0; r < b.rows; ++r) {
    unfolded_input(dy + r * n, panels, b.workspace, dx + r * d);
    unfolded_input(dydot + r * n, panels, b.workspace, dxdot + r * d);
  }
  unfolded_panels(wdot, true, panels);
  for (Index r = 0; r < b.rows; ++r) unfolded_input(dy + r * n, panels, b.workspace, dxdot + r * d);
}

template <class T>
void Conv2D<T>::tangent_gradient(Index task, const Block<T>& b, const T* x, const T* xdot, const T* dz, const T* dzdot,
                                 T* g) const {
  if (xdot) unfolded_gradient(tile(task), b, xdot, dz, g, false, false);
  unfolded_gradient(tile(task), b, x, dzdot, g, xdot != nullptr, true);
}

template <class T>
LayerPointer<T> make_conv2d(const LayerSpec& spec, const Shape& input) {
  if (spec.units < 1) throw std::invalid_argument("filters must be at least 1, got " + std::to_string(spec.units));
  const Window w = make_window(spec, input);
  const Index g = spec.groups;
  if (g < 1 || w.channels % g != 0 || spec.units % g != 0)
    throw std::invalid_argument("groups must divide the " + std::to_string(w.channels) +
                                " channels of the input and the " + std::to_string(spec.units) + " filters, got " +
                                std::to_string(g));
  return std::make_unique<Conv2D<T>>(spec, input, w);
}
template LayerPointer<float> make_conv2d(const LayerSpec&, const Shape&);
template LayerPointer<double> make_conv2d(const LayerSpec&, const Shape&);

}  // namespace steep
