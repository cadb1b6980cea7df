// An activation as a layer of its own: y = Phi(x), elementwise; softmax acts along the last axis.
//
// Second derivatives: xdot is pushed by Phi'(x); d(Phi'(x) dy) = Phi''(x) dy xdot + Phi'(x) dydot.
#include <algorithm>

#include "steep/kernels.hpp"
#include "steep/layer.hpp"

namespace steep {
namespace {

template <class T>
class ActivationLayer final : public Layer<T> {
 public:
  ActivationLayer(const LayerSpec& spec, const Shape& input)
      : phi_(spec.activation),
        slope_(static_cast<T>(spec.slope)),
        columns_(input.back()),
        groups_(entries(input) / input.back()),
        k_(kernels<T>().activation) {
    this->input_ = this->output_ = input;
  }
  const char* kind() const override { return "activation"; }
  Activation activation() const override { return phi_; }

  void forward(const Block<T>& b, const T* x, T* y) const override {
    if (passes(b))
      std::copy_n(x, b.rows * this->inputs(), y);
    else
      k_.value(phi_, slope_, b.rows * groups_, columns_, x, y);
  }
  void backward(const Block<T>& b, const T* x, const T* y, T* dy, T* dx) const override {
    if (!dx) return;
    std::copy_n(dy, b.rows * this->inputs(), dx);
    if (!passes(b)) k_.pullback(phi_, slope_, b.rows * groups_, columns_, x, y, dx);
  }

  bool has_tangents() const override { return true; }
  void tangent_forward(const Block<T>& b, const T* x, const T* xdot, const T* y, const T*, T* ydot) const override {
    const Index n = b.rows * this->inputs();
    if (!xdot) return std::fill_n(ydot, n, T(0)), void();
    std::copy_n(xdot, n, ydot);
    if (!passes(b)) k_.pullback(phi_, slope_, b.rows * groups_, columns_, x, y, ydot);
  }
  void tangent_backward(const Block<T>& b, const T* x, const T* xdot, const T* y, const T*, T* dy, T* dydot, T* dx,
                        T* dxdot) const override {
    if (!dx) return;
    const Index n = b.rows * this->inputs();
    std::copy_n(dy, n, dx);
    std::copy_n(dydot, n, dxdot);
    if (passes(b)) return;
    k_.pullback(phi_, slope_, b.rows * groups_, columns_, x, y, dx);
    k_.pullback(phi_, slope_, b.rows * groups_, columns_, x, y, dxdot);
    if (xdot) k_.curvature(phi_, slope_, b.rows * groups_, columns_, x, y, dy, xdot, dxdot);
  }

 private:
  bool passes(const Block<T>& b) const { return b.raw || phi_ == Activation::identity; }

  Activation phi_;
  T slope_;
  Index columns_, groups_;
  const ActivationKernels<T>& k_;
};

}  // namespace

template <class T>
LayerPointer<T> make_activation(const LayerSpec& spec, const Shape& input) {
  return std::make_unique<ActivationLayer<T>>(spec, input);
}
template LayerPointer<float> make_activation(const LayerSpec&, const Shape&);
template LayerPointer<double> make_activation(const LayerSpec&, const Shape&);

}  // namespace steep
