// Dropout masks by Philox, and what the kernel levels compute with them.
//
// Unit u of a row is dropped where a 16-bit number is below `threshold`. With u = 128 g + 16 part + lane, the number is
// half (part % 2, low first) of word (part / 2) of philox(seed, 16 g + lane, row, epoch, stream): one block serves
// eight units, and a vector holds the same word of neighbouring blocks.
#pragma once
#include <cstdint>

#include "steep/index.hpp"

namespace steep {

struct DropoutKey {
  std::uint64_t seed = 0;
  std::uint32_t epoch = 0, stream = 0;
  std::uint32_t threshold = 0;  // of 65536
};

inline constexpr Index dropout_group = 128;
// Bytes of a row's mask, a bit a unit.
inline Index dropout_mask_bytes(Index units) {
  return (units + dropout_group - 1) / dropout_group * (dropout_group / 8);
}

template <class T>
struct DropoutKernels {
  // y = x where kept, times scale; row_ids (rows); the mask's rows are mask_stride bytes apart.
  void (*forward)(const DropoutKey& key, T scale, Index rows, Index units, const std::int64_t* row_ids, const T* x,
                  T* y, unsigned char* mask, Index mask_stride);
  void (*backward)(T scale, Index rows, Index units, const T* dy, const unsigned char* mask, Index mask_stride, T* dx);
};

}  // namespace steep
