// A data set as the core reads it: inputs in place (uint8, float32 or float64, rows of any stride), targets, weights.
#pragma once
#include "steep/gather.hpp"

namespace steep {

template <class T>
struct Dataset {
  Index n = 0, columns = 0;
  Element element = Element::float32;
  const void* x = nullptr;
  Index row_stride = 0;      // in elements of x
  const T* scale = nullptr;  // (columns) or null: the network's input is scale * x + shift
  const T* shift = nullptr;
  const T* y = nullptr;  // (n, outputs), or null where labels are given
  const std::int32_t* label = nullptr;
  const double* weight = nullptr;  // (n) or null: ones

  // Rows from `first` on, in place, where they need no conversion; else null.
  const T* rows_in_place(Index first) const {
    const bool same = element == (sizeof(T) == 4 ? Element::float32 : Element::float64);
    return same && !scale && !shift && row_stride == columns ? static_cast<const T*>(x) + first * columns : nullptr;
  }
};

}  // namespace steep
