// The evidence of a risk, and predictive standard deviations.
#include "steep/evidence.hpp"

#include "alone.hpp"
#include "network_border.hpp"
#include "steep/posterior.hpp"

namespace steep {
namespace {

using Found = py::typing::Dict<py::str, py::object>;

Found to_dict(Evidence&& e, Index p) {
  Found out;
  out["alpha"] = py::float_(e.alpha);
  out["beta"] = py::float_(e.beta);
  out["l2"] = py::float_(e.l2);
  out["next_alpha"] = py::float_(e.next_alpha);
  out["effective_parameters"] = py::float_(e.effective);
  out["log_evidence"] = py::float_(e.log_evidence);
  out["shift"] = py::float_(e.shift);
  if (!e.root.empty()) out["root"] = take(std::move(e.root), {p, p});
  return out;
}

Found evidence_of(Objective& f, const Array<double>& w, double beta) {
  const Index p = f.dim();
  const double* x = vector_of_size(w, p, "w");
  Evidence found;
  {
    Alone alone(f);
    found = evidence(f, x, beta, true);
  }
  require(found.finite, "w must have a finite Gauss-Newton matrix");
  return to_dict(std::move(found), p);
}

Array<double> deviation_of(const Network<double>& net, const Array<double>& parameters, const Array<double>& state,
                           const py::array& X, const OptionalArray<double>& input_scale,
                           const OptionalArray<double>& input_shift, const OptionalArray<double>& output_scale,
                           const Array<double>& root, int n_threads) {
  const Index p = net.parameter_count();
  const double* w = vector_of_size(parameters, p, "parameters");
  const double* s = vector_of_size(state, net.state_count(), "state");
  const Dataset<double> data = dataset_of(X, net.inputs(), input_scale, input_shift);
  require(!output_scale || output_scale->size() == net.outputs(), "output_scale must have one entry for each output");
  require(root.ndim() == 2 && root.shape(0) == p && root.shape(1) == p, "root must have shape (p, p)");
  Array<double> deviation({data.n, net.outputs()});
  double* out = deviation.mutable_data();
  PythonMonitor monitor;
  bool done;
  {
    py::gil_scoped_release release;
    done = predictive_deviation(net, w, s, data, output_scale ? output_scale->data() : nullptr, root.data(), out,
                                n_threads, monitor);
  }
  if (!done) {
    PyErr_SetNone(PyExc_KeyboardInterrupt);
    throw py::error_already_set();
  }
  return deviation;
}

}  // namespace

void register_evidence(py::module_& m) {
  py::class_<BayesianRegularization, Solver>(m, "BayesianRegularization", "Levenberg-Marquardt with evidence updates.")
      .def(py::init([](Damping damping, double initial, double largest, Index steps_per_update, bool by_output) {
             LevenbergMarquardtOptions steps;
             steps.damping = damping;
             steps.initial = initial;
             steps.largest = largest;
             return std::make_unique<BayesianRegularization>(steps, steps_per_update, by_output);
           }),
           py::kw_only(), py::arg("damping"), py::arg("initial"), py::arg("largest"), py::arg("steps_per_update"),
           py::arg("by_output"))
      .def_property_readonly(
          "output_weights", [](const BayesianRegularization& s) { return Vector(s.output_weights()); },
          "Precisions of the outputs' noise over beta; empty where it is one.")
      .def_property_readonly(
          "found", [](const BayesianRegularization& s) { return to_dict(Evidence(s.found()), 0); },
          "The evidence at the end of the last solve.");
  m.def("evidence", &evidence_of, py::arg("objective"), py::arg("w").noconvert(), py::arg("beta"),
        "Evidence, precisions and a root of the posterior covariance; beta 0: estimated.");
  m.def("predictive_deviation", &deviation_of, py::arg("network"), py::arg("parameters").noconvert(),
        py::arg("state").noconvert(), py::arg("X").noconvert(), py::arg("input_scale").none(true).noconvert(),
        py::arg("input_shift").none(true).noconvert(), py::arg("output_scale").none(true).noconvert(),
        py::arg("root").noconvert(), py::arg("n_threads"), "Standard deviations (n, outputs) of the outputs.");
}

}  // namespace steep
