// Linear models: dense or CSR designs, float32 or float64, targets of any loss.
#include "alone.hpp"
#include "csr.hpp"
#include "pybind.hpp"
#include "steep/linear_risk.hpp"
#include "steep/loss.hpp"

namespace steep {
namespace {

// What an optional array holds; of exactly this type and size.
template <class T>
const T* optional(const py::object& array, Index size, const char* name) {
  if (array.is_none()) return nullptr;
  require(py::isinstance<Array<T>>(array), std::string(name) + " must be a contiguous array of the core's type");
  const auto typed = py::reinterpret_borrow<Array<T>>(array);
  require(typed.size() == size,
          std::string(name) + " must have " + std::to_string(size) + " entries, got " + std::to_string(typed.size()));
  return typed.data();
}

LinearOptions options_of(const std::string& loss, double parameter, Index outputs, bool intercept, bool average,
                         double l1, double l2, int n_threads) {
  require(outputs >= 1, "outputs must be at least 1");
  require(l1 >= 0 && l2 >= 0, "l1 and l2 must be at least 0");
  LinearOptions options;
  options.loss = loss_named(loss);
  options.loss_parameter = parameter;
  options.outputs = outputs;
  options.intercept = intercept;
  options.average = average;
  options.l1 = l1;
  options.l2 = l2;
  options.n_threads = n_threads > 0 ? n_threads : default_threads();
  return options;
}

template <class T>
std::unique_ptr<LinearRiskOf<T>> make(const Design<T>& design, const py::object& y, const py::object& labels,
                                      const py::object& weights, const LinearOptions& options) {
  const Index n = design.rows();
  const T* target = optional<T>(y, n * options.outputs, "y");
  const auto* label = optional<std::int32_t>(labels, n, "labels");
  require(!target != !label, "either y or labels must be given");
  require(!label || options.loss == Loss::softmax_cross_entropy, "labels are for softmax_cross_entropy");
  if (label)
    for (Index i = 0; i < n; ++i) require(label[i] >= 0 && label[i] < options.outputs, "labels must be below outputs");
  return std::make_unique<LinearRiskOf<T>>(options, design, target, label, optional<T>(weights, n, "weights"));
}

template <class T>
void register_type(py::module_& m, const char* name) {
  using Risk = LinearRiskOf<T>;
  py::class_<Risk, LinearRisk>(m, name, "A linear model with its data, used in place.")
      .def(py::init([](const Array<T>& X, const py::object& y, const py::object& labels, const py::object& weights,
                       const std::string& loss, double parameter, Index outputs, bool intercept, bool average,
                       double l1, double l2, int n_threads) {
             require(X.ndim() == 2 && X.shape(0) > 0 && X.shape(1) > 0, "X must be a matrix with rows and columns");
             const Design<T> design(X.data(), X.shape(0), X.shape(1), X.shape(1));
             return make(design, y, labels, weights,
                         options_of(loss, parameter, outputs, intercept, average, l1, l2, n_threads));
           }),
           py::arg("X").noconvert(), py::arg("y"), py::arg("labels"), py::arg("weights"), py::kw_only(),
           py::arg("loss"), py::arg("parameter") = 1.0, py::arg("outputs") = 1, py::arg("intercept") = false,
           py::arg("average") = true, py::arg("l1") = 0.0, py::arg("l2") = 0.0, py::arg("n_threads") = 0,
           py::keep_alive<1, 2>(), py::keep_alive<1, 3>(), py::keep_alive<1, 4>(), py::keep_alive<1, 5>())
      .def(py::init([](const Array<std::int64_t>& start, const Array<std::int32_t>& column, const Array<T>& data,
                       Index columns, const py::object& y, const py::object& labels, const py::object& weights,
                       const std::string& loss, double parameter, Index outputs, bool intercept, bool average,
                       double l1, double l2, int n_threads) {
             const Index n = check_csr(start, column, data.size(), columns);
             const Design<T> design(start.data(), column.data(), data.data(), n, columns);
             return make(design, y, labels, weights,
                         options_of(loss, parameter, outputs, intercept, average, l1, l2, n_threads));
           }),
           py::arg("start").noconvert(), py::arg("column").noconvert(), py::arg("data").noconvert(), py::arg("columns"),
           py::arg("y"), py::arg("labels"), py::arg("weights"), py::kw_only(), py::arg("loss"),
           py::arg("parameter") = 1.0, py::arg("outputs") = 1, py::arg("intercept") = false, py::arg("average") = true,
           py::arg("l1") = 0.0, py::arg("l2") = 0.0, py::arg("n_threads") = 0, py::keep_alive<1, 2>(),
           py::keep_alive<1, 3>(), py::keep_alive<1, 4>(), py::keep_alive<1, 6>(), py::keep_alive<1, 7>(),
           py::keep_alive<1, 8>());
}

}  // namespace

void register_linear_risk(py::module_& m) {
  py::class_<LinearRisk, Objective>(m, "LinearRisk", "The risk of a linear model.")
      .def_property_readonly("rows", &LinearRisk::rows, "Number of rows.")
      .def_property_readonly("features", &LinearRisk::features, "Number of columns of X.")
      .def_property_readonly("sparse", &LinearRisk::sparse, "Whether X is CSR.")
      .def_property_readonly(
          "outputs", [](const LinearRisk& f) { return f.options().outputs; }, "Number of outputs.")
      .def_property_readonly(
          "intercept", [](const LinearRisk& f) { return f.options().intercept; }, "Has intercepts.")
      .def_property_readonly(
          "loss", [](const LinearRisk& f) { return loss_names[static_cast<int>(f.options().loss)]; },
          "Name of the loss.")
      .def_property_readonly(
          "l2", [](const LinearRisk& f) { return f.options().l2; }, "Coefficient of 1/2 ||W||^2.")
      .def_property_readonly("has_gauss_newton", &LinearRisk::has_hessian, "Has a Gauss-Newton matrix.")
      .def(
          "least_loss",
          [](LinearRisk& f) {
            Alone alone(f);
            return f.least_loss();
          },
          "A lower bound on the data term.")
      .def(
          "approximate_hessian",
          [](LinearRisk& f, const Array<double>& w) {
            require(w.size() == f.dim(), "w must have dim entries");
            Array<double> H({f.dim(), f.dim()});
            const double* x = w.data();
            double *out = H.mutable_data(), spread = 0;
            {
              Alone alone(f);
              spread = f.approximate_hessian(x, out);
            }
            require(spread >= 0, "there is no approximate Hessian");
            return H;
          },
          py::arg("w").noconvert(), "Hessian of a sample of rows.")
      .def(
          "line",
          [](LinearRisk& f, const Array<double>& x0, const Array<double>& x1, double t) {
            require(x0.size() == f.dim() && x1.size() == f.dim(), "x0 and x1 must have dim entries");
            const double *from = x0.data(), *to = x1.data();
            double slope = 0, value = 0;
            bool found = false;
            {
              Alone alone(f);
              f.evaluate(from, nullptr);
              f.evaluate(to, nullptr);
              found = f.begin_line(from, to);
              if (found) value = f.line(t, &slope);
            }
            require(found, "there is no line");
            return py::typing::Tuple<double, double>(py::make_tuple(value, slope));
          },
          py::arg("x0").noconvert(), py::arg("x1").noconvert(), py::arg("t"), "f and its slope at x0 + t (x1 - x0).");
  register_type<float>(m, "LinearRisk32");
  register_type<double>(m, "LinearRisk64");
}

}  // namespace steep
