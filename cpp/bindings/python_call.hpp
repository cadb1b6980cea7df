// A user's Python function of a vector, called from C++ with the GIL released around everything else.
//
// Every call hands over a fresh array, so the function may keep or change it. What comes back is copied at once: a
// contiguous float64 array of the right shape straight, anything else through numpy.asarray. A wrong shape or a value
// that is no number is an error naming the point; NaN and infinities are returned, and the solver judges them.
#pragma once
#include <complex>
#include <limits>

#include "pybind.hpp"

namespace steep {

class PythonCall {
 public:
  PythonCall() = default;
  PythonCall(py::object function, const py::tuple& args, std::string what);

  explicit operator bool() const { return static_cast<bool>(function_); }
  const std::string& what() const { return what_; }
  Index calls() const { return calls_; }
  // The unit of rounding of what it returned: that of float64, or of the coarsest type seen.
  double precision() const { return precision_; }

  // With the GIL held. function(x, *args) or, with a second vector, function(x, v, *args).
  py::object operator()(const double* x, Index n, const double* v = nullptr);
  py::object operator()(const std::complex<double>* x, Index n);
  double scalar(const py::object& value, const double* x, Index n);
  // Copies an array of this shape (columns 0: a vector of `rows`) into out.
  void copy(const py::object& value, const double* x, Index n, Index rows, Index columns, double* out);

 private:
  void note_precision(const py::object& value);
  py::object call(const py::object& point, const py::object& vector);
  [[noreturn]] void refuse(const std::string& rule, const py::object& value, const double* x, Index n) const;

  py::object function_;
  std::vector<py::object> args_;
  std::vector<PyObject*> stack_;
  std::string what_;
  Index calls_ = 0;
  double precision_ = std::numeric_limits<double>::epsilon();
};

}  // namespace steep
