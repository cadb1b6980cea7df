// Loss and gradient of blocks of 32 rows: nanoseconds a row (items a second are rows). Checked against log 2 first.
#include <benchmark/benchmark.h>

#include <cmath>
#include <iterator>
#include <string>
#include <vector>

#include "../cpp/kernels/level.hpp"

namespace steep {
namespace {

constexpr Index rows = 32;

// range(0): the loss; range(1): outputs; range(2): class indices instead of rows.
template <class T>
void value_and_gradient(benchmark::State& state) {
  LossKernels<T> table;
  fill(table);
  const Index outputs = state.range(1);
  std::vector<T> score(rows * outputs, T(0)), target(rows * outputs, T(0)), gradient(rows * outputs);
  std::vector<std::int32_t> label(rows);
  std::vector<double> row_loss(rows);
  LossCall<T> call;
  call.rows = rows;
  call.outputs = outputs;
  call.score = score.data();
  call.target = target.data();
  call.kind = Loss::logistic;
  table.value_and_gradient(call, row_loss.data(), gradient.data());
  for (const double loss : row_loss)
    if (std::abs(loss / (static_cast<double>(outputs) * std::log(2.0)) - 1) > 4 * std::numeric_limits<T>::epsilon())
      return state.SkipWithError("wrong loss");
  call.kind = static_cast<Loss>(state.range(0));
  call.parameter = 0.7;
  for (std::size_t i = 0; i < score.size(); ++i) {
    score[i] = static_cast<T>(0.5 + 0.4 * std::sin(1.3 * static_cast<double>(i)));
    target[i] = static_cast<T>(i % static_cast<std::size_t>(outputs) == 0);
  }
  for (Index r = 0; r < rows; ++r) label[static_cast<std::size_t>(r)] = static_cast<std::int32_t>(r % outputs);
  if (state.range(2)) {
    call.target = nullptr;
    call.label = label.data();
  }
  for (auto _ : state) {
    table.value_and_gradient(call, row_loss.data(), gradient.data());
    benchmark::DoNotOptimize(gradient.data());
    benchmark::ClobberMemory();
  }
  state.SetLabel(std::string(loss_names[state.range(0)]) + (state.range(2) ? " labels" : ""));
  state.SetItemsProcessed(state.iterations() * rows);
}

void arguments(benchmark::internal::Benchmark* b) {
  for (const int outputs : {1, 2, 10})
    for (int loss = 0; loss < static_cast<int>(std::size(loss_names)); ++loss) b->Args({loss, outputs, 0});
  for (const int outputs : {2, 10, 100}) b->Args({static_cast<int>(Loss::softmax_cross_entropy), outputs, 1});
}
BENCHMARK_TEMPLATE(value_and_gradient, float)->Apply(arguments);
BENCHMARK_TEMPLATE(value_and_gradient, double)->Apply(arguments);

}  // namespace
}  // namespace steep
