// Parts of vectors and sums over lanes: what lets the rest of a row run through the same code as its whole vectors.
#pragma once
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include <type_traits>

#include "simd.hpp"

namespace steep {

template <class T>
using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
template <class T>
using VBits = typename Simd<Bits<T>>::V;
template <class T>
using VMask = decltype(V<T>{} < V<T>{});  // all ones where true

template <class T>
inline V<T> lane_index() {
  V<T> index{};
  for (Index i = 0; i < Simd<T>::width; ++i) index[i] = static_cast<T>(i);
  return index;
}
// True in the first count lanes.
template <class T>
inline VMask<T> first_lanes(Index count) {
  return lane_index<T>() < broadcast<T>(static_cast<T>(count));
}

// The first `count` entries, zeros in the other lanes; reads nothing beyond them. A whole vector if count is larger.
template <class T>
inline V<T> load_part(const T* p, Index count) {
  if (count >= Simd<T>::width) return load(p);
#if defined(__AVX512F__)
  const unsigned mask = (1u << count) - 1;
  if constexpr (sizeof(T) == 4)
    return (V<T>)_mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), p);
  else
    return (V<T>)_mm512_maskz_loadu_pd(static_cast<__mmask8>(mask), p);
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4)
    return (V<T>)_mm256_maskload_ps(p, (__m256i)first_lanes<T>(count));
  else
    return (V<T>)_mm256_maskload_pd(p, (__m256i)first_lanes<T>(count));
#else
  V<T> v{};
  for (Index i = 0; i < count; ++i) v[i] = p[i];
  return v;
#endif
}

template <class T>
inline void store_part(T* p, const V<T>& v, Index count) {
  if (count >= Simd<T>::width) return store(p, v);
#if defined(__AVX512F__)
  const unsigned mask = (1u << count) - 1;
  if constexpr (sizeof(T) == 4)
    _mm512_mask_storeu_ps(p, static_cast<__mmask16>(mask), (__m512)v);
  else
    _mm512_mask_storeu_pd(p, static_cast<__mmask8>(mask), (__m512d)v);
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4)
    _mm256_maskstore_ps(p, (__m256i)first_lanes<T>(count), (__m256)v);
  else
    _mm256_maskstore_pd(p, (__m256i)first_lanes<T>(count), (__m256d)v);
#else
  for (Index i = 0; i < count; ++i) p[i] = v[i];
#endif
}

// One half of a vector's lanes.
template <class T>
struct HalfVector {
  typedef T type __attribute__((vector_size(kVectorBytes / 2)));
};
template <class T>
inline typename HalfVector<T>::type half_of(const V<T>& v, int which) {
  typename HalfVector<T>::type half;
  std::memcpy(&half, reinterpret_cast<const char*>(&v) + which * (kVectorBytes / 2), sizeof half);
  return half;
}

// Lanes added in double, two and two for float, so that a row's sum loses nothing to its length.
inline V<double> widen_sum(const V<double>& v) { return v; }
inline V<double> widen_sum(const V<float>& v) {
  return __builtin_convertvector(half_of<float>(v, 0), V<double>) +
         __builtin_convertvector(half_of<float>(v, 1), V<double>);
}

// All lanes combined by f, halving: the order depends on the width alone.
template <class T, class F>
inline T reduce(const V<T>& v, F f) {
  T lane[Simd<T>::width];
  std::memcpy(lane, &v, sizeof v);
  for (Index half = Simd<T>::width / 2; half > 0; half /= 2)
    for (Index i = 0; i < half; ++i) lane[i] = f(lane[i], lane[i + half]);
  return lane[0];
}
inline double sum_lanes(const V<double>& v) {
  return reduce<double>(v, [](double a, double b) { return a + b; });
}
template <class T>
inline T max_lanes(const V<T>& v) {
  return reduce<T>(v, [](T a, T b) { return a > b ? a : b; });
}

}  // namespace steep
