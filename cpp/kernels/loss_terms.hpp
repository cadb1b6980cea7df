// The losses that are sums over outputs, one struct each: l and dl/ds of one element (score s, target y), and d2l/ds2.
#pragma once
#include "elementary.hpp"
#include "steep/loss.hpp"

namespace steep {
namespace {

using elementary::absolute;
using elementary::at_least;
using elementary::at_most;

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
struct EpsilonInsensitive {
  template <class T>
  static Terms<T> terms(V<T> s, V<T> y, T epsilon) {
    const V<T> r = s - y, beyond = absolute<T>(r) - epsilon;
    const V<T> slope = elementary::with_sign_of<T>(broadcast<T>(1), r);
    return {beyond <= 0 ? V<T>{} : beyond, beyond > 0 ? slope : (beyond <= 0 ? V<T>{} : beyond)};
  }
  template <class T>
  static V<T> second(V<T>, V<T>, T) {
    return V<T>{};
  }
};
struct SquaredEpsilonInsensitive {
  template <class T>
  static Terms<T> terms(V<T> s, V<T> y, T epsilon) {
    const V<T> r = s - y, beyond = absolute<T>(r) - epsilon, rest = beyond <= 0 ? V<T>{} : beyond;
    return {rest * rest, elementary::with_sign_of<T>(2 * rest, r)};
  }
  template <class T>
  static V<T> second(V<T> s, V<T> y, T epsilon) {
    return where<T>(absolute<T>(s - y) <= epsilon, 0, 2);
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

// Robust losses of z = (r / c)^2. Where z would overflow or hide the 1 beside it, the limit for large z is taken.
template <class T>
constexpr T far_out = T(1e8);  // of |r| / c
template <class T>
constexpr T least_bend = T(0.1);  // of a Gauss-Newton model, over dl/dr / r: less would be rounding of next to nothing
struct SoftL1 {
  template <class T>
  static V<T> root(V<T> size) {  // sqrt(1 + z)
    return size > far_out<T> ? size : elementary::square_root<T>(1 + size * size);
  }
  template <class T>
  static Terms<T> terms(V<T> s, V<T> y, T c) {
    const V<T> r = s - y, t = root<T>(absolute<T>(r) / c);
    return {absolute<T>(r) * (absolute<T>(r) / (t + 1)), r / t};
  }
  template <class T>
  static V<T> second(V<T> s, V<T> y, T c) {
    const V<T> t = root<T>(absolute<T>(s - y) / c);
    return 1 / t / t / t;
  }
  template <class T>
  static V<T> model(V<T> s, V<T> y, T c) {
    const V<T> bend = second<T>(s, y, c), least = least_bend<T> / root<T>(absolute<T>(s - y) / c);
    return bend < least ? least : bend;
  }
};
struct Cauchy {
  template <class T>
  static Terms<T> terms(V<T> s, V<T> y, T c) {
    const V<T> r = s - y, size = absolute<T>(r) / c, z = size * size;
    const V<T> log = size > far_out<T> ? 2 * elementary::log<T>(size) : elementary::log1p<T>(z);
    return {T(0.5) * c * c * log, size > far_out<T> ? c * c / r : r / (1 + z)};
  }
  template <class T>
  static V<T> second(V<T> s, V<T> y, T c) {
    const V<T> size = absolute<T>(s - y) / c, q = 1 + size * size;
    return (2 / q - 1) / q;
  }
  template <class T>
  static V<T> model(V<T> s, V<T> y, T c) {
    const V<T> size = absolute<T>(s - y) / c;
    const V<T> bend = second<T>(s, y, c), least = least_bend<T> / (1 + size * size);
    return bend < least ? least : bend;
  }
};
template <class L>
inline constexpr bool has_model = std::is_same_v<L, SoftL1> || std::is_same_v<L, Cauchy>;

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
    case Loss::epsilon_insensitive:
      return f(EpsilonInsensitive());
    case Loss::squared_epsilon_insensitive:
      return f(SquaredEpsilonInsensitive());
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
    case Loss::soft_l1:
      return f(SoftL1());
    case Loss::cauchy:
      return f(Cauchy());
    case Loss::softmax_cross_entropy:
      return;  // acts on rows
  }
}

}  // namespace
}  // namespace steep
