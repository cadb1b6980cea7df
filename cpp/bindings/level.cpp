// The Python module of one instruction-set level: it hands over the kernels' table in a capsule, nothing else.
// Written on the C API alone, so that no template of a binding library is compiled for a level a CPU may lack.
#include <Python.h>

#include "../kernels/level.hpp"

#define STEEP_TEXT_(x) #x
#define STEEP_TEXT(x) STEEP_TEXT_(x)
#define STEEP_JOIN_(a, b) a##b
#define STEEP_JOIN(a, b) STEEP_JOIN_(a, b)

namespace {

#if defined(__AVX512F__)
constexpr int vector_bytes = 64;
#elif defined(__AVX__)
constexpr int vector_bytes = 32;
#else
constexpr int vector_bytes = 16;
#endif

template <class T>
void fill_all(steep::Kernels<T>& table) {
  steep::fill(table.product);
  steep::fill(table.activation);
  steep::fill(table.loss);
  steep::fill(table.rule);
  steep::fill(table.gather);
  steep::fill(table.dropout);
  steep::fill(table.normalization);
  steep::fill(table.pool);
}

steep::KernelTable table = {STEEP_TEXT(STEEP_LEVEL), vector_bytes, {}, {}};
PyModuleDef definition = {PyModuleDef_HEAD_INIT,
                          "_kernels",
                          "Kernels of one instruction-set level.",
                          -1,
                          nullptr,
                          nullptr,
                          nullptr,
                          nullptr,
                          nullptr};

}  // namespace

PyMODINIT_FUNC STEEP_JOIN(PyInit__kernels_, STEEP_LEVEL)() {
  fill_all(table.f32);
  fill_all(table.f64);
  PyObject* module = PyModule_Create(&definition);
  if (!module) return nullptr;
  PyObject* capsule = PyCapsule_New(&table, "steep.kernels", nullptr);
  if (!capsule || PyModule_AddObject(module, "table", capsule) < 0) {
    Py_XDECREF(capsule);
    Py_DECREF(module);
    return nullptr;
  }
  return module;
}
