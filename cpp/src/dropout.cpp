// Inverted dropout (Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, JMLR 15 (2014) 1929): in training each
// unit is zero with probability `rate` and else divided by 1 - rate, so that its mean is the input; the identity in
// inference.
//
// The mask is a function of (seed, layer, epoch, data row, unit) alone. rate is taken to the nearest multiple of 2^-16
// below 1, and the division is by exactly the probability that is left. The cache holds a bit a unit.
#include <algorithm>
#include <cmath>

#include "steep/kernels.hpp"
#include "steep/layer.hpp"

namespace steep {
namespace {

template <class T>
class Dropout final : public Layer<T> {
 public:
  Dropout(const LayerSpec& spec, const Shape& input) : stream_(spec.stream), k_(kernels<T>().dropout) {
    threshold_ = static_cast<std::uint32_t>(std::min(std::lround(spec.rate * 65536), 65535L));
    scale_ = static_cast<T>(65536.0 / (65536.0 - threshold_));
    this->input_ = this->output_ = input;
  }
  const char* kind() const override { return "dropout"; }
  Index cache_entries() const override { return dropout_mask_bytes(this->inputs()) / static_cast<Index>(sizeof(T)); }

  void forward(const Block<T>& b, const T* x, T* y) const override {
    const Index n = this->inputs();
    if (!active(b)) return std::copy_n(x, b.rows * n, y), void();
    k_.forward({b.seed, b.epoch, stream_, threshold_}, scale_, b.rows, n, b.row_ids, x, y,
               reinterpret_cast<unsigned char*>(b.cache), dropout_mask_bytes(n));
  }
  void backward(const Block<T>& b, const T*, const T*, T* dy, T* dx) const override {
    if (dx) through(b, dy, dx);
  }

  bool has_tangents() const override { return true; }
  void tangent_forward(const Block<T>& b, const T*, const T* xdot, const T*, const T*, T* ydot) const override {
    if (xdot)
      through(b, xdot, ydot);
    else
      std::fill_n(ydot, b.rows * this->inputs(), T(0));
  }
  void tangent_backward(const Block<T>& b, const T*, const T*, const T*, const T*, T* dy, T* dydot, T* dx,
                        T* dxdot) const override {
    if (!dx) return;
    through(b, dy, dx);
    through(b, dydot, dxdot);
  }

 private:
  bool active(const Block<T>& b) const { return b.training && threshold_ > 0; }
  void through(const Block<T>& b, const T* from, T* to) const {
    const Index n = this->inputs();
    if (!active(b)) return std::copy_n(from, b.rows * n, to), void();
    k_.backward(scale_, b.rows, n, from, reinterpret_cast<const unsigned char*>(b.cache), dropout_mask_bytes(n), to);
  }

  std::uint32_t stream_, threshold_;
  T scale_;
  const DropoutKernels<T>& k_;
};

}  // namespace

template <class T>
LayerPointer<T> make_dropout(const LayerSpec& spec, const Shape& input) {
  if (!(spec.rate >= 0 && spec.rate < 1))
    throw std::invalid_argument("rate must be in [0, 1), got " + std::to_string(spec.rate));
  return std::make_unique<Dropout<T>>(spec, input);
}
template LayerPointer<float> make_dropout(const LayerSpec&, const Shape&);
template LayerPointer<double> make_dropout(const LayerSpec&, const Shape&);

}  // namespace steep
