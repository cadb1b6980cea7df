// Batch normalization (Ioffe and Szegedy 2015), for each entry of the last axis: a unit, or an image's channel.
//
//     y = gamma (x - mean) inverse + beta,   inverse = 1 / sqrt(variance + eps)
//     dx = gamma inverse (dy - mean(dy) - xhat mean(dy xhat)),  xhat = (x - mean) inverse
//
// Training takes mean and biased variance of the batch, and moves the running ones: running += momentum (batch -
// running), with the unbiased variance, as PyTorch does (Keras calls 1 - momentum its momentum and keeps the biased
// variance). Inference takes the running ones. Sums go over runs of a fixed number of rows, combined in order and in
// double (Chan, Golub, LeVeque 1979), so they do not depend on threads. Cost: two reads of x forward, two of x and dy
// backward.
#include <algorithm>
#include <cmath>

#include "steep/kernels.hpp"
#include "steep/layer.hpp"

namespace steep {
namespace {

constexpr Index run_entries = 8192;  // of a run of sums: it stays in the first cache between the two sums

template <class T>
class BatchNorm final : public Layer<T> {
 public:
  BatchNorm(const LayerSpec& spec, const Shape& input)
      : c_(input.back()),
        pixels_(entries(input) / input.back()),
        momentum_(spec.momentum),
        eps_(spec.eps),
        k_(kernels<T>().normalization) {
    this->input_ = this->output_ = input;
    run_ = std::min<Index>(std::max<Index>(run_entries / c_, 16), 512);
  }
  const char* kind() const override { return "batch_norm"; }
  std::vector<ArraySpec> arrays() const override { return {{"gamma", {c_}, 0, 1.0}, {"beta", {c_}, c_}}; }
  std::vector<ArraySpec> state_arrays() const override { return {{"mean", {c_}, 0, 0.0}, {"variance", {c_}, c_, 1.0}}; }
  double flops_per_row() const override { return 8.0 * static_cast<double>(this->inputs()); }
  bool whole_batch() const override { return true; }
  Index least_rows() const override { return pixels_ > 1 ? 1 : 2; }
  // Mean, inverse, three vectors of coefficients, the two sums of backward; then two sums of each run.
  Index batch_entries(Index max_rows) const override { return (7 + 2 * runs(max_rows)) * c_; }
  Index workspace_size(Index) const override { return 5 * c_; }

  void forward(const Block<T>& b, const T* x, T* y) const override {
    T *mean = b.workspace, *scale = mean + 2 * c_;
    running(b, mean, mean + c_);
    for (Index j = 0; j < c_; ++j) scale[j] = b.w[j] * mean[c_ + j];
    k_.affine(b.rows * pixels_, c_, x, mean, scale, b.w + c_, y);
  }
  void backward(const Block<T>& b, const T* x, const T*, T* dy, T* dx) const override {
    if (!dx) return;
    T *mean = b.workspace, *a = mean + 2 * c_, *zero = mean + 3 * c_;
    running(b, mean, mean + c_);
    for (Index j = 0; j < c_; ++j) a[j] = b.w[j] * mean[c_ + j];
    std::fill_n(zero, c_, T(0));
    k_.combine(b.rows * pixels_, c_, x, dy, mean, a, zero, zero, dx);
  }

  void forward_batch(const Block<T>& b, const T* x, T* y, Team& team) const override {
    const Index n = b.rows * pixels_, count = runs(b.rows);
    T *mean = b.batch, *inverse = mean + c_, *scale = mean + 2 * c_, *partial = mean + 7 * c_;
    team.run(count, [&](Index i, int) {
      const Index r0 = i * run_, rows = std::min(run_, n - r0);
      T *m = partial + 2 * i * c_, *squares = m + c_;
      std::fill_n(m, 2 * c_, T(0));
      k_.column_sums(rows, c_, x + r0 * c_, m);
      for (Index j = 0; j < c_; ++j) m[j] /= static_cast<T>(rows);
      k_.column_squares(rows, c_, x + r0 * c_, m, squares);
    });
    const double share = n > 1 ? static_cast<double>(n) / static_cast<double>(n - 1) : 1;
    for (Index j = 0; j < c_; ++j) {
      double m = 0, squares = 0, seen = 0;
      for (Index i = 0; i < count; ++i) {
        const double rows = static_cast<double>(std::min(run_, n - i * run_));
        const double shift = static_cast<double>(partial[2 * i * c_ + j]) - m, all = seen + rows;
        m += shift * rows / all;
        squares += static_cast<double>(partial[(2 * i + 1) * c_ + j]) + shift * shift * seen * rows / all;
        seen = all;
      }
      const double variance = squares / static_cast<double>(n);
      mean[j] = static_cast<T>(m);
      inverse[j] = static_cast<T>(1 / std::sqrt(variance + eps_));
      scale[j] = b.w[j] * inverse[j];
      b.state[j] += static_cast<T>(momentum_ * (m - static_cast<double>(b.state[j])));
      b.state[c_ + j] += static_cast<T>(momentum_ * (variance * share - static_cast<double>(b.state[c_ + j])));
    }
    team.run(count, [&](Index i, int) {
      const Index r0 = i * run_, rows = std::min(run_, n - r0);
      k_.affine(rows, c_, x + r0 * c_, mean, scale, b.w + c_, y + r0 * c_);
    });
  }

  void backward_batch(const Block<T>& b, const T* x, const T*, T* dy, T* dx, Team& team) const override {
    const Index n = b.rows * pixels_, count = runs(b.rows);
    T *mean = b.batch, *inverse = mean + c_, *a = mean + 2 * c_, *m = mean + 3 * c_, *s = mean + 4 * c_,
      *sum = mean + 5 * c_, *product = mean + 6 * c_, *partial = mean + 7 * c_;
    sums(b, x, dy, mean, inverse, partial, sum, product, &team);
    if (!dx) return;
    for (Index j = 0; j < c_; ++j) {
      a[j] = b.w[j] * inverse[j];
      m[j] = -a[j] * inverse[j] * product[j] / static_cast<T>(n);
      s[j] = -a[j] * sum[j] / static_cast<T>(n);
    }
    team.run(count, [&](Index i, int) {
      const Index r0 = i * run_, rows = std::min(run_, n - r0);
      k_.combine(rows, c_, x + r0 * c_, dy + r0 * c_, mean, a, m, s, dx + r0 * c_);
    });
  }

  Index tiles() const override { return 1; }
  Tile tile(Index) const override { return {0, 0, 0, 2 * c_}; }
  void gradient(Index, const Block<T>& b, const T* x, const T* dz, T* g, bool accumulate) const override {
    T *mean = b.batch, *sum = mean + 5 * c_, *product = mean + 6 * c_;
    if (!b.training) {
      running(b, mean, mean + c_);
      sums(b, x, dz, mean, mean + c_, mean + 7 * c_, sum, product, nullptr);
    }
    for (Index j = 0; j < c_; ++j) {
      g[j] = (accumulate ? g[j] : T(0)) + product[j];
      g[c_ + j] = (accumulate ? g[c_ + j] : T(0)) + sum[j];
    }
  }

  // Second derivatives in inference, where the layer is affine in x.
  bool has_tangents() const override { return true; }
  void tangent_forward(const Block<T>& b, const T* x, const T* xdot, const T*, const T* wdot, T* ydot) const override {
    each(b, [&](Index i, Index j, T mean, T inverse) {
      ydot[i] = wdot[j] * ((x[i] - mean) * inverse) + wdot[c_ + j];
      if (xdot) ydot[i] += b.w[j] * inverse * xdot[i];
    });
  }
  void tangent_backward(const Block<T>& b, const T*, const T*, const T*, const T* wdot, T* dy, T* dydot, T* dx,
                        T* dxdot) const override {
    if (!dx) return;
    each(b, [&](Index i, Index j, T, T inverse) {
      dx[i] = b.w[j] * inverse * dy[i];
      dxdot[i] = inverse * (wdot[j] * dy[i] + b.w[j] * dydot[i]);
    });
  }
  void tangent_gradient(Index, const Block<T>& b, const T* x, const T* xdot, const T* dz, const T* dzdot,
                        T* g) const override {
    std::fill_n(g, 2 * c_, T(0));
    each(b, [&](Index i, Index j, T mean, T inverse) {
      g[j] += dzdot[i] * ((x[i] - mean) * inverse);
      if (xdot) g[j] += dz[i] * inverse * xdot[i];
      g[c_ + j] += dzdot[i];
    });
  }
  void row_jacobian(const Block<T>& b, const T* x, const T* dz, T* J, Index stride) const override {
    for (Index r = 0; r < b.rows; ++r) std::fill_n(J + r * stride, 2 * c_, T(0));
    each(b, [&](Index i, Index j, T mean, T inverse) {
      T* row = J + i / this->inputs() * stride;
      row[j] += dz[i] * ((x[i] - mean) * inverse);
      row[c_ + j] += dz[i];
    });
  }

 private:
  // Every entry with its column's running statistics.
  template <class Work>
  void each(const Block<T>& b, Work work) const {
    if (b.training) this->lacks("second derivatives and per-row gradients of batch statistics");
    T *mean = b.workspace, *inverse = mean + c_;
    running(b, mean, inverse);
    for (Index r = 0, i = 0; r < b.rows * pixels_; ++r)
      for (Index j = 0; j < c_; ++j, ++i) work(i, j, mean[j], inverse[j]);
  }
  Index runs(Index rows) const { return (rows * pixels_ + run_ - 1) / run_; }
  void running(const Block<T>& b, T* mean, T* inverse) const {
    for (Index j = 0; j < c_; ++j) {
      mean[j] = b.state[j];
      inverse[j] = static_cast<T>(1 / std::sqrt(static_cast<double>(b.state[c_ + j]) + eps_));
    }
  }
  // sum of dy and of dy xhat down each column.
  void sums(const Block<T>& b, const T* x, const T* dy, const T* mean, const T* inverse, T* partial, T* sum, T* product,
            Team* team) const {
    const Index n = b.rows * pixels_, count = runs(b.rows);
    const auto run = [&](Index i, int) {
      const Index r0 = i * run_, rows = std::min(run_, n - r0);
      T* s = partial + 2 * i * c_;
      std::fill_n(s, 2 * c_, T(0));
      k_.column_products(rows, c_, x + r0 * c_, dy + r0 * c_, mean, inverse, s, s + c_);
    };
    if (team)
      team->run(count, run);
    else
      for (Index i = 0; i < count; ++i) run(i, 0);
    for (Index j = 0; j < c_; ++j) {
      double total = 0, products = 0;
      for (Index i = 0; i < count; ++i) {
        total += static_cast<double>(partial[2 * i * c_ + j]);
        products += static_cast<double>(partial[(2 * i + 1) * c_ + j]);
      }
      sum[j] = static_cast<T>(total);
      product[j] = static_cast<T>(products);
    }
  }

  Index c_, pixels_, run_;
  double momentum_, eps_;
  const NormalizationKernels<T>& k_;
};

}  // namespace

template <class T>
LayerPointer<T> make_batch_norm(const LayerSpec& spec, const Shape& input) {
  if (!(spec.eps > 0)) throw std::invalid_argument("eps must be positive, got " + std::to_string(spec.eps));
  if (!(spec.momentum >= 0 && spec.momentum <= 1))
    throw std::invalid_argument("momentum must be in [0, 1], got " + std::to_string(spec.momentum));
  return std::make_unique<BatchNorm<T>>(spec, input);
}
template LayerPointer<float> make_batch_norm(const LayerSpec&, const Shape&);
template LayerPointer<double> make_batch_norm(const LayerSpec&, const Shape&);

}  // namespace steep
