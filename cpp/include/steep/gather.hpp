// Minibatch gathers: rows of a data set into a contiguous block, converted, scaled and shifted on the way.
#pragma once
#include "steep/index.hpp"

namespace steep {

enum class Element : int { uint8, float32, float64 };

template <class T>
struct GatherKernels {
  // out(r, j) = scale(j) * source(rows[r], j) + shift(j), j < d; rows null: consecutive from row 0. scale and shift
  // hold d entries, or are null (1 and 0). `row_stride` is in elements of the source.
  void (*rows)(Element element, const void* source, Index row_stride, const std::int64_t* rows, Index n, Index d,
               const T* scale, const T* shift, T* out);
};

}  // namespace steep
