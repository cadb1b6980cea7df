// A team of threads that lives as long as one call (a training run, a solve, a large prediction).
//
// run(tasks, work) calls work(task, member) once for each task in [0, tasks); members take whole tasks in turn. What a
// task computes must depend on its number alone, never on the member, so results are the same bits for any team size.
// A call is over when its tasks are: a member that has not come by then is not waited for. The system may have woken it
// on the caller's CPU, where it runs when the caller does not; then it moves to another. Two threads are never much
// slower than one.
// Waiting members spin for at most 20 microseconds, then sleep. A team belongs to its call, so forks and any number of
// Python threads side by side need no care. Exceptions in a task are rethrown by run.
#pragma once
#include <atomic>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

#include "steep/index.hpp"

namespace steep {

// Number of threads a call uses by default: the CPU affinity mask, OMP_NUM_THREADS, and set_default_threads (0 resets).
int default_threads();
void set_default_threads(int n);

class Team {
 public:
  explicit Team(int n_threads = 1);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int size() const { return static_cast<int>(threads_.size()) + 1; }

  template <class Work>
  void run(Index tasks, Work&& work) {
    if (threads_.empty() || tasks <= 1) {
      for (Index task = 0; task < tasks; ++task) work(task, 0);
      return;
    }
    using W = std::remove_reference_t<Work>;
    run_erased(
        tasks, [](void* w, Index task, int member) { (*static_cast<W*>(w))(task, member); },
        const_cast<void*>(static_cast<const void*>(&work)));
  }

 private:
  using Erased = void (*)(void*, Index, int);
  void run_erased(Index tasks, Erased call, void* work);
  void member_loop(int member);
  void take_tasks(int member);

  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  std::atomic<unsigned> generation_{0};
  std::atomic<Index> next_{0};
  std::atomic<bool> open_{false};  // there may be tasks to take
  std::atomic<int> inside_{0};     // members that look at the work
  std::atomic<int> sleepers_{0};
  std::atomic<int> caller_cpu_{-1};  // when it last woke a sleeper
  std::atomic<bool> stop_{false};
  bool caller_sleeps_ = false;
  Index tasks_ = 0;
  Erased call_ = nullptr;
  void* work_ = nullptr;
  std::exception_ptr error_;
};

// Teams of an object that is called again and again: made when first asked for, asleep between calls. A forked child
// makes its own, and leaves its parent's alone.
class KeptTeams {
 public:
  ~KeptTeams();
  Team& of(int n_threads);

 private:
  void leave_to_parent();
  std::vector<std::unique_ptr<Team>> teams_;  // by size - 1
  long process_ = 0;
};

}  // namespace steep
