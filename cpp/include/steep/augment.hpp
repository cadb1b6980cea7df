// Augmentation of images in the gather: each row of a training batch is moved, mirrored, turned and partly blanked at
// random, keyed by (seed, epoch, data row), so that neither threads nor the order of rows change anything. And mixup
// (Zhang, Cisse, Dauphin, Lopez-Paz, "mixup: beyond empirical risk minimization", ICLR 2018, eq. 1): x = l x_i + (1 -
// l) x_j, y likewise, l ~ Beta(alpha, alpha) and j uniform among the training rows, drawn for each row i by the same
// key.
#pragma once
#include <cstdint>

#include "steep/index.hpp"

namespace steep {

struct Augmentation {
  Index height = 0, width = 0, channels = 0;
  Index shift = 0;    // most pixels, in each direction
  bool flip = false;  // left and right, with probability 1/2
  double rotate = 0;  // most degrees
  Index cutout = 0;   // side of a square that becomes zero
  bool any() const { return shift > 0 || flip || rotate > 0 || cutout > 0; }
};

// image (height, width, channels) in place; scratch: as much again. What comes from outside is zero.
template <class T>
void augment(const Augmentation& a, std::uint64_t seed, std::uint32_t epoch, std::int64_t row, T* image, T* scratch);

struct Mixup {
  double alpha = 0;                    // 0: none
  const std::int64_t* rows = nullptr;  // to draw partners from
  Index n = 0;
  bool any() const { return alpha > 0; }
};

struct Partner {
  std::int64_t row;
  double share;  // l, of the row itself
};
Partner partner_of(const Mixup& m, std::uint64_t seed, std::uint32_t epoch, std::int64_t row);

}  // namespace steep
