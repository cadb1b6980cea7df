// Methods for sums of squares.
#include <optional>

#include "pybind.hpp"
#include "steep/least_squares.hpp"

namespace steep {

void register_least_squares(py::module_& m) {
  py::enum_<Damping>(m, "Damping", "How Levenberg-Marquardt changes its damping.")
      .value("auto", Damping::automatic)
      .value("trust_region", Damping::trust_region)
      .value("nielsen", Damping::nielsen)
      .value("marquardt", Damping::marquardt);
  py::enum_<Factorization>(m, "Factorization", "How the damped system is solved.")
      .value("auto", Factorization::automatic)
      .value("qr", Factorization::qr)
      .value("cholesky", Factorization::cholesky);
  py::class_<LevenbergMarquardt, Solver>(m, "LevenbergMarquardt", "Levenberg-Marquardt.")
      .def(py::init([](Damping damping, double initial, double increase, double decrease, double largest,
                       std::optional<bool> scale, bool geodesic, bool polish, double ftol, double xtol, double gtol,
                       Index max_evaluations, Factorization factorization, std::vector<double> scales) {
             LevenbergMarquardtOptions o;
             o.damping = damping;
             o.initial = initial;
             o.increase = increase;
             o.decrease = decrease;
             o.largest = largest;
             if (scale) o.scaling = *scale ? Scaling::columns : Scaling::none;
             o.geodesic = geodesic;
             o.polish = polish;
             o.ftol = ftol;
             o.xtol = xtol;
             o.gtol = gtol;
             o.max_evaluations = max_evaluations;
             o.factorization = factorization;
             o.scales = std::move(scales);
             return std::make_unique<LevenbergMarquardt>(std::move(o));
           }),
           py::kw_only(), py::arg("damping"), py::arg("initial"), py::arg("increase"), py::arg("decrease"),
           py::arg("largest"), py::arg("scale"), py::arg("geodesic"), py::arg("polish"), py::arg("ftol"),
           py::arg("xtol"), py::arg("gtol"), py::arg("max_evaluations"), py::arg("factorization"), py::arg("scales"));
  py::class_<GaussNewton, Solver>(m, "GaussNewton", "Gauss-Newton.")
      .def(py::init<bool, Factorization>(), py::arg("pure"), py::arg("factorization"));
  py::class_<NewtonRoot, Solver>(m, "NewtonRoot", "Newton's method for roots.")
      .def(py::init<bool, double>(), py::arg("pure"), py::arg("xtol"));
}

}  // namespace steep
