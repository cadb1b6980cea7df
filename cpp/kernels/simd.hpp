// Vectors of one level's width as compiler vector extensions: V<T> arithmetic is elementwise, loads need no alignment.
#pragma once
#include <cstring>

#include "steep/index.hpp"

namespace steep {

#if defined(__AVX512F__)
inline constexpr int kVectorBytes = 64;
#elif defined(__AVX__)
inline constexpr int kVectorBytes = 32;
#else
inline constexpr int kVectorBytes = 16;
#endif

template <class T>
struct Simd {
  typedef T V __attribute__((vector_size(kVectorBytes)));
  static constexpr Index width = kVectorBytes / static_cast<Index>(sizeof(T));
};
template <class T>
using V = typename Simd<T>::V;

template <class T>
inline V<T> load(const T* p) {
  V<T> v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
template <class T>
inline void store(T* p, const V<T>& v) {
  std::memcpy(p, &v, sizeof v);
}
template <class T>
inline V<T> broadcast(T x) {
  return x - V<T>{};
}

}  // namespace steep
