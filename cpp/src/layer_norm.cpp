// Layer normalization (Ba, Kiros, Hinton 2016): y = gamma (x - mean) / sqrt(variance + eps) + beta, with the mean and
// the (biased) variance of each row's last axis, or of all its axes. The same in training and in inference.
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

  bool has_tangents() const override { return true; }
  void tangent_forward(const Block<T>& b, const T* x, const T* xdot, const T*, const T* wdot, T* ydot) const override {
    for (Index r = 0; r < b.rows * groups_; ++r) {
      const Row at(*this, b, r, x, xdot);
      for (Index j = 0; j < columns_; ++j)
        ydot[r * columns_ + j] = wdot[j] * at.hat(j) + b.w[j] * at.hat_dot(j) + wdot[columns_ + j];
    }
  }
  void tangent_backward(const Block<T>& b, const T* x, const T* xdot, const T*, const T* wdot, T* dy, T* dydot, T* dx,
                        T* dxdot) const override {
    if (!dx) return;
    const T n = static_cast<T>(columns_);
    for (Index r = 0; r < b.rows * groups_; ++r) {
      const Row at(*this, b, r, x, xdot);
      const T *d = dy + r * columns_, *ddot = dydot + r * columns_;
      T *to = dx + r * columns_, *todot = dxdot + r * columns_;
      // u = gamma dy; means of u, u xhat, and of their derivatives.
      T mean = 0, product = 0, mean_dot = 0, product_dot = 0;
      for (Index j = 0; j < columns_; ++j) {
        const T u = b.w[j] * d[j], udot = wdot[j] * d[j] + b.w[j] * ddot[j];
        mean += u / n;
        product += u * at.hat(j) / n;
        mean_dot += udot / n;
        product_dot += (udot * at.hat(j) + u * at.hat_dot(j)) / n;
      }
      for (Index j = 0; j < columns_; ++j) {
        const T u = b.w[j] * d[j], udot = wdot[j] * d[j] + b.w[j] * ddot[j];
        to[j] = at.inverse * (u - mean - at.hat(j) * product);
        todot[j] = at.inverse * (udot - mean_dot - at.hat_dot(j) * product - at.hat(j) * product_dot) -
                   at.inverse * at.along * to[j];
      }
    }
  }
  void tangent_gradient(Index, const Block<T>& b, const T* x, const T* xdot, const T* dz, const T* dzdot,
                        T* g) const override {
    std::fill_n(g, 2 * columns_, T(0));
    for (Index r = 0; r < b.rows * groups_; ++r) {
      const Row at(*this, b, r, x, xdot);
      for (Index j = 0; j < columns_; ++j) {
        g[j] += dzdot[r * columns_ + j] * at.hat(j) + dz[r * columns_ + j] * at.hat_dot(j);
        g[columns_ + j] += dzdot[r * columns_ + j];
      }
    }
  }

 private:
  // One row's xhat and its derivative along xdot: inverse (xdot - mean(xdot) - xhat mean(xhat xdot)); null: zero.
  struct Row {
    Row(const LayerNorm& layer, const Block<T>& b, Index r, const T* all, const T* all_dot)
        : x(all + r * layer.columns_),
          xdot(all_dot ? all_dot + r * layer.columns_ : nullptr),
          mean(b.cache[2 * r]),
          inverse(b.cache[2 * r + 1]) {
      for (Index j = 0; xdot && j < layer.columns_; ++j) {
        mean_dot += xdot[j] / static_cast<T>(layer.columns_);
        along += hat(j) * xdot[j] / static_cast<T>(layer.columns_);
      }
    }
    T hat(Index j) const { return (x[j] - mean) * inverse; }
    T hat_dot(Index j) const { return xdot ? inverse * (xdot[j] - mean_dot - hat(j) * along) : T(0); }
    const T *x, *xdot;
    T mean, inverse, mean_dot = 0, along = 0;
  };

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
