// What bind_network, bind_trainer and bind_risk share: data sets and parameters as they cross the border.
#pragma once
#include <optional>

#include "pybind.hpp"
#include "steep/pass.hpp"

namespace steep {

template <class T>
using OptionalArray = std::optional<Array<T>>;

// X (n, columns): uint8, float32 or float64, entries of a row adjacent, rows of any stride.
template <class T>
Dataset<T> dataset_of(const py::array& X, Index columns, const OptionalArray<T>& scale, const OptionalArray<T>& shift) {
  if (X.ndim() != 2 || X.shape(1) != columns)
    throw py::value_error("X must have shape (n, " + std::to_string(columns) + ")");
  require(columns == 1 || X.strides(1) == X.itemsize(), "X must have adjacent columns");
  require(X.strides(0) % X.itemsize() == 0 && X.strides(0) >= 0, "X must have rows at whole entries");
  require(reinterpret_cast<std::uintptr_t>(X.data()) % static_cast<std::uintptr_t>(X.itemsize()) == 0,
          "X must be aligned");
  require(!scale || scale->size() == columns, "input_scale must have one entry for each column");
  require(!shift || shift->size() == columns, "input_shift must have one entry for each column");
  Dataset<T> data;
  data.n = X.shape(0);
  data.columns = columns;
  data.x = X.data();
  data.row_stride = X.strides(0) / X.itemsize();
  // Not by identity: an unpickled array has a dtype object of its own.
  if (py::isinstance<py::array_t<float, 0>>(X))
    data.element = Element::float32;
  else if (py::isinstance<py::array_t<double, 0>>(X))
    data.element = Element::float64;
  else if (py::isinstance<py::array_t<std::uint8_t, 0>>(X))
    data.element = Element::uint8;
  else
    require(false, "X must be uint8, float32 or float64");
  data.scale = scale ? scale->data() : nullptr;
  data.shift = shift ? shift->data() : nullptr;
  return data;
}

// Targets and weights of a data set already made.
template <class T>
void add_targets(Dataset<T>& data, Index outputs, const OptionalArray<T>& y, const OptionalArray<std::int32_t>& labels,
                 const OptionalArray<double>& weights) {
  require(bool(y) != bool(labels), "exactly one of y and labels must be given");
  if (y) {
    require(y->ndim() == 2 && y->shape(0) == data.n && y->shape(1) == outputs, "y must have shape (n, outputs)");
    data.y = y->data();
  } else {
    require(labels->ndim() == 1 && labels->shape(0) == data.n, "labels must have shape (n,)");
    data.label = labels->data();
    for (Index i = 0; i < data.n; ++i)
      require(data.label[i] >= 0 && data.label[i] < std::max<Index>(outputs, 2), "labels must be in [0, outputs)");
  }
  if (weights) {
    require(weights->ndim() == 1 && weights->shape(0) == data.n, "weights must have shape (n,)");
    data.weight = weights->data();
  }
}

// How a network's loss is computed, from its name.
inline LossPlan loss_plan(Activation output, const std::string& name, double parameter, Index outputs) {
  const auto* found = std::find(std::begin(loss_names), std::end(loss_names), name);
  require(found != std::end(loss_names), "no loss is named " + name);
  const ResolvedLoss resolved = resolve_loss(output, static_cast<Loss>(found - std::begin(loss_names)), outputs);
  LossPlan plan;
  plan.kernel = resolved.kernel;
  plan.on_raw = resolved.on_raw;
  plan.parameter = parameter;
  return plan;
}

}  // namespace steep
