// First- and second-order methods.
#include "pybind.hpp"
#include "steep/first_order.hpp"
#include "steep/second_order.hpp"

namespace steep {

void register_methods(py::module_& m) {
  py::enum_<StepRule>(m, "StepRule", "How gradient descent chooses its steps.")
      .value("constant", StepRule::constant)
      .value("lipschitz", StepRule::lipschitz)
      .value("diminishing", StepRule::diminishing)
      .value("exact", StepRule::exact)
      .value("armijo", StepRule::armijo)
      .value("wolfe", StepRule::wolfe)
      .value("barzilai_borwein", StepRule::barzilai_borwein);
  py::class_<GradientDescent, Solver>(m, "GradientDescent", "Gradient descent.")
      .def(py::init<StepRule, double>(), py::arg("rule"), py::arg("size"));
  py::class_<AcceleratedGradient, Solver>(m, "AcceleratedGradient", "Nesterov's accelerated gradient.")
      .def(py::init<double, bool, bool>(), py::arg("step_size"), py::arg("strongly_convex"), py::arg("restart"));
  py::class_<HeavyBall, Solver>(m, "HeavyBall", "Polyak's heavy ball.")
      .def(py::init<double, double>(), py::arg("step_size"), py::arg("momentum"));
  py::class_<ConjugateGradient, Solver>(m, "ConjugateGradient", "Nonlinear conjugate gradients.").def(py::init<>());
  py::class_<Newton, Solver>(m, "Newton", "Newton's method.").def(py::init<bool>(), py::arg("pure"));
  py::class_<TrustRegion, Solver>(m, "TrustRegion", "Trust region, exact subproblem.")
      .def(py::init<double>(), py::arg("radius"));
  py::class_<NewtonCG, Solver>(m, "NewtonCG", "Truncated Newton.").def(py::init<bool>(), py::arg("trust_region"));
  py::class_<Direct, Solver>(m, "Direct", "The minimizer of a quadratic.").def(py::init<>());
}

}  // namespace steep
