// Update rules, COURSE section 5 and PyTorch's forms: one struct a rule, one fused pass over theta, g and the slots.
//
// A rule's `update` works on one entry and returns that entry's step scale, by which an l1 penalty's proximal threshold
// is multiplied: the scale is such that a constant gradient g moves theta by scale * g, so the fixed points with l1 are
// the minimizers. Whole vectors and the padded rest run through one and the same machine code: no cut into segments
// changes a bit. Moments that decay towards zero would become subnormal numbers, which cost 100 cycles each and move
// nothing; they are flushed to zero inside these passes. Cost: reads of theta, g, slots and writes of theta, slots.
#include <cmath>
#include <cstring>

#include "level.hpp"
#include "simd.hpp"
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace steep {
namespace {

// Subnormal results and operands count as zero while one of these lives.
class FlushSubnormals {
 public:
#if defined(__SSE2__)
  FlushSubnormals() : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | 0x8040u); }
  ~FlushSubnormals() { _mm_setcsr(saved_); }

 private:
  unsigned saved_;
#endif
};

template <class T>
inline T shrink(T w, T threshold) {  // S(w, t) = sign(w) max(|w| - t, 0)
  const T size = std::fabs(w) - threshold;
  return std::copysign(size > 0 ? size : T(0), w);
}

struct Sgd {
  static constexpr int slots = 0;
  template <class T>
  static T update(const RuleStep<T>& s, T& w, T g, T&, T&, T&) {
    w -= s.rate * (g + s.weight_decay * w);
    return s.prox_rate;
  }
};
struct Momentum {  // averaged (gain1 = 1 - b, rate = eta) and classical (gain1 = 1, rate = eta)
  static constexpr int slots = 1;
  template <class T>
  static T update(const RuleStep<T>& s, T& w, T g, T& v, T&, T&) {
    g += s.weight_decay * w;
    v = s.beta1 * v + s.gain1 * g;
    w -= s.rate * v;
    return s.prox_rate;
  }
};
struct Velocity {
  static constexpr int slots = 1;
  template <class T>
  static T update(const RuleStep<T>& s, T& w, T g, T& v, T&, T&) {
    g += s.weight_decay * w;
    v = s.beta1 * v - s.rate * g;
    w += v;
    return s.prox_rate;
  }
};
template <class T>
inline T ahead(const RuleStep<T>& s, T w, T v) {
  const T step = s.rate * s.beta1;
  const T point = w - step * v;
  return s.l1 > 0 ? shrink(point, step * s.l1) : point;
}
struct Nesterov {  // weight decay acts where the gradient was taken
  static constexpr int slots = 1;
  template <class T>
  static T update(const RuleStep<T>& s, T& w, T g, T& v, T&, T&) {
    g += s.weight_decay * ahead(s, w, v);
    v = s.beta1 * v + s.gain1 * g;
    w -= s.rate * v;
    return s.prox_rate;
  }
};
struct NesterovReformulated {
  static constexpr int slots = 1;
  template <class T>
  static T update(const RuleStep<T>& s, T& w, T g, T& v, T&, T&) {
    g += s.weight_decay * w;
    v = s.beta1 * v + g;
    w -= s.rate * (g + s.beta1 * v);
    return s.prox_rate;
  }
};
struct NesterovVelocity {
  static constexpr int slots = 1;
  template <class T>
  static T update(const RuleStep<T>& s, T& w, T g, T& v, T&, T&) {
    const T move = s.rate * (g + s.weight_decay * w);
    v = s.beta1 * v - move;
    w += s.beta1 * v - move;
    return s.prox_rate;
  }
};
struct AdaptiveRate {  // adagrad (beta2 = gain2 = 1) and rmsprop
  static constexpr int slots = 1;
  template <class T>
  static T update(const RuleStep<T>& s, T& w, T g, T& v, T&, T&) {
    g += s.weight_decay * w;
    v = s.beta2 * v + s.gain2 * (g * g);
    const T scale = s.rate / (std::sqrt(v) + s.eps);
    w -= scale * g;
    return scale;
  }
};
// mhat / (sqrt(vhat) + eps) = m / (1 - b1^t) sqrt(1 - b2^t) / (sqrt(v) + eps sqrt(1 - b2^t)): rate and eps hold the
// rest.
struct Adam {
  static constexpr int slots = 2;
  template <class T>
  static T update(const RuleStep<T>& s, T& w, T g, T& m, T& v, T&) {
    g += s.weight_decay * w;
    m = s.beta1 * m + s.gain1 * g;
    v = s.beta2 * v + s.gain2 * (g * g);
    const T inverse = 1 / (std::sqrt(v) + s.eps);
    w -= s.rate * m * inverse;
    return s.prox_rate * inverse;
  }
};
struct AdamW {
  static constexpr int slots = 2;
  template <class T>
  static T update(const RuleStep<T>& s, T& w, T g, T& m, T& v, T&) {
    w -= s.decay * s.weight_decay * w;
    m = s.beta1 * m + s.gain1 * g;
    v = s.beta2 * v + s.gain2 * (g * g);
    const T inverse = 1 / (std::sqrt(v) + s.eps);
    w -= s.rate * m * inverse;
    return s.prox_rate * inverse;
  }
};
struct NAdam {
  static constexpr int slots = 2;
  template <class T>
  static T update(const RuleStep<T>& s, T& w, T g, T& m, T& v, T&) {
    g += s.weight_decay * w;
    m = s.beta1 * m + s.gain1 * g;
    v = s.beta2 * v + s.gain2 * (g * g);
    const T inverse = 1 / (std::sqrt(v) + s.eps);
    w -= (s.rate_g * g + s.rate * m) * inverse;
    return s.prox_rate * inverse;
  }
};
struct AmsGrad {  // the maximum is taken of v, before its bias correction, as PyTorch does
  static constexpr int slots = 3;
  template <class T>
  static T update(const RuleStep<T>& s, T& w, T g, T& m, T& v, T& largest) {
    g += s.weight_decay * w;
    m = s.beta1 * m + s.gain1 * g;
    v = s.beta2 * v + s.gain2 * (g * g);
    largest = v > largest ? v : largest;
    const T inverse = 1 / (std::sqrt(largest) + s.eps);
    w -= s.rate * m * inverse;
    return s.prox_rate * inverse;
  }
};
template <class T>
inline T sign(T x) {
  return static_cast<T>(x > 0) - static_cast<T>(x < 0);
}
struct Lion {
  static constexpr int slots = 1;
  template <class T>
  static T update(const RuleStep<T>& s, T& w, T g, T& m, T&, T&) {
    w -= s.decay * s.weight_decay * w;
    w -= s.rate * sign(s.beta1 * m + s.gain1 * g);
    m = s.beta2 * m + s.gain2 * g;
    return 0;
  }
};
struct Rprop {  // slots: last gradient (0 after a change of sign), step size of the entry (0: not started)
  static constexpr int slots = 2;
  template <class T>
  static T update(const RuleStep<T>& s, T& w, T g, T& last, T& size, T&) {
    g += s.weight_decay * w;
    // The sign of g and of last, not of their product, which could underflow.
    const T agree = sign(g) * sign(last);
    T step = size > 0 ? size : s.rate;
    step *= agree > 0 ? s.grow : (agree < 0 ? s.shrink : T(1));
    step = step < s.step_min ? s.step_min : step;
    step = step > s.step_max ? s.step_max : step;
    g = agree < 0 ? T(0) : g;
    w -= sign(g) * step;
    last = g;
    size = step;
    return 0;
  }
};

template <class T>
constexpr Index lanes = Simd<T>::width;

enum class Prox { none, l1, scales };  // scales: l1, and each entry's step scale is written

// `blocks` whole vectors. Neither inlined nor cloned: the padded rest must run through this very code.
template <class R, Prox prox, class T>
[[gnu::noipa]] void whole_blocks(const RuleStep<T>& step, Index blocks, T* __restrict w, const T* __restrict g,
                                 T* __restrict a, T* __restrict b, T* __restrict c, T* __restrict scales) {
  const RuleStep<T> s = step;
  for (Index block = 0; block < blocks; ++block) {
    for (Index i = block * lanes<T>; i < (block + 1) * lanes<T>; ++i) {
      T x = w[i];
      T u = 0, v = 0, z = 0;
      if constexpr (R::slots > 0) u = a[i];
      if constexpr (R::slots > 1) v = b[i];
      if constexpr (R::slots > 2) z = c[i];
      const T scale = R::update(s, x, s.gradient_scale * g[i], u, v, z);
      if constexpr (prox != Prox::none) x = shrink(x, s.l1 * scale);
      if constexpr (prox == Prox::scales) scales[i] = scale;
      w[i] = x;
      if constexpr (R::slots > 0) a[i] = u;
      if constexpr (R::slots > 1) b[i] = v;
      if constexpr (R::slots > 2) c[i] = z;
    }
  }
}

template <class R, Prox prox, class T>
void pass(const RuleStep<T>& step, Index n, T* w, const T* g, T* a, T* b, T* c, T* scales) {
  const FlushSubnormals flush;
  const Index blocks = n / lanes<T>, done = blocks * lanes<T>, rest = n - done;
  whole_blocks<R, prox>(step, blocks, w, g, a, b, c, scales);
  if (rest == 0) return;
  T padded[6][lanes<T>] = {};
  T* const arrays[6] = {w, const_cast<T*>(g), a, b, c, scales};
  const std::size_t bytes = static_cast<std::size_t>(rest) * sizeof(T);
  for (int k = 0; k < 2 + R::slots; ++k) std::memcpy(padded[k], arrays[k] + done, bytes);
  whole_blocks<R, prox>(step, 1, padded[0], padded[1], padded[2], padded[3], padded[4], padded[5]);
  for (int k = 0; k < 6; ++k) {
    const bool written = k == 5 ? prox == Prox::scales : k != 1 && k < 2 + R::slots;
    if (written) std::memcpy(arrays[k] + done, padded[k], bytes);
  }
}

template <class R, class T>
void either(const RuleStep<T>& step, Index n, T* w, const T* g, T* a, T* b, T* c, T* scales) {
  if (scales)
    pass<R, Prox::scales>(step, n, w, g, a, b, c, scales);
  else if (step.l1 > 0)
    pass<R, Prox::l1>(step, n, w, g, a, b, c, scales);
  else
    pass<R, Prox::none>(step, n, w, g, a, b, c, scales);
}

template <class T>
void update(const RuleStep<T>& step, Index n, T* w, const T* g, T* a, T* b, T* c, T* scales) {
  switch (step.rule) {
    case Rule::sgd:
      return either<Sgd>(step, n, w, g, a, b, c, scales);
    case Rule::momentum:
    case Rule::momentum_classical:
      return either<Momentum>(step, n, w, g, a, b, c, scales);
    case Rule::momentum_velocity:
      return either<Velocity>(step, n, w, g, a, b, c, scales);
    case Rule::nesterov:
      return either<Nesterov>(step, n, w, g, a, b, c, scales);
    case Rule::nesterov_reformulated:
      return either<NesterovReformulated>(step, n, w, g, a, b, c, scales);
    case Rule::nesterov_velocity:
      return either<NesterovVelocity>(step, n, w, g, a, b, c, scales);
    case Rule::adagrad:
    case Rule::rmsprop:
      return either<AdaptiveRate>(step, n, w, g, a, b, c, scales);
    case Rule::adam:
      return either<Adam>(step, n, w, g, a, b, c, scales);
    case Rule::adamw:
      return either<AdamW>(step, n, w, g, a, b, c, scales);
    case Rule::nadam:
      return either<NAdam>(step, n, w, g, a, b, c, scales);
    case Rule::amsgrad:
      return either<AmsGrad>(step, n, w, g, a, b, c, scales);
    case Rule::lion:
      return pass<Lion, Prox::none>(step, n, w, g, a, b, c, scales);
    case Rule::rprop:
      return pass<Rprop, Prox::none>(step, n, w, g, a, b, c, scales);
  }
}

template <class T>
void lookahead(const RuleStep<T>& step, Index n, const T* w, const T* v, T* out) {
  const FlushSubnormals flush;
  const RuleStep<T> s = step;
  for (Index i = 0; i < n; ++i) out[i] = ahead(s, w[i], v[i]);
}

// Lane sums of at most 64 vectors in T, then in double: the error is that of 64 terms whatever n is.
template <class T>
double squared_norm(T gradient_scale, T weight_decay, Index n, const T* w, const T* g) {
  constexpr Index stride = 64 * lanes<T>;
  double total = 0;
  for (Index start = 0; start < n; start += stride) {
    const Index stop = start + stride < n ? start + stride : n;
    T sums[lanes<T>] = {};
    Index i = start;
    for (; i + lanes<T> <= stop; i += lanes<T>)
      for (Index k = 0; k < lanes<T>; ++k) {
        const T x = gradient_scale * g[i + k] + weight_decay * w[i + k];
        sums[k] += x * x;
      }
    double part = 0;
    for (Index k = 0; k < lanes<T>; ++k) part += static_cast<double>(sums[k]);
    for (; i < stop; ++i) {
      const double x = static_cast<double>(gradient_scale * g[i] + weight_decay * w[i]);
      part += x * x;
    }
    total += part;
  }
  return total;
}

}  // namespace

template <class T>
void fill(RuleKernels<T>& table) {
  table = {update<T>, lookahead<T>, squared_norm<T>};
}
template void fill(RuleKernels<float>&);
template void fill(RuleKernels<double>&);
}  // namespace steep
