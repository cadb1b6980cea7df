// Initial weights of a layer.
#include "steep/initialize.hpp"

#include "pybind.hpp"
#include "steep/philox.hpp"

namespace steep {

void register_initialize(py::module_& m) {
  m.def(
      "initialization_names",
      [] { return std::vector<std::string>(std::begin(initialization_names), std::end(initialization_names)); },
      "Names of the initializations.");
  m.def(
      "initialize",
      [](const std::string& name, Index out, Index in, Index fan_in, Index fan_out, std::uint64_t seed,
         std::uint32_t layer) {
        const auto* found = std::find(std::begin(initialization_names), std::end(initialization_names), name);
        require(found != std::end(initialization_names), "no initialization is named " + name);
        require(out >= 1 && in >= 1 && fan_in >= 1 && fan_out >= 1, "sizes must be at least 1");
        Array<double> weight({out, in}), bias(out);
        initialize(static_cast<Initialization>(found - std::begin(initialization_names)), out, in, fan_in, fan_out,
                   seed, stream::layer + layer, weight.mutable_data(), bias.mutable_data());
        return py::make_tuple(weight, bias);
      },
      py::arg("name"), py::arg("out"), py::arg("in_"), py::arg("fan_in"), py::arg("fan_out"), py::arg("seed"),
      py::arg("layer"), "Weight (out, in) and bias (out) in float64.");
}

}  // namespace steep
