// Convolutions by unfolding: a run of output lines as the rows of a matrix (unfold.hpp), then one product. Any strides,
// dilation and groups; and tangents and per-row gradients of all convolutions (see conv2d.cpp).
#include "conv2d.hpp"
#include "unfold.hpp"

namespace steep {

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
void Conv2D<T>::tangent_forward(const Block<T>& b, const T* x, const T* xdot, const T* y, const T* wdot,
                                T* ydot) const {
  const Index n = this->outputs();
  T *panels = b.workspace + (lines_ * w_.out_width * depth_ + 15) / 16 * 16, *zdot = b.tangents;
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
void Conv2D<T>::tangent_backward(const Block<T>& b, const T*, const T*, const T* y, const T* wdot, T* dy, T* dydot,
                                 T* dx, T* dxdot) const {
  const Index n = this->outputs(), d = w_.inputs();
  for (Index r = 0; r < b.rows && !b.raw && phi_ != Activation::identity; ++r) {
    const auto& a = k_.activation;
    a.pullback(phi_, slope_, w_.pixels(), filters_, kept(b, r), y + r * n, dydot + r * n);
    a.curvature(phi_, slope_, w_.pixels(), filters_, kept(b, r), y + r * n, dy + r * n, b.tangents + r * n,
                dydot + r * n);
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

template class Conv2D<float>;
template class Conv2D<double>;

}  // namespace steep
