// Networks and their panels; the table of layer kinds.
#include "steep/network.hpp"

#include "steep/philox.hpp"

namespace steep {

namespace {

// Streams of random numbers: one a layer, in the order in which layers are met.
void number_streams(std::vector<LayerSpec>& specs, std::uint32_t& next) {
  for (LayerSpec& spec : specs) {
    spec.stream = next++;
    number_streams(spec.layers, next);
    number_streams(spec.shortcut, next);
  }
}

}  // namespace

std::string to_text(const Shape& shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

Index checked_entries(const Shape& shape, const char* what) {
  Index n = 1;
  for (Index side : shape) {
    if (n > (Index{1} << 40) / side)
      throw std::invalid_argument(std::string(what) + " must fit memory, got " + to_text(shape));
    n *= side;
  }
  return n;
}

template <class T>
std::unique_ptr<Layer<T>> make_layer(const LayerSpec& spec, const Shape& input) {
  const std::string& kind = spec.kind;
  if (kind == "dense") return make_dense<T>(spec, input);
  if (kind == "activation") return make_activation<T>(spec, input);
  if (kind == "dropout") return make_dropout<T>(spec, input);
  if (kind == "flatten" || kind == "reshape") return make_reshape<T>(spec, input);
  if (kind == "batch_norm") return make_batch_norm<T>(spec, input);
  if (kind == "layer_norm") return make_layer_norm<T>(spec, input);
  if (kind == "conv2d") return make_conv2d<T>(spec, input);
  if (kind == "max_pool2d" || kind == "average_pool2d" || kind == "global_average_pool2d")
    return make_pool2d<T>(spec, input);
  if (kind == "residual") return make_residual<T>(spec, input);
  throw std::invalid_argument("kind must be a kind of layer, got '" + spec.kind + "'");
}

template <class T>
Network<T>::Network(std::vector<LayerSpec> specs, Shape input_shape) : input_shape_(std::move(input_shape)) {
  std::uint32_t next = stream::layer;
  number_streams(specs, next);
  if (specs.empty()) throw std::invalid_argument("layers must be at least one, got none");
  for (Index side : input_shape_)
    if (side < 1) throw std::invalid_argument("input_shape must have sides of at least 1, got " + std::to_string(side));
  checked_entries(input_shape_, "input_shape");
  Shape shape = input_shape_;
  offsets_ = {0};
  state_offsets_ = {0};
  for (std::size_t i = 0; i < specs.size(); ++i) {
    try {
      layers_.push_back(make_layer<T>(specs[i], shape));
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument("layer " + std::to_string(i) + " (" + specs[i].kind + "): " + error.what());
    }
    shape = layers_.back()->output_shape();
    offsets_.push_back(offsets_.back() + layers_.back()->parameter_count());
    state_offsets_.push_back(state_offsets_.back() + layers_.back()->state_count());
  }
}

template <class T>
double Network<T>::flops_per_row() const {
  double flops = 0;
  for (const auto& layer : layers_) flops += layer->flops_per_row() + 8.0 * static_cast<double>(layer->outputs());
  return flops;
}

template <class T>
Index Network<T>::widest() const {
  Index widest = inputs();
  for (const auto& layer : layers_) widest = std::max(widest, layer->outputs());
  return widest;
}

template <class T>
Packed<T>::Packed(const Network<T>& net, bool with_backward, bool input_gradient) : net_(net) {
  Index size = 0;
  for (Index l = 0; l < net.size(); ++l) {
    const bool both = with_backward && (l > 0 || input_gradient);
    offsets_.push_back(size);
    size += (net.layer(l).packed_size(both) + 15) / 16 * 16;
    for (Index task = 0; task < net.layer(l).pack_tasks(both); ++task) tasks_.push_back({l, task});
  }
  data_.resize(size);
}

template <class T>
void Packed<T>::make(const T* w, Team& team) {
  team.run(static_cast<Index>(tasks_.size()), [&](Index task, int) {
    const Task& t = tasks_[static_cast<std::size_t>(task)];
    net_.layer(t.layer).pack(t.number, w + net_.offset(t.layer), of(t.layer));
  });
}

template class Network<float>;
template class Network<double>;
template class Packed<float>;
template class Packed<double>;
template std::unique_ptr<Layer<float>> make_layer(const LayerSpec&, const Shape&);
template std::unique_ptr<Layer<double>> make_layer(const LayerSpec&, const Shape&);

}  // namespace steep
