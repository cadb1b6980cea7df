// Update rules: one fused pass over parameters, gradient and slots, in the second cache and in memory. Items a second are
// parameters; bytes are those of theta and the slots read and written, and of g read. Checked against one step of SGD.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "../cpp/kernels/level.hpp"
#include "steep/update_rule.hpp"

namespace steep {
namespace {

// range(0): the rule; range(1): parameters.
template <class T>
void update(benchmark::State& state) {
  RuleKernels<T> table;
  fill(table);
  const Index n = state.range(1);
  const std::size_t size = static_cast<std::size_t>(n);
  std::vector<T> theta(size, T(1)), g(size, T(0.5)), slots[3];
  for (auto& slot : slots) slot.assign(size, T(0));
  UpdateRule rule;
  rule.rule = Rule::sgd;
  table.update(rule.step<T>(1, 0.25), n, theta.data(), g.data(), nullptr, nullptr, nullptr);
  for (const T value : theta)
    if (value != T(0.875)) return state.SkipWithError("wrong step of sgd");
  rule.rule = static_cast<Rule>(state.range(0));
  const RuleStep<T> step = rule.step<T>(1, 1e-3);
  for (auto _ : state) {
    table.update(step, n, theta.data(), g.data(), slots[0].data(), slots[1].data(), slots[2].data());
    benchmark::DoNotOptimize(theta.data());
    benchmark::ClobberMemory();
  }
  state.SetLabel(rule_names[state.range(0)]);
  state.SetItemsProcessed(state.iterations() * n);
  state.SetBytesProcessed(state.iterations() * n * static_cast<Index>(sizeof(T)) * (3 + 2 * rule.slot_count()));
}

void arguments(benchmark::internal::Benchmark* b) {
  for (const int n : {20'000, 10'000'000})
    for (int rule = 0; rule < rule_count; ++rule) b->Args({rule, n});
}
BENCHMARK_TEMPLATE(update, float)->Apply(arguments);
BENCHMARK_TEMPLATE(update, double)->Apply(arguments);

}  // namespace
}  // namespace steep
