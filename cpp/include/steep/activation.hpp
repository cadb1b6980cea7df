// Activations Phi: names, and what the kernel levels compute of them.
#pragma once
#include <string>

#include "steep/index.hpp"

namespace steep {

enum class Activation : int {
  identity,
  step,
  sigmoid,
  tanh,
  relu,
  leaky_relu,
  softmax,
  elu,
  gelu,
  silu,
  softplus,
  exp,
};
inline constexpr const char* activation_names[] = {"identity", "step", "sigmoid", "tanh", "relu",     "leaky_relu",
                                                   "softmax",  "elu",  "gelu",    "silu", "softplus", "exp"};

// By name; std::invalid_argument lists the names there are.
Activation activation_named(const std::string& name);

// gelu and silu need z for their derivatives; all others are derived from their own value: softplus without any loss
// (1 - sigma = e^-a), sigmoid, tanh and elu to an absolute error of one rounding, so that they vanish where a rounds to
// its limit.
inline constexpr bool needs_preactivation(Activation a) { return a == Activation::gelu || a == Activation::silu; }

template <class T>
struct ActivationKernels {
  // (rows, cols) contiguous; softmax acts along a row, the others on each element. `slope` is leaky_relu's, at least 0:
  // its derivative is read off a. value: a = Phi(z); a == z allowed.
  void (*value)(Activation kind, T slope, Index rows, Index cols, const T* z, T* a);
  // pullback: d <- Phi'(z) d in place (softmax: J' d = a * (d - <a, d>)); z may be null unless needs_preactivation.
  // The Jacobian is symmetric for every activation here, so the same call pushes tangents forward.
  void (*pullback)(Activation kind, T slope, Index rows, Index cols, const T* z, const T* a, T* d);
  // curvature: out += d * Phi''(z) * t elementwise; softmax: the derivative along t (of z) of its pullback of d.
  void (*curvature)(Activation kind, T slope, Index rows, Index cols, const T* z, const T* a, const T* d, const T* t,
                    T* out);
};

}  // namespace steep
