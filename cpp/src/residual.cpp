// A block with a skip connection (He, Zhang, Ren, Sun 2016): y = F(x) + S(x), with layers F, and S the identity or
// layers of its own (a projection where the shapes differ).
//
// dy is copied before F turns it into its own dz, since S needs it too. Cache: both chains', F(x), S(x), dy again, and
// S's share of dx; tangents likewise.
#include <algorithm>
#include <deque>

#include "steep/chain.hpp"

namespace steep {
namespace {

template <class T>
std::vector<LayerPointer<T>> build(const std::vector<LayerSpec>& specs, Shape shape, const char* where) {
  std::vector<LayerPointer<T>> layers;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    try {
      layers.push_back(make_layer<T>(specs[i], shape));
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument(std::string(where) + "[" + std::to_string(i) + "] (" + specs[i].kind +
                                  "): " + error.what());
    }
    shape = layers.back()->output_shape();
  }
  return layers;
}

template <class T>
std::vector<const Layer<T>*> pointers(const std::vector<LayerPointer<T>>& layers) {
  std::vector<const Layer<T>*> all;
  for (const auto& layer : layers) all.push_back(layer.get());
  return all;
}

template <class T>
class Residual final : public Layer<T> {
 public:
  Residual(std::vector<LayerPointer<T>> layers, std::vector<LayerPointer<T>> shortcut, const Shape& input)
      : layers_(std::move(layers)),
        shortcut_(std::move(shortcut)),
        main_(pointers(layers_)),
        skip_(pointers(shortcut_)) {
    this->input_ = input;
    this->output_ = layers_.back()->output_shape();
    n_ = this->outputs();
    d_ = this->inputs();
    name(main_, "layers", 0, 0);
    name(skip_, "shortcut", main_.parameter_count(), main_.state_count());
  }
  const char* kind() const override { return "residual"; }
  std::vector<ArraySpec> arrays() const override { return arrays_; }
  std::vector<ArraySpec> state_arrays() const override { return states_; }
  std::vector<typename Layer<T>::Part> parts() const override {
    std::vector<typename Layer<T>::Part> all;
    for (Index i = 0; i < main_.size(); ++i) all.push_back({&main_.layer(i), main_.offset(i), main_.state_offset(i)});
    for (Index i = 0; i < skip_.size(); ++i)
      all.push_back(
          {&skip_.layer(i), main_.parameter_count() + skip_.offset(i), main_.state_count() + skip_.state_offset(i)});
    return all;
  }
  double flops_per_row() const override {
    double flops = 0;
    for (const auto& part : parts())
      flops += part.layer->flops_per_row() + 8.0 * static_cast<double>(part.layer->outputs());
    return flops;
  }

  Index packed_size(bool) const override { return main_.packed_size() + skip_.packed_size(); }
  Index pack_tasks(bool) const override { return main_.pack_tasks() + skip_.pack_tasks(); }
  void pack(Index task, const T* w, T* packed) const override {
    if (task < main_.pack_tasks())
      main_.pack(task, w, packed);
    else
      skip_.pack(task - main_.pack_tasks(), w + main_.parameter_count(), packed + main_.packed_size());
  }

  bool whole_batch() const override { return main_.whole_batch() || skip_.whole_batch(); }
  Index least_rows() const override { return std::max(main_.least_rows(), skip_.least_rows()); }
  Index cache_entries() const override { return main_.cache_entries() + skip_.cache_entries() + 3 * n_ + d_; }
  Index batch_entries(Index max_rows) const override {
    return main_.batch_entries(max_rows) + skip_.batch_entries(max_rows);
  }
  Index workspace_size(Index rows) const override {
    return std::max(main_.workspace_size(rows), skip_.workspace_size(rows));
  }

  void forward(const Block<T>& b, const T* x, T* y) const override { through(b, x, y, nullptr); }
  void forward_batch(const Block<T>& b, const T* x, T* y, Team& team) const override { through(b, x, y, &team); }
  void backward(const Block<T>& b, const T* x, const T*, T* dy, T* dx) const override { back(b, x, dy, dx, nullptr); }
  void backward_batch(const Block<T>& b, const T* x, const T*, T* dy, T* dx, Team& team) const override {
    back(b, x, dy, dx, &team);
  }

  Index tiles() const override { return main_.tiles() + skip_.tiles(); }
  Tile tile(Index task) const override {
    if (task < main_.tiles()) return main_.tile(task);
    const Tile t = skip_.tile(task - main_.tiles());
    const Index o = main_.parameter_count();
    return {t.weight_begin + o, t.weight_end + o, t.other_begin + o, t.other_end + o};
  }
  void gradient(Index task, const Block<T>& b, const T* x, const T* dz, T* g, bool accumulate) const override {
    gradients(task, task + 1, b, x, dz, g, accumulate);
  }
  void gradients(Index begin, Index end, const Block<T>& b, const T* x, const T* dz, T* g,
                 bool accumulate) const override {
    const Index n = main_.tiles();
    main_.gradients(std::min(begin, n), std::min(end, n), main(b), x, dz, g, accumulate);
    skip_.gradients(std::max(begin, n) - n, std::max(end, n) - n, skip(b), x, values(b).dskip,
                    g + main_.parameter_count(), accumulate);
  }
  void row_jacobian(const Block<T>& b, const T* x, const T* dz, T* J, Index stride) const override {
    main_.row_jacobian(main(b), x, dz, J, stride);
    skip_.row_jacobian(skip(b), x, values(b).dskip, J + main_.parameter_count(), stride);
  }

  bool has_tangents() const override { return main_.has_tangents() && skip_.has_tangents(); }
  Index tangent_entries() const override { return main_.tangent_entries() + skip_.tangent_entries() + 2 * n_ + d_; }
  void tangent_forward(const Block<T>& b, const T* x, const T* xdot, const T*, const T* wdot, T* ydot) const override {
    const Sides a = values(b), t = tangents(b);
    main_.tangent_forward(main(b), x, xdot, main_output(b), wdot, ydot);
    if (skip_.size() > 0) skip_.tangent_forward(skip(b), x, xdot, a.skip, wdot + main_.parameter_count(), t.skip);
    if (const T* other = skip_.size() > 0 ? t.skip : xdot) add(b.rows * n_, other, ydot);
  }
  void tangent_backward(const Block<T>& b, const T* x, const T* xdot, const T*, const T* wdot, T* dy, T* dydot, T* dx,
                        T* dxdot) const override {
    const Sides a = values(b), t = tangents(b);
    std::copy_n(dy, b.rows * n_, a.dskip);
    std::copy_n(dydot, b.rows * n_, t.dskip);
    main_.tangent_backward(main(b), x, xdot, main_output(b), wdot, dy, dydot, dx, dxdot);
    if (skip_.size() > 0)
      skip_.tangent_backward(skip(b), x, xdot, a.skip, wdot + main_.parameter_count(), a.dskip, t.dskip,
                             dx ? a.dx : nullptr, dx ? t.dx : nullptr);
    if (!dx) return;
    add(b.rows * d_, skip_.size() > 0 ? a.dx : a.dskip, dx);
    add(b.rows * d_, skip_.size() > 0 ? t.dx : t.dskip, dxdot);
  }
  void tangent_gradient(Index task, const Block<T>& b, const T* x, const T* xdot, const T* dz, const T* dzdot,
                        T* g) const override {
    if (task < main_.tiles()) return main_.tangent_gradient(task, main(b), x, xdot, dz, dzdot, g);
    skip_.tangent_gradient(task - main_.tiles(), skip(b), x, xdot, values(b).dskip, tangents(b).dskip,
                           g + main_.parameter_count());
  }

 private:
  // What a block's cache and its tangents hold behind the chains' own: S(x), its gradient and its share of dx.
  struct Sides {
    T *skip, *dskip, *dx;
  };
  Sides sides(const Block<T>& b, T* all, Index entries, Index chains) const {
    return {b.within(all, entries, chains, n_), b.within(all, entries, chains + n_, n_),
            b.within(all, entries, chains + 2 * n_, d_)};
  }
  Sides values(const Block<T>& b) const {
    return sides(b, b.cache, cache_entries(), main_.cache_entries() + skip_.cache_entries());
  }
  Sides tangents(const Block<T>& b) const {
    return sides(b, b.tangents, tangent_entries(), main_.tangent_entries() + skip_.tangent_entries());
  }
  T* main_output(const Block<T>& b) const { return b.within(b.cache, cache_entries(), cache_entries() - n_, n_); }
  static void add(Index n, const T* from, T* to) {
    for (Index i = 0; i < n; ++i) to[i] += from[i];
  }

  Block<T> main(const Block<T>& b) const {
    Block<T> in = b;
    in.raw = false;
    in.cache = b.within(b.cache, cache_entries(), 0, main_.cache_entries());
    if (b.tangents) in.tangents = b.within(b.tangents, tangent_entries(), 0, main_.tangent_entries());
    return in;
  }
  Block<T> skip(const Block<T>& b) const {
    Block<T> in = b;
    in.raw = false;
    in.w += main_.parameter_count();
    if (in.packed) in.packed += main_.packed_size();
    in.state += main_.state_count();
    in.cache = b.within(b.cache, cache_entries(), main_.cache_entries(), skip_.cache_entries());
    if (b.tangents)
      in.tangents = b.within(b.tangents, tangent_entries(), main_.tangent_entries(), skip_.tangent_entries());
    if (in.batch) in.batch += main_.batch_entries(b.batch_rows());
    return in;
  }
  void through(const Block<T>& b, const T* x, T* y, Team* team) const {
    T *result = main_output(b), *other = values(b).skip;
    main_.forward(main(b), x, result, team);
    if (skip_.size() > 0) skip_.forward(skip(b), x, other, team);
    std::copy_n(result, b.rows * n_, y);
    add(b.rows * n_, skip_.size() > 0 ? other : x, y);
  }
  void back(const Block<T>& b, const T* x, T* dy, T* dx, Team* team) const {
    const Sides a = values(b);
    std::copy_n(dy, b.rows * n_, a.dskip);
    main_.backward(main(b), x, main_output(b), dy, dx, team);
    if (skip_.size() > 0) skip_.backward(skip(b), x, a.skip, a.dskip, dx ? a.dx : nullptr, team);
    if (dx) add(b.rows * d_, skip_.size() > 0 ? a.dx : a.dskip, dx);
  }
  void name(const Chain<T>& chain, const char* where, Index offset, Index state_offset) {
    for (Index i = 0; i < chain.size(); ++i) {
      const std::string prefix = std::string(where) + "." + std::to_string(i) + ".";
      const auto add = [&](const std::vector<ArraySpec>& specs, Index at, std::vector<ArraySpec>& to) {
        for (ArraySpec spec : specs) {
          names_.push_back(prefix + spec.name);
          spec.name = names_.back().c_str();
          spec.offset += at;
          to.push_back(spec);
        }
      };
      add(chain.layer(i).arrays(), offset + chain.offset(i), arrays_);
      add(chain.layer(i).state_arrays(), state_offset + chain.state_offset(i), states_);
    }
  }

  std::vector<LayerPointer<T>> layers_, shortcut_;
  Chain<T> main_, skip_;
  Index n_ = 0, d_ = 0;
  std::deque<std::string> names_;  // such as "layers.0.weight": what the specs point to
  std::vector<ArraySpec> arrays_, states_;
};

}  // namespace

template <class T>
LayerPointer<T> make_residual(const LayerSpec& spec, const Shape& input) {
  if (spec.layers.empty()) throw std::invalid_argument("layers must be at least one, got none");
  auto layers = build<T>(spec.layers, input, "layers"), shortcut = build<T>(spec.shortcut, input, "shortcut");
  const Shape& out = layers.back()->output_shape();
  const Shape& skip = shortcut.empty() ? input : shortcut.back()->output_shape();
  if (out != skip)
    throw std::invalid_argument("layers must give the shape of the skip connection, " + to_text(skip) + ", got " +
                                to_text(out) +
                                (shortcut.empty() ? ": give a shortcut, such as a Conv2D with kernel 1" : ""));
  return std::make_unique<Residual<T>>(std::move(layers), std::move(shortcut), input);
}
template LayerPointer<float> make_residual(const LayerSpec&, const Shape&);
template LayerPointer<double> make_residual(const LayerSpec&, const Shape&);

}  // namespace steep
