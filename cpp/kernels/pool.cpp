// Pooling: the largest and the mean of each window, channel by channel; channels are adjacent and make the vectors.
#include <algorithm>

#include "level.hpp"
#include "steep/window.hpp"

namespace steep {
namespace {

// The part of a window inside the image: taps [begin, end) along one axis.
struct Span {
  Index begin, end;
};
inline Span inside(Index out, Index stride, Index before, Index kernel, Index side) {
  const Index first = out * stride - before;
  return {std::max<Index>(first, 0), std::min(first + kernel, side)};
}

template <class Each>
inline void for_outputs(const Window& w, Index rows, Each each) {
  for (Index r = 0; r < rows; ++r) {
    for (Index i = 0; i < w.out_height; ++i) {
      const Span y = inside(i, w.stride_y, w.top, w.kernel_y, w.height);
      for (Index j = 0; j < w.out_width; ++j) {
        const Span x = inside(j, w.stride_x, w.left, w.kernel_x, w.width);
        each(r * w.inputs(), ((r * w.out_height + i) * w.out_width + j) * w.channels, y, x);
      }
    }
  }
}

template <class T>
void largest(const Window& w, Index rows, const T* x, T* y) {
  const Index c = w.channels;
  for_outputs(w, rows, [&](Index image, Index out, Span v, Span h) {
    T* __restrict to = y + out;
    bool first = true;
    for (Index i = v.begin; i < v.end; ++i) {
      for (Index j = h.begin; j < h.end; ++j) {
        const T* __restrict from = x + image + (i * w.width + j) * c;
        if (first)
          for (Index k = 0; k < c; ++k) to[k] = from[k];
        else
          for (Index k = 0; k < c; ++k) to[k] = from[k] > to[k] || from[k] != from[k] ? from[k] : to[k];
        first = false;
      }
    }
  });
}

template <class T>
void largest_backward(const Window& w, Index rows, const T* x, const T* y, const T* dy, T* dx) {
  const Index c = w.channels;
  constexpr Index block = 64;
  std::fill_n(dx, rows * w.inputs(), T(0));
  for_outputs(w, rows, [&](Index image, Index out, Span v, Span h) {
    for (Index k0 = 0; k0 < c; k0 += block) {
      const Index n = std::min(block, c - k0);
      T left[block];  // what has not yet found its place
      const T* __restrict top = y + out + k0, * __restrict d = dy + out + k0;
      for (Index k = 0; k < n; ++k) left[k] = d[k];
      for (Index i = v.begin; i < v.end; ++i) {
        for (Index j = h.begin; j < h.end; ++j) {
          const Index at = image + (i * w.width + j) * c + k0;
          const T* __restrict from = x + at;
          T* __restrict to = dx + at;
          for (Index k = 0; k < n; ++k) {
            const T part = from[k] == top[k] ? left[k] : T(0);
            to[k] += part;
            left[k] = from[k] == top[k] ? T(0) : left[k];
          }
        }
      }
    }
  });
}

template <class T>
void mean(const Window& w, Index rows, const T* x, T* y) {
  const Index c = w.channels;
  for_outputs(w, rows, [&](Index image, Index out, Span v, Span h) {
    T* __restrict to = y + out;
    for (Index k = 0; k < c; ++k) to[k] = 0;
    for (Index i = v.begin; i < v.end; ++i) {
      for (Index j = h.begin; j < h.end; ++j) {
        const T* __restrict from = x + image + (i * w.width + j) * c;
        for (Index k = 0; k < c; ++k) to[k] += from[k];
      }
    }
    const T share = 1 / static_cast<T>((v.end - v.begin) * (h.end - h.begin));
    for (Index k = 0; k < c; ++k) to[k] *= share;
  });
}

template <class T>
void mean_backward(const Window& w, Index rows, const T* dy, T* dx) {
  const Index c = w.channels;
  std::fill_n(dx, rows * w.inputs(), T(0));
  for_outputs(w, rows, [&](Index image, Index out, Span v, Span h) {
    const T* __restrict d = dy + out;
    const T share = 1 / static_cast<T>((v.end - v.begin) * (h.end - h.begin));
    for (Index i = v.begin; i < v.end; ++i) {
      for (Index j = h.begin; j < h.end; ++j) {
        T* __restrict to = dx + image + (i * w.width + j) * c;
        for (Index k = 0; k < c; ++k) to[k] += d[k] * share;
      }
    }
  });
}

}  // namespace

template <class T>
void fill(PoolKernels<T>& table) {
  table = {largest<T>, largest_backward<T>, mean<T>, mean_backward<T>};
}
template void fill(PoolKernels<float>&);
template void fill(PoolKernels<double>&);

}  // namespace steep
