// Activations of 32 x 128 blocks: nanoseconds an element. The value is checked against the C library's first.
#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

#include "../cpp/kernels/level.hpp"

namespace steep {
namespace {

constexpr Index rows = 32, cols = 128;

template <class T>
ActivationKernels<T> kernels_of_this_level() {
  ActivationKernels<T> table;
  fill(table);
  return table;
}
template <class T>
std::vector<T> inputs() {
  std::vector<T> z(rows * cols);
  for (std::size_t i = 0; i < z.size(); ++i) z[i] = static_cast<T>(3 * std::sin(1.7 * static_cast<double>(i)));
  return z;
}

template <class T>
void value(benchmark::State& state) {
  const auto kind = static_cast<Activation>(state.range(0));
  const auto table = kernels_of_this_level<T>();
  const std::vector<T> z = inputs<T>();
  std::vector<T> a(z.size());
  table.value(Activation::tanh, T(0.01), rows, cols, z.data(), a.data());
  for (std::size_t i = 0; i < z.size(); ++i)
    if (std::abs(a[i] - std::tanh(z[i])) > 4 * std::numeric_limits<T>::epsilon())
      return state.SkipWithError("wrong tanh");
  for (auto _ : state) {
    table.value(kind, T(0.01), rows, cols, z.data(), a.data());
    benchmark::DoNotOptimize(a.data());
    benchmark::ClobberMemory();
  }
  state.SetLabel(activation_names[state.range(0)]);
  state.SetItemsProcessed(state.iterations() * rows * cols);
}

template <class T>
void pullback(benchmark::State& state) {
  const auto kind = static_cast<Activation>(state.range(0));
  const auto table = kernels_of_this_level<T>();
  const std::vector<T> z = inputs<T>(), ones(z.size(), 1);
  std::vector<T> a(z.size()), d(ones);
  table.value(kind, T(0.01), rows, cols, z.data(), a.data());
  for (auto _ : state) {
    std::copy(ones.begin(), ones.end(), d.begin());  // or repeated products would underflow
    table.pullback(kind, T(0.01), rows, cols, z.data(), a.data(), d.data());
    benchmark::DoNotOptimize(d.data());
    benchmark::ClobberMemory();
  }
  state.SetLabel(activation_names[state.range(0)]);
  state.SetItemsProcessed(state.iterations() * rows * cols);
}

BENCHMARK_TEMPLATE(value, float)->DenseRange(0, 11);
BENCHMARK_TEMPLATE(value, double)->DenseRange(0, 11);
BENCHMARK_TEMPLATE(pullback, float)->DenseRange(0, 11);
BENCHMARK_TEMPLATE(pullback, double)->DenseRange(0, 11);

}  // namespace
}  // namespace steep
