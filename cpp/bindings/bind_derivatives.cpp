// Jacobians of networks and gradients of single rows.
#include "steep/derivatives.hpp"

#include "network_border.hpp"

namespace steep {
namespace {

void stopped() {
  PyErr_SetNone(PyExc_KeyboardInterrupt);
  throw py::error_already_set();
}

template <class T>
Array<T> jacobian_of(const Network<T>& net, const Array<T>& parameters, const Array<T>& state, const py::array& X,
                     const OptionalArray<T>& input_scale, const OptionalArray<T>& input_shift,
                     const OptionalArray<T>& output_scale, bool inputs, int n_threads) {
  const T* w = vector_of_size(parameters, net.parameter_count(), "parameters");
  const T* s = vector_of_size(state, net.state_count(), "state");
  const Dataset<T> data = dataset_of(X, net.inputs(), input_scale, input_shift);
  require(!output_scale || output_scale->size() == net.outputs(), "output_scale must have one entry for each output");
  Array<T> J({data.n, net.outputs(), inputs ? net.inputs() : net.parameter_count()});
  T* out = J.mutable_data();
  PythonMonitor monitor;
  bool done;
  {
    py::gil_scoped_release release;
    done = jacobian(net, w, s, data, inputs ? Wrt::inputs : Wrt::parameters,
                    output_scale ? output_scale->data() : nullptr, out, n_threads, monitor);
  }
  if (!done) stopped();
  return J;
}

template <class T>
Array<T> row_gradients_of(const Network<T>& net, const Array<T>& parameters, const Array<T>& state, const py::array& X,
                          const OptionalArray<T>& y, const OptionalArray<std::int32_t>& labels,
                          const OptionalArray<double>& weights, const OptionalArray<T>& input_scale,
                          const OptionalArray<T>& input_shift, const std::string& loss, double loss_parameter,
                          bool inputs, int n_threads) {
  const T* w = vector_of_size(parameters, net.parameter_count(), "parameters");
  const T* s = vector_of_size(state, net.state_count(), "state");
  Dataset<T> data = dataset_of(X, net.inputs(), input_scale, input_shift);
  add_targets(data, net.outputs(), y, labels, weights);
  const LossPlan plan = loss_plan(net.output_activation(), loss, loss_parameter, net.outputs());
  Array<T> G({data.n, inputs ? net.inputs() : net.parameter_count()});
  T* out = G.mutable_data();
  PythonMonitor monitor;
  bool done;
  {
    py::gil_scoped_release release;
    done = row_gradients(net, w, s, data, plan, inputs ? Wrt::inputs : Wrt::parameters, out, n_threads, monitor);
  }
  if (!done) stopped();
  return G;
}

template <class T>
void register_derivatives_as(py::module_& m) {
  m.def("jacobian", &jacobian_of<T>, py::arg("network"), py::arg("parameters").noconvert(),
        py::arg("state").noconvert(), py::arg("X").noconvert(), py::arg("input_scale").none(true).noconvert(),
        py::arg("input_shift").none(true).noconvert(), py::arg("output_scale").none(true).noconvert(),
        py::arg("inputs"), py::arg("n_threads"), "Derivatives (n, outputs, size) of the outputs.");
  m.def("row_gradients", &row_gradients_of<T>, py::arg("network"), py::arg("parameters").noconvert(),
        py::arg("state").noconvert(), py::arg("X").noconvert(), py::arg("y").none(true).noconvert(),
        py::arg("labels").none(true).noconvert(), py::arg("weights").none(true).noconvert(),
        py::arg("input_scale").none(true).noconvert(), py::arg("input_shift").none(true).noconvert(), py::arg("loss"),
        py::arg("loss_parameter"), py::arg("inputs"), py::arg("n_threads"), "Gradients (n, size) of each row's loss.");
}

}  // namespace

void register_derivatives(py::module_& m) {
  register_derivatives_as<float>(m);
  register_derivatives_as<double>(m);
}

}  // namespace steep
