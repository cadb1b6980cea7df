// Network32 and Network64: architectures, their layout, predictions.
#include "network_border.hpp"

namespace steep {
namespace {

template <class Value>
void take_option(const py::dict& options, const char* name, Value& value) {
  if (options.contains(name)) value = options[name].cast<Value>();
}

LayerSpec spec_of(const py::dict& options) {
  LayerSpec spec;
  spec.kind = options["kind"].cast<std::string>();
  take_option(options, "units", spec.units);
  take_option(options, "filters", spec.units);
  take_option(options, "slope", spec.slope);
  take_option(options, "use_bias", spec.use_bias);
  take_option(options, "rate", spec.rate);
  take_option(options, "momentum", spec.momentum);
  take_option(options, "eps", spec.eps);
  take_option(options, "all_axes", spec.all_axes);
  take_option(options, "shape", spec.shape);
  take_option(options, "kernel", spec.window);
  take_option(options, "pool", spec.window);
  take_option(options, "strides", spec.strides);
  take_option(options, "dilation", spec.dilation);
  take_option(options, "groups", spec.groups);
  if (options.contains("padding")) {
    const py::object padding = options["padding"];
    spec.same = py::isinstance<py::str>(padding) && padding.cast<std::string>() == "same";
    if (!py::isinstance<py::str>(padding)) spec.padding = padding.cast<Shape>();
  }
  const auto inner = [&](const char* name, std::vector<LayerSpec>& specs) {
    if (options.contains(name))
      for (const py::handle& layer : options[name]) specs.push_back(spec_of(layer.cast<py::dict>()));
  };
  inner("layers", spec.layers);
  inner("shortcut", spec.shortcut);
  if (options.contains("activation")) spec.activation = activation_named(options["activation"].cast<std::string>());
  return spec;
}

py::tuple to_tuple(const Shape& shape) {
  py::tuple out(shape.size());
  for (std::size_t i = 0; i < shape.size(); ++i) out[i] = shape[i];
  return out;
}

py::list to_list(const std::vector<ArraySpec>& specs, Index offset) {
  py::list out;
  for (const ArraySpec& spec : specs) out.append(py::make_tuple(spec.name, to_tuple(spec.shape), offset + spec.offset));
  return out;
}

template <class T>
py::dict layout_of(const Layer<T>& layer, Index offset, Index state_offset) {
  py::dict row;
  row["kind"] = layer.kind();
  row["input_shape"] = to_tuple(layer.input_shape());
  row["output_shape"] = to_tuple(layer.output_shape());
  row["arrays"] = to_list(layer.arrays(), offset);
  row["state"] = to_list(layer.state_arrays(), state_offset);
  row["fan_in"] = layer.fan_in();
  row["fan_out"] = layer.fan_out();
  py::list parts;
  for (const auto& part : layer.parts())
    parts.append(layout_of(*part.layer, offset + part.offset, state_offset + part.state_offset));
  row["parts"] = parts;
  return row;
}

template <class T>
py::list layout(const Network<T>& net) {
  py::list out;
  for (Index i = 0; i < net.size(); ++i) out.append(layout_of(net.layer(i), net.offset(i), net.state_offset(i)));
  return out;
}

template <class T>
void fill_initial(const std::vector<ArraySpec>& specs, std::vector<T>& values, Index offset) {
  for (const ArraySpec& spec : specs)
    std::fill_n(values.begin() + offset + spec.offset, entries(spec.shape), static_cast<T>(spec.initial));
}

template <class T>
py::array_t<T> initial_state(const Network<T>& net) {
  std::vector<T> state(static_cast<std::size_t>(net.state_count()));
  for (Index i = 0; i < net.size(); ++i) fill_initial(net.layer(i).state_arrays(), state, net.state_offset(i));
  return take(std::move(state));
}

template <class T>
py::array_t<T> initial_parameters(const Network<T>& net) {
  std::vector<T> parameters(static_cast<std::size_t>(net.parameter_count()));
  for (Index i = 0; i < net.size(); ++i) fill_initial(net.layer(i).arrays(), parameters, net.offset(i));
  return take(std::move(parameters));
}

template <class T>
Array<T> predict_rows(const Network<T>& net, const Array<T>& parameters, const Array<T>& state, const py::array& X,
                      const OptionalArray<T>& input_scale, const OptionalArray<T>& input_shift,
                      const OptionalArray<T>& output_scale, const OptionalArray<T>& output_shift, int n_threads,
                      bool raw) {
  const T* w = vector_of_size(parameters, net.parameter_count(), "parameters");
  const T* s = vector_of_size(state, net.state_count(), "state");
  const Dataset<T> data = dataset_of(X, net.inputs(), input_scale, input_shift);
  const Index k = net.outputs();
  require(!output_scale || output_scale->size() == k, "output_scale must have one entry for each output");
  require(!output_shift || output_shift->size() == k, "output_shift must have one entry for each output");
  Array<T> out({data.n, k});
  T* y = out.mutable_data();
  const T* scale = output_scale && !raw ? output_scale->data() : nullptr;
  const T* shift = output_shift && !raw ? output_shift->data() : nullptr;
  if (data.n == 1 && net.parameter_count() < 100'000) {  // letting go of the GIL would take longer
    Monitor deaf;
    predict(net, w, s, data, raw, scale, shift, y, n_threads, deaf);
    return out;
  }
  PythonMonitor monitor;
  bool done;
  {
    py::gil_scoped_release release;
    done = predict(net, w, s, data, raw, scale, shift, y, n_threads, monitor);
  }
  if (!done) {
    PyErr_SetNone(PyExc_KeyboardInterrupt);
    throw py::error_already_set();
  }
  return out;
}

// A network with its arrays, so that a call hands over nothing but X.
template <class T>
class Predictor {
 public:
  Predictor(py::object network, const Array<T>& parameters, const Array<T>& state, const OptionalArray<T>& input_scale,
            const OptionalArray<T>& input_shift, const OptionalArray<T>& output_scale,
            const OptionalArray<T>& output_shift)
      : network_(std::move(network)),
        net_(network_.cast<const Network<T>&>()),
        parameters_(parameters),
        state_(state),
        input_scale_(input_scale),
        input_shift_(input_shift),
        output_scale_(output_scale),
        output_shift_(output_shift) {}

  Array<T> call(const py::array& X, int n_threads, bool raw) const {
    return predict_rows(net_, parameters_, state_, X, input_scale_, input_shift_, output_scale_, output_shift_,
                        n_threads, raw);
  }

 private:
  py::object network_;
  const Network<T>& net_;
  Array<T> parameters_, state_;
  OptionalArray<T> input_scale_, input_shift_, output_scale_, output_shift_;
};

template <class T>
void register_predictor(py::module_& m, const char* name) {
  py::class_<Predictor<T>>(m, name, "A network with its arrays, which are read in place.")
      .def(py::init<py::object, const Array<T>&, const Array<T>&, const OptionalArray<T>&, const OptionalArray<T>&,
                    const OptionalArray<T>&, const OptionalArray<T>&>(),
           py::arg("network"), py::arg("parameters").noconvert(), py::arg("state").noconvert(),
           py::arg("input_scale").none(true).noconvert(), py::arg("input_shift").none(true).noconvert(),
           py::arg("output_scale").none(true).noconvert(), py::arg("output_shift").none(true).noconvert(),
           "Of a Network.")
      .def("__call__", &Predictor<T>::call, py::arg("X").noconvert(), py::arg("n_threads") = 0, py::arg("raw") = false,
           "As Network.predict.");
}

template <class T>
void register_network_as(py::module_& m, const char* name) {
  using N = Network<T>;
  py::class_<N>(m, name, "An architecture.")
      .def(py::init([](const std::vector<py::dict>& layers, const Shape& input_shape) {
             std::vector<LayerSpec> specs;
             for (const py::dict& layer : layers) specs.push_back(spec_of(layer));
             return std::make_unique<N>(specs, input_shape);
           }),
           py::arg("layers"), py::arg("input_shape"), "From one dict a layer.")
      .def_property_readonly("n_inputs", &N::inputs, "Entries of an input row.")
      .def_property_readonly("n_outputs", &N::outputs, "Entries of an output row.")
      .def_property_readonly("parameter_count", &N::parameter_count, "Length of the flat vector.")
      .def_property_readonly("state_count", &N::state_count, "Length of the state that is not trained.")
      .def_property_readonly(
          "output_shape", [](const N& net) { return to_tuple(net.output_shape()); }, "Of one row.")
      .def_property_readonly(
          "output_activation", [](const N& net) { return activation_names[static_cast<int>(net.output_activation())]; },
          "The last layer's activation.")
      .def("layout", &layout<T>,
           "One dict a layer: kind, shapes, arrays, state, fan_in, fan_out, parts (layers inside).")
      .def("initial_state", &initial_state<T>, "State before any training.")
      .def("initial_parameters", &initial_parameters<T>, "Parameters before those that are drawn at random.")
      .def("predict", &predict_rows<T>, py::arg("parameters").noconvert(), py::arg("state").noconvert(),
           py::arg("X").noconvert(), py::arg("input_scale").none(true).noconvert() = py::none(),
           py::arg("input_shift").none(true).noconvert() = py::none(),
           py::arg("output_scale").none(true).noconvert() = py::none(),
           py::arg("output_shift").none(true).noconvert() = py::none(), py::arg("n_threads") = 0,
           py::arg("raw") = false, "Outputs (n, n_outputs) in inference mode, scaled unless raw.");
}

}  // namespace

void register_network(py::module_& m) {
  register_network_as<float>(m, "Network32");
  register_network_as<double>(m, "Network64");
  register_predictor<float>(m, "Predictor32");
  register_predictor<double>(m, "Predictor64");
}

}  // namespace steep
