// Losses on arrays, as the kernels compute them, and which loss runs on which scores.
#include <algorithm>
#include <optional>

#include "pybind.hpp"
#include "steep/kernels.hpp"

namespace steep {
namespace {

template <class T>
struct Arguments {
  Array<T> score;
  std::optional<Array<T>> target;
  std::optional<Array<std::int32_t>> label;
  std::optional<Array<T>> weight;
};

template <class T>
LossCall<T> checked(const std::string& name, double parameter, const Arguments<T>& a) {
  LossCall<T> call;
  call.kind = loss_named(name);
  call.parameter = parameter;
  require(a.score.ndim() == 2, "score must have two dimensions");
  call.rows = a.score.shape(0);
  call.outputs = a.score.shape(1);
  call.score = a.score.data();
  require(a.target.has_value() != a.label.has_value(), "one of target and label must be given");
  if (a.target) {
    require(a.target->ndim() == 2 && a.target->shape(0) == call.rows && a.target->shape(1) == call.outputs,
            "target must have the shape of score");
    call.target = a.target->data();
  } else {
    require(call.kind == Loss::cross_entropy || call.kind == Loss::softmax_cross_entropy,
            name + " takes target rows, not label");
    require(a.label->ndim() == 1 && a.label->shape(0) == call.rows, "label must have one entry a row");
    call.label = a.label->data();
    for (Index r = 0; r < call.rows; ++r)
      require(call.label[r] >= 0 && call.label[r] < call.outputs, "label must be a class index");
  }
  if (a.weight) {
    require(a.weight->ndim() == 1 && a.weight->shape(0) == call.rows, "weight must have one entry a row");
    call.weight = a.weight->data();
  }
  return call;
}

template <class T>
py::tuple loss_value_and_gradient(const std::string& name, double parameter, const Array<T>& score,
                                  const std::optional<Array<T>>& target,
                                  const std::optional<Array<std::int32_t>>& label,
                                  const std::optional<Array<T>>& weight) {
  const auto call = checked<T>(name, parameter, {score, target, label, weight});
  Array<double> row_loss(call.rows);
  Array<T> gradient({call.rows, call.outputs});
  double* loss = row_loss.mutable_data();
  T* out = gradient.mutable_data();
  {
    py::gil_scoped_release release;
    kernels<T>().loss.value_and_gradient(call, loss, out);
  }
  return py::make_tuple(row_loss, gradient);
}

template <class T>
Array<double> loss_value(const std::string& name, double parameter, const Array<T>& score,
                         const std::optional<Array<T>>& target, const std::optional<Array<std::int32_t>>& label,
                         const std::optional<Array<T>>& weight) {
  const auto call = checked<T>(name, parameter, {score, target, label, weight});
  Array<double> row_loss(call.rows);
  double* loss = row_loss.mutable_data();
  {
    py::gil_scoped_release release;
    kernels<T>().loss.value_and_gradient(call, loss, nullptr);
  }
  return row_loss;
}

template <class T>
Array<T> loss_curvature(const std::string& name, double parameter, const Array<T>& score,
                        const std::optional<Array<T>>& target, const std::optional<Array<std::int32_t>>& label,
                        const std::optional<Array<T>>& weight, const Array<T>& v) {
  const auto call = checked<T>(name, parameter, {score, target, label, weight});
  require(v.ndim() == 2 && v.shape(0) == call.rows && v.shape(1) == call.outputs, "v must have the shape of score");
  Array<T> result({call.rows, call.outputs});
  T* out = result.mutable_data();
  {
    py::gil_scoped_release release;
    kernels<T>().loss.curvature(call, v.data(), out);
  }
  return result;
}

template <class T>
void register_loss_as(py::module_& m) {
  m.def("loss_value_and_gradient", &loss_value_and_gradient<T>, py::arg("name"), py::arg("parameter"),
        py::arg("score").noconvert(), py::arg("target").none(true).noconvert(), py::arg("label").none(true).noconvert(),
        py::arg("weight").none(true).noconvert(), "Each row's weight * loss, and weight * its gradient in the scores.");
  m.def("loss_value", &loss_value<T>, py::arg("name"), py::arg("parameter"), py::arg("score").noconvert(),
        py::arg("target").none(true).noconvert(), py::arg("label").none(true).noconvert(),
        py::arg("weight").none(true).noconvert(), "Each row's weight * loss.");
  m.def("loss_curvature", &loss_curvature<T>, py::arg("name"), py::arg("parameter"), py::arg("score").noconvert(),
        py::arg("target").none(true).noconvert(), py::arg("label").none(true).noconvert(),
        py::arg("weight").none(true).noconvert(), py::arg("v").noconvert(),
        "Each row's weight * second derivative in the scores, times v.");
}

}  // namespace

void register_loss(py::module_& m) {
  m.def(
      "loss_names", [] { return std::vector<std::string>(std::begin(loss_names), std::end(loss_names)); },
      "Names of the losses.");
  m.def(
      "resolve_loss",
      [](const std::string& activation, const std::string& loss, Index outputs) {
        const ResolvedLoss resolved = resolve_loss(activation_named(activation), loss_named(loss), outputs);
        return std::make_pair(std::string(loss_names[static_cast<int>(resolved.kernel)]), resolved.on_raw);
      },
      py::arg("activation"), py::arg("loss"), py::arg("outputs"),
      "The loss that runs, and whether on scores before the activation; ValueError for pairings that mean nothing.");
  m.def(
      "default_loss",
      [](const std::string& activation) {
        return std::string(loss_names[static_cast<int>(default_loss(activation_named(activation)))]);
      },
      py::arg("activation"), "The loss that goes with an output activation.");
  register_loss_as<float>(m);
  register_loss_as<double>(m);
}

}  // namespace steep
