// Pooling: the largest and the mean of each window, channel by channel; channels are adjacent and make the vectors.
#include <algorithm>

#include "level.hpp"
#include "partial.hpp"
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

// A vector of channels, or what is left of them, from each tap of a window.
template <class T, bool Part>
inline V<T> channels_of(const T* p, Index left) {
  return Part ? load_part<V<T>>(p, left) : load(p);
}
template <class T, bool Part>
inline void put_channels(T* p, const V<T>& v, Index left) {
  if constexpr (Part)
    store_part(p, v, left);
  else
    store(p, v);
}

template <class T, bool Part>
inline void largest_of(const T* x, Index line, Index c, Index left, Span v, Span h, T* to) {
  V<T> most = channels_of<T, Part>(x + v.begin * line + h.begin * c, left);
  for (Index i = v.begin; i < v.end; ++i) {
    for (Index j = h.begin; j < h.end; ++j) {
      const V<T> next = channels_of<T, Part>(x + i * line + j * c, left);
      most = most >= next ? most : next != next || most == most ? next : most;
    }
  }
  put_channels<T, Part>(to, most, left);
}

template <class T>
void largest(const Window& w, Index rows, const T* x, T* y) {
  const Index c = w.channels, line = w.width * c;
  for_outputs(w, rows, [&](Index image, Index out, Span v, Span h) {
    Index k = 0;
    for (; k + Simd<T>::width <= c; k += Simd<T>::width)
      largest_of<T, false>(x + image + k, line, c, 0, v, h, y + out + k);
    if (k < c) largest_of<T, true>(x + image + k, line, c, c - k, v, h, y + out + k);
  });
}

// `Add`: windows overlap. The gradient goes to the first tap that equals the largest.
template <class T, bool Part, bool Add>
inline void hand_back(const T* x, Index line, Index c, Index left, Span v, Span h, const T* y, const T* dy, T* dx) {
  const V<T> most = channels_of<T, Part>(y, left);
  V<T> rest = channels_of<T, Part>(dy, left);  // what has not yet found its place
  for (Index i = v.begin; i < v.end; ++i) {
    for (Index j = h.begin; j < h.end; ++j) {
      const Index at = i * line + j * c;
      const V<T> here = channels_of<T, Part>(x + at, left);
      V<T> part = here == most ? rest : V<T>{};
      rest = here == most ? V<T>{} : rest;
      if constexpr (Add) part += channels_of<T, Part>(dx + at, left);
      put_channels<T, Part>(dx + at, part, left);
    }
  }
}

template <class T, bool Add>
void hand_back_all(const Window& w, Index rows, const T* x, const T* y, const T* dy, T* dx) {
  const Index c = w.channels, line = w.width * c;
  for_outputs(w, rows, [&](Index image, Index out, Span v, Span h) {
    Index k = 0;
    for (; k + Simd<T>::width <= c; k += Simd<T>::width)
      hand_back<T, false, Add>(x + image + k, line, c, 0, v, h, y + out + k, dy + out + k, dx + image + k);
    if (k < c) hand_back<T, true, Add>(x + image + k, line, c, c - k, v, h, y + out + k, dy + out + k, dx + image + k);
  });
}

// Whether the windows of one axis lie side by side, and whether they reach every place.
inline bool apart(Index stride, Index kernel) { return stride >= kernel; }
inline bool cover(Index stride, Index kernel, Index before, Index outputs, Index side) {
  return stride <= kernel && (outputs - 1) * stride - before + kernel >= side;
}

template <class T>
void largest_backward(const Window& w, Index rows, const T* x, const T* y, const T* dy, T* dx) {
  const bool side_by_side = apart(w.stride_y, w.kernel_y) && apart(w.stride_x, w.kernel_x);
  const bool everywhere = cover(w.stride_y, w.kernel_y, w.top, w.out_height, w.height) &&
                          cover(w.stride_x, w.kernel_x, w.left, w.out_width, w.width);
  if (!side_by_side || !everywhere) std::fill_n(dx, rows * w.inputs(), T(0));
  if (side_by_side)
    hand_back_all<T, false>(w, rows, x, y, dy, dx);
  else
    hand_back_all<T, true>(w, rows, x, y, dy, dx);
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
