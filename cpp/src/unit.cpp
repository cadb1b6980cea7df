// Steps on the weights of whole units; see unit.hpp.
#include "steep/unit.hpp"

#include <algorithm>
#include <cmath>

#include "steep/kernels.hpp"

namespace steep {
namespace {

constexpr int max_steps = 50;  // Newton's, which needs about 5

template <class T>
double norm_of(Index n, const T* w) {
  return std::sqrt(kernels<T>().rule.squared_norm(0, 1, n, w, w));
}

template <class T>
void shrink_unit(Index n, double lambda, const T* scales, T* w) {
  double largest = 0, entries = 0;
  for (Index i = 0; i < n; ++i) {
    const double ratio = w[i] == 0 ? 0 : static_cast<double>(w[i]) / static_cast<double>(scales[i]);
    entries += ratio * ratio;
    largest = std::max(largest, static_cast<double>(scales[i]));
  }
  if (largest == 0) return;  // the rule did not move
  if (std::sqrt(entries) <= lambda) {
    std::fill_n(w, n, T(0));
    return;
  }
  const double size = norm_of(n, w);
  // At or below the root; positive, so that no division by zero arises from an entry that does not move.
  double t = std::max(size - lambda * largest, 1e-12 * size);
  for (int step = 0; step < max_steps; ++step) {
    double squares = 0, cubes = 0;
    for (Index i = 0; i < n; ++i) {
      const double shift = t + lambda * static_cast<double>(scales[i]);
      const double part = static_cast<double>(w[i]) / shift;
      squares += part * part;
      cubes += part * part / shift;
    }
    const double move = (std::sqrt(squares) - 1) * squares / cubes;
    t += std::max(move, 0.0);
    if (move <= 1e-14 * t) break;
  }
  for (Index i = 0; i < n; ++i)
    w[i] = static_cast<T>(static_cast<double>(w[i]) * (t / (t + lambda * static_cast<double>(scales[i]))));
}

}  // namespace

template <class T>
Index unit_size(const Layer<T>& layer, Index at) {
  for (const auto& part : layer.parts())
    if (at >= part.offset && at < part.offset + part.layer->parameter_count())
      return unit_size(*part.layer, at - part.offset);
  const Shape weight = layer.arrays().front().shape;
  return entries(weight) / weight.front();
}

template <class T>
void shrink_units(Index n, Index unit, double lambda, const T* scales, T* w) {
  for (Index i = 0; i < n; i += unit) shrink_unit(unit, lambda, scales + i, w + i);
}

template <class T>
void limit_norms(Index n, Index unit, double limit, T* w) {
  for (T* end = w + n; w < end; w += unit) {
    const double norm = norm_of(unit, w);
    const T scale = static_cast<T>(limit / norm);
    for (Index j = 0; norm > limit && j < unit; ++j) w[j] *= scale;
  }
}

#define STEEP_UNIT(T)                                             \
  template Index unit_size(const Layer<T>&, Index);               \
  template void shrink_units(Index, Index, double, const T*, T*); \
  template void limit_norms(Index, Index, double, T*);
STEEP_UNIT(float)
STEEP_UNIT(double)
#undef STEEP_UNIT

}  // namespace steep
