// Layer normalization (Ba, Kiros, Hinton 2016): y = gamma (x - mean) / sqrt(variance + eps) + beta, with the mean and the
// (biased) variance of each row's last axis, or of all its axes. The same in training and in inference.
#include <algorithm>

#include "steep/kernels.hpp"
#include "steep/layer.hpp"

namespace steep {
namespace {

template <class T>
class LayerNorm final : public Layer<T> {
 public:
  LayerNorm(const LayerSpec& spec, const Shape& input)
      : columns_(spec.all_axes ? entries(input) : input.back()),
        groups_(entries(input) / columns_),
        eps_(static_cast<T>(spec.eps)),
        k_(kernels<T>().normalization) {
    this->input_ = this->output_ = input;
    shape_ = spec.all_axes ? input : Shape{columns_};
  }
  const char* kind() const override { return "layer_norm"; }
  std::vector<ArraySpec> arrays() const override { return {{"gamma", shape_, 0, 1.0}, {"beta", shape_, columns_}}; }
  double flops_per_row() const override { return 8.0 * static_cast<double>(this->inputs()); }
  Index cache_entries() const override { return 2 * groups_; }

  void forward(const Block<T>& b, const T* x, T* y) const override {
    k_.row_forward(b.rows * groups_, columns_, eps_, x, b.w, b.w + columns_, b.cache, y);
  }
  void backward(const Block<T>& b, const T* x, const T*, T* dy, T* dx) const override {
    if (dx) k_.row_backward(b.rows * groups_, columns_, x, b.cache, b.w, dy, dx);
  }
  Index tiles() const override { return 1; }
  Tile tile(Index) const override { return {0, 0, 0, 2 * columns_}; }
  void gradient(Index, const Block<T>& b, const T* x, const T* dz, T* g, bool accumulate) const override {
    if (!accumulate) std::fill_n(g, 2 * columns_, T(0));
    k_.row_gradient(b.rows * groups_, columns_, x, b.cache, dz, g, g + columns_);
  }
  void row_jacobian(const Block<T>& b, const T* x, const T* dz, T* J, Index stride) const override {
    const Index n = this->inputs();
    for (Index r = 0; r < b.rows; ++r) {
      T* row = J + r * stride;
      std::fill_n(row, 2 * columns_, T(0));
      k_.row_gradient(groups_, columns_, x + r * n, b.cache + r * 2 * groups_, dz + r * n, row, row + columns_);
    }
  }

 private:
  Index columns_, groups_;
  T eps_;
  Shape shape_;
  const NormalizationKernels<T>& k_;
};

}  // namespace

template <class T>
LayerPointer<T> make_layer_norm(const LayerSpec& spec, const Shape& input) {
  if (!(spec.eps > 0)) throw std::invalid_argument("eps must be positive, got " + std::to_string(spec.eps));
  if ((spec.all_axes ? entries(input) : input.back()) < 2)
    throw std::invalid_argument("input must have at least 2 entries to normalize over, got shape " + to_text(input));
  return std::make_unique<LayerNorm<T>>(spec, input);
}
template LayerPointer<float> make_layer_norm(const LayerSpec&, const Shape&);
template LayerPointer<double> make_layer_norm(const LayerSpec&, const Shape&);

}  // namespace steep
