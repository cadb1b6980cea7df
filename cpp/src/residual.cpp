// A block with a skip connection (He, Zhang, Ren, Sun 2016): y = F(x) + S(x), with layers F, and S the identity or layers of
// its own (a projection where the shapes differ).
//
// It always sees the whole batch, so that what is inside may (batch normalization). dy is copied before F turns it into
// its own dz, since S needs it too. Cache: both chains', F(x), S(x), dy again, and S's share of dx.
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
  bool always_whole() const override { return true; }
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
  void backward(const Block<T>&, const T*, const T*, T*, T*) const override { this->lacks("backward by blocks"); }
  void backward_batch(const Block<T>& b, const T* x, const T*, T* dy, T* dx, Team& team) const override {
    const Arrays a(*this, b);
    std::copy_n(dy, b.rows * n_, a.dskip);
    main_.backward(main(b), x, a.y, dy, dx, team);
    if (skip_.size() == 0) {
      for (Index i = 0; dx && i < b.rows * d_; ++i) dx[i] += a.dskip[i];
      return;
    }
    skip_.backward(skip(b), x, a.skip, a.dskip, dx ? a.dx : nullptr, team);
    for (Index i = 0; dx && i < b.rows * d_; ++i) dx[i] += a.dx[i];
  }

  Index tiles() const override { return main_.tiles() + skip_.tiles(); }
  Tile tile(Index task) const override {
    if (task < main_.tiles()) return main_.tile(task);
    const Tile t = skip_.tile(task - main_.tiles());
    const Index o = main_.parameter_count();
    return {t.weight_begin + o, t.weight_end + o, t.other_begin + o, t.other_end + o};
  }
  void gradient(Index task, const Block<T>& b, const T* x, const T* dz, T* g, bool accumulate) const override {
    if (task < main_.tiles()) return main_.gradient(task, main(b), x, dz, g, accumulate);
    skip_.gradient(task - main_.tiles(), skip(b), x, Arrays(*this, b).dskip, g + main_.parameter_count(), accumulate);
  }
  void row_jacobian(const Block<T>&, const T*, const T*, T*, Index) const override { this->lacks("per-row gradients"); }

 private:
  struct Arrays {
    Arrays(const Residual& layer, const Block<T>& b) {
      y = b.cache + b.rows * (layer.main_.cache_entries() + layer.skip_.cache_entries());
      skip = y + b.rows * layer.n_;
      dskip = skip + b.rows * layer.n_;
      dx = dskip + b.rows * layer.n_;
    }
    T *y, *skip, *dskip, *dx;
  };

  Block<T> main(const Block<T>& b) const {
    Block<T> in = b;
    in.raw = false;
    return in;
  }
  Block<T> skip(const Block<T>& b) const {
    Block<T> in = main(b);
    in.w += main_.parameter_count();
    if (in.packed) in.packed += main_.packed_size();
    in.state += main_.state_count();
    in.cache += b.rows * main_.cache_entries();
    if (in.batch) in.batch += main_.batch_entries(b.rows);
    return in;
  }
  void through(const Block<T>& b, const T* x, T* y, Team* team) const {
    const Arrays a(*this, b);
    main_.forward(main(b), x, a.y, team);
    if (skip_.size() > 0) skip_.forward(skip(b), x, a.skip, team);
    const T* other = skip_.size() > 0 ? a.skip : x;
    for (Index i = 0; i < b.rows * n_; ++i) y[i] = a.y[i] + other[i];
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
