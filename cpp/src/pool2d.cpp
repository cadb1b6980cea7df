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

  // Both are linear where they have derivatives: the largest hands on what its chosen entry has.
  bool has_tangents() const override { return true; }
  void tangent_forward(const Block<T>& b, const T* x, const T* xdot, const T* y, const T*, T* ydot) const override {
    if (!xdot)
      std::fill_n(ydot, b.rows * this->outputs(), T(0));
    else if (largest_)
      chosen(b.rows, x, y, xdot, ydot);
    else
      k_.mean(w_, b.rows, xdot, ydot);
  }
  void tangent_backward(const Block<T>& b, const T* x, const T*, const T* y, const T*, T* dy, T* dydot, T* dx,
                        T* dxdot) const override {
    backward(b, x, y, dy, dx);
    backward(b, x, y, dydot, dxdot);
  }

 private:
  // The entries of `from` that stand where x is the first to equal y.
  void chosen(Index rows, const T* x, const T* y, const T* from, T* to) const {
    for (Index r = 0; r < rows; ++r) {
      for (Index i = 0; i < this->outputs(); ++i) {
        const Index c = i % w_.channels, pixel = i / w_.channels;
        const Index top = pixel / w_.out_width * w_.stride_y - w_.top,
                    left = pixel % w_.out_width * w_.stride_x - w_.left;
        const Index out = r * this->outputs() + i;
        to[out] = 0;
        bool found = false;
        for (Index v = std::max<Index>(top, 0); !found && v < std::min(top + w_.kernel_y, w_.height); ++v) {
          for (Index h = std::max<Index>(left, 0); !found && h < std::min(left + w_.kernel_x, w_.width); ++h) {
            const Index at = r * this->inputs() + (v * w_.width + h) * w_.channels + c;
            found = x[at] == y[out];
            if (found) to[out] = from[at];
          }
        }
      }
    }
  }

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
