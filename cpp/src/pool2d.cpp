// Pooling of images: the largest or the mean of each window of each channel; the mean of whole channels (global).
// Padding never counts. Of equal largest entries the first in reading order gets the gradient.
#include "conv2d.hpp"

namespace steep {
namespace {

template <class T>
class Pool2D final : public Layer<T> {
 public:
  Pool2D(const char* kind, bool largest, const Shape& input, const Window& w, bool global)
      : kind_(kind), largest_(largest), w_(w), k_(kernels<T>().pool) {
    this->input_ = input;
    this->output_ = global ? Shape{w.channels} : Shape{w.out_height, w.out_width, w.channels};
  }
  const char* kind() const override { return kind_; }
  double flops_per_row() const override { return static_cast<double>(this->inputs()); }
  void forward(const Block<T>& b, const T* x, T* y) const override {
    if (largest_)
      k_.largest(w_, b.rows, x, y);
    else
      k_.mean(w_, b.rows, x, y);
  }
  void backward(const Block<T>& b, const T* x, const T* y, T* dy, T* dx) const override {
    if (!dx) return;
    if (largest_)
      k_.largest_backward(w_, b.rows, x, y, dy, dx);
    else
      k_.mean_backward(w_, b.rows, dy, dx);
  }

  // The mean is linear; the largest is followed along the entries chosen, which needs their places: refused.
  bool has_tangents() const override { return !largest_; }
  void tangent_forward(const Block<T>& b, const T*, const T* xdot, const T*, const T*, T* ydot, T*) const override {
    if (largest_) this->lacks("tangents");
    if (xdot)
      k_.mean(w_, b.rows, xdot, ydot);
    else
      std::fill_n(ydot, b.rows * this->outputs(), T(0));
  }
  void tangent_backward(const Block<T>& b, const T*, const T*, const T*, const T*, const T*, T* dy, T* dydot, T* dx,
                        T* dxdot) const override {
    if (!dx) return;
    k_.mean_backward(w_, b.rows, dy, dx);
    k_.mean_backward(w_, b.rows, dydot, dxdot);
  }

 private:
  const char* kind_;
  bool largest_;
  Window w_;
  const PoolKernels<T>& k_;
};

}  // namespace

template <class T>
LayerPointer<T> make_pool2d(const LayerSpec& spec, const Shape& input) {
  LayerSpec s = spec;
  const bool global = spec.kind == "global_average_pool2d", largest = spec.kind == "max_pool2d";
  if (global && input.size() == 3) s.window = {input[0], input[1]};
  const Window w = make_window(s, input);
  if (!s.same && (2 * s.padding[0] > s.window[0] || 2 * s.padding[1] > s.window[1]))
    throw std::invalid_argument("padding must be at most half the window " + to_text(s.window) + ", got " +
                                to_text(s.padding));
  const char* kind = global ? "global_average_pool2d" : largest ? "max_pool2d" : "average_pool2d";
  return std::make_unique<Pool2D<T>>(kind, largest, input, w, global);
}
template LayerPointer<float> make_pool2d(const LayerSpec&, const Shape&);
template LayerPointer<double> make_pool2d(const LayerSpec&, const Shape&);

}  // namespace steep
