// A dense layer: z = W x + b, y = Phi(z), W (out, in) row-major, then b (out).
//
//     dz = Phi'(z) dy,  dx = W' dz,  dW = sum_r dz_r x_r',  db = sum_r dz_r
//
// One product each, on panels of W that are packed once a step. Its cache keeps z where Phi' needs it. Tiles are runs
// of output rows, so that a tile's parameters are contiguous.
#include <algorithm>

#include "steep/kernels.hpp"
#include "steep/layer.hpp"

namespace steep {
namespace {

constexpr Index tile_entries = 2048;   // parameters a tile holds, about: so small that threads share out evenly
constexpr Index columns_at_once = 64;  // of a pack task: whole panels on every level

template <class T>
class Dense final : public Layer<T> {
 public:
  Dense(const LayerSpec& spec, const Shape& input)
      : phi_(spec.activation),
        slope_(static_cast<T>(spec.slope)),
        bias_(spec.use_bias),
        in_(entries(input)),
        out_(spec.units),
        k_(kernels<T>()) {
    this->input_ = input;
    this->output_ = {out_};
    const Index rows = std::max<Index>(8, (tile_entries / in_ + 7) / 8 * 8);
    tiles_ = (out_ + rows - 1) / rows;
    forward_panels_ = k_.product.packed_size(in_, out_);
  }

  const char* kind() const override { return "dense"; }
  Activation activation() const override { return phi_; }
  std::vector<ArraySpec> arrays() const override {
    std::vector<ArraySpec> all{{"weight", {out_, in_}, 0}};
    if (bias_) all.push_back({"bias", {out_}, out_ * in_});
    return all;
  }
  double flops_per_row() const override { return 2.0 * static_cast<double>(in_ * out_); }

  Index packed_size(bool with_backward) const override {
    return forward_panels_ + (with_backward ? k_.product.packed_size(out_, in_) : 0);
  }
  Index pack_tasks(bool with_backward) const override { return parts(out_) + (with_backward ? parts(in_) : 0); }
  void pack(Index task, const T* w, T* packed) const override {
    if (task < parts(out_))
      pack_part(task, in_, out_, w, 1, in_, packed);
    else
      pack_part(task - parts(out_), out_, in_, w, in_, 1, packed + forward_panels_);
  }

  Index cache_entries() const override { return needs_preactivation(phi_) ? out_ : 0; }
  Index tangent_entries() const override { return out_; }
  Index workspace_size(Index rows) const override {
    const auto& p = k_.product;
    return std::max({p.workspace_size(rows, out_, in_), p.workspace_size(rows, in_, out_),
                     p.workspace_size(out_, in_, rows)}) +
           rows + 16;
  }

  Index forward_workspace_size(Index) const override { return 0; }

  void forward(const Block<T>& b, const T* x, T* y) const override {
    const bool apply = !b.raw && phi_ != Activation::identity, keep = needs_preactivation(phi_) && !b.raw;
    T* z = keep ? b.cache : y;
    const bool relu = apply && b.packed && phi_ == Activation::relu;
    if (b.packed) {
      Product<T> p = product(b.rows, out_, in_, x, in_, 1, z, out_);
      p.b = b.packed;
      p.packed = true;
      p.bias = bias_ ? b.w + out_ * in_ : nullptr;
      p.relu = relu;
      k_.product.multiply(p);
    } else {
      few_rows(b, x, z);
    }
    if (apply && !relu) k_.activation.value(phi_, slope_, b.rows, out_, z, y);
  }

  void backward(const Block<T>& b, const T* x, const T* y, T* dy, T* dx) const override {
    (void)x;
    if (!b.raw && phi_ != Activation::identity) k_.activation.pullback(phi_, slope_, b.rows, out_, b.cache, y, dy);
    if (dx) through_weights(b, dy, dx);
  }

  Index tiles() const override { return tiles_; }
  Tile tile(Index task) const override {
    const Index i0 = first_row(task), i1 = first_row(task + 1), bias = out_ * in_;
    if (!bias_) return {i0 * in_, i1 * in_, bias, bias};
    return {i0 * in_, i1 * in_, bias + i0, bias + i1};
  }
  void gradient(Index task, const Block<T>& b, const T* x, const T* dz, T* g, bool accumulate) const override {
    gradients(task, task + 1, b, x, dz, g, accumulate);
  }
  void gradients(Index begin, Index end, const Block<T>& b, const T* x, const T* dz, T* g,
                 bool accumulate) const override {
    weight_gradient(begin, end, b, x, dz, g, accumulate);
    if (!bias_) return;
    const Index i0 = first_row(begin), i1 = first_row(end);
    T* ones = b.workspace;
    std::fill_n(ones, b.rows, T(1));
    k_.product.transposed_vector(b.rows, i1 - i0, dz + i0, out_, ones, g + out_ * in_ + i0, accumulate);
  }
  void gradient_weights(Index task, const Block<T>& b, const T* x, const T* dz, T* g) const override {
    weight_gradient(task, task + 1, b, x, dz, g, false);
    const Tile t = tile(task);
    std::fill(g + t.other_begin, g + t.other_end, T(0));
  }

  bool has_tangents() const override { return true; }
  void tangent_forward(const Block<T>& b, const T* x, const T* xdot, const T* y, const T* wdot,
                       T* ydot) const override {
    T* zdot = b.tangents;
    Product<T> p = product(b.rows, out_, in_, x, in_, 1, zdot, out_);
    p.b = wdot;
    p.b_row = 1;
    p.b_col = in_;
    p.bias = bias_ ? wdot + out_ * in_ : nullptr;
    p.workspace = b.workspace;
    k_.product.multiply(p);
    if (xdot) {
      Product<T> q = product(b.rows, out_, in_, xdot, in_, 1, zdot, out_);
      q.b = b.packed;
      q.packed = true;
      q.accumulate = true;
      k_.product.multiply(q);
    }
    std::copy_n(zdot, b.rows * out_, ydot);
    if (!b.raw && phi_ != Activation::identity) k_.activation.pullback(phi_, slope_, b.rows, out_, b.cache, y, ydot);
  }
  void tangent_backward(const Block<T>& b, const T* x, const T* xdot, const T* y, const T* wdot, T* dy, T* dydot, T* dx,
                        T* dxdot) const override {
    (void)x;
    (void)xdot;
    if (!b.raw && phi_ != Activation::identity) {
      k_.activation.pullback(phi_, slope_, b.rows, out_, b.cache, y, dydot);
      k_.activation.curvature(phi_, slope_, b.rows, out_, b.cache, y, dy, b.tangents, dydot);
      k_.activation.pullback(phi_, slope_, b.rows, out_, b.cache, y, dy);
    }
    if (!dx) return;
    through_weights(b, dy, dx);
    through_weights(b, dydot, dxdot);
    Product<T> p = product(b.rows, in_, out_, dy, out_, 1, dxdot, in_);
    p.b = wdot;
    p.b_row = in_;
    p.workspace = b.workspace;
    p.accumulate = true;
    k_.product.multiply(p);
  }

  void row_jacobian(const Block<T>& b, const T* x, const T* dz, T* J, Index stride) const override {
    k_.product.row_outer(b.rows, out_, dz, in_, x, J, stride);
    for (Index r = 0; bias_ && r < b.rows; ++r) std::copy_n(dz + r * out_, out_, J + r * stride + out_ * in_);
  }

 private:
  static Product<T> product(Index m, Index n, Index k, const T* a, Index a_row, Index a_col, T* c, Index c_row) {
    Product<T> p;
    p.m = m;
    p.n = n;
    p.k = k;
    p.a = a;
    p.a_row = a_row;
    p.a_col = a_col;
    p.c = c;
    p.c_row = c_row;
    p.b_col = 1;
    return p;
  }
  // For so few rows that making panels would cost more than their products.
  void few_rows(const Block<T>& b, const T* x, T* z) const {
    const T* bias = b.w + out_ * in_;
    for (Index r = 0; r < b.rows; ++r) {
      k_.product.matrix_vector(out_, in_, b.w, in_, x + r * in_, z + r * out_);
      for (Index i = 0; bias_ && i < out_; ++i) z[r * out_ + i] += bias[i];
    }
  }
  void through_weights(const Block<T>& b, const T* dz, T* dx) const {
    Product<T> p = product(b.rows, in_, out_, dz, out_, 1, dx, in_);
    p.b = b.packed + forward_panels_;
    p.packed = true;
    k_.product.multiply(p);
  }
  static Index parts(Index columns) { return (columns + columns_at_once - 1) / columns_at_once; }
  void pack_part(Index part, Index k, Index n, const T* b, Index b_row, Index b_col, T* packed) const {
    const Index first = part * columns_at_once, count = std::min(columns_at_once, n - first);
    k_.product.pack(k, count, b + first * b_col, b_row, b_col, packed + first * k);
  }
  Index first_row(Index task) const { return task * out_ / tiles_; }
  void weight_gradient(Index begin, Index end, const Block<T>& b, const T* x, const T* dz, T* g,
                       bool accumulate) const {
    const Index i0 = first_row(begin);
    Product<T> p = product(first_row(end) - i0, in_, b.rows, dz + i0, 1, out_, g + i0 * in_, in_);
    p.b = x;
    p.b_row = in_;
    p.workspace = b.workspace;
    p.accumulate = accumulate;
    k_.product.multiply(p);
  }

  Activation phi_;
  T slope_;
  bool bias_;
  Index in_, out_, tiles_ = 1, forward_panels_ = 0;
  const Kernels<T>& k_;
};

}  // namespace

template <class T>
std::unique_ptr<Layer<T>> make_dense(const LayerSpec& spec, const Shape& input) {
  if (spec.units < 1) throw std::invalid_argument("units must be at least 1, got " + std::to_string(spec.units));
  checked_entries({spec.units, entries(input)}, "units");
  return std::make_unique<Dense<T>>(spec, input);
}

template std::unique_ptr<Layer<float>> make_dense(const LayerSpec&, const Shape&);
template std::unique_ptr<Layer<double>> make_dense(const LayerSpec&, const Shape&);

}  // namespace steep
