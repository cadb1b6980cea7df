// Activations on arrays, as the kernels compute them.
#include <algorithm>
#include <optional>

#include "pybind.hpp"
#include "steep/kernels.hpp"

namespace steep {
namespace {

template <class T>
void require_like(const Array<T>& first, const Array<T>& other, const char* name) {
  require(other.ndim() == 2 && other.shape(0) == first.shape(0) && other.shape(1) == first.shape(1),
          std::string(name) + " must have the shape of the others");
}

template <class T>
Array<T> activation_value(const std::string& name, double slope, const Array<T>& z) {
  const Activation kind = activation_named(name);
  require(z.ndim() == 2, "z must have two dimensions");
  Array<T> a({z.shape(0), z.shape(1)});
  T* out = a.mutable_data();
  {
    py::gil_scoped_release release;
    kernels<T>().activation.value(kind, static_cast<T>(slope), z.shape(0), z.shape(1), z.data(), out);
  }
  return a;
}

template <class T>
Array<T> activation_pullback(const std::string& name, double slope, const std::optional<Array<T>>& z, const Array<T>& a,
                             const Array<T>& d) {
  const Activation kind = activation_named(name);
  require(a.ndim() == 2, "a must have two dimensions");
  require(z || !needs_preactivation(kind), name + " needs z");
  if (z) require_like(a, *z, "z");
  require_like(a, d, "d");
  Array<T> out({a.shape(0), a.shape(1)});
  std::copy_n(d.data(), d.size(), out.mutable_data());
  T* data = out.mutable_data();
  {
    py::gil_scoped_release release;
    kernels<T>().activation.pullback(kind, static_cast<T>(slope), a.shape(0), a.shape(1), z ? z->data() : nullptr,
                                     a.data(), data);
  }
  return out;
}

template <class T>
Array<T> activation_curvature(const std::string& name, double slope, const std::optional<Array<T>>& z,
                              const Array<T>& a, const Array<T>& d, const Array<T>& t) {
  const Activation kind = activation_named(name);
  require(a.ndim() == 2, "a must have two dimensions");
  require(z || !needs_preactivation(kind), name + " needs z");
  if (z) require_like(a, *z, "z");
  require_like(a, d, "d");
  require_like(a, t, "t");
  Array<T> out({a.shape(0), a.shape(1)});
  std::fill_n(out.mutable_data(), out.size(), T(0));
  T* data = out.mutable_data();
  {
    py::gil_scoped_release release;
    kernels<T>().activation.curvature(kind, static_cast<T>(slope), a.shape(0), a.shape(1), z ? z->data() : nullptr,
                                      a.data(), d.data(), t.data(), data);
  }
  return out;
}

template <class T>
void register_activation_as(py::module_& m) {
  m.def("activation_value", &activation_value<T>, py::arg("name"), py::arg("slope"), py::arg("z").noconvert(),
        "Phi(z) of rows z; slope is leaky_relu's.");
  m.def("activation_pullback", &activation_pullback<T>, py::arg("name"), py::arg("slope"),
        py::arg("z").none(true).noconvert(), py::arg("a").noconvert(), py::arg("d").noconvert(),
        "Phi'(z) d, given a = Phi(z); z is None unless it is needed.");
  m.def("activation_curvature", &activation_curvature<T>, py::arg("name"), py::arg("slope"),
        py::arg("z").none(true).noconvert(), py::arg("a").noconvert(), py::arg("d").noconvert(),
        py::arg("t").noconvert(), "The derivative along t (of z) of the pullback of d.");
}

}  // namespace

void register_activation(py::module_& m) {
  m.def(
      "activation_names",
      [] { return std::vector<std::string>(std::begin(activation_names), std::end(activation_names)); },
      "Names of the activations.");
  m.def(
      "needs_preactivation", [](const std::string& name) { return needs_preactivation(activation_named(name)); },
      py::arg("name"), "Whether an activation's derivatives need z beside its value.");
  register_activation_as<float>(m);
  register_activation_as<double>(m);
}

}  // namespace steep
