// Flatten and reshape: the same entries in the same order under another shape. A reshaped side of -1 is worked out.
#include <algorithm>

#include "steep/layer.hpp"

namespace steep {
namespace {

template <class T>
class Reshape final : public Layer<T> {
 public:
  Reshape(const char* kind, const Shape& input, const Shape& output) : kind_(kind) {
    this->input_ = input;
    this->output_ = output;
  }
  const char* kind() const override { return kind_; }
  void forward(const Block<T>& b, const T* x, T* y) const override { std::copy_n(x, b.rows * this->inputs(), y); }
  void backward(const Block<T>& b, const T*, const T*, T* dy, T* dx) const override {
    if (dx) std::copy_n(dy, b.rows * this->inputs(), dx);
  }
  bool has_tangents() const override { return true; }
  void tangent_forward(const Block<T>& b, const T*, const T* xdot, const T*, const T*, T* ydot) const override {
    if (xdot)
      std::copy_n(xdot, b.rows * this->inputs(), ydot);
    else
      std::fill_n(ydot, b.rows * this->inputs(), T(0));
  }
  void tangent_backward(const Block<T>& b, const T*, const T*, const T*, const T*, T* dy, T* dydot, T* dx,
                        T* dxdot) const override {
    if (!dx) return;
    std::copy_n(dy, b.rows * this->inputs(), dx);
    std::copy_n(dydot, b.rows * this->inputs(), dxdot);
  }

 private:
  const char* kind_;
};

}  // namespace

template <class T>
LayerPointer<T> make_reshape(const LayerSpec& spec, const Shape& input) {
  if (spec.kind == "flatten") return std::make_unique<Reshape<T>>("flatten", input, Shape{entries(input)});
  Shape output = spec.shape, given;
  Index open = -1;
  for (std::size_t i = 0; i < output.size(); ++i) {
    if (output[i] == -1 && open < 0)
      open = static_cast<Index>(i);
    else if (output[i] < 1)
      throw std::invalid_argument("shape must have sides of at least 1, one of them -1, got " + to_text(spec.shape));
    else
      given.push_back(output[i]);
  }
  const Index all = entries(input), known = checked_entries(given, "shape");
  if (open >= 0 && all % known == 0) output[static_cast<std::size_t>(open)] = all / known;
  if (output.empty() || (open >= 0 ? all % known != 0 : known != all))
    throw std::invalid_argument("shape must hold the " + std::to_string(all) + " entries of the input " +
                                to_text(input) + ", got " + to_text(spec.shape));
  return std::make_unique<Reshape<T>>("reshape", input, output);
}
template LayerPointer<float> make_reshape(const LayerSpec&, const Shape&);
template LayerPointer<double> make_reshape(const LayerSpec&, const Shape&);

}  // namespace steep
