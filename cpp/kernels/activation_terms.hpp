// The activations that act on each element, one struct each: Phi(z), and Phi', Phi'' as functions of z and a = Phi(z).
// Only those with `needs_z` may use z in the derivatives. `flat`: Phi'' = 0.
#pragma once
#include "elementary.hpp"
#include "steep/activation.hpp"

namespace steep {
namespace {

struct Elementwise {
  static constexpr bool needs_z = false, flat = false;
};
struct Identity : Elementwise {
  static constexpr bool flat = true;
  template <class T>
  static V<T> value(V<T> z, T) {
    return z;
  }
  template <class T>
  static V<T> first(V<T>, V<T>, T) {
    return broadcast<T>(1);
  }
};
struct Step : Elementwise {  // forward only: its derivative is zero wherever there is one
  static constexpr bool flat = true;
  template <class T>
  static V<T> value(V<T> z, T) {
    const V<T> a = z >= 0 ? broadcast<T>(1) : V<T>{};
    return z == z ? a : z;
  }
  template <class T>
  static V<T> first(V<T>, V<T>, T) {
    return V<T>{};
  }
};
struct Sigmoid : Elementwise {
  template <class T>
  static V<T> value(V<T> z, T) {
    return elementary::sigmoid<T>(z);
  }
  template <class T>
  static V<T> first(V<T>, V<T> a, T) {
    return a * (1 - a);
  }
  template <class T>
  static V<T> second(V<T>, V<T> a, T) {
    return a * (1 - a) * (1 - 2 * a);
  }
};
struct Tanh : Elementwise {
  template <class T>
  static V<T> value(V<T> z, T) {
    return elementary::tanh<T>(z);
  }
  template <class T>
  static V<T> first(V<T>, V<T> a, T) {
    return (1 - a) * (1 + a);
  }
  template <class T>
  static V<T> second(V<T>, V<T> a, T) {
    return -2 * a * ((1 - a) * (1 + a));
  }
};
struct Relu : Elementwise {
  static constexpr bool flat = true;
  template <class T>
  static V<T> value(V<T> z, T) {
    return z <= 0 ? V<T>{} : z;
  }
  template <class T>
  static V<T> first(V<T>, V<T> a, T) {
    return a > 0 ? broadcast<T>(1) : V<T>{};
  }
};
struct LeakyRelu : Elementwise {
  static constexpr bool flat = true;
  template <class T>
  static V<T> value(V<T> z, T slope) {
    return z > 0 ? z : z * slope;
  }
  template <class T>
  static V<T> first(V<T>, V<T> a, T slope) {
    return a > 0 ? broadcast<T>(1) : broadcast<T>(slope);
  }
};
struct Elu : Elementwise {
  template <class T>
  static V<T> value(V<T> z, T) {
    return z > 0 ? z : elementary::expm1<T>(z);
  }
  template <class T>
  static V<T> first(V<T>, V<T> a, T) {
    return a > 0 ? broadcast<T>(1) : 1 + a;
  }
  template <class T>
  static V<T> second(V<T>, V<T> a, T) {
    return a > 0 ? V<T>{} : 1 + a;
  }
};
// Arguments beyond `end` count as `end`, where the functions below have reached their limits: infinities stay out.
template <class T>
V<T> clip(V<T> z, T end) {
  return elementary::at_most<T>(elementary::at_least<T>(z, -end), end);
}
struct Gelu : Elementwise {  // z Phi(z), Phi the standard normal distribution
  static constexpr bool needs_z = true;
  template <class T>
  static constexpr T end = elementary::Constants<T>::tail_end;
  template <class T>
  static V<T> value(V<T> z, T) {
    return elementary::at_least<T>(z, -end<T>) * elementary::normal<T>(z).cdf;
  }
  template <class T>
  static V<T> first(V<T> z, V<T>, T) {
    const auto n = elementary::normal<T>(z);
    return n.cdf + clip<T>(z, end<T>) * n.density;
  }
  template <class T>
  static V<T> second(V<T> z, V<T>, T) {
    const V<T> c = clip<T>(z, end<T>);
    return elementary::normal<T>(z).density * (2 - c * c);
  }
};
struct Silu : Elementwise {  // z sigma(z)
  static constexpr bool needs_z = true;
  template <class T>
  static constexpr T end = -elementary::Constants<T>::exp_low;
  template <class T>
  static V<T> value(V<T> z, T) {
    return elementary::at_least<T>(z, -end<T>) * elementary::sigmoid<T>(z);
  }
  template <class T>
  static V<T> first(V<T> z, V<T>, T) {
    const auto s = elementary::logistic<T>(z);
    return s.value * (1 + clip<T>(z, end<T>) * s.complement);
  }
  template <class T>
  static V<T> second(V<T> z, V<T>, T) {
    const auto s = elementary::logistic<T>(z);
    return s.value * s.complement * (2 + clip<T>(z, end<T>) * (s.complement - s.value));
  }
};
struct Softplus : Elementwise {  // Phi' = sigma = 1 - e^-a and 1 - sigma = e^-a: no cancellation on either side
  template <class T>
  static V<T> value(V<T> z, T) {
    return elementary::softplus<T>(z);
  }
  template <class T>
  static V<T> first(V<T>, V<T> a, T) {
    return -elementary::expm1<T>(-a);
  }
  template <class T>
  static V<T> second(V<T>, V<T> a, T) {
    return -elementary::expm1<T>(-a) * elementary::exp<T>(-a);
  }
};
struct Exp : Elementwise {
  template <class T>
  static V<T> value(V<T> z, T) {
    return elementary::exp<T>(z);
  }
  template <class T>
  static V<T> first(V<T>, V<T> a, T) {
    return a;
  }
  template <class T>
  static V<T> second(V<T>, V<T> a, T) {
    return a;
  }
};

template <class F>
void with(Activation kind, F&& f) {
  switch (kind) {
    case Activation::identity:
      return f(Identity());
    case Activation::step:
      return f(Step());
    case Activation::sigmoid:
      return f(Sigmoid());
    case Activation::tanh:
      return f(Tanh());
    case Activation::relu:
      return f(Relu());
    case Activation::leaky_relu:
      return f(LeakyRelu());
    case Activation::elu:
      return f(Elu());
    case Activation::gelu:
      return f(Gelu());
    case Activation::silu:
      return f(Silu());
    case Activation::softplus:
      return f(Softplus());
    case Activation::exp:
      return f(Exp());
    case Activation::softmax:
      return;  // acts on rows
  }
}

}  // namespace
}  // namespace steep
