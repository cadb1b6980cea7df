// Windows of an image as the rows of a matrix, and back: what general convolutions are made of.
#pragma once
#include <algorithm>

#include "steep/window.hpp"

namespace steep {

// out (pixels of output rows [first, last), taps * count): channels [channel, channel + count) of each tap; zero
// outside.
template <class T>
void unfold(const Window& w, const T* image, Index first, Index last, Index channel, Index count, T* out) {
  for (Index y = first; y < last; ++y) {
    for (Index x = 0; x < w.out_width; ++x) {
      for (Index ky = 0; ky < w.kernel_y; ++ky) {
        const Index row = y * w.stride_y + ky * w.dilation_y - w.top;
        const bool there = row >= 0 && row < w.height;
        for (Index kx = 0; kx < w.kernel_x; ++kx, out += count) {
          const Index column = x * w.stride_x + kx * w.dilation_x - w.left;
          if (there && column >= 0 && column < w.width) {
            const T* from = image + (row * w.width + column) * w.channels + channel;
            for (Index c = 0; c < count; ++c) out[c] = from[c];
          } else {
            for (Index c = 0; c < count; ++c) out[c] = 0;
          }
        }
      }
    }
  }
}

// The transposed map, added to the image.
template <class T>
void fold(const Window& w, const T* rows, Index first, Index last, Index channel, Index count, T* image) {
  for (Index y = first; y < last; ++y) {
    for (Index x = 0; x < w.out_width; ++x) {
      for (Index ky = 0; ky < w.kernel_y; ++ky) {
        const Index row = y * w.stride_y + ky * w.dilation_y - w.top;
        const bool there = row >= 0 && row < w.height;
        for (Index kx = 0; kx < w.kernel_x; ++kx, rows += count) {
          const Index column = x * w.stride_x + kx * w.dilation_x - w.left;
          if (!there || column < 0 || column >= w.width) continue;
          T* to = image + (row * w.width + column) * w.channels + channel;
          for (Index c = 0; c < count; ++c) to[c] += rows[c];
        }
      }
    }
  }
}

// An image copied into a frame of zeros: `rows` rows of `pitch` pixels, the image at (top, left).
template <class T>
void frame(const T* image, Index height, Index width, Index channels, Index top, Index left, Index rows, Index pitch,
           T* out) {
  const Index before = (top * pitch + left) * channels, line = width * channels, step = pitch * channels;
  std::fill_n(out, before, T(0));
  out += before;
  for (Index y = 0; y + 1 < height; ++y, out += step, image += line) {
    std::copy_n(image, line, out);
    std::fill_n(out + line, step - line, T(0));
  }
  std::copy_n(image, line, out);
  std::fill_n(out + line, rows * step - before - (height - 1) * step - line, T(0));
}

}  // namespace steep
