// How a long computation talks to its caller: it polls between steps, and is told to go on or to stop.
#pragma once
#include <chrono>
#include <limits>

namespace steep {

// Thrown by an objective that hears the interrupt itself (a Python function under Ctrl-C); every solver answers it with
// the best point so far and status interrupted.
struct Interrupted {
  double fun = std::numeric_limits<double>::quiet_NaN();  // f at the point, where that much was known
};

class Monitor {
 public:
  virtual ~Monitor() = default;
  // True to stop. Called by the calling thread only; cheap: asks `interrupted` at most every 20 ms.
  bool poll() {
    const auto now = Clock::now();
    if (stopped_ || now < next_) return stopped_;
    next_ = now + std::chrono::milliseconds(20);
    return stopped_ = interrupted();
  }
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 protected:
  virtual bool interrupted() { return false; }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now(), next_ = start_;
  bool stopped_ = false;
};

}  // namespace steep
