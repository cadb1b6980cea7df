// Quasi-Newton methods.
#include "steep/quasi_newton.hpp"

#include "pybind.hpp"

namespace steep {

void register_quasi_newton(py::module_& m) {
  py::class_<BFGS, Solver>(m, "BFGS", "Dense BFGS.").def(py::init<>());
  py::class_<LBFGS, Solver>(m, "LBFGS", "L-BFGS, with bounds.")
      .def(py::init<Index, bool, bool>(), py::arg("memory"), py::arg("precondition") = false, py::arg("draft") = false);
}

}  // namespace steep
