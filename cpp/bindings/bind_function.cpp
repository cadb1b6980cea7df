// The user's Python functions as an objective: f, and gradient, Hessian, Hessian-vector product where given; what is
// missing comes from differences with steps h_i = eps^(1/k) max(1, |x_i|), k = 2 forward (error h f''/2), 3 central
// (h^2 f'''/6); second derivatives of values alone use k = 4. No step leaves the bounds.
#include <pybind11/typing.h>

#include <cmath>

#include "python_call.hpp"
#include "steep/objective.hpp"

namespace steep {
namespace {

class FunctionObjective : public Objective {
 public:
  // gradient: None, True (f returns both) or a function.
  FunctionObjective(Index dim, const py::object& f, const py::object& gradient, const py::object& hessian,
                    const py::object& product, const py::typing::Tuple<py::object, py::ellipsis>& args, bool central,
                    std::vector<double> lower, std::vector<double> upper)
      : dim_(dim),
        both_(py::isinstance<py::bool_>(gradient) && gradient.cast<bool>()),
        central_(central),
        f_(f, args, both_ ? "the function (with jac=True)" : "the function"),
        lower_(std::move(lower)),
        upper_(std::move(upper)) {
    if (!gradient.is_none() && !py::isinstance<py::bool_>(gradient)) gradient_ = {gradient, args, "the gradient"};
    if (!hessian.is_none()) hessian_ = {hessian, args, "the Hessian"};
    if (!product.is_none()) product_ = {product, args, "the Hessian-vector product"};
  }

  Index dim() const override { return dim_; }
  std::string name() const override { return "function"; }
  double rounding() const override { return f_.precision() > 1e-10 ? f_.precision() : 1e-13; }
  bool has_hessian() const override { return true; }
  bool has_hessian_product() const override { return true; }
  bool exact_gradient() const { return both_ || gradient_; }
  bool has_user_gradient() const override { return exact_gradient(); }
  bool exact_hessian() const { return static_cast<bool>(hessian_); }
  bool exact_product() const { return hessian_ || product_; }
  bool central() const { return central_; }
  void set_central(bool central) { central_ = central; }
  py::typing::Tuple<Index, Index, Index> counts() const {
    const Index gradients = both_ ? f_.calls() : gradient_.calls();
    return {py::make_tuple(f_.calls(), gradients, hessian_.calls() + product_.calls())};
  }

  std::string approximated() const override {
    std::string text;
    const auto add = [&](const char* what) { text += (text.empty() ? "" : " and ") + std::string(what); };
    if (used_gradient_) add("gradient");
    if (used_hessian_) add("Hessian");
    if (used_product_) add("Hessian-vector products");
    return text.empty() ? text : text + (central_ ? " by 3-point differences" : " by 2-point differences");
  }

  double gradient_error(const double* w, double fun, double curvature) const override {
    if (exact_gradient()) return 0;
    double largest = 0;
    for (Index i = 0; i < dim_; ++i) {
      const double h = std::abs(step(w, i, central_ ? 3 : 2)), rounding = eps() * std::abs(fun) / h;
      largest = std::max(largest, central_ ? rounding / 2 : rounding + h * curvature / 2);
    }
    return largest;
  }
  bool sharpen(bool on) override {
    if (exact_gradient() || central_ == on) return false;
    central_ = on;
    return true;
  }

  double evaluate(const double* w, double* g) override {
    py::gil_scoped_acquire gil;
    if (both_) return value_and_gradient(w, g);
    const double fun = value(w);
    if (!g) return fun;
    try {
      if (gradient_)
        gradient_.copy(gradient_(w, dim_), w, dim_, dim_, 0, g);
      else
        difference_gradient(w, fun, g);
    } catch (Interrupted& cut) {
      cut.fun = fun;
      throw;
    }
    return fun;
  }

  void hessian(const double* w, double* H) override {
    py::gil_scoped_acquire gil;
    const Index n = dim_;
    if (hessian_) return hessian_.copy(hessian_(w, n), w, n, n, n, H);
    if (product_) {
      Vector v(n, 0.0), column(n);
      for (Index j = 0; j < n; ++j) {
        v[j] = 1;
        product_.copy(product_(w, n, v.data()), w, n, n, 0, column.data());
        v[j] = 0;
        for (Index i = 0; i < n; ++i) H[i * n + j] = column[i];
      }
    } else {
      used_hessian_ = true;
      if (!exact_gradient()) return second_differences(w, H);
      Vector x(w, w + n), g0(n), g1(n), g2(n);
      if (!central_) gradient_at(x, g0);
      for (Index j = 0; j < n; ++j) {
        const double h = step(w, j, central_ ? 3 : 2);
        const bool two_sided = central_ && inside(w[j] - h, j);
        x[j] = moved(w, j, h);
        double width = x[j] - w[j];
        if (width == 0) {
          for (Index i = 0; i < n; ++i) H[i * n + j] = 0;
          continue;
        }
        gradient_at(x, g1);
        if (two_sided) {
          width = x[j];
          x[j] = w[j] - h;
          width -= x[j];
          gradient_at(x, g2);
        } else if (central_) {
          x[j] = w[j];
          gradient_at(x, g2);
        }
        x[j] = w[j];
        const Vector& base = central_ ? g2 : g0;
        for (Index i = 0; i < n; ++i) H[i * n + j] = (g1[i] - base[i]) / width;
      }
    }
    symmetrize(H);
  }

  void hessian_product(const double* w, const double* v, double* Hv) override {
    py::gil_scoped_acquire gil;
    const Index n = dim_;
    if (product_) return product_.copy(product_(w, n, v), w, n, n, 0, Hv);
    if (hessian_) {
      if (matrix_at_.size() != static_cast<std::size_t>(n) || !std::equal(w, w + n, matrix_at_.begin())) {
        matrix_.resize(n * n);
        matrix_at_.clear();
        hessian_.copy(hessian_(w, n), w, n, n, n, matrix_.data());
        matrix_at_.assign(w, w + n);
      }
      for (Index i = 0; i < n; ++i) {
        double sum = 0;
        for (Index j = 0; j < n; ++j) sum += matrix_[i * n + j] * v[j];
        Hv[i] = sum;
      }
      return;
    }
    used_product_ = true;
    double size_w = 0, size_v = 0;
    for (Index i = 0; i < n; ++i) size_w += w[i] * w[i], size_v += v[i] * v[i];
    size_w = std::sqrt(size_w), size_v = std::sqrt(size_v);
    std::fill(Hv, Hv + n, 0.0);
    if (size_v == 0) return;
    // Central: the curvature along v must have the right sign near a minimum. Where a bound is in the way, the part of
    // v that points inside and the part that does so turned around have a difference each.
    double h = std::cbrt(eps()) * std::max(1.0, size_w) / size_v;
    bool ahead = true, behind = true;
    for (Index i = 0; i < n; ++i) {
      const double room = std::max(room_above(w, i), room_below(w, i));
      if (room > 0) h = std::min(h, v[i] != 0 ? room / std::abs(v[i]) : h);
    }
    for (Index i = 0; i < n; ++i) {
      ahead = ahead && inside(w[i] + h * v[i], i);
      behind = behind && inside(w[i] - h * v[i], i);
    }
    Vector x(n), g1(n), g2(n);
    if (ahead && behind) {
      for (Index i = 0; i < n; ++i) x[i] = w[i] + h * v[i];
      gradient_at(x, g1);
      for (Index i = 0; i < n; ++i) x[i] = w[i] - h * v[i];
      gradient_at(x, g2);
      for (Index i = 0; i < n; ++i) Hv[i] = (g1[i] - g2[i]) / (2 * h);
      return;
    }
    x.assign(w, w + n);
    gradient_at(x, g2);
    for (const double side : {1.0, -1.0}) {
      bool any = false;
      for (Index i = 0; i < n; ++i) {
        const double move = h * v[i];
        const double room = move > 0 ? room_above(w, i) : room_below(w, i);
        const double other = move > 0 ? room_below(w, i) : room_above(w, i);
        const bool own = move != 0 && (room >= other ? side > 0 : side < 0) && std::max(room, other) > 0;
        x[i] = own ? moved(w, i, side * move) : w[i];
        any = any || own;
      }
      if (!any) continue;
      gradient_at(x, g1);
      for (Index i = 0; i < n; ++i) Hv[i] += side * (g1[i] - g2[i]) / h;
    }
  }

 private:
  double eps() const { return std::max(f_.precision(), gradient_.precision()); }

  double value(const double* w) {
    const py::object result = f_(w, dim_);
    return f_.scalar(result, w, dim_);
  }

  double value_and_gradient(const double* w, double* g) {
    const py::object result = f_(w, dim_);
    if (!py::isinstance<py::sequence>(result) || py::len(result) != 2)
      throw py::value_error("the function must return (value, gradient) with jac=True, got " +
                            std::string(py::str(py::type::of(result).attr("__name__"))));
    const auto pair = py::reinterpret_borrow<py::sequence>(result);
    const double fun = f_.scalar(pair[0], w, dim_);
    if (g) f_.copy(pair[1], w, dim_, dim_, 0, g);
    return fun;
  }

  void gradient_at(const Vector& x, Vector& g) {
    if (both_)
      value_and_gradient(x.data(), g.data());
    else if (gradient_)
      gradient_.copy(gradient_(x.data(), dim_), x.data(), dim_, dim_, 0, g.data());
    else
      difference_gradient(x.data(), value(x.data()), g.data());
  }

  bool inside(double x, Index i) const {
    return (lower_.empty() || x >= lower_[i]) && (upper_.empty() || x <= upper_[i]);
  }

  // How far x_i may move to either side.
  double room_above(const double* w, Index i) const {
    return upper_.empty() ? INFINITY : std::max(upper_[i] - w[i], 0.0);
  }
  double room_below(const double* w, Index i) const {
    return lower_.empty() ? INFINITY : std::max(w[i] - lower_[i], 0.0);
  }
  // w_i + h, within the bounds where rounding would carry it beyond.
  double moved(const double* w, Index i, double h) const {
    double x = w[i] + h;
    if (h > 0 && !upper_.empty() && w[i] <= upper_[i]) x = std::min(x, upper_[i]);
    if (h < 0 && !lower_.empty() && w[i] >= lower_[i]) x = std::max(x, lower_[i]);
    return x;
  }

  // eps^(1/order) max(1, |x|), away from zero; turned around at a bound, shorter where neither side has `reach` times
  // as much room, and 0 for a variable that is fixed.
  double step(const double* w, Index i, int order, double reach = 1) const {
    const double h = std::pow(eps(), 1.0 / order) * std::max(1.0, std::abs(w[i]));
    const double above = room_above(w, i) / reach, below = room_below(w, i) / reach;
    const bool up = !std::signbit(w[i]);
    if (up ? above >= h : below >= h) return up ? h : -h;
    if (up ? below >= h : above >= h) return up ? -h : h;
    return above >= below ? above : -below;
  }

  void difference_gradient(const double* w, double fun, double* g) {
    used_gradient_ = true;
    Vector x(w, w + dim_);
    for (Index i = 0; i < dim_; ++i) {
      const double h = step(w, i, central_ ? 3 : 2);
      x[i] = moved(w, i, h);
      double width = x[i] - w[i];
      g[i] = 0;
      if (width == 0) continue;
      const double ahead = value(x.data());
      double behind = fun;
      if (central_ && inside(w[i] - h, i)) {
        x[i] = w[i] - h;
        width += w[i] - x[i];
        behind = value(x.data());
      }
      g[i] = (ahead - behind) / width;
      x[i] = w[i];
    }
  }

  // Of values alone: (f(x+hi+hj) - f(x+hi) - f(x+hj) + f(x)) / (hi hj), and on the diagonal the central difference.
  void second_differences(const double* w, double* H) {
    const Index n = dim_;
    Vector x(w, w + n), h(n), ahead(n);
    const double fun = value(w);
    for (Index i = 0; i < n; ++i) {
      h[i] = step(w, i, 4, 2);
      x[i] = w[i] + h[i];
      ahead[i] = h[i] == 0 ? fun : value(x.data());
      x[i] = w[i];
    }
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j <= i; ++j) {
        if (h[i] == 0 || h[j] == 0) {
          H[i * n + j] = H[j * n + i] = 0;
          continue;
        }
        x[i] = i == j ? moved(w, i, 2 * h[i]) : w[i] + h[i];
        if (i != j) x[j] = w[j] + h[j];
        const double both = value(x.data());
        x[i] = w[i];
        x[j] = w[j];
        H[i * n + j] = H[j * n + i] = (both - ahead[i] - ahead[j] + fun) / (h[i] * h[j]);
      }
    }
  }

  void symmetrize(double* H) const {
    for (Index i = 0; i < dim_; ++i)
      for (Index j = 0; j < i; ++j) H[i * dim_ + j] = H[j * dim_ + i] = 0.5 * (H[i * dim_ + j] + H[j * dim_ + i]);
  }

  Index dim_;
  bool both_, central_, used_gradient_ = false, used_hessian_ = false, used_product_ = false;
  PythonCall f_, gradient_, hessian_, product_;
  Vector lower_, upper_;
  Vector matrix_, matrix_at_;  // the Hessian of the last product, and its point
};

}  // namespace

void register_function(py::module_& m) {
  py::class_<FunctionObjective, Objective>(m, "FunctionObjective", "Python functions as an objective.")
      .def(py::init<Index, py::object, py::object, py::object, py::object, py::typing::Tuple<py::object, py::ellipsis>,
                    bool, std::vector<double>, std::vector<double>>(),
           py::arg("dim"), py::arg("function"), py::arg("gradient"), py::arg("hessian"), py::arg("hessian_product"),
           py::arg("args"), py::kw_only(), py::arg("central") = false, py::arg("lower") = std::vector<double>{},
           py::arg("upper") = std::vector<double>{})
      .def_property_readonly("counts", &FunctionObjective::counts, "Calls of f, gradient, and second derivatives.")
      .def_property("central", &FunctionObjective::central, &FunctionObjective::set_central, "3-point differences.")
      .def_property_readonly("exact_gradient", &FunctionObjective::exact_gradient, "The gradient is the user's.")
      .def_property_readonly("exact_hessian", &FunctionObjective::exact_hessian, "The Hessian is the user's.")
      .def_property_readonly("exact_product", &FunctionObjective::exact_product,
                             "H v comes from the user's functions.");
}

}  // namespace steep
