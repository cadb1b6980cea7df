// Elementary functions of whole vectors: exp, expm1, log, log1p, tanh, sigmoid, softplus and the normal distribution.
//
// Range reduction by powers of two (Cody and Waite, ln 2 in two parts), then polynomials fitted by Remez's exchange in
// 50 digits and rounded. The logarithm's series is that of 2 atanh(f / (2 + f)). Errors stay within about 2 units in
// the last place (tests/test_activation.py states and checks each); signed zeros, subnormal numbers, infinities and NaN
// come out as in the C library; tanh and the sigmoid saturate at exactly 1. No fused multiply-add is needed for that,
// and none does harm; the last bits may differ from one instruction-set level to another.
#pragma once
#include <cmath>
#include <limits>

#include "lanes.hpp"

namespace steep::elementary {

// What the functions need of each type. `quotient`: (e^r - 1 - r) / r^2; `log_tail`: (2 atanh(s) / s - 2) / s^2 in s^2;
// `tail`: (y + k) (1 - Phi(y)) / exp(-y^2 / 2) in (y - k) / (y + k), 0 <= y <= tail_end, k = tail_center.
template <class T>
struct Constants;
template <>
struct Constants<float> {
  static constexpr int mantissa = 23;
  static constexpr std::uint32_t bias = 127, one = 0x3f800000, sqrt_half = 0x3f3504f3, split_mask = 0xfffff000;
  static constexpr float magic = 0x1.8p23f, two_to_mantissa = 0x1p23f, subnormal_scale = 0x1p25f;
  static constexpr float subnormal_shift = 25, smallest_normal = 0x1p-126f, integers = 0x1p24f;
  static constexpr float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f, log2e = 0x1.715476p0f;
  static constexpr float exp_low = -104, exp_high = 89, expm1_low = -18, tanh_high = 10;
  static constexpr float quotient[] = {0.500000004238805559f,   0.166666668113857179f,   0.0416663654473859656f,
                                       0.00833327402919386168f, 0.00139403776509542023f, 0.000199137563351861154f};
  static constexpr float log_tail[] = {0.666666658300982271f, 0.400003029231820398f, 0.285390013668894185f,
                                       0.235545887092818202f};
  static constexpr float tail_center = 3, tail_end = 15;
  static constexpr float tail[] = {0.729083690376291209f,    -0.509331991411405518f,   0.230017699400148486f,
                                   -0.0472626879722688097f,  -0.010462512716127222f,   0.00696931098381145385f,
                                   0.00102475333168888725f,  -0.0010325725737702201f,  -0.000244728763509917108f,
                                   0.000131329224662329693f, 0.0000544880270616983848f};
};
template <>
struct Constants<double> {
  static constexpr int mantissa = 52;
  static constexpr std::uint64_t bias = 1023, one = 0x3ff0000000000000, sqrt_half = 0x3fe6a09e667f3bcd,
                                 split_mask = 0xfffffffff8000000;
  static constexpr double magic = 0x1.8p52, two_to_mantissa = 0x1p52, subnormal_scale = 0x1p54;
  static constexpr double subnormal_shift = 54, smallest_normal = 0x1p-1022, integers = 0x1p53;
  static constexpr double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33, log2e = 0x1.71547652b82fep0;
  static constexpr double exp_low = -746, exp_high = 710, expm1_low = -38, tanh_high = 20;
  static constexpr double quotient[] = {0.5,
                                        0.166666666666666759,
                                        0.0416666666666666996,
                                        0.00833333333332211683,
                                        0.00138888888888672196,
                                        0.000198412698850657832,
                                        0.0000248015873602998232,
                                        2.75572451438316654e-6,
                                        2.75572427448110161e-7,
                                        2.51087488615375686e-8,
                                        2.09244907338579746e-9};
  static constexpr double log_tail[] = {0.666666666666669916, 0.399999999996094862, 0.285714287045498081,
                                        0.222222020565150765, 0.181833990643501354, 0.153179577816781202,
                                        0.147594956223007374};
  static constexpr double tail_center = 4, tail_end = 40;
  static constexpr double tail[] = {
      0.755285130415751478,    -0.607896641971892066,    0.387137400742219707,    -0.186521857959663541,
      0.0603965748906541698,   -0.00754018896649510383,  -0.00347969236136844114, 0.00163081845417056633,
      0.000133344246211734544, -0.000231094911104085092, -1.90783156056825537e-6, 0.0000351446069840545442,
      7.1493719177238196e-7,   -5.92013052846396301e-6,  -6.25163325961497412e-7, 1.022099506408896e-6,
      2.64109742008339179e-7,  -1.56895162125260033e-7,  -7.72373092948212399e-8, 1.62818597854988479e-8,
      1.46824009982936814e-8,  -4.03018841014180277e-10, -1.22595105575416784e-9};
};

template <class T>
inline VBits<T> bits(V<T> x) {
  return (VBits<T>)x;
}
template <class T>
inline V<T> from_bits(VBits<T> x) {
  return (V<T>)x;
}
template <class T>
inline V<T> absolute(V<T> x) {
  return from_bits<T>(bits<T>(x) & (std::numeric_limits<Bits<T>>::max() >> 1));
}
template <class T>
inline V<T> with_sign_of(V<T> size, V<T> sign) {
  constexpr Bits<T> rest = std::numeric_limits<Bits<T>>::max() >> 1;
  return from_bits<T>((bits<T>(size) & rest) | (bits<T>(sign) & ~rest));
}
// The bounds win over anything but NaN, which stays.
template <class T>
inline V<T> at_least(V<T> x, T low) {
  return x < low ? broadcast<T>(low) : x;
}
template <class T>
inline V<T> at_most(V<T> x, T high) {
  return x > high ? broadcast<T>(high) : x;
}

template <class T, std::size_t n>
inline V<T> polynomial(V<T> x, const T (&c)[n]) {
  V<T> p = broadcast<T>(c[n - 1]);
#pragma GCC unroll 32
  for (std::size_t k = n - 1; k > 0; --k) p = c[k - 1] + x * p;
  return p;
}

// Nearest whole number for |x| < 2^(mantissa - 1): it stands in the low bits of x + magic.
template <class T>
inline V<T> round_whole(V<T> x) {
  return (x + Constants<T>::magic) - Constants<T>::magic;
}
// 2^n for whole n that keep it a normal number.
template <class T>
inline V<T> power_of_two(V<T> n) {
  using C = Constants<T>;
  return from_bits<T>((bits<T>(n + C::magic) + C::bias) << C::mantissa);
}
// x 2^n, rounded once, for results from zero to infinity: n may be out of a normal number's range.
template <class T>
inline V<T> scale_by_power(V<T> x, V<T> n) {
  const V<T> half = round_whole<T>(n * T(0.5));
  return x * power_of_two<T>(half) * power_of_two<T>(n - half);
}

template <class T>
inline V<T> expm1_reduced(V<T> r) {
  return r + r * r * polynomial<T>(r, Constants<T>::quotient);
}
// exp(high + low), |low| well below 1.
template <class T>
inline V<T> exp_sum(V<T> high, V<T> low) {
  using C = Constants<T>;
  high = at_most<T>(at_least<T>(high, C::exp_low), C::exp_high);
  const V<T> n = round_whole<T>(high * C::log2e);
  const V<T> r = ((high - n * C::ln2_high) - n * C::ln2_low) + low;
  return scale_by_power<T>(1 + expm1_reduced<T>(r), n);
}
template <class T>
inline V<T> exp(V<T> x) {
  return exp_sum<T>(x, V<T>{});
}
template <class T>
inline V<T> expm1(V<T> x) {
  using C = Constants<T>;
  const V<T> y = at_most<T>(at_least<T>(x, C::expm1_low), C::exp_high);
  const V<T> n = round_whole<T>(y * C::log2e);
  const V<T> r = (y - n * C::ln2_high) - n * C::ln2_low;
  // 2^n ((e^r - 1) + (1 - 2^-n)): the power is taken out, so that it cannot overflow before the result does.
  const V<T> rest = 1 - power_of_two<T>(at_least<T>(-n, T(2) - T(C::bias)));
  return with_sign_of<T>(scale_by_power<T>(rest + expm1_reduced<T>(r), n), x);
}

template <class T>
struct Binade {  // x = 2^k m, sqrt(1/2) <= m < sqrt(2)
  V<T> m, k;
};
template <class T>
inline Binade<T> binade(V<T> x) {
  using C = Constants<T>;
  const VBits<T> shifted = bits<T>(x) + (C::one - C::sqrt_half);
  const VBits<T> whole = bits<T>(broadcast<T>(C::two_to_mantissa));
  const V<T> k = from_bits<T>((shifted >> C::mantissa) | whole) - (C::two_to_mantissa + T(C::bias));
  return {from_bits<T>((shifted & ((Bits<T>(1) << C::mantissa) - 1)) + C::sqrt_half), k};
}
// log(2^k (1 + f)).
template <class T>
inline V<T> log_reduced(V<T> f, V<T> k) {
  using C = Constants<T>;
  const V<T> s = f / (2 + f), z = s * s, half = T(0.5) * f * f;
  return k * C::ln2_high - ((half - (s * (half + z * polynomial<T>(z, C::log_tail)) + k * C::ln2_low)) - f);
}
// The ends of a logarithm's domain: infinity and NaN themselves, minus infinity at the pole, NaN below it.
template <class T>
inline V<T> log_ends(V<T> result, V<T> x, T pole) {
  constexpr T infinity = std::numeric_limits<T>::infinity();
  result = x < infinity ? result : x;
  result = x == pole ? broadcast<T>(-infinity) : result;
  return x < pole ? broadcast<T>(std::numeric_limits<T>::quiet_NaN()) : result;
}
template <class T>
inline V<T> log(V<T> x) {
  using C = Constants<T>;
  const VMask<T> small = x < C::smallest_normal;
  const Binade<T> b = binade<T>(small ? x * C::subnormal_scale : x);
  const V<T> k = small ? b.k - C::subnormal_shift : b.k;
  return log_ends<T>(log_reduced<T>(b.m - 1, k), x, 0);
}
template <class T>
inline V<T> log1p(V<T> x) {
  using C = Constants<T>;
  const Binade<T> b = binade<T>(1 + x);
  // f from x itself: x 2^-k is exact, and x where k = 0. Beyond 2^mantissa, 1 + x is as good as x.
  const V<T> power = power_of_two<T>(-at_most<T>(b.k, T(C::bias) - 2));
  const V<T> f = x < C::integers ? x * power + (power - 1) : b.m - 1;
  return with_sign_of<T>(log_ends<T>(log_reduced<T>(f, b.k), x, -1), x);
}

template <class T>
inline V<T> square_root(V<T> x) {
  T lane[Simd<T>::width];
  store<T>(lane, x);
  for (T& value : lane) value = std::sqrt(value);
  return load(lane);
}

template <class T>
inline V<T> tanh(V<T> x) {
  const V<T> u = expm1<T>(2 * at_most<T>(absolute<T>(x), Constants<T>::tanh_high));
  return with_sign_of<T>(u / (u + 2), x);
}

template <class T>
struct Logistic {  // sigma(x) and 1 - sigma(x), both to full relative accuracy
  V<T> value, complement;
};
template <class T>
inline Logistic<T> logistic(V<T> x) {
  const V<T> e = exp<T>(-absolute<T>(x));
  const V<T> large = 1 / (1 + e), small = e / (1 + e);
  const VMask<T> negative = x < 0;
  return {negative ? small : large, negative ? large : small};
}
template <class T>
inline V<T> sigmoid(V<T> x) {
  const V<T> e = exp<T>(-absolute<T>(x));
  return (x < 0 ? e : broadcast<T>(1)) / (1 + e);
}
// log(1 + e^x) = max(x, 0) + log1p(e^-|x|).
template <class T>
inline V<T> log1p_exp_minus_size(V<T> x) {
  return log1p<T>(exp<T>(-absolute<T>(x)));
}
template <class T>
inline V<T> softplus(V<T> x) {
  return at_least<T>(x, 0) + log1p_exp_minus_size<T>(x);
}

template <class T>
struct Normal {
  V<T> cdf, density;
};
// The standard normal distribution; cdf(x) = (1 + erf(x / sqrt(2))) / 2, the lower tail to full relative accuracy.
template <class T>
inline Normal<T> normal(V<T> x) {
  using C = Constants<T>;
  const V<T> y = at_most<T>(absolute<T>(x), C::tail_end);
  // y^2 in two parts, the first exact: exp would magnify its rounding y^2 times.
  const V<T> high = from_bits<T>(bits<T>(y) & C::split_mask);
  const V<T> e = exp_sum<T>(T(-0.5) * (high * high), T(-0.5) * ((y - high) * (y + high)));
  const V<T> u = 1 / (y + C::tail_center);
  const V<T> tail = e * (polynomial<T>((y - C::tail_center) * u, C::tail) * u);
  return {x < 0 ? tail : 1 - tail, e * T(0.398942280401432677939946)};
}

// Of a row: its largest entry, and the sum of e^(s - largest), at least 1; the terms go to `e` (s itself is allowed)
// unless that is null.
template <class T>
struct Exponentials {
  T largest;
  double sum;
};
template <class T>
inline Exponentials<T> exponentials(Index n, const T* s, T* e) {
  V<T> top = broadcast<T>(-std::numeric_limits<T>::infinity());
  for (Index i = 0; i < n; i += Simd<T>::width) {
    const V<T> x = first_lanes<T>(n - i) ? load_part(s + i, n - i) : top;
    top = x > top ? x : top;
  }
  const T largest = max_lanes<T>(top);
  V<double> sums{};
  for (Index i = 0; i < n; i += Simd<T>::width) {
    const V<T> term = exp<T>(load_part(s + i, n - i) - largest);
    if (e) store_part<T>(e + i, term, n - i);
    sums += widen_sum(first_lanes<T>(n - i) ? term : V<T>{});
  }
  return {largest, sum_lanes(sums)};
}
}  // namespace steep::elementary
