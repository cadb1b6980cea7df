// Which level runs, what was built, and the default number of threads.
#include <Eigen/Core>

#include "pybind.hpp"
#include "steep/kernels.hpp"
#include "steep/team.hpp"

namespace steep {
namespace {

// The highest x86-64 level of this CPU ("generic" elsewhere).
const char* cpu_level() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
                  __builtin_cpu_supports("bmi2");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
  return v4 ? "v4" : v3 ? "v3" : "v2";
#else
  return "generic";
#endif
}

}  // namespace

// Seen by threadpoolctl, which looks for these two names in a loaded library (python/steep/config.py registers them).
extern "C" {
__attribute__((visibility("default"))) int steep_get_num_threads() { return default_threads(); }
__attribute__((visibility("default"))) void steep_set_num_threads(int n) { set_default_threads(n); }
}

void register_config(py::module_& m) {
  m.def("cpu_level", &cpu_level, "Highest instruction-set level of this CPU.");
  m.def(
      "built_levels", [] { return STEEP_LEVELS; }, "Levels built, separated by commas.");
  m.def(
      "use_kernels", [](const py::capsule& table) { kernel_table = table.get_pointer<const KernelTable>(); },
      py::arg("table"), "Install the kernels of a level.");
  m.def(
      "level", [] { return kernel_table ? kernel_table->level : ""; }, "Level in use.");
  m.def(
      "compiler", [] { return __VERSION__; }, "Compiler that built the core.");
  m.def(
      "eigen_version",
      [] {
        return std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) + "." +
               std::to_string(EIGEN_MINOR_VERSION);
      },
      "Version of Eigen.");
  m.def("default_threads", &default_threads, "Threads a call uses unless told otherwise.");
  m.def("set_default_threads", &set_default_threads, py::arg("n"), "Set the default number of threads; 0 resets.");
}

}  // namespace steep
