// The only header that includes pybind11: the array types that cross the border, and the Monitor that hears Ctrl-C.
#pragma once
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/typing.h>

#include <string>

#include "steep/index.hpp"
#include "steep/monitor.hpp"

namespace py = pybind11;

namespace steep {

// Strict: exactly this dtype, C-contiguous; nothing is converted here (Python coerces and explains).
template <class T>
using Array = py::array_t<T, py::array::c_style>;

// Stops on Ctrl-C; the binding raises KeyboardInterrupt or returns what there is, as its caller says.
class PythonMonitor : public Monitor {
 public:
  bool was_interrupted() const { return interrupted_; }

 protected:
  bool interrupted() override {
    py::gil_scoped_acquire gil;
    if (PyErr_CheckSignals() == 0) return false;
    if (!PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) throw py::error_already_set();
    PyErr_Clear();
    return interrupted_ = true;
  }

 private:
  bool interrupted_ = false;
};

// A new array that takes over a vector's storage.
template <class T>
py::array_t<T> take(std::vector<T>&& values, std::vector<py::ssize_t> shape = {}) {
  auto* owned = new std::vector<T>(std::move(values));
  py::capsule free(owned, [](void* p) { delete static_cast<std::vector<T>*>(p); });
  if (shape.empty()) shape = {static_cast<py::ssize_t>(owned->size())};
  return py::array_t<T>(shape, owned->data(), free);
}

inline void require(bool ok, const char* message) {
  if (!ok) throw py::value_error(message);
}
inline void require(bool ok, const std::string& message) {
  if (!ok) throw py::value_error(message);
}

template <class T>
const T* vector_of_size(const Array<T>& values, Index size, const char* name) {
  if (values.ndim() != 1 || values.shape(0) != size)
    throw py::value_error(std::string(name) + " must have shape (" + std::to_string(size) + ",), got " +
                          std::string(py::str(values.attr("shape"))));
  return values.data();
}

}  // namespace steep
