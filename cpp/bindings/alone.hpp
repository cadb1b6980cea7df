// The use of an objective by one thread at a time.
#pragma once
#include <mutex>

#include "pybind.hpp"
#include "steep/objective.hpp"

namespace steep {

// Releases the GIL, then waits for the objective: in this order, so that a Python objective cannot deadlock.
class Alone {
 public:
  explicit Alone(Objective& f) : lock_(f.mutex()) {}

 private:
  py::gil_scoped_release release_;
  std::lock_guard<std::recursive_mutex> lock_;
};

}  // namespace steep
