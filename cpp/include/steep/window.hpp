// Windows that move over images (height, width, channels): where the taps of each output lie.
//
//     tap (ky, kx) of output (y, x) is input (y stride_y + ky dilation_y - top, x stride_x + kx dilation_x - left)
#pragma once
#include "steep/index.hpp"

namespace steep {

struct Window {
  Index height, width, channels;
  Index kernel_y, kernel_x, stride_y, stride_x, dilation_y, dilation_x;
  Index top, left;  // padding before the first row and column
  Index out_height, out_width;

  Index inputs() const { return height * width * channels; }
  Index pixels() const { return out_height * out_width; }
};

template <class T>
struct PoolKernels {
  // Rows of images; padding is never the largest and never counts in a mean.
  void (*largest)(const Window& w, Index rows, const T* x, T* y);
  void (*largest_backward)(const Window& w, Index rows, const T* x, const T* y, const T* dy, T* dx);  // first of equals
  void (*mean)(const Window& w, Index rows, const T* x, T* y);
  void (*mean_backward)(const Window& w, Index rows, const T* dy, T* dx);
};

}  // namespace steep
