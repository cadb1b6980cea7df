// Calls of user functions; see python_call.hpp.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "python_call.hpp"
#include "steep/monitor.hpp"

namespace steep {
namespace {

// A new array of these numbers. (The constructor that takes the numbers makes an array around them, and copies that.)
template <class T>
Array<T> fresh(Index n, const T* x) {
  Array<T> array(n);
  std::copy_n(x, n, array.mutable_data());
  return array;
}

}  // namespace

PythonCall::PythonCall(py::object function, const py::tuple& args, std::string what)
    : function_(std::move(function)), what_(std::move(what)) {
  for (const auto& arg : args) args_.push_back(py::reinterpret_borrow<py::object>(arg));
  stack_.resize(args_.size() + 3);
}

py::object PythonCall::operator()(const double* x, Index n, const double* v) {
  return call(fresh(n, x), v ? fresh(n, v) : py::object());
}

py::object PythonCall::operator()(const std::complex<double>* x, Index n) { return call(fresh(n, x), py::object()); }

py::object PythonCall::call(const py::object& point, const py::object& vector) {
  ++calls_;
  // The stack is a local of this call in all but name: a function that calls itself through us gets its own.
  std::vector<PyObject*> stack;
  stack.swap(stack_);
  stack.resize(args_.size() + 3);
  std::size_t used = 1;
  stack[used++] = point.ptr();
  if (vector) stack[used++] = vector.ptr();
  for (const py::object& arg : args_) stack[used++] = arg.ptr();
  PyObject* value =
      PyObject_Vectorcall(function_.ptr(), stack.data() + 1, (used - 1) | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr);
  stack.swap(stack_);
  if (value) return py::reinterpret_steal<py::object>(value);
  if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
    PyErr_Clear();
    throw Interrupted{};
  }
  throw py::error_already_set();
}

void PythonCall::refuse(const std::string& rule, const py::object& value, const double* x, Index n) const {
  const py::object point =
      py::module_::import("numpy").attr("array2string")(Array<double>(n, x), py::arg("threshold") = 8);
  std::string got;
  if (py::hasattr(value, "shape"))
    got = "shape " + std::string(py::str(value.attr("shape")));
  else
    got = py::str(py::repr(value).attr("__getitem__")(py::slice(0, 80, 1)));
  throw py::value_error(what_ + " must " + rule + ", got " + got + " at x = " + std::string(py::str(point)));
}

void PythonCall::note_precision(const py::object& value) {
  if (!py::hasattr(value, "dtype")) return;
  const std::string type = py::str(value.attr("dtype"));  // of NumPy, PyTorch, JAX
  if (type.find("float32") != std::string::npos)
    precision_ = std::max<double>(precision_, std::numeric_limits<float>::epsilon());
  else if (type.find("float16") != std::string::npos)
    precision_ = std::max(precision_, std::ldexp(1.0, type.find("bfloat16") != std::string::npos ? -7 : -10));
}

double PythonCall::scalar(const py::object& value, const double* x, Index n) {
  if (PyFloat_Check(value.ptr())) return PyFloat_AS_DOUBLE(value.ptr());
  note_precision(value);
  const bool list = PyList_Check(value.ptr()) || PyTuple_Check(value.ptr());
  if (list && py::len(value) == 1) return scalar(value[py::int_(0)], x, n);
  if (py::isinstance<py::array>(value)) {
    const auto array = py::reinterpret_borrow<py::array>(value);
    const char kind = array.dtype().kind();
    if (array.size() != 1 || (kind != 'f' && kind != 'i' && kind != 'u' && kind != 'b'))
      refuse("return one real number", value, x, n);
    return py::float_(array.attr("item")());
  }
  const double number = PyComplex_Check(value.ptr()) ? -1.0 : PyFloat_AsDouble(value.ptr());
  if (PyComplex_Check(value.ptr()) || (number == -1.0 && PyErr_Occurred())) {
    PyErr_Clear();
    refuse("return one real number", value, x, n);
  }
  return number;
}

void PythonCall::copy(const py::object& value, const double* x, Index n, Index rows, Index columns, double* out) {
  const Index size = columns ? rows * columns : rows;
  const auto fits = [&](const py::array& a) {
    if (columns) return a.ndim() == 2 && a.shape(0) == rows && a.shape(1) == columns;
    return (a.ndim() == 1 && a.shape(0) == rows) || (rows == 1 && a.size() == 1);
  };
  if (py::isinstance<Array<double>>(value)) {  // C-contiguous float64
    const auto array = py::reinterpret_borrow<Array<double>>(value);
    if (fits(array)) {
      std::memcpy(out, array.data(), static_cast<std::size_t>(size) * sizeof(double));
      return;
    }
  }
  note_precision(value);
  const std::string rule =
      columns ? "return an array of shape (" + std::to_string(rows) + ", " + std::to_string(columns) + ")"
              : "return a vector of length " + std::to_string(rows);
  py::object dense = value;
  if (py::hasattr(value, "toarray")) {
    dense = value.attr("toarray")();
  } else if (columns && py::hasattr(value, "matmat")) {
    dense = value.attr("matmat")(py::module_::import("numpy").attr("eye")(columns));
  }
  py::array array;
  try {
    array = py::module_::import("numpy").attr("asarray")(dense);
  } catch (py::error_already_set&) {
    refuse(rule, value, x, n);
  }
  const char kind = array.dtype().kind();
  if (kind != 'f' && kind != 'i' && kind != 'u' && kind != 'b') refuse(rule + " of real numbers", value, x, n);
  if (columns == 1 && rows == 1 && array.size() == 1) array = array.reshape({1, 1});
  if (!fits(array)) refuse(rule, array, x, n);
  const auto exact = Array<double>::ensure(array);
  if (!exact) throw py::error_already_set();
  std::memcpy(out, exact.data(), static_cast<std::size_t>(size) * sizeof(double));
}

}  // namespace steep
