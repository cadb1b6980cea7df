// Rows of few entries, a row in each lane: what combines a row's entries needs no sums across lanes, and no vector is
// mostly empty. Several times as fast as row by row for ten entries; which of the two is taken depends on the length of
// a row alone, so that a row's bits do not depend on how many there are.
#pragma once
#include "elementary.hpp"

namespace steep {

template <class T>
struct LaneRows {
  static constexpr Index width = Simd<T>::width, most = 32;
  alignas(kVectorBytes) T entry[most][width];
  Index length = 0;

  void read(const T* rows, Index count) {
    for (Index j = 0; j < length; ++j) {
      for (Index k = 0; k < count; ++k) entry[j][k] = rows[k * length + j];
      for (Index k = count; k < width; ++k) entry[j][k] = 0;
    }
  }
  void write(T* rows, Index count) const {
    for (Index k = 0; k < count; ++k)
      for (Index j = 0; j < length; ++j) rows[k * length + j] = entry[j][k];
  }
  V<T> largest() const {
    V<T> top = load(entry[0]);
    for (Index j = 1; j < length; ++j) {
      const V<T> x = load(entry[j]);
      top = x > top ? x : top;
    }
    return top;
  }
  // Entries become e^(x - top); their sums are in double.
  void exponentials(V<T> top, double (&sum)[width]) {
    for (Index k = 0; k < width; ++k) sum[k] = 0;
    for (Index j = 0; j < length; ++j) {
      store<T>(entry[j], elementary::exp<T>(load(entry[j]) - top));
      for (Index k = 0; k < width; ++k) sum[k] += static_cast<double>(entry[j][k]);
    }
  }
};

}  // namespace steep
