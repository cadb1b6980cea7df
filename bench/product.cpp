// Products of the training steps, Gram matrices and Cholesky factors: GFLOP/s and the fraction of the level's peak.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <tuple>
#include <vector>

#include "../cpp/kernels/level.hpp"

namespace {

using steep::Index;

template <class T>
const steep::ProductKernels<T>& kernel() {
  static const steep::ProductKernels<T> table = [] {
    steep::ProductKernels<T> t;
    steep::fill(t);
    return t;
  }();
  return table;
}

template <class T>
double peak() {
  static const double value = kernel<T>().fma_peak(0.3);
  return value;
}

// Aligned values in (-1, 1).
template <class T>
class Values {
 public:
  explicit Values(Index size) : values_(size + 16) {
    std::minstd_rand random(42);
    for (T& x : values_) x = static_cast<T>(random()) / static_cast<T>(random.max()) * 2 - 1;
  }
  T* data() { return values_.data() + (64 - reinterpret_cast<std::uintptr_t>(values_.data()) % 64) % 64 / sizeof(T); }

 private:
  std::vector<T> values_;
};

template <class T>
void report(benchmark::State& state, double flops) {
  state.counters["GFLOP/s"] =
      benchmark::Counter(flops * 1e-9 * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
  state.counters["of_peak"] = benchmark::Counter(flops * 1e-9 / peak<T>() * static_cast<double>(state.iterations()),
                                                 benchmark::Counter::kIsRate);
}

// A few entries of C against sums in double precision.
template <class T>
bool correct(const steep::Product<T>& p, const T* b, Index b_row, Index b_col) {
  for (Index i = 0; i < p.m; i += std::max<Index>(1, p.m / 7)) {
    for (Index j = 0; j < p.n; j += std::max<Index>(1, p.n / 7)) {
      double sum = 0, size = 0;
      for (Index k = 0; k < p.k; ++k) {
        const double term = static_cast<double>(p.a[i * p.a_row + k * p.a_col]) * b[k * b_row + j * b_col];
        sum += term;
        size += std::abs(term);
      }
      if (!(std::abs(sum - p.c[i * p.c_row + j]) <= (p.k + 2) * std::numeric_limits<T>::epsilon() * size)) return false;
    }
  }
  return true;
}

enum Pass { forward, backward, gradient };

// One product of a step with `batch` rows on a layer (in, out): Z = X W', dX = D W, dW = D' X. W is packed outside.
template <class T, Pass pass>
void product(benchmark::State& state) {
  const Index batch = state.range(0), in = state.range(1), out = state.range(2);
  Values<T> x(batch * in), w(out * in), d(batch * out), c(std::max({batch * out, batch * in, out * in}));
  steep::Product<T> p;
  p.c = c.data();
  if (pass == forward)
    p.m = batch, p.n = out, p.k = in, p.a = x.data(), p.a_row = in, p.b = w.data(), p.b_row = 1, p.b_col = in;
  if (pass == backward) p.m = batch, p.n = in, p.k = out, p.a = d.data(), p.a_row = out, p.b = w.data(), p.b_row = in;
  if (pass == gradient)
    p.m = out, p.n = in, p.k = batch, p.a = d.data(), p.a_row = 1, p.a_col = out, p.b = x.data(), p.b_row = in;
  p.c_row = p.n;
  Values<T> packed(kernel<T>().packed_size(p.k, p.n)), workspace(kernel<T>().workspace_size(p.m, p.n, p.k));
  p.workspace = workspace.data();
  const T* b = p.b;
  const Index b_row = p.b_row, b_col = p.b_col;
  if (pass != gradient) {
    kernel<T>().pack(p.k, p.n, p.b, p.b_row, p.b_col, packed.data());
    p.b = packed.data();
    p.packed = true;
  }
  kernel<T>().multiply(p);
  if (!correct(p, b, b_row, b_col)) state.SkipWithError("wrong product");
  for (auto _ : state) {
    kernel<T>().multiply(p);
    benchmark::ClobberMemory();
  }
  report<T>(state, 2.0 * p.m * p.n * p.k);
}

// Packing W for the forward pass, which turns it.
template <class T>
void pack_transposed(benchmark::State& state) {
  const Index k = state.range(0), n = state.range(1);
  Values<T> w(k * n), packed(kernel<T>().packed_size(k, n));
  for (auto _ : state) {
    kernel<T>().pack(k, n, w.data(), 1, k, packed.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * k * n * sizeof(T));
}

template <class T>
void gram(benchmark::State& state) {
  const Index n = state.range(0), d = state.range(1);
  Values<T> x(n * d), weight(n), h(d * d), workspace(kernel<T>().gram_workspace(d));
  for (auto _ : state) {
    kernel<T>().weighted_gram(n, d, x.data(), d, weight.data(), h.data(), d, false, workspace.data());
    benchmark::ClobberMemory();
  }
  report<T>(state, static_cast<double>(n) * d * d);
}

template <class T>
void cholesky(benchmark::State& state) {
  const Index n = state.range(0);
  Values<T> a(n * n), l(n * n), workspace(kernel<T>().cholesky_workspace(n));
  for (Index i = 0; i < n; ++i) a.data()[i * n + i] += static_cast<T>(n);
  for (auto _ : state) {
    std::copy(a.data(), a.data() + n * n, l.data());
    if (kernel<T>().cholesky(n, l.data(), n, workspace.data())) state.SkipWithError("not positive definite");
  }
  report<T>(state, static_cast<double>(n) * n * n / 3);
}

template <class T>
void fma(benchmark::State& state) {
  double best = 0;
  for (auto _ : state) best = std::max(best, kernel<T>().fma_peak(0.05));
  state.counters["GFLOP/s"] = best;
}

void layers(benchmark::internal::Benchmark* b) {
  for (const auto& [batch, in, out] : {std::tuple{200, 784, 100},
                                       {200, 100, 10},
                                       {32, 784, 100},
                                       {32, 100, 10},
                                       {128, 784, 256},
                                       {128, 256, 128},
                                       {128, 128, 10},
                                       {256, 784, 512},
                                       {256, 512, 512},
                                       {256, 512, 10},
                                       {32, 16, 32},
                                       {32, 32, 32},
                                       {32, 32, 2},
                                       {256, 54, 128},
                                       {256, 128, 64},
                                       {256, 64, 7},
                                       {256, 64, 64},
                                       {256, 64, 2},
                                       {1, 784, 100},
                                       {1, 32, 32}})
    b->Args({batch, in, out});
}

}  // namespace

BENCHMARK(fma<float>)->Iterations(5);
BENCHMARK(fma<double>)->Iterations(5);
BENCHMARK(product<float, forward>)->Apply(layers);
BENCHMARK(product<float, backward>)->Apply(layers);
BENCHMARK(product<float, gradient>)->Apply(layers);
BENCHMARK(product<double, forward>)->Apply(layers);
BENCHMARK(pack_transposed<float>)->Args({784, 100})->Args({784, 512})->Args({32, 32});
BENCHMARK(gram<double>)->Args({2000, 50})->Args({5000, 100})->Args({4000, 200})->Args({4000, 500})->Args({1000, 1000});
BENCHMARK(cholesky<double>)->Arg(50)->Arg(100)->Arg(200)->Arg(500)->Arg(1000)->Arg(2000);
