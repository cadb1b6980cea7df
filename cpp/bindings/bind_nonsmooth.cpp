// Methods for l1 penalties and hinges.
#include "alone.hpp"
#include "steep/linear_risk.hpp"
#include "steep/nonsmooth.hpp"

namespace steep {
namespace {

using Path = py::typing::Dict<py::str, py::object>;

Path path(LinearRisk& f, const Array<double>& l1, const Array<double>& x0, double tol, Index max_iter,
          double max_time) {
  require(l1.ndim() == 1 && l1.size() > 0, "l1 must be a vector");
  const double* first = vector_of_size(x0, f.dim(), "x0");
  const Vector values(l1.data(), l1.data() + l1.size());
  for (double value : values) require(value >= 0, "l1 must not be negative");
  const Vector start(first, first + f.dim());
  SolveOptions options;
  options.tol = tol;
  options.max_iter = max_iter;
  options.max_time = max_time;
  PythonMonitor monitor;
  options.monitor = &monitor;
  std::vector<Result> results;
  {
    Alone alone(f);
    results = coordinate_path(f, values, start.data(), options);
  }
  const auto count = static_cast<py::ssize_t>(results.size());
  Vector x, fun, gap;
  std::vector<Index> iterations;
  py::list status;
  for (const Result& result : results) {
    x.insert(x.end(), result.x.begin(), result.x.end());
    fun.push_back(result.fun);
    gap.push_back(result.suboptimality_bound);
    iterations.push_back(result.nit);
    status.append(status_names[static_cast<int>(result.status)]);
  }
  Path out;
  out["x"] = take(std::move(x), {count, f.dim()});
  out["fun"] = take(std::move(fun));
  out["gap"] = take(std::move(gap));
  out["nit"] = take(std::move(iterations));
  out["status"] = status;
  return out;
}

}  // namespace

void register_nonsmooth(py::module_& m) {
  py::class_<ProximalGradient, Solver>(m, "ProximalGradient", "Proximal gradient, FISTA.")
      .def(py::init<double, bool, bool>(), py::arg("step_size"), py::arg("accelerate"), py::arg("restart"));
  py::class_<CoordinateDescent, Solver>(m, "CoordinateDescent", "Coordinate descent on working sets.")
      .def(py::init<>());
  py::class_<DualCoordinateAscent, Solver>(m, "DualCoordinateAscent", "Dual coordinate ascent for hinges.")
      .def(py::init<std::uint64_t, bool>(), py::arg("seed"), py::arg("shrink"));
  py::class_<HingeInteriorPoint, Solver>(m, "HingeInteriorPoint", "Interior point for hinges.").def(py::init<>());
  m.def("coordinate_path", &path, py::arg("objective"), py::arg("l1").noconvert(), py::arg("x0").noconvert(),
        py::kw_only(), py::arg("tol") = 1e-8, py::arg("max_iter") = -1,
        py::arg("max_time") = std::numeric_limits<double>::infinity(),
        "Minimize for each l1 in turn, each from the answer before.");
}

}  // namespace steep
