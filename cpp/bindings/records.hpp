// Accepted iterations collected for Python: it is called with many at once, so that a fast solver seldom takes the GIL.
#pragma once
#include "pybind.hpp"
#include "steep/solver.hpp"

namespace steep {

class Records {
 public:
  // function(iteration, x, fun, gradient, step_size, seconds, l2), a row each; called once `interval` seconds have gone
  // by since the last time, or there are `most_entries` of x. interval 0: after every iteration.
  Records(py::function function, Index n, double interval, const Monitor& monitor)
      : function_(std::move(function)), n_(n), interval_(interval), monitor_(monitor) {}

  // True to stop.
  bool add(const Progress& p) {
    const double now = monitor_.seconds();
    iteration_.push_back(p.iteration);
    fun_.push_back(p.fun);
    step_size_.push_back(p.step_size);
    seconds_.push_back(now);
    l2_.push_back(p.l2);
    x_.insert(x_.end(), p.x, p.x + n_);
    gradient_.insert(gradient_.end(), p.gradient, p.gradient + n_);
    return (now - last_ >= interval_ || x_.size() >= most_entries) && flush();
  }

  bool flush() {
    if (fun_.empty()) return false;
    py::gil_scoped_acquire gil;
    last_ = monitor_.seconds();
    const auto rows = static_cast<py::ssize_t>(fun_.size()), width = static_cast<py::ssize_t>(n_);
    const auto number = take(std::exchange(iteration_, {}));
    const auto fun = take(std::exchange(fun_, {})), step_size = take(std::exchange(step_size_, {}));
    const auto seconds = take(std::exchange(seconds_, {})), l2 = take(std::exchange(l2_, {}));
    const auto x = take(std::exchange(x_, {}), {rows, width}),
               gradient = take(std::exchange(gradient_, {}), {rows, width});
    const auto hand_over = [&] { function_(number, x, fun, gradient, step_size, seconds, l2); };
    try {
      return stops(hand_over);
    } catch (const Interrupted&) {  // perhaps before the rows were taken; they are not taken twice
      stops(hand_over);
      throw;
    }
  }

  // Calls into Python; true when that raised StopIteration. Ctrl-C becomes Interrupted; other exceptions pass.
  template <class Call>
  static bool stops(Call&& call) {
    try {
      call();
    } catch (py::error_already_set& error) {
      if (error.matches(PyExc_StopIteration)) return true;
      if (error.matches(PyExc_KeyboardInterrupt)) throw Interrupted{};
      throw;
    }
    return false;
  }

 private:
  static constexpr std::size_t most_entries = 1 << 16;
  py::function function_;
  Index n_;
  double interval_, last_ = 0;
  const Monitor& monitor_;
  std::vector<std::int64_t> iteration_;
  std::vector<double> x_, fun_, gradient_, step_size_, seconds_, l2_;
};

}  // namespace steep
