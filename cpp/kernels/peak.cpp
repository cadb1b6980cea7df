// The fastest rate of fused multiply-adds (multiply and add where there are none) of this level on one core, in
// GFLOP/s: what products are measured against. Twelve independent chains keep two units with four to six cycles of
// latency busy.
#include <algorithm>
#include <chrono>

#include "level.hpp"
#include "simd.hpp"

namespace steep {
namespace {

template <class T>
double fma_peak(double seconds) {
  using Clock = std::chrono::steady_clock;
  constexpr Index rounds = 20000, chains = 12;
  V<T> factor = broadcast(T(0.5)), term = broadcast(T(1));
  V<T> a = term, b = term, c = term, d = term, e = term, f = term, g = term, h = term, i = term, j = term, k = term,
       l = term;
  // Each step hides its result from the optimizer, which would otherwise vectorize or drop the chains.
#if defined(__AVX512F__)
#define STEEP_HIDE(x) asm volatile("" : "+v"(x))
#elif defined(__SSE2__)
#define STEEP_HIDE(x) asm volatile("" : "+x"(x))
#else
#define STEEP_HIDE(x) asm volatile("" : : "m"(x) : "memory")
#endif
#define STEEP_STEP(x)    \
  x = x * factor + term; \
  STEEP_HIDE(x);
  double best = 0;
  const auto start = Clock::now();
  for (auto now = start; std::chrono::duration<double>(now - start).count() < seconds;) {
    for (Index r = 0; r < rounds; ++r) {
      STEEP_STEP(a)
      STEEP_STEP(b)
      STEEP_STEP(c)
      STEEP_STEP(d)
      STEEP_STEP(e) STEEP_STEP(f) STEEP_STEP(g) STEEP_STEP(h) STEEP_STEP(i) STEEP_STEP(j) STEEP_STEP(k) STEEP_STEP(l)
    }
    const auto end = Clock::now();
    const double time = std::chrono::duration<double>(end - now).count();
    best = std::max(best, 2.0 * rounds * chains * Simd<T>::width / time * 1e-9);
    now = end;
  }
#undef STEEP_STEP
#undef STEEP_HIDE
  return best;
}

}  // namespace

template <class T>
void fill_peak(ProductKernels<T>& table) {
  table.fma_peak = fma_peak<T>;
}
template void fill_peak(ProductKernels<float>&);
template void fill_peak(ProductKernels<double>&);
}  // namespace steep
