// Methods for l1 penalties and hinges.
#include "pybind.hpp"
#include "steep/nonsmooth.hpp"

namespace steep {

void register_nonsmooth(py::module_& m) {
  py::class_<ProximalGradient, Solver>(m, "ProximalGradient", "Proximal gradient, FISTA.")
      .def(py::init<double, bool, bool>(), py::arg("step_size"), py::arg("accelerate"), py::arg("restart"));
  py::class_<CoordinateDescent, Solver>(m, "CoordinateDescent", "Coordinate descent on working sets.")
      .def(py::init<>());
  py::class_<DualCoordinateAscent, Solver>(m, "DualCoordinateAscent", "Dual coordinate ascent for hinges.")
      .def(py::init<std::uint64_t, bool>(), py::arg("seed"), py::arg("shrink"));
  py::class_<HingeInteriorPoint, Solver>(m, "HingeInteriorPoint", "Interior point for hinges.").def(py::init<>());
}

}  // namespace steep
