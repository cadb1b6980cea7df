// Losses: value, gradient and curvature in the scores, a row at a time, in vectors.
//
// One struct a loss that is a sum over outputs: l, dl/ds and d2l/ds2 of one element. cross_entropy of labels and
// softmax_cross_entropy act on rows. An element of a loss is computed in T without cancellation; a row's sum and its
// logarithm in double. With one output, a vector holds many rows. A row's result does not depend on where it stands.
#include "steep/loss.hpp"

#include <algorithm>

#include "elementary.hpp"
#include "level.hpp"

namespace steep {
namespace {

using elementary::absolute;
using elementary::at_least;
using elementary::at_most;
using elementary::exponentials;

template <class T>
struct Terms {
  V<T> loss, gradient;
};
template <class T>
constexpr T smallest_log = -100;  // of a probability, as PyTorch's BCELoss has it
template <class T>
constexpr T smallest_divisor = T(1e-12);

template <class T>
V<T> where(VMask<T> mask, T yes, T no) {
  return mask ? broadcast<T>(yes) : broadcast<T>(no);
}

struct SquaredError {
  template <class T>
  static Terms<T> terms(V<T> s, V<T> y, T) {
    const V<T> r = s - y;
    return {T(0.5) * r * r, r};
  }
  template <class T>
  static V<T> second(V<T>, V<T>, T) {
    return broadcast<T>(1);
  }
};
struct AbsoluteError {
  template <class T>
  static Terms<T> terms(V<T> s, V<T> y, T) {
    const V<T> r = s - y;
    return {absolute<T>(r), absolute<T>(r) > 0 ? elementary::with_sign_of<T>(broadcast<T>(1), r) : r};
  }
  template <class T>
  static V<T> second(V<T>, V<T>, T) {
    return V<T>{};
  }
};
struct Huber {
  template <class T>
  static Terms<T> terms(V<T> s, V<T> y, T delta) {
    const V<T> r = s - y, size = absolute<T>(r);
    return {size > delta ? delta * (size - T(0.5) * delta) : T(0.5) * r * r, at_most<T>(at_least<T>(r, -delta), delta)};
  }
  template <class T>
  static V<T> second(V<T> s, V<T> y, T delta) {
    return where<T>(absolute<T>(s - y) > delta, 0, 1);
  }
};
struct Pinball {
  template <class T>
  static Terms<T> terms(V<T> s, V<T> y, T q) {
    const V<T> r = y - s, slope = where<T>(r < 0, q - 1, q);
    return {slope * r, absolute<T>(r) > 0 ? -slope : r};
  }
  template <class T>
  static V<T> second(V<T>, V<T>, T) {
    return V<T>{};
  }
};
struct BinaryCrossEntropy {
  template <class T>
  static Terms<T> terms(V<T> s, V<T> y, T) {
    const V<T> yes = at_least<T>(elementary::log<T>(s), smallest_log<T>);
    const V<T> no = at_least<T>(elementary::log1p<T>(-s), smallest_log<T>);
    return {-(y * yes + (1 - y) * no), (s - y) / at_least<T>(s * (1 - s), smallest_divisor<T>)};
  }
  template <class T>
  static V<T> second(V<T> s, V<T> y, T) {
    const V<T> yes = at_least<T>(s, smallest_divisor<T>), no = at_least<T>(1 - s, smallest_divisor<T>);
    return y / (yes * yes) + (1 - y) / (no * no);
  }
};
struct CrossEntropy {
  template <class T>
  static Terms<T> terms(V<T> s, V<T> y, T) {
    return {-y * at_least<T>(elementary::log<T>(s), smallest_log<T>), -y / at_least<T>(s, smallest_divisor<T>)};
  }
  template <class T>
  static V<T> second(V<T> s, V<T> y, T) {
    const V<T> p = at_least<T>(s, smallest_divisor<T>);
    return y / (p * p);
  }
};
struct LogisticLoss {  // max(s, 0) - y s + log1p(e^-|s|); sigma - y = (1 - y) sigma - y (1 - sigma)
  template <class T>
  static Terms<T> terms(V<T> s, V<T> y, T) {
    const auto sigma = elementary::logistic<T>(s);
    const V<T> line = s * (where<T>(s > 0, 1, 0) - y);
    return {line + elementary::log1p_exp_minus_size<T>(s), (1 - y) * sigma.value - y * sigma.complement};
  }
  template <class T>
  static V<T> second(V<T> s, V<T>, T) {
    const auto sigma = elementary::logistic<T>(s);
    return sigma.value * sigma.complement;
  }
};
struct Hinge {
  template <class T>
  static Terms<T> terms(V<T> s, V<T> y, T) {
    const V<T> sign = 2 * y - 1, gap = 1 - sign * s;
    return {gap <= 0 ? V<T>{} : gap, gap > 0 ? -sign : (gap <= 0 ? V<T>{} : gap)};
  }
  template <class T>
  static V<T> second(V<T>, V<T>, T) {
    return V<T>{};
  }
};
struct SquaredHinge {
  template <class T>
  static Terms<T> terms(V<T> s, V<T> y, T) {
    const V<T> sign = 2 * y - 1, gap = 1 - sign * s, rest = gap <= 0 ? V<T>{} : gap;
    return {rest * rest, -2 * sign * rest};
  }
  template <class T>
  static V<T> second(V<T> s, V<T> y, T) {
    return where<T>(1 - (2 * y - 1) * s <= 0, 0, 2);
  }
};
struct Poisson {
  template <class T>
  static Terms<T> terms(V<T> s, V<T> y, T) {
    const V<T> mean = elementary::exp<T>(s);
    return {mean - y * s, mean - y};
  }
  template <class T>
  static V<T> second(V<T> s, V<T>, T) {
    return elementary::exp<T>(s);
  }
};
struct Perceptron {  // gradient step(s) - y: a score of 0 counts as class 1, as in the learning rule
  template <class T>
  static Terms<T> terms(V<T> s, V<T> y, T) {
    const V<T> miss = (1 - 2 * y) * s;
    return {miss <= 0 ? V<T>{} : miss, s == s ? where<T>(s >= 0, 1, 0) - y : s};
  }
  template <class T>
  static V<T> second(V<T>, V<T>, T) {
    return V<T>{};
  }
};

// Calls f with the struct of a loss that is a sum over outputs.
template <class F>
void with(Loss kind, F&& f) {
  switch (kind) {
    case Loss::squared_error:
      return f(SquaredError());
    case Loss::absolute_error:
      return f(AbsoluteError());
    case Loss::huber:
      return f(Huber());
    case Loss::pinball:
      return f(Pinball());
    case Loss::binary_cross_entropy:
      return f(BinaryCrossEntropy());
    case Loss::cross_entropy:
      return f(CrossEntropy());
    case Loss::logistic:
      return f(LogisticLoss());
    case Loss::hinge:
      return f(Hinge());
    case Loss::squared_hinge:
      return f(SquaredHinge());
    case Loss::poisson:
      return f(Poisson());
    case Loss::perceptron:
      return f(Perceptron());
    case Loss::softmax_cross_entropy:
      return;  // acts on rows
  }
}

template <class T>
T weight_of(const LossCall<T>& call, Index r) {
  return call.weight ? call.weight[r] : T(1);
}

template <class L, bool with_loss, bool with_gradient, class T>
void one_output(const LossCall<T>& call, double* row_loss, T* gradient) {
  constexpr Index width = Simd<T>::width;
  const T parameter = static_cast<T>(call.parameter);
  for (Index r = 0; r < call.rows; r += width) {
    const Index count = call.rows - r < width ? call.rows - r : width;
    const V<T> weight = call.weight ? load_part(call.weight + r, count) : broadcast<T>(1);
    const Terms<T> t =
        L::template terms<T>(load_part(call.score + r, count), load_part(call.target + r, count), parameter);
    if constexpr (with_gradient) store_part<T>(gradient + r, weight * t.gradient, count);
    if constexpr (with_loss) {
      T loss[width], scale[width];
      store(loss, t.loss);
      store(scale, weight);
      for (Index k = 0; k < count; ++k) row_loss[r + k] = static_cast<double>(scale[k]) * static_cast<double>(loss[k]);
    }
  }
}

template <class L, bool with_loss, bool with_gradient, class T>
void many_outputs(const LossCall<T>& call, double* row_loss, T* gradient) {
  const T parameter = static_cast<T>(call.parameter);
  const Index n = call.outputs;
  for (Index r = 0; r < call.rows; ++r) {
    const T weight = weight_of(call, r);
    const T *score = call.score + r * n, *target = call.target + r * n;
    V<double> sums{};
    for (Index i = 0; i < n; i += Simd<T>::width) {
      const Terms<T> t = L::template terms<T>(load_part(score + i, n - i), load_part(target + i, n - i), parameter);
      if constexpr (with_gradient) store_part<T>(gradient + r * n + i, weight * t.gradient, n - i);
      if constexpr (with_loss) sums += widen_sum(first_lanes<T>(n - i) ? t.loss : V<T>{});
    }
    if constexpr (with_loss) row_loss[r] = static_cast<double>(weight) * sum_lanes(sums);
  }
}

template <class L, class T>
void sum_over_outputs(const LossCall<T>& call, double* row_loss, T* gradient) {
  const bool one = call.outputs == 1;
  if (row_loss && gradient)
    return one ? one_output<L, true, true>(call, row_loss, gradient)
               : many_outputs<L, true, true>(call, row_loss, gradient);
  if (row_loss)
    return one ? one_output<L, true, false>(call, row_loss, gradient)
               : many_outputs<L, true, false>(call, row_loss, gradient);
  if (gradient)
    return one ? one_output<L, false, true>(call, row_loss, gradient)
               : many_outputs<L, false, true>(call, row_loss, gradient);
}

template <class T>
void cross_entropy_of_labels(const LossCall<T>& call, double* row_loss, T* gradient) {
  constexpr Index width = Simd<T>::width;
  if (gradient) std::fill_n(gradient, call.rows * call.outputs, T(0));
  for (Index r = 0; r < call.rows; r += width) {
    const Index count = call.rows - r < width ? call.rows - r : width;
    T picked[width], loss[width], slope[width];
    for (Index k = 0; k < width; ++k)
      picked[k] = k < count ? call.score[(r + k) * call.outputs + call.label[r + k]] : T(1);
    const Terms<T> t = CrossEntropy::terms<T>(load(picked), broadcast<T>(1), 0);
    store(loss, t.loss);
    store(slope, t.gradient);
    for (Index k = 0; k < count; ++k) {
      const T weight = weight_of(call, r + k);
      if (row_loss) row_loss[r + k] = static_cast<double>(weight) * static_cast<double>(loss[k]);
      if (gradient) gradient[(r + k) * call.outputs + call.label[r + k]] = weight * slope[k];
    }
  }
}

template <class T>
double sum_of(Index n, const T* x) {
  V<double> sums{};
  for (Index i = 0; i < n; i += Simd<T>::width) sums += widen_sum(load_part(x + i, n - i));
  return sum_lanes(sums);
}

// With S the sum of exponentials, l = sum_k y_k (log S + largest - s_k): every term is at least zero for y >= 0, and
// log S = log1p(S - 1) keeps the loss of a row that is all but certain. Gradient: (sum y) e / S - y.
template <class T>
void softmax_cross_entropy(const LossCall<T>& call, double* row_loss, T* gradient) {
  constexpr Index width = Simd<double>::width;
  const Index n = call.outputs;
  for (Index block = 0; block < call.rows; block += width) {
    const Index count = call.rows - block < width ? call.rows - block : width;
    double excess[width] = {}, away[width] = {}, total[width] = {};
    for (Index k = 0; k < count; ++k) {
      const Index r = block + k;
      const T* s = call.score + r * n;
      T* g = gradient ? gradient + r * n : nullptr;
      const auto e = exponentials(n, s, g);
      const T weight = weight_of(call, r);
      excess[k] = e.sum - 1;
      if (call.label) {
        const Index label = call.label[r];
        total[k] = 1;
        away[k] = static_cast<double>(e.largest) - static_cast<double>(s[label]);
        if (!g) continue;
        const double miss = (static_cast<double>(g[label]) - e.sum) / e.sum;
        const T scale = static_cast<T>(static_cast<double>(weight) / e.sum);
        for (Index i = 0; i < n; i += Simd<T>::width) store_part<T>(g + i, load_part(g + i, n - i) * scale, n - i);
        g[label] = static_cast<T>(static_cast<double>(weight) * miss);
      } else {
        const T* y = call.target + r * n;
        total[k] = sum_of(n, y);
        V<double> sums{};
        for (Index i = 0; i < n; i += Simd<T>::width)
          sums += widen_sum(load_part(y + i, n - i) * (e.largest - load_part(s + i, n - i)));
        away[k] = sum_lanes(sums);
        if (!g) continue;
        const T scale = static_cast<T>(total[k] / e.sum);
        for (Index i = 0; i < n; i += Simd<T>::width)
          store_part<T>(g + i, weight * (load_part(g + i, n - i) * scale - load_part(y + i, n - i)), n - i);
      }
    }
    if (!row_loss) continue;
    double log_sum[width];
    store(log_sum, elementary::log1p<double>(load(excess)));
    for (Index k = 0; k < count; ++k)
      row_loss[block + k] = static_cast<double>(weight_of(call, block + k)) * (total[k] * log_sum[k] + away[k]);
  }
}

// (sum y) (diag p - p p') v = (sum y) p (v - <p, v>)
template <class T>
void softmax_curvature(const LossCall<T>& call, const T* v, T* out) {
  const Index n = call.outputs;
  for (Index r = 0; r < call.rows; ++r) {
    const T* direction = v + r * n;
    T* p = out + r * n;
    const double sum = exponentials(n, call.score + r * n, p).sum;
    V<double> sums{};
    for (Index i = 0; i < n; i += Simd<T>::width)
      sums += widen_sum(load_part(p + i, n - i) * load_part(direction + i, n - i));
    const T mean = static_cast<T>(sum_lanes(sums) / sum);
    const double total = call.label ? 1.0 : sum_of(n, call.target + r * n);
    const T scale = static_cast<T>(static_cast<double>(weight_of(call, r)) * total / sum);
    for (Index i = 0; i < n; i += Simd<T>::width)
      store_part<T>(p + i, scale * load_part(p + i, n - i) * (load_part(direction + i, n - i) - mean), n - i);
  }
}

template <class L, class T>
void curvature_over_outputs(const LossCall<T>& call, const T* v, T* out) {
  const T parameter = static_cast<T>(call.parameter);
  const Index n = call.outputs;
  const auto product = [&](Index at, Index count, V<T> weight) {
    const V<T> second =
        L::template second<T>(load_part(call.score + at, count), load_part(call.target + at, count), parameter);
    store_part<T>(out + at, weight * second * load_part(v + at, count), count);
  };
  if (n == 1) {
    for (Index r = 0; r < call.rows; r += Simd<T>::width)
      product(r, call.rows - r, call.weight ? load_part(call.weight + r, call.rows - r) : broadcast<T>(1));
    return;
  }
  for (Index r = 0; r < call.rows; ++r)
    for (Index i = 0; i < n; i += Simd<T>::width) product(r * n + i, n - i, broadcast<T>(weight_of(call, r)));
}

template <class T>
void value_and_gradient(const LossCall<T>& call, double* row_loss, T* gradient) {
  if (call.kind == Loss::softmax_cross_entropy) return softmax_cross_entropy(call, row_loss, gradient);
  if (call.label) return cross_entropy_of_labels(call, row_loss, gradient);
  with(call.kind, [&](auto loss) { sum_over_outputs<decltype(loss)>(call, row_loss, gradient); });
}

template <class T>
void curvature(const LossCall<T>& call, const T* v, T* out) {
  if (call.kind == Loss::softmax_cross_entropy) return softmax_curvature(call, v, out);
  if (call.label) {
    std::fill_n(out, call.rows * call.outputs, T(0));
    for (Index r = 0; r < call.rows; ++r) {
      const Index at = r * call.outputs + call.label[r];
      const T p = std::max(call.score[at], smallest_divisor<T>);
      out[at] = weight_of(call, r) / (p * p) * v[at];
    }
    return;
  }
  with(call.kind, [&](auto loss) { curvature_over_outputs<decltype(loss)>(call, v, out); });
}

}  // namespace

template <class T>
void fill(LossKernels<T>& table) {
  table = {value_and_gradient<T>, curvature<T>};
}
template void fill(LossKernels<float>&);
template void fill(LossKernels<double>&);
}  // namespace steep
