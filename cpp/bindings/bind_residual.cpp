// The user's Python function of residuals as an objective. Its Jacobian is the user's, or by differences with steps
// h_i = eps^(1/k) |x_i|, k = 2 forward, 3 central, turned around at bounds; or by complex steps, exact to rounding for
// functions that are analytic in NumPy's complex arithmetic. Where so relative a step changes the residuals by hardly
// more than their rounding (x_i is itself rounding of zero, or far below the size that counts), a longer one is taken,
// of up to eps^(1/k) max(1, |x_i|).
#include <cmath>
#include <limits>

#include "alone.hpp"
#include "python_call.hpp"
#include "steep/residual_objective.hpp"
#include "steep/run.hpp"

namespace steep {
namespace {

constexpr Index most_kept = 1 << 16;  // entries of a Jacobian: more cost memory, and a call costs little beside them

enum class Differences { two_point, three_point, complex_step };

Index count_of(const py::object& value) {
  return static_cast<Index>(py::len(py::module_::import("numpy").attr("atleast_1d")(value).attr("ravel")()));
}

class ResidualFunction : public ResidualObjective {
 public:
  ResidualFunction(const Array<double>& x0, const py::object& f, const py::object& jacobian, const py::tuple& args,
                   Differences differences, double step, RobustLoss loss, double scale, const py::object& rho,
                   std::vector<double> lower, std::vector<double> upper)
      : ResidualObjective(x0.size(), 0, loss, scale),
        differences_(differences),
        step_(step),
        f_(f, args, "the residuals"),
        lower_(std::move(lower)),
        upper_(std::move(upper)) {
    if (!jacobian.is_none()) jacobian_ = {jacobian, args, "the Jacobian"};
    if (!rho.is_none()) rho_ = {rho, py::tuple(), "the loss"};
    const py::object first = f_(x0.data(), n_);
    m_ = count_of(first);
    require(m_ > 0, "the residuals must have at least one entry, got none");
    first_ = first;
    first_point_.assign(x0.data(), x0.data() + n_);
  }

  std::string name() const override { return "residuals"; }
  bool exact_jacobian() const { return jacobian_ || differences_ == Differences::complex_step; }
  std::string approximated() const override {
    if (exact_jacobian() || evaluations_ == 0) return {};
    return differences_ == Differences::two_point ? "Jacobian by 2-point differences"
                                                  : "Jacobian by 3-point differences";
  }
  py::typing::Tuple<Index, Index> counts() const { return {py::make_tuple(f_.calls(), evaluations_)}; }
  bool sharpen(bool on) override {
    if (exact_jacobian() || differences_ == Differences::three_point || step_ > 0) return false;
    sharp_ = on;
    return true;
  }

 protected:
  void compute(const double* w, double* r) override {
    py::gil_scoped_acquire gil;
    if (first_ && std::equal(w, w + n_, first_point_.begin())) {
      const py::object value = std::move(first_);
      return f_.copy(value, w, n_, m_, 0, r);
    }
    f_.copy(f_(w, n_), w, n_, m_, 0, r);
  }

  void compute_jacobian(const double* w, const double* r, double* J) override {
    const bool known = !kept_.empty() && kept_sharp_ == sharp_ && std::equal(w, w + n_, kept_point_.begin());
    if (known) {
      std::copy(kept_.begin(), kept_.end(), J);
      return;
    }
    find_jacobian(w, r, J);
    if (m_ * n_ > most_kept) return;
    kept_.assign(J, J + m_ * n_);
    kept_point_.assign(w, w + n_);
    kept_sharp_ = sharp_;
  }

  void robust(const double* z, double* rho) override {
    if (!rho_) return ResidualObjective::robust(z, rho);
    py::gil_scoped_acquire gil;
    rho_.copy(rho_(z, m_), z, m_, 3, m_, rho);
  }

 private:
  void find_jacobian(const double* w, const double* r, double* J) {
    py::gil_scoped_acquire gil;
    ++evaluations_;
    if (jacobian_) {
      py::object value = jacobian_(w, n_);
      if (n_ == 1 && py::hasattr(value, "ndim") && value.attr("ndim").cast<int>() == 1)
        value = value.attr("reshape")(-1, 1);
      return jacobian_.copy(value, w, n_, m_, n_, J);
    }
    if (differences_ == Differences::complex_step) return complex_steps(w, J);
    const double eps = f_.precision();
    const bool central = sharp_ || differences_ == Differences::three_point;
    Vector x(w, w + n_), ahead(m_), behind(r, r + m_);
    for (Index j = 0; j < n_; ++j) {
      const double relative = step_ > 0 ? step_ : std::pow(eps, central ? 1.0 / 3 : 0.5);
      const double longest = std::copysign(relative * std::max(1.0, std::abs(w[j])), w[j]);
      double h = step_from(w, j, w[j] != 0 ? relative * w[j] : longest);
      if (w[j] + h == w[j]) h = step_from(w, j, longest);
      double width = ahead_of(x, j, h, ahead);
      const double change = distance(ahead.data(), r), size = norm2(behind);
      if (change <= std::pow(eps, 0.75) * size && std::abs(h) < std::abs(longest)) {
        const double factor = change > 0 ? relative * size / change : INFINITY;
        h = step_from(w, j, factor * std::abs(h) < std::abs(longest) ? factor * h : longest);
        width = ahead_of(x, j, h, ahead);
      }
      const double* base = r;
      if (central && inside(w[j] - h, j)) {
        width -= ahead_of(x, j, -h, behind);
        base = behind.data();
      }
      for (Index i = 0; i < m_; ++i) J[i * n_ + j] = (ahead[i] - base[i]) / width;
      if (base != r) std::copy(r, r + m_, behind.begin());
    }
  }

  bool inside(double x, Index i) const {
    return (lower_.empty() || x >= lower_[i]) && (upper_.empty() || x <= upper_[i]);
  }

  // h, turned around at a bound.
  double step_from(const double* w, Index j, double h) const { return inside(w[j] + h, j) ? h : -h; }

  // The residuals at x + h e_j; returns the step as it was taken.
  double ahead_of(Vector& x, Index j, double h, Vector& values) {
    const double start = x[j], end = start + h;
    x[j] = end;
    f_.copy(f_(x.data(), n_), x.data(), n_, m_, 0, values.data());
    x[j] = start;
    return end - start;
  }

  double distance(const double* a, const double* b) const {
    double sum = 0;
    for (Index i = 0; i < m_; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return std::sqrt(sum);
  }

  void complex_steps(const double* w, double* J) {
    constexpr double h = 1e-30;
    std::vector<std::complex<double>> x(w, w + n_);
    for (Index j = 0; j < n_; ++j) {
      const double size = w[j] != 0 ? std::max(std::abs(w[j]), 1e-100) * h : h;
      x[j] = {w[j], size};
      const py::object value = f_(x.data(), n_);
      const auto found = py::array_t<std::complex<double>, py::array::c_style | py::array::forcecast>::ensure(value);
      if (!found) throw py::error_already_set();
      require(found.size() == m_, "the residuals must return a vector of length " + std::to_string(m_) +
                                      " at complex points, got " + std::to_string(found.size()));
      const std::complex<double>* values = found.data();
      for (Index i = 0; i < m_; ++i) J[i * n_ + j] = values[i].imag() / size;
      x[j] = w[j];
    }
  }

  Differences differences_;
  double step_;
  bool sharp_ = false;
  PythonCall f_, jacobian_, rho_;
  Vector lower_, upper_, first_point_;
  Vector kept_, kept_point_;  // the last Jacobian, which the result is asked for once more
  bool kept_sharp_ = false;
  py::object first_;
  Index evaluations_ = 0;
};

}  // namespace

void register_residual(py::module_& m) {
  py::enum_<Differences>(m, "Differences", "How a missing Jacobian is found.")
      .value("two_point", Differences::two_point)
      .value("three_point", Differences::three_point)
      .value("complex_step", Differences::complex_step);
  py::enum_<RobustLoss>(m, "RobustLoss", "rho of a sum of squares.")
      .value("linear", RobustLoss::linear)
      .value("huber", RobustLoss::huber)
      .value("soft_l1", RobustLoss::soft_l1)
      .value("cauchy", RobustLoss::cauchy)
      .value("arctan", RobustLoss::arctan)
      .value("custom", RobustLoss::custom);
  py::class_<ResidualFunction, Objective>(m, "ResidualFunction", "A Python function of residuals as an objective.")
      .def(py::init<Array<double>, py::object, py::object, py::tuple, Differences, double, RobustLoss, double,
                    py::object, std::vector<double>, std::vector<double>>(),
           py::arg("x0").noconvert(), py::arg("function"), py::arg("jacobian"), py::arg("args"), py::kw_only(),
           py::arg("differences"), py::arg("step") = 0.0, py::arg("loss"), py::arg("scale") = 1.0,
           py::arg("rho") = py::none(), py::arg("lower") = std::vector<double>{},
           py::arg("upper") = std::vector<double>{})
      .def(
          "weighted_jacobian",
          [](ResidualFunction& f, const Array<double>& w) {
            const double* x = vector_of_size(w, f.dim(), "w");
            Array<double> J({f.residual_count(), f.dim()});
            double* out = J.mutable_data();
            Alone alone(f);
            f.weighted_jacobian(x, out);
            return J;
          },
          py::arg("w").noconvert(), "J, with rows weighted by a robust loss: J'J is the Gauss-Newton matrix.")
      .def_property_readonly("counts", &ResidualFunction::counts, "Calls of the function, and Jacobians found.")
      .def_property_readonly("exact_jacobian", &ResidualFunction::exact_jacobian, "The Jacobian is exact.");
}

}  // namespace steep
