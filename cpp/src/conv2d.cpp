// Two-dimensional convolution of images (height, width, channels), as networks mean it (a cross-correlation):
//
//     z(y, x, o) = b(o) + sum W(o, ky, kx, c) a(y stride + ky dilation - top, x stride + kx dilation - left, c)
//
// Weights are (filters, kernel_y, kernel_x, channels / groups). Two ways to products:
// - framed (stride 1, no dilation, one group): images lie in frames of zeros, and the windows of a line of outputs are
//   read from there as the left factor of one product; nothing is unfolded. The input's gradient is the same with the
//   flipped kernel on the framed dz, and the weights' gradient is one product an image and ky, over all pixels.
// - unfolded (everything else; conv2d_unfolded.cpp).
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
  framed_ = plain && w.top < w.kernel_y && w.left < w.kernel_x;
  panels_ = k_.product.packed_size(depth_, group_filters_);
  back_panels_ = k_.product.packed_size(group_filters_, depth_);
  if (framed_) {
    x_rows_ = w.out_height + w.kernel_y - 1;
    x_pitch_ = w.out_width + w.kernel_x - 1;
    x_frame_ = (x_rows_ * x_pitch_ * w.channels + 15) / 16 * 16;
    z_rows_ = w.height + w.kernel_y - 1;
    z_pitch_ = w.width + w.kernel_x - 1;
    back_panels_ = k_.product.packed_size(w.kernel_y * w.kernel_x * filters_, channels_);
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
  const Index flipped = framed_ ? filters_ * depth_ : 0;
  return groups_ * (panels_ + (with_backward ? back_panels_ + flipped : 0));
}

template <class T>
Index Conv2D<T>::pack_tasks(bool with_backward) const {
  return groups_ * (with_backward ? 2 : 1);
}

template <class T>
void Conv2D<T>::pack(Index task, const T* w, T* packed) const {
  const Index part = task % groups_;
  const T* of_group = w + part * group_filters_ * depth_;
  if (task < groups_) return k_.product.pack(depth_, group_filters_, of_group, 1, depth_, packed + part * panels_);
  T* back = packed + groups_ * panels_;
  if (!framed_) return k_.product.pack(group_filters_, depth_, of_group, depth_, 1, back + part * back_panels_);
  T* flipped = back + back_panels_;  // (kernel_y, kernel_x, filters, channels)
  const Index taps = w_.kernel_y * w_.kernel_x;
  for (Index tap = 0; tap < taps; ++tap)
    for (Index o = 0; o < filters_; ++o)
      std::copy_n(w + o * depth_ + (taps - 1 - tap) * channels_, channels_, flipped + (tap * filters_ + o) * channels_);
  k_.product.pack(taps * filters_, channels_, flipped, channels_, 1, back);
}

template <class T>
Index Conv2D<T>::workspace_size(Index) const {
  const auto& p = k_.product;
  const Index unfolded = (lines_ * w_.out_width * depth_ + 15) / 16 * 16, line = w_.kernel_x * channels_;
  const Index product = std::max({p.workspace_size(filters_, std::max(line, filters_), w_.pixels()),
                                  p.workspace_size(lines_ * w_.out_width, group_filters_, depth_),
                                  p.workspace_size(group_filters_, depth_, lines_ * w_.out_width)});
  const Index tangent = std::max(panels_, p.packed_size(group_filters_, depth_));
  return unfolded + std::max(groups_ * tangent, filters_ * depth_) + product + w_.pixels() +
         z_rows_ * z_pitch_ * filters_ + 64;
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
    workspace += groups_ * panels_;
  }
  const T* bias = bias_ ? b.w + filters_ * depth_ : nullptr;
  for (Index r = 0; r < b.rows; ++r) {
    T *cache = b.cache + r * cache_entries(), *to = y + r * this->outputs();
    T* z = keep ? cache + x_frame_ : to;
    if (framed_) {
      frame(x + r * w_.inputs(), w_.height, w_.width, w_.channels, w_.top, w_.left, x_rows_, x_pitch_, cache);
      slide(cache, x_pitch_, w_.channels, w_.out_height, w_.out_width, panels, bias, relu, z, filters_);
    } else {
      unfolded_forward(x + r * w_.inputs(), panels, bias, relu, false, workspace, z);
    }
    if (apply && !relu) k_.activation.value(phi_, slope_, w_.pixels(), filters_, z, to);
  }
}

// to (height, width, outputs) = bias + windows of a frame, its lines `pitch` pixels apart, times panels.
template <class T>
void Conv2D<T>::slide(const T* framed, Index pitch, Index channels, Index height, Index width, const T* panels,
                      const T* bias, bool relu, T* to, Index outputs) const {
  const bool together = pitch == width;  // lines follow each other without a gap
  Product<T> p;
  p.m = together ? height * width : width;
  p.n = outputs;
  p.k = w_.kernel_x * channels;
  p.a_row = channels;
  p.repeats = w_.kernel_y;
  p.a_repeat = pitch * channels;
  p.b = panels;
  p.packed = true;
  p.c_row = outputs;
  p.bias = bias;
  p.relu = relu;
  for (Index y = 0; y < (together ? 1 : height); ++y) {
    p.a = framed + y * pitch * channels;
    p.c = to + y * width * outputs;
    k_.product.multiply(p);
  }
}

template <class T>
void Conv2D<T>::backward(const Block<T>& b, const T*, const T* y, T* dy, T* dx) const {
  const Index n = this->outputs();
  for (Index r = 0; r < b.rows; ++r) {
    T *cache = b.cache + r * cache_entries(), *dz = dy + r * n, *to = dx ? dx + r * w_.inputs() : nullptr;
    if (!b.raw && phi_ != Activation::identity)
      k_.activation.pullback(phi_, slope_, w_.pixels(), filters_, kept_ ? cache + x_frame_ : nullptr, y + r * n, dz);
    if (!to) continue;
    const T* panels = b.packed + groups_ * panels_;
    if (framed_) {
      frame(dz, w_.out_height, w_.out_width, filters_, w_.kernel_y - 1 - w_.top, w_.kernel_x - 1 - w_.left, z_rows_,
            z_pitch_, b.workspace);
      slide(b.workspace, z_pitch_, filters_, w_.height, w_.width, panels, nullptr, false, to, w_.channels);
    } else {
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
  framed_gradient(t, b, dz, g, accumulate);
  bias_gradient(t, b, dz, g, accumulate);
}

// One product an image and ky. A line of few weights is the product's rows, not its columns, and turned at the end.
template <class T>
void Conv2D<T>::framed_gradient(const Tile& t, const Block<T>& b, const T* dz, T* g, bool accumulate) const {
  const Index i0 = t.weight_begin / depth_, m = t.weight_end / depth_ - i0, line = w_.kernel_x * channels_;
  const bool turned = line < few_weights;
  Product<T> p;
  p.m = turned ? line : m;
  p.n = turned ? m : line;
  p.k = w_.out_width;
  p.repeats = w_.out_height;
  p.a_row = 1;
  p.a_col = turned ? channels_ : filters_;
  p.a_repeat = turned ? x_pitch_ * channels_ : w_.out_width * filters_;
  p.b_row = turned ? filters_ : channels_;
  p.b_repeat = turned ? w_.out_width * filters_ : x_pitch_ * channels_;
  p.c_row = turned ? m : depth_;
  T* sums = b.workspace;  // (kernel_y, line, m)
  p.workspace = turned ? sums + (filters_ * depth_ + 15) / 16 * 16 : b.workspace;
  for (Index r = 0; r < b.rows; ++r) {
    const T *x = b.cache + r * cache_entries(), *d = dz + r * this->outputs() + i0;
    p.accumulate = r > 0 || (accumulate && !turned);
    for (Index ky = 0; ky < w_.kernel_y; ++ky) {
      const T* lines = x + ky * x_pitch_ * channels_;
      p.a = turned ? lines : d;
      p.b = turned ? d : lines;
      p.c = turned ? sums + ky * line * m : g + t.weight_begin + ky * line;
      k_.product.multiply(p);
    }
  }
  for (Index o = 0; turned && o < m; ++o)
    for (Index j = 0; j < depth_; ++j)
      g[t.weight_begin + o * depth_ + j] = (accumulate ? g[t.weight_begin + o * depth_ + j] : T(0)) + sums[j * m + o];
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
LayerPointer<T> make_conv2d(const LayerSpec& spec, const Shape& input) {
  if (spec.units < 1) throw std::invalid_argument("filters must be at least 1, got " + std::to_string(spec.units));
  const Window w = make_window(spec, input);
  const Index g = spec.groups;
  if (g < 1 || w.channels % g != 0 || spec.units % g != 0)
    throw std::invalid_argument("groups must divide the " + std::to_string(w.channels) +
                                " channels of the input and the " + std::to_string(spec.units) + " filters, got " +
                                std::to_string(g));
  checked_entries({spec.units, w.kernel_y, w.kernel_x, w.channels / g}, "weight");
  checked_entries({w.out_height, w.out_width, spec.units}, "output");
  return std::make_unique<Conv2D<T>>(spec, input, w);
}
template class Conv2D<float>;
template class Conv2D<double>;
template LayerPointer<float> make_conv2d(const LayerSpec&, const Shape&);
template LayerPointer<double> make_conv2d(const LayerSpec&, const Shape&);

}  // namespace steep
