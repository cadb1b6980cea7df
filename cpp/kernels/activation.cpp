// Activations: value, pullback and curvature of each, in vectors.
//
// Functions of an element come from activation_terms.hpp; softmax acts on rows. A result depends on its element alone
// (softmax: on its row), and the rest of a block runs through the code of its whole vectors, so that any cut into
// blocks gives the same bits.
#include "steep/activation.hpp"

#include "activation_terms.hpp"
#include "lane_rows.hpp"
#include "level.hpp"

namespace steep {
namespace {

template <class A, class T>
void value_of(T slope, Index n, const T* z, T* a) {
  for (Index i = 0; i < n; i += Simd<T>::width)
    store_part<T>(a + i, A::template value<T>(load_part(z + i, n - i), slope), n - i);
}
template <class A, class T>
void pullback_of(T slope, Index n, const T* z, const T* a, T* d) {
  if constexpr (std::is_same_v<A, Identity>) return;
  for (Index i = 0; i < n; i += Simd<T>::width) {
    V<T> x{};
    if constexpr (A::needs_z) x = load_part(z + i, n - i);
    store_part<T>(d + i, load_part(d + i, n - i) * A::template first<T>(x, load_part(a + i, n - i), slope), n - i);
  }
}
template <class A, class T>
void curvature_of(T slope, Index n, const T* z, const T* a, const T* d, const T* t, T* out) {
  if constexpr (!A::flat) {
    for (Index i = 0; i < n; i += Simd<T>::width) {
      V<T> x{};
      if constexpr (A::needs_z) x = load_part(z + i, n - i);
      const V<T> second = A::template second<T>(x, load_part(a + i, n - i), slope);
      const V<T> product = load_part(d + i, n - i) * second * load_part(t + i, n - i);
      store_part<T>(out + i, load_part(out + i, n - i) + product, n - i);
    }
  }
}

template <class T>
void softmax_row(Index n, const T* z, T* a) {
  const double sum = elementary::exponentials(n, z, a).sum;
  const T inverse = static_cast<T>(1 / sum);
  for (Index i = 0; i < n; i += Simd<T>::width) store_part<T>(a + i, load_part(a + i, n - i) * inverse, n - i);
}
template <class T>
void softmax_in_lanes(Index rows, Index n, const T* z, T* a) {
  constexpr Index width = Simd<T>::width;
  LaneRows<T> e;
  e.length = n;
  for (Index block = 0; block < rows; block += width) {
    const Index count = rows - block < width ? rows - block : width;
    e.read(z + block * n, count);
    double sum[width];
    e.exponentials(e.largest(), sum);
    T inverse[width];
    for (Index k = 0; k < width; ++k) inverse[k] = static_cast<T>(1 / sum[k]);
    for (Index j = 0; j < n; ++j) store<T>(e.entry[j], load(e.entry[j]) * load(inverse));
    e.write(a + block * n, count);
  }
}
template <class T>
T dot(Index n, const T* x, const T* y) {
  V<double> sums{};
  for (Index i = 0; i < n; i += Simd<T>::width) sums += widen_sum(load_part(x + i, n - i) * load_part(y + i, n - i));
  return static_cast<T>(sum_lanes(sums));
}
// J' d = a (d - <a, d>)
template <class T>
void softmax_pullback_row(Index n, const T* a, T* d) {
  const T mean = dot(n, a, d);
  for (Index i = 0; i < n; i += Simd<T>::width)
    store_part<T>(d + i, load_part(a + i, n - i) * (load_part(d + i, n - i) - mean), n - i);
}
// Along t: a' = b = a (t - <a, t>); (J' d)' = b (d - <a, d>) - a <b, d>.
template <class T>
void softmax_curvature_row(Index n, const T* a, const T* d, const T* t, T* out) {
  const T mean_d = dot(n, a, d), mean_t = dot(n, a, t);
  V<double> sums{};
  for (Index i = 0; i < n; i += Simd<T>::width)
    sums +=
        widen_sum(load_part(a + i, n - i) * (load_part(t + i, n - i) - mean_t) * (load_part(d + i, n - i) - mean_d));
  const T both = static_cast<T>(sum_lanes(sums));  // <b, d>, as the entries of b add to zero
  for (Index i = 0; i < n; i += Simd<T>::width) {
    const V<T> along = (load_part(t + i, n - i) - mean_t) * (load_part(d + i, n - i) - mean_d) - both;
    store_part<T>(out + i, load_part(out + i, n - i) + load_part(a + i, n - i) * along, n - i);
  }
}

template <class T>
void value(Activation kind, T slope, Index rows, Index cols, const T* z, T* a) {
  if (kind == Activation::softmax) {
    if (cols <= LaneRows<T>::most) return softmax_in_lanes(rows, cols, z, a);
    for (Index r = 0; r < rows; ++r) softmax_row(cols, z + r * cols, a + r * cols);
    return;
  }
  with(kind, [&](auto activation) { value_of<decltype(activation)>(slope, rows * cols, z, a); });
}
template <class T>
void pullback(Activation kind, T slope, Index rows, Index cols, const T* z, const T* a, T* d) {
  if (kind == Activation::softmax) {
    for (Index r = 0; r < rows; ++r) softmax_pullback_row(cols, a + r * cols, d + r * cols);
    return;
  }
  with(kind, [&](auto activation) { pullback_of<decltype(activation)>(slope, rows * cols, z, a, d); });
}
template <class T>
void curvature(Activation kind, T slope, Index rows, Index cols, const T* z, const T* a, const T* d, const T* t,
               T* out) {
  if (kind == Activation::softmax) {
    for (Index r = 0; r < rows; ++r) {
      const Index at = r * cols;
      softmax_curvature_row(cols, a + at, d + at, t + at, out + at);
    }
    return;
  }
  with(kind, [&](auto activation) { curvature_of<decltype(activation)>(slope, rows * cols, z, a, d, t, out); });
}

}  // namespace

template <class T>
void fill(ActivationKernels<T>& table) {
  table = {value<T>, pullback<T>, curvature<T>};
}
template void fill(ActivationKernels<float>&);
template void fill(ActivationKernels<double>&);
}  // namespace steep
