// Loads and stores of the first `count` lanes of a vector, and the half vector: what ragged edges are made of.
#pragma once
#include "simd.hpp"
#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace steep {

// Half as wide as V<T> where the instruction set has such registers.
template <class T>
struct Half {
  static constexpr int bytes = kVectorBytes > 16 ? kVectorBytes / 2 : kVectorBytes;
  typedef T V __attribute__((vector_size(bytes)));
};
template <class T>
using HalfV = typename Half<T>::V;

template <class Vec, class T>
inline Vec load_as(const T* p) {
  Vec v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

#if defined(__AVX2__) && !defined(__AVX512VL__)
// All ones in the first `count` lanes; `full`: of 32 bytes.
template <class T, bool Full>
inline auto first_lanes_of(Index count) {
  const int n = static_cast<int>(count);
  if constexpr (sizeof(T) == 4 && Full)
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  else if constexpr (sizeof(T) == 4)
    return _mm_cmpgt_epi32(_mm_set1_epi32(n), _mm_setr_epi32(0, 1, 2, 3));
  else if constexpr (Full)
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));
  else
    return _mm_cmpgt_epi64(_mm_set1_epi64x(n), _mm_set_epi64x(1, 0));
}
#endif

// The lanes from `count` on are zero, and not read.
template <class Vec, class T>
inline Vec load_part(const T* p, Index count) {
#if defined(__AVX512VL__)
  const unsigned mask = (1u << count) - 1;
  if constexpr (sizeof(T) == 4) {
    if constexpr (sizeof(Vec) == 64)
      return (Vec)_mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), p);
    else
      return (Vec)_mm256_maskz_loadu_ps(static_cast<__mmask8>(mask), p);
  } else {
    if constexpr (sizeof(Vec) == 64)
      return (Vec)_mm512_maskz_loadu_pd(static_cast<__mmask8>(mask), p);
    else
      return (Vec)_mm256_maskz_loadu_pd(static_cast<__mmask8>(mask), p);
  }
#elif defined(__AVX2__)
  const auto mask = first_lanes_of<T, sizeof(Vec) == 32>(count);
  if constexpr (sizeof(T) == 4) {
    if constexpr (sizeof(Vec) == 32)
      return (Vec)_mm256_maskload_ps(p, mask);
    else
      return (Vec)_mm_maskload_ps(p, mask);
  } else {
    if constexpr (sizeof(Vec) == 32)
      return (Vec)_mm256_maskload_pd(p, mask);
    else
      return (Vec)_mm_maskload_pd(p, mask);
  }
#else
  T lanes[sizeof(Vec) / sizeof(T)] = {};
  for (Index i = 0; i < count; ++i) lanes[i] = p[i];
  return load_as<Vec>(lanes);
#endif
}

template <class Vec, class T>
inline void store_part(T* p, const Vec& v, Index count) {
#if defined(__AVX512VL__)
  const unsigned mask = (1u << count) - 1;
  if constexpr (sizeof(T) == 4) {
    if constexpr (sizeof(Vec) == 64)
      _mm512_mask_storeu_ps(p, static_cast<__mmask16>(mask), (__m512)v);
    else
      _mm256_mask_storeu_ps(p, static_cast<__mmask8>(mask), (__m256)v);
  } else {
    if constexpr (sizeof(Vec) == 64)
      _mm512_mask_storeu_pd(p, static_cast<__mmask8>(mask), (__m512d)v);
    else
      _mm256_mask_storeu_pd(p, static_cast<__mmask8>(mask), (__m256d)v);
  }
#elif defined(__AVX2__)
  const auto mask = first_lanes_of<T, sizeof(Vec) == 32>(count);
  if constexpr (sizeof(T) == 4) {
    if constexpr (sizeof(Vec) == 32)
      _mm256_maskstore_ps(p, mask, (__m256)v);
    else
      _mm_maskstore_ps(p, mask, (__m128)v);
  } else {
    if constexpr (sizeof(Vec) == 32)
      _mm256_maskstore_pd(p, mask, (__m256d)v);
    else
      _mm_maskstore_pd(p, mask, (__m128d)v);
  }
#else
  T lanes[sizeof(Vec) / sizeof(T)];
  std::memcpy(lanes, &v, sizeof v);
  for (Index i = 0; i < count; ++i) p[i] = lanes[i];
#endif
}

}  // namespace steep
