// The table of functions that an instruction-set level hands over, and the level in use.
//
// cpp/kernels is compiled once for each level into a module of its own (_kernels_v2, _v3, _v4); the algorithms are
// compiled once, at the baseline, and reach the arithmetic through this table only. No template or Eigen type crosses.
#pragma once
#include "steep/activation.hpp"
#include "steep/dropout.hpp"
#include "steep/gather.hpp"
#include "steep/loss.hpp"
#include "steep/normalization.hpp"
#include "steep/product.hpp"
#include "steep/rule.hpp"
#include "steep/window.hpp"

namespace steep {

template <class T>
struct Kernels {
  ProductKernels<T> product;
  ActivationKernels<T> activation;
  LossKernels<T> loss;
  RuleKernels<T> rule;
  GatherKernels<T> gather;
  DropoutKernels<T> dropout;
  NormalizationKernels<T> normalization;
  PoolKernels<T> pool;
};

struct KernelTable {
  const char* level;
  int vector_bytes;
  Kernels<float> f32;
  Kernels<double> f64;
};

// Set once at import, before anything else runs.
extern const KernelTable* kernel_table;

template <class T>
const Kernels<T>& kernels();
template <>
inline const Kernels<float>& kernels<float>() {
  return kernel_table->f32;
}
template <>
inline const Kernels<double>& kernels<double>() {
  return kernel_table->f64;
}

}  // namespace steep
