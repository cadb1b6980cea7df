// Quadratic objectives.
#include "pybind.hpp"
#include "steep/quadratic.hpp"

namespace steep {

void register_quadratic(py::module_& m) {
  py::class_<Quadratic, Objective>(m, "Quadratic", "1/2 x'Hx + g'x + c.")
      .def(py::init([](const Array<double>& H, const Array<double>& g, double c) {
             require(g.ndim() == 1 && g.size() > 0, "g must be a vector");
             require(H.ndim() == 2 && H.shape(0) == g.size() && H.shape(1) == g.size(),
                     "H must be square, as long as g");
             return std::make_unique<Quadratic>(Vector(H.data(), H.data() + H.size()),
                                                Vector(g.data(), g.data() + g.size()), c);
           }),
           py::arg("H").noconvert(), py::arg("g").noconvert(), py::arg("c"));
}

}  // namespace steep
