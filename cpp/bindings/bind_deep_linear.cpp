// Deep linear networks.
#include "steep/deep_linear.hpp"

#include "pybind.hpp"

namespace steep {

void register_deep_linear(py::module_& m) {
  py::class_<DeepLinear, Objective>(m, "DeepLinear", "1/2 ||X W1' ... WL' - Y||^2.")
      .def(py::init([](const Array<double>& X, const Array<double>& Y, std::vector<Index> widths) {
             require(X.ndim() == 2 && Y.ndim() == 2 && X.shape(0) == Y.shape(0), "X and Y must have as many rows");
             require(widths.size() >= 2 && widths.front() == X.shape(1) && widths.back() == Y.shape(1),
                     "widths must go from X's columns to Y's");
             for (Index width : widths) require(width > 0, "widths must be positive");
             using Map = Eigen::Map<const DeepLinear::Matrix>;
             return std::make_unique<DeepLinear>(Map(X.data(), X.shape(0), X.shape(1)),
                                                 Map(Y.data(), Y.shape(0), Y.shape(1)), std::move(widths));
           }),
           py::arg("X").noconvert(), py::arg("Y").noconvert(), py::arg("widths"));
}

}  // namespace steep
