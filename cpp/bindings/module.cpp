// steep._core: a table of contents.
#include "pybind.hpp"

namespace steep {
void register_config(py::module_& m);
void register_objective(py::module_& m);
void register_function(py::module_& m);
void register_quadratic(py::module_& m);
void register_linear_risk(py::module_& m);
void register_quasi_newton(py::module_& m);
void register_methods(py::module_& m);
void register_nonsmooth(py::module_& m);
void register_residual(py::module_& m);
void register_least_squares(py::module_& m);
void register_interior_point(py::module_& m);
void register_deep_linear(py::module_& m);
void register_rule(py::module_& m);
void register_initialize(py::module_& m);
void register_network(py::module_& m);
void register_activation(py::module_& m);
void register_loss(py::module_& m);
void register_trainer(py::module_& m);
void register_derivatives(py::module_& m);
void register_session(py::module_& m);
void register_network_risk(py::module_& m);
void register_evidence(py::module_& m);
void register_product(py::module_& m);
}  // namespace steep

PYBIND11_MODULE(_core, m) {
  py::register_exception_translator([](std::exception_ptr error) {
    try {
      if (error) std::rethrow_exception(error);
    } catch (const steep::Interrupted&) {  // Ctrl-C, where there is no result to return
      PyErr_SetNone(PyExc_KeyboardInterrupt);
    }
  });
  m.doc() = "The compiled core of steep; use the functions of the package steep instead.";
  steep::register_config(m);
  steep::register_objective(m);
  steep::register_function(m);
  steep::register_quadratic(m);
  steep::register_linear_risk(m);
  steep::register_quasi_newton(m);
  steep::register_methods(m);
  steep::register_nonsmooth(m);
  steep::register_residual(m);
  steep::register_least_squares(m);
  steep::register_interior_point(m);
  steep::register_deep_linear(m);
  steep::register_rule(m);
  steep::register_initialize(m);
  steep::register_network(m);
  steep::register_activation(m);
  steep::register_loss(m);
  steep::register_trainer(m);
  steep::register_derivatives(m);
  steep::register_session(m);
  steep::register_network_risk(m);
  steep::register_evidence(m);
  steep::register_product(m);
}
