// Threads of one call: start, spin-then-sleep hand-over, and the default number of threads.
#include "steep/team.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace steep {
namespace {

std::atomic<int> chosen_threads{0};

inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

int current_cpu() {
#if defined(__linux__)
  return sched_getcpu();
#else
  return -1;
#endif
}

// Moves the calling thread to another CPU that it may run on, if there is one; where it may run stays as it was.
void leave(int cpu) {
#if defined(__linux__)
  cpu_set_t allowed, others;
  if (cpu < 0 || cpu >= CPU_SETSIZE || sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  others = allowed;
  CPU_CLR(cpu, &others);
  if (CPU_COUNT(&others) == 0 || sched_setaffinity(0, sizeof others, &others) != 0) return;
  sched_setaffinity(0, sizeof allowed, &allowed);
#else
  (void)cpu;
#endif
}

// Spins until ready() or 20 microseconds have passed; true when ready.
template <class Ready>
bool spin(Ready&& ready) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::microseconds(20);
  for (;;) {
    for (int i = 0; i < 64; ++i) {
      if (ready()) return true;
      relax();
    }
    if (std::chrono::steady_clock::now() > limit) return ready();
  }
}

}  // namespace

int default_threads() {
  const int chosen = chosen_threads.load();
  if (chosen > 0) return chosen;
  int n = std::max(1u, std::thread::hardware_concurrency());
#if defined(__linux__)
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) n = std::max(1, CPU_COUNT(&mask));
#endif
  if (const char* text = std::getenv("OMP_NUM_THREADS")) {
    const int asked = std::atoi(text);
    if (asked > 0) n = std::min(n, asked);
  }
  return n;
}

void set_default_threads(int n) { chosen_threads.store(std::max(0, n)); }

Team::Team(int n_threads) {
  for (int member = 1; member < n_threads; ++member) threads_.emplace_back([this, member] { member_loop(member); });
}

Team::~Team() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
    generation_.fetch_add(1);
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Team::take_tasks(int member) {
  try {
    for (;;) {
      const Index task = next_.fetch_add(1, std::memory_order_relaxed);
      if (task >= tasks_) return;
      call_(work_, task, member);
    }
  } catch (...) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!error_) error_ = std::current_exception();
    next_.store(tasks_);
  }
}

void Team::run_erased(Index tasks, Erased call, void* work) {
  tasks_ = tasks;
  call_ = call;
  work_ = work;
  next_.store(0, std::memory_order_relaxed);
  open_.store(true);         // releases the work; sequentially consistent with inside_
  generation_.fetch_add(1);  // releases the members; sequentially consistent with sleepers_
  if (sleepers_.load() > 0) {
    caller_cpu_.store(current_cpu(), std::memory_order_relaxed);
    { std::lock_guard<std::mutex> lock(mutex_); }
    wake_.notify_all();
  }
  take_tasks(0);
  open_.store(false);
  const auto finished = [this] { return inside_.load() == 0; };
  if (!spin(finished)) {
    std::unique_lock<std::mutex> lock(mutex_);
    caller_sleeps_ = true;
    done_.wait(lock, finished);
    caller_sleeps_ = false;
  }
  if (error_) {
    std::exception_ptr error;
    std::swap(error, error_);
    std::rethrow_exception(error);
  }
}

void Team::member_loop(int member) {
  unsigned seen = 0;
  for (;;) {
    const auto changed = [&] { return generation_.load() != seen; };
    if (!spin(changed)) {
      std::unique_lock<std::mutex> lock(mutex_);
      sleepers_.fetch_add(1);
      wake_.wait(lock, changed);
      sleepers_.fetch_sub(1);
      lock.unlock();
      const int cpu = current_cpu();
      if (cpu == caller_cpu_.load(std::memory_order_relaxed)) leave(cpu);
    }
    seen = generation_.load();
    if (stop_) return;
    inside_.fetch_add(1);
    if (open_.load()) take_tasks(member);
    if (inside_.fetch_sub(1) == 1) {
      std::lock_guard<std::mutex> lock(mutex_);
      if (caller_sleeps_) done_.notify_one();
    }
  }
}

void KeptTeams::leave_to_parent() {
  if (process_ == getpid()) return;
  for (auto& team : teams_) (void)team.release();  // its threads are not in this process: they cannot be joined
  teams_.clear();
  process_ = getpid();
}

Team& KeptTeams::of(int n_threads) {
  leave_to_parent();
  const auto place = static_cast<std::size_t>(std::max(n_threads, 1) - 1);
  if (teams_.size() <= place) teams_.resize(place + 1);
  if (!teams_[place]) teams_[place] = std::make_unique<Team>(n_threads);
  return *teams_[place];
}

KeptTeams::~KeptTeams() { leave_to_parent(); }

}  // namespace steep
