// The gather of minibatches of 128 random rows, from a data set in the caches and from one in memory: bytes a second are
// those of the source. Checked against a loop first.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "../cpp/kernels/level.hpp"

namespace steep {
namespace {

constexpr Index batch = 128, columns = 784;

template <class Source>
constexpr Element element_of() {
  return sizeof(Source) == 1 ? Element::uint8 : sizeof(Source) == 4 ? Element::float32 : Element::float64;
}

// range(0): rows of the data set; range(1): with a scale.
template <class Source, class T>
void rows(benchmark::State& state) {
  GatherKernels<T> table;
  fill(table);
  const Index n = state.range(0);
  std::vector<Source> data(static_cast<std::size_t>(n * columns));
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<Source>(i % 251);
  std::vector<T> scale(columns, T(0.5)), shift(columns, T(1)), out(batch * columns);
  const T *a = state.range(1) ? scale.data() : nullptr, *b = state.range(1) ? shift.data() : nullptr;
  std::vector<std::int64_t> ids(batch);
  std::uint64_t random = 1;
  const auto draw = [&] {
    for (auto& id : ids) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      id = static_cast<std::int64_t>((random >> 33) % static_cast<std::uint64_t>(n));
    }
  };
  const auto gather = [&] {
    table.rows(element_of<Source>(), data.data(), columns, ids.data(), batch, columns, a, b, out.data());
  };
  draw();
  gather();
  for (Index r = 0; r < batch; ++r)
    for (Index j = 0; j < columns; ++j) {
      const T x = static_cast<T>(data[static_cast<std::size_t>(ids[static_cast<std::size_t>(r)] * columns + j)]);
      if (out[static_cast<std::size_t>(r * columns + j)] != (a ? x * T(0.5) + T(1) : x))
        return state.SkipWithError("wrong rows");
    }
  for (auto _ : state) {
    draw();
    gather();
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * batch * columns * static_cast<Index>(sizeof(Source)));
}

void arguments(benchmark::internal::Benchmark* b) {
  for (const int n : {256, 60'000})
    for (const int scaled : {0, 1}) b->Args({n, scaled});
}
BENCHMARK_TEMPLATE(rows, std::uint8_t, float)->Apply(arguments);
BENCHMARK_TEMPLATE(rows, float, float)->Apply(arguments);
BENCHMARK_TEMPLATE(rows, double, float)->Apply(arguments);
BENCHMARK_TEMPLATE(rows, double, double)->Apply(arguments);

}  // namespace
}  // namespace steep
