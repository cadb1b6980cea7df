// Dropout: masks by Philox4x32-10 in vectors, and their products with rows. About one instruction a unit.
#include "steep/dropout.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "level.hpp"
#include "simd.hpp"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace steep {
namespace {

// Lanes of 64 bits, of which the low halves hold the numbers: their products are what the instruction gives.
typedef std::uint64_t Wide __attribute__((vector_size(kVectorBytes)));
constexpr int kWide = kVectorBytes / 8;

inline Wide product_of_low(Wide a, Wide b) {
#if defined(__AVX512F__)
  return (Wide)_mm512_maskz_mul_epu32(0xff, (__m512i)a, (__m512i)b);  // the plain one warns in GCC 12 (bug 105593)
#elif defined(__AVX2__)
  return (Wide)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__x86_64__)
  return (Wide)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
  return (a & 0xffffffffull) * (b & 0xffffffffull);
#endif
}

inline Wide wide(std::uint64_t x) { return x - Wide{}; }

// Bits of lanes whose low 16 bits are at least the threshold.
inline unsigned at_least(Wide x, std::uint64_t threshold) {
  x &= wide(0xffff);
#if defined(__AVX512F__)
  return _mm512_cmpge_epu64_mask((__m512i)x, _mm512_set1_epi64(static_cast<long long>(threshold)));
#else
  unsigned bits = 0;
  for (int i = 0; i < kWide; ++i) bits |= static_cast<unsigned>(x[i] >= threshold) << i;
  return bits;
#endif
}

// The mask of one group of units: bit `lane` of mask[part].
inline void mask_of_group(const DropoutKey& key, std::uint32_t group, std::uint32_t row, std::uint16_t* mask) {
  Wide lanes;
  for (int i = 0; i < kWide; ++i) lanes[i] = static_cast<std::uint64_t>(i);
  std::fill_n(mask, 8, std::uint16_t{0});
  const Wide m0 = wide(0xD2511F53u), m1 = wide(0xCD9E8D57u);
  for (int first = 0; first < 16; first += kWide) {
    Wide c0 = lanes + wide(16ull * group + static_cast<unsigned>(first)), c1 = wide(row), c2 = wide(key.epoch),
         c3 = wide(key.stream);
    std::uint32_t k0 = static_cast<std::uint32_t>(key.seed), k1 = static_cast<std::uint32_t>(key.seed >> 32);
    for (int round = 0; round < 10; ++round) {
      const Wide p0 = product_of_low(m0, c0), p1 = product_of_low(m1, c2);
      c0 = (p1 >> 32) ^ c1 ^ wide(k0);
      c2 = (p0 >> 32) ^ c3 ^ wide(k1);
      c1 = p1;
      c3 = p0;
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    const Wide word[4] = {c0, c1, c2, c3};
    for (int w = 0; w < 4; ++w) {
      mask[2 * w] |= static_cast<std::uint16_t>(at_least(word[w], key.threshold) << first);
      mask[2 * w + 1] |= static_cast<std::uint16_t>(at_least(word[w] >> 16, key.threshold) << first);
    }
  }
}

// y = x scale where the unit's bit is set, else 0: 16 units in vectors of the level's width.
template <class T>
inline void apply(unsigned bits, T scale, Index count, const T* x, T* y) {
  using Lane = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  constexpr int w = static_cast<int>(Simd<T>::width);
  if (count < 16) {
    for (Index i = 0; i < count; ++i) y[i] = (bits >> i) & 1 ? x[i] * scale : T(0);
    return;
  }
  V<Lane> lane_bit;
  for (int i = 0; i < w; ++i) lane_bit[i] = Lane{1} << i;
  const V<T> factor = broadcast(scale);
  for (int first = 0; first < 16; first += w) {
    const V<Lane> set = (broadcast(static_cast<Lane>(bits >> first)) & lane_bit) != 0;
    store(y + first, set ? load(x + first) * factor : V<T>{});
  }
}

template <class T>
void forward(const DropoutKey& key, T scale, Index rows, Index units, const std::int64_t* row_ids, const T* x, T* y,
             unsigned char* mask, Index mask_stride) {
  for (Index r = 0; r < rows; ++r) {
    DropoutKey of_row = key;
    of_row.stream ^= static_cast<std::uint32_t>(static_cast<std::uint64_t>(row_ids[r]) >> 32) << 20;
    for (Index g = 0; g * dropout_group < units; ++g) {
      std::uint16_t bits[8];
      mask_of_group(of_row, static_cast<std::uint32_t>(g), static_cast<std::uint32_t>(row_ids[r]), bits);
      std::memcpy(mask + r * mask_stride + g * 16, bits, 16);
      for (Index part = 0; part < 8; ++part) {
        const Index u = g * dropout_group + part * 16;
        if (u < units) apply(bits[part], scale, units - u, x + r * units + u, y + r * units + u);
      }
    }
  }
}

template <class T>
void backward(T scale, Index rows, Index units, const T* dy, const unsigned char* mask, Index mask_stride, T* dx) {
  for (Index r = 0; r < rows; ++r) {
    for (Index u = 0; u < units; u += 16) {
      std::uint16_t bits;
      std::memcpy(&bits, mask + r * mask_stride + u / 8, 2);
      apply<T>(bits, scale, units - u, dy + r * units + u, dx + r * units + u);
    }
  }
}

}  // namespace

template <class T>
void fill(DropoutKernels<T>& table) {
  table = {forward<T>, backward<T>};
}
template void fill(DropoutKernels<float>&);
template void fill(DropoutKernels<double>&);

}  // namespace steep
