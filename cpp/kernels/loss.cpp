// Losses: value, gradient and curvature in the scores, a row at a time, in vectors.
//
// Losses that are sums over outputs come from loss_terms.hpp; cross_entropy of labels and softmax_cross_entropy act on
// rows. An element of a loss is computed in T without cancellation; a row's sum and its logarithm in double. With one
// output, a vector holds many rows. A row's result does not depend on where it stands.
#include "steep/loss.hpp"

#include <algorithm>

#include "lane_rows.hpp"
#include "level.hpp"
#include "loss_terms.hpp"

namespace steep {
namespace {

using elementary::exponentials;

template <class T>
T weight_of(const LossCall<T>& call, Index r) {
  return call.weight ? call.weight[r] : T(1);
}

template <class L, bool with_loss, bool with_gradient, class T>
void one_output(const LossCall<T>& call, double* row_loss, T* gradient) {
  constexpr Index width = Simd<T>::width;
  const T parameter = static_cast<T>(call.parameter), largest = static_cast<T>(call.largest);
  for (Index r = 0; r < call.rows; r += width) {
    const Index count = call.rows - r < width ? call.rows - r : width;
    const V<T> weight = call.weight ? load_part(call.weight + r, count) : broadcast<T>(1);
    const Terms<T> t =
        L::template terms<T>(load_part(call.score + r, count), load_part(call.target + r, count), parameter);
    if constexpr (with_gradient) store_part<T>(gradient + r, weight * t.gradient, count);
    if constexpr (with_loss) {
      T loss[width], scale[width];
      store(loss, at_most<T>(t.loss, largest));
      store(scale, weight);
      for (Index k = 0; k < count; ++k) row_loss[r + k] = static_cast<double>(scale[k]) * static_cast<double>(loss[k]);
    }
  }
}

template <class L, bool with_loss, bool with_gradient, class T>
void many_outputs(const LossCall<T>& call, double* row_loss, T* gradient) {
  const T parameter = static_cast<T>(call.parameter), largest = static_cast<T>(call.largest);
  const Index n = call.outputs;
  for (Index r = 0; r < call.rows; ++r) {
    const T weight = weight_of(call, r);
    const T *score = call.score + r * n, *target = call.target + r * n;
    V<double> sums{};
    for (Index i = 0; i < n; i += Simd<T>::width) {
      const Terms<T> t = L::template terms<T>(load_part(score + i, n - i), load_part(target + i, n - i), parameter);
      if constexpr (with_gradient) store_part<T>(gradient + r * n + i, weight * t.gradient, n - i);
      if constexpr (with_loss) sums += widen_sum(first_lanes<T>(n - i) ? at_most<T>(t.loss, largest) : V<T>{});
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
      if (row_loss)
        row_loss[r + k] = static_cast<double>(weight) * std::min(static_cast<double>(loss[k]), call.largest);
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
      row_loss[block + k] =
          static_cast<double>(weight_of(call, block + k)) * std::min(total[k] * log_sum[k] + away[k], call.largest);
  }
}

// The same with a row in each lane.
template <class T>
void softmax_cross_entropy_in_lanes(const LossCall<T>& call, double* row_loss, T* gradient) {
  constexpr Index width = Simd<T>::width;
  const Index n = call.outputs;
  LaneRows<T> e, y;
  e.length = y.length = n;
  for (Index block = 0; block < call.rows; block += width) {
    const Index count = call.rows - block < width ? call.rows - block : width;
    const T* score = call.score + block * n;
    e.read(score, count);
    const V<T> top = e.largest();
    alignas(kVectorBytes) double sum[width], away[width] = {}, total[width], excess[width];
    alignas(kVectorBytes) T largest[width], scale[width], weight[width];
    store<T>(largest, top);
    for (Index k = 0; k < width; ++k) weight[k] = k < count ? weight_of(call, block + k) : T(0);
    if (call.label) {
      for (Index k = 0; k < width; ++k) total[k] = 1;
      for (Index k = 0; k < count; ++k)
        away[k] = static_cast<double>(largest[k]) - static_cast<double>(score[k * n + call.label[block + k]]);
    } else {
      for (Index k = 0; k < width; ++k) total[k] = 0;
      y.read(call.target + block * n, count);
      for (Index j = 0; j < n; ++j)
        for (Index k = 0; k < width; ++k) {
          total[k] += static_cast<double>(y.entry[j][k]);
          away[k] += static_cast<double>(y.entry[j][k] * (largest[k] - e.entry[j][k]));
        }
    }
    e.exponentials(top, sum);
    for (Index k = 0; k < width; ++k) excess[k] = sum[k] - 1;
    if (gradient && call.label) {
      T miss[width] = {};
      for (Index k = 0; k < count; ++k) miss[k] = e.entry[call.label[block + k]][k];
      for (Index k = 0; k < width; ++k) {
        const double w = static_cast<double>(weight[k]);
        scale[k] = static_cast<T>(w / sum[k]);
        miss[k] = static_cast<T>(w * ((static_cast<double>(miss[k]) - sum[k]) / sum[k]));
      }
      for (Index k = 0; k < count; ++k)
        for (Index j = 0; j < n; ++j) gradient[(block + k) * n + j] = e.entry[j][k] * scale[k];
      for (Index k = 0; k < count; ++k) gradient[(block + k) * n + call.label[block + k]] = miss[k];
    } else if (gradient) {
      for (Index k = 0; k < width; ++k) scale[k] = static_cast<T>(total[k] / sum[k]);
      const V<T> s = load(scale), w = load(weight);
      for (Index j = 0; j < n; ++j) store<T>(e.entry[j], w * (load(e.entry[j]) * s - load(y.entry[j])));
      e.write(gradient + block * n, count);
    }
    if (!row_loss) continue;
    double log_sum[width];
    for (Index k = 0; k < width; k += Simd<double>::width)
      store(log_sum + k, elementary::log1p<double>(load(excess + k)));
    for (Index k = 0; k < count; ++k)
      row_loss[block + k] = static_cast<double>(weight[k]) * std::min(total[k] * log_sum[k] + away[k], call.largest);
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
    const V<T> s = load_part(call.score + at, count), y = load_part(call.target + at, count);
    V<T> second;
    if constexpr (has_model<L>)
      second = call.model ? L::template model<T>(s, y, parameter) : L::template second<T>(s, y, parameter);
    else
      second = L::template second<T>(s, y, parameter);
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
  if (call.kind == Loss::softmax_cross_entropy)
    return call.outputs <= LaneRows<T>::most ? softmax_cross_entropy_in_lanes(call, row_loss, gradient)
                                             : softmax_cross_entropy(call, row_loss, gradient);
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
