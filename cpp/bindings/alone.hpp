// How a binding calls into an objective: alone, and heard.
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

// The objective hears the monitor while one of these lives; then again what it heard before, as a run within a run's
// callback ends before it.
class Heard {
 public:
  Heard(Objective& f, Monitor& monitor) : f_(f), before_(f.set_monitor(&monitor)) {}
  ~Heard() { f_.set_monitor(before_); }
  Heard(const Heard&) = delete;
  Heard& operator=(const Heard&) = delete;

 private:
  Objective& f_;
  Monitor* before_;
};

// Evaluations take this many threads while one of these lives; 0: as many as before.
class Threaded {
 public:
  Threaded(Objective& f, int n_threads) : f_(f), before_(f.threads()), changed_(n_threads > 0) {
    if (changed_) f_.set_threads(n_threads);
  }
  ~Threaded() {
    if (changed_) f_.set_threads(before_);
  }
  Threaded(const Threaded&) = delete;
  Threaded& operator=(const Threaded&) = delete;

 private:
  Objective& f_;
  int before_;
  bool changed_;
};

}  // namespace steep
