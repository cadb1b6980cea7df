// Minibatch gathers: out(r, :) = scale * source(rows[r], :) + shift, converted on the way.
//
// Rows come at random from a set that is larger than the caches: each row's first touch is a memory latency, so the
// lines of the row a few places ahead are prefetched while one is converted, one line a line. Rows of the result's own
// type without scale and shift are copied as they are. Cost: one read of the rows and one write.
#include <cstring>

#include "level.hpp"
#include "simd.hpp"

namespace steep {
namespace {

constexpr Index line_bytes = 64;

template <bool Scale, bool Shift, class S, class T>
inline void convert(const S* __restrict x, const T* __restrict scale, const T* __restrict shift, Index count,
                    T* __restrict out) {
  for (Index j = 0; j < count; ++j) {
    T value = static_cast<T>(x[j]);
    if constexpr (Scale) value *= scale[j];
    if constexpr (Shift) value += shift[j];
    out[j] = value;
  }
}

template <bool Scale, bool Shift, class S, class T>
void convert_rows(const S* source, Index row_stride, const std::int64_t* rows, Index n, Index d, const T* scale,
                  const T* shift, T* out) {
  constexpr Index block = line_bytes / static_cast<Index>(sizeof(S));
  // About 4 kB ahead: enough lines in flight for one core, few enough to stay in its first cache.
  const Index bytes = d * static_cast<Index>(sizeof(S));
  const Index ahead = bytes >= 4096 ? 1 : bytes >= 1024 ? 4096 / bytes : bytes >= 256 ? 4 : 8;
  const auto place = [&](Index r) { return source + (rows ? rows[r] : r) * row_stride; };
  for (Index r = 0; r < n; ++r) {
    const S* x = place(r);
    const char* next = reinterpret_cast<const char*>(place(r + ahead < n ? r + ahead : n - 1));
    T* y = out + r * d;
    Index j = 0;
    for (; j + block <= d; j += block) {
      __builtin_prefetch(next + j * static_cast<Index>(sizeof(S)));
      convert<Scale, Shift, S, T>(x + j, Scale ? scale + j : nullptr, Shift ? shift + j : nullptr, block, y + j);
    }
    if (j < d) {
      __builtin_prefetch(next + j * static_cast<Index>(sizeof(S)));
      convert<Scale, Shift, S, T>(x + j, Scale ? scale + j : nullptr, Shift ? shift + j : nullptr, d - j, y + j);
    }
  }
}

template <class S, class T>
void from(const void* data, Index row_stride, const std::int64_t* rows, Index n, Index d, const T* scale,
          const T* shift, T* out) {
  const S* source = static_cast<const S*>(data);
  if (scale && shift) return convert_rows<true, true>(source, row_stride, rows, n, d, scale, shift, out);
  if (scale) return convert_rows<true, false>(source, row_stride, rows, n, d, scale, shift, out);
  if (shift) return convert_rows<false, true>(source, row_stride, rows, n, d, scale, shift, out);
  if constexpr (sizeof(S) == sizeof(T)) {
    if (!rows && row_stride == d) {
      std::memcpy(out, source, static_cast<std::size_t>(n * d) * sizeof(T));
      return;
    }
  }
  convert_rows<false, false>(source, row_stride, rows, n, d, scale, shift, out);
}

template <class T>
void gather(Element element, const void* source, Index row_stride, const std::int64_t* rows, Index n, Index d,
            const T* scale, const T* shift, T* out) {
  if (n <= 0 || d <= 0) return;
  switch (element) {
    case Element::uint8:
      return from<std::uint8_t>(source, row_stride, rows, n, d, scale, shift, out);
    case Element::float32:
      return from<float>(source, row_stride, rows, n, d, scale, shift, out);
    case Element::float64:
      return from<double>(source, row_stride, rows, n, d, scale, shift, out);
  }
}

}  // namespace

template <class T>
void fill(GatherKernels<T>& table) {
  table = {gather<T>};
}
template void fill(GatherKernels<float>&);
template void fill(GatherKernels<double>&);
}  // namespace steep
