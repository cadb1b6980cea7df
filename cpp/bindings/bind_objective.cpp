// Objectives, solvers and the one call that joins them. Units register their own subclasses with
// py::class_<X, Objective> and py::class_<Y, Solver>; this file must be registered before them.
#include <cmath>

#include <pybind11/typing.h>

#include "alone.hpp"
#include "records.hpp"
#include "steep/solver.hpp"

namespace steep {
namespace {

double value(Objective& f, const Array<double>& w) {
  const double* x = vector_of_size(w, f.dim(), "w");
  Alone alone(f);
  return f.evaluate(x, nullptr);
}

py::typing::Tuple<double, Array<double>> value_and_gradient(Objective& f, const Array<double>& w) {
  const double* x = vector_of_size(w, f.dim(), "w");
  Array<double> g(f.dim());
  double* out = g.mutable_data();
  double fun;
  {
    Alone alone(f);
    fun = f.evaluate(x, out);
  }
  return py::typing::Tuple<double, Array<double>>(py::make_tuple(fun, g));
}

Array<double> hessian(Objective& f, const Array<double>& w) {
  const double* x = vector_of_size(w, f.dim(), "w");
  Array<double> H({f.dim(), f.dim()});
  double* out = H.mutable_data();
  Alone alone(f);
  f.hessian(x, out);
  return H;
}

using MatrixProduct = void (Objective::*)(const double* w, const double* v, double* out);
Array<double> product(Objective& f, MatrixProduct multiply, const Array<double>& w, const Array<double>& v) {
  const double *x = vector_of_size(w, f.dim(), "w"), *y = vector_of_size(v, f.dim(), "v");
  Array<double> result(f.dim());
  double* out = result.mutable_data();
  Alone alone(f);
  (f.*multiply)(x, y, out);
  return result;
}
Array<double> hessian_product(Objective& f, const Array<double>& w, const Array<double>& v) {
  return product(f, &Objective::hessian_product, w, v);
}
Array<double> gauss_newton_product(Objective& f, const Array<double>& w, const Array<double>& v) {
  return product(f, &Objective::gauss_newton_product, w, v);
}

py::object residuals(Objective& f, const Array<double>& w, bool jacobian) {
  const double* x = vector_of_size(w, f.dim(), "w");
  const Index m = f.residual_count();
  Array<double> r(m), J({jacobian ? m : Index{0}, f.dim()});
  double *out = r.mutable_data(), *slopes = jacobian ? J.mutable_data() : nullptr;
  {
    Alone alone(f);
    f.residuals(x, out, slopes);
  }
  if (jacobian) return py::make_tuple(r, J);
  return std::move(r);
}

py::typing::Tuple<double, Array<double>, Array<double>> normal_equations(Objective& f, const Array<double>& w) {
  const double* x = vector_of_size(w, f.dim(), "w");
  Array<double> M({f.dim(), f.dim()}), v(f.dim());
  double *JtJ = M.mutable_data(), *Jtr = v.mutable_data(), half;
  {
    Alone alone(f);
    half = f.normal_equations(x, JtJ, Jtr);
  }
  return py::typing::Tuple<double, Array<double>, Array<double>>(py::make_tuple(half, M, v));
}

py::object l1_weights(Objective& f) {
  const double* weights = f.l1();
  if (!weights) return py::none();
  return Array<double>(f.dim(), weights);
}

// (value, exact) or None.
py::object constant(const Constant& c) {
  if (!c.known) return py::none();
  return py::make_tuple(c.value, c.exact);
}

template <Constant (Objective::*which)()>
py::object constant_of(Objective& f) {
  Constant c;
  {
    Alone alone(f);
    c = (f.*which)();
  }
  return constant(c);
}

bool is_convex(Objective& f) {
  Alone alone(f);
  return f.is_convex();
}

int threads(Objective& f) {
  Alone alone(f);
  return f.threads();
}

void set_threads(Objective& f, int n_threads) {
  require(n_threads >= 1, "threads must be at least 1, got " + std::to_string(n_threads));
  Alone alone(f);
  f.set_threads(n_threads);
}

using Found = py::typing::Dict<py::str, py::object>;

Found to_dict(Result&& r) {
  py::dict trace;
  Found out;
  const auto column = [&](double TraceRow::*field) {
    std::vector<double> values;
    values.reserve(r.trace.size());
    for (const TraceRow& row : r.trace) values.push_back(row.*field);
    return take(std::move(values));
  };
  trace["fun"] = column(&TraceRow::fun);
  trace["gradient_norm"] = column(&TraceRow::gradient_norm);
  trace["step_size"] = column(&TraceRow::step_size);
  trace["seconds"] = column(&TraceRow::seconds);
  if (!r.extra_name.empty()) trace[r.extra_name.c_str()] = column(&TraceRow::extra);
  out["x"] = take(std::move(r.x));
  out["fun"] = r.fun;
  out["jac"] = take(std::move(r.jac));
  out["status"] = status_names[static_cast<int>(r.status)];
  out["message"] = r.message;
  out["nit"] = r.nit;
  out["nfev"] = r.nfev;
  out["njev"] = r.njev;
  out["nhev"] = r.nhev;
  out["trace"] = trace;
  out["certificate"] = py::make_tuple(r.certificate_kind, r.certificate, r.suboptimality_bound);
  out["direction"] = r.direction.empty() ? py::object(py::none()) : take(std::move(r.direction));
  out["multipliers"] = r.multipliers.empty() ? py::object(py::none()) : take(std::move(r.multipliers));
  return out;
}

// True to stop.
bool call_back(const py::function& callback, const Progress& p, Index n) {
  py::gil_scoped_acquire gil;
  return Records::stops([&] {
    callback(p.iteration, Array<double>(n, p.x), p.fun, p.gradient_norm, Array<double>(n, p.gradient), p.step_size);
  });
}

Found minimize(Objective& f, Solver& solver, const Array<double>& x0, double tol, double rtol, double unit,
               double enough, Index max_iter, double max_time, const py::object& lower, const py::object& upper,
               const py::object& callback, const py::object& records, double interval, int n_threads) {
  SolveOptions options;
  const Index n = f.dim();
  const double* start = vector_of_size(x0, n, "x0");
  options.tol = tol;
  options.rtol = rtol;
  options.unit = unit;
  options.enough = enough;
  options.max_iter = max_iter;
  options.max_time = max_time;
  Array<double> low, high;  // keep the bounds alive through the solve
  if (!lower.is_none()) options.lower = vector_of_size(low = lower.cast<Array<double>>(), n, "lower");
  if (!upper.is_none()) options.upper = vector_of_size(high = upper.cast<Array<double>>(), n, "upper");
  require(!(options.lower || options.upper) || solver.handles_bounds(),
          std::string("method ") + solver.name() + " does not take bounds");
  require(!f.l1() || solver.handles_l1(), std::string("method ") + solver.name() + " does not take an l1 penalty");
  py::function function;
  if (!callback.is_none()) {
    function = callback.cast<py::function>();
    options.callback = [&](const Progress& p) { return call_back(function, p, n); };
  }
  PythonMonitor monitor;
  options.monitor = &monitor;
  std::unique_ptr<Records> collected;
  if (!records.is_none()) {
    require(callback.is_none(), "callback must be None with records");
    collected = std::make_unique<Records>(records.cast<py::function>(), n, interval, monitor);
    options.callback = [&](const Progress& p) { return collected->add(p); };
  }
  Result result;
  try {
    {
      Alone alone(f);
      const Heard heard(f, monitor);
      const Threaded threaded(f, n_threads);
      result = solver.solve(f, start, options);
    }
    if (collected) collected->flush();
  } catch (const Interrupted&) {  // while the iterations are handed over
    result.status = Status::interrupted;
    result.message = "Interrupted after " + std::to_string(result.nit) + " iterations.";
  }
  if (result.x.empty()) {  // Ctrl-C within the first evaluation
    result.x.assign(start, start + n);
    result.jac.assign(static_cast<std::size_t>(n), NAN);
  }
  return to_dict(std::move(result));
}

}  // namespace

void register_objective(py::module_& m) {
  py::class_<Objective>(m, "Objective", "An objective of the core.")
      .def_property_readonly("dim", &Objective::dim, "Number of variables.")
      .def_property_readonly("name", &Objective::name, "Name of the kind of objective.")
      .def_property_readonly("approximated", &Objective::approximated, "Derivatives taken by differences.")
      .def_property_readonly("has_gradient", &Objective::has_gradient, "Has a gradient everywhere.")
      .def_property_readonly("has_hessian", &Objective::has_hessian, "Has a Hessian.")
      .def_property_readonly("has_hessian_product", &Objective::has_hessian_product, "Has Hessian-vector products.")
      .def_property_readonly("residual_count", &Objective::residual_count, "Residuals, or 0.")
      .def_property_readonly("has_gauss_newton", &Objective::has_gauss_newton, "Has a Gauss-Newton matrix.")
      .def_property_readonly("is_quadratic", &Objective::is_quadratic, "Known to be quadratic.")
      .def_property_readonly("is_convex", &is_convex, "Known to be convex.")
      .def_property("threads", &threads, &set_threads, "Threads of an evaluation; stays 1 where it takes no others.")
      .def("value", &value, py::arg("w").noconvert(), "Smooth part of f at w.")
      .def("value_and_gradient", &value_and_gradient, py::arg("w").noconvert(), "Smooth part and its gradient.")
      .def("hessian", &hessian, py::arg("w").noconvert(), "Hessian (dim, dim).")
      .def("hessian_product", &hessian_product, py::arg("w").noconvert(), py::arg("v").noconvert(), "H(w) v.")
      .def("residuals", &residuals, py::arg("w").noconvert(), py::arg("jacobian") = false, "r, or (r, J).")
      .def("normal_equations", &normal_equations, py::arg("w").noconvert(), "(1/2 r'r, J'J, J'r).")
      .def("gauss_newton_product", &gauss_newton_product, py::arg("w").noconvert(), py::arg("v").noconvert(),
           "J'J v, the penalty's Hessian included.")
      .def("l1", &l1_weights, "l1 weight of each entry, or None.")
      .def("lipschitz", &constant_of<&Objective::lipschitz>, "(L, exact) or None.")
      .def("strong_convexity", &constant_of<&Objective::strong_convexity>, "(mu, exact) or None.");
  py::class_<Solver>(m, "Solver", "A full-batch method of the core.")
      .def_property_readonly("name", &Solver::name, "Name in snake case.")
      .def_property_readonly("handles_bounds", &Solver::handles_bounds, "Takes bounds.")
      .def_property_readonly("handles_l1", &Solver::handles_l1, "Takes an l1 penalty.");
  m.def("minimize", &minimize, py::arg("objective"), py::arg("solver"), py::arg("x0").noconvert(), py::kw_only(),
        py::arg("tol") = 1e-8, py::arg("rtol") = 0.0, py::arg("unit") = 0.0, py::arg("enough") = 0.0,
        py::arg("max_iter") = -1, py::arg("max_time") = std::numeric_limits<double>::infinity(),
        py::arg("lower") = py::none(), py::arg("upper") = py::none(), py::arg("callback") = py::none(),
        py::arg("records") = py::none(), py::arg("interval") = 0.0, py::arg("n_threads") = 0,
        "Run a solver; a dictionary of its result.");
}

}  // namespace steep
