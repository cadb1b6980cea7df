// Losses l(score, target): names, and what the kernel levels compute of them.
//
// A loss is evaluated on rows of "scores": the network's raw outputs z for the losses that are fused with the output
// activation, the outputs themselves for the rest. Which pair is fused is decided by `resolve_loss` in the core.
// At a kink the gradient is 0 where that is a subgradient, except the perceptron's (below).
#pragma once
#include <cmath>
#include <string>

#include "steep/activation.hpp"
#include "steep/index.hpp"

namespace steep {

enum class Loss : int {
  squared_error,                // 1/2 sum_k (s_k - y_k)^2
  absolute_error,               // sum_k |s_k - y_k|
  huber,                        // sum_k h(s_k - y_k), parameter delta
  pinball,                      // sum_k max(q r, (q - 1) r), r = y_k - s_k, parameter q
  epsilon_insensitive,          // sum_k max(0, |s_k - y_k| - epsilon), parameter epsilon
  squared_epsilon_insensitive,  // its square, no 1/2
  // The two on probabilities take logarithms as at least -100 and divide by at least 1e-12 in the derivatives, as
  // PyTorch's BCELoss does: a wrong certainty costs 100, not infinity.
  binary_cross_entropy,   // on probabilities: -sum_k y log s + (1 - y) log(1 - s)
  cross_entropy,          // on probabilities: -sum_k y_k log s_k
  logistic,               // raw score, y in {0, 1} or a probability: log(1 + e^s) - y s
  softmax_cross_entropy,  // raw scores: sum_k y_k (logsumexp(s) - s_k)
  hinge,                  // raw score, y in {0, 1} read as {-1, 1}: max(0, 1 - m)
  squared_hinge,          // max(0, 1 - m)^2
  poisson,                // raw score (log of the mean): e^s - y s
  perceptron,             // raw score: max(0, -m); gradient step(s) - y, so that a step is the learning rule
  soft_l1,                // sum_k c^2 (sqrt(1 + z) - 1), z = (s_k - y_k)^2 / c^2, parameter c
  cauchy,                 // sum_k c^2 / 2 log(1 + z), parameter c; not convex
};
inline constexpr const char* loss_names[] = {"squared_error",
                                             "absolute_error",
                                             "huber",
                                             "pinball",
                                             "epsilon_insensitive",
                                             "squared_epsilon_insensitive",
                                             "binary_cross_entropy",
                                             "cross_entropy",
                                             "logistic",
                                             "softmax_cross_entropy",
                                             "hinge",
                                             "squared_hinge",
                                             "poisson",
                                             "perceptron",
                                             "soft_l1",
                                             "cauchy"};

// A loss of sums over outputs adds them: k outputs of binary_cross_entropy are k independent labels.

template <class T>
struct LossCall {
  Loss kind = Loss::squared_error;
  double parameter = 1.0;     // huber's delta, pinball's q, epsilon, soft_l1's and cauchy's c
  double largest = INFINITY;  // value of an output's term, of a row's for the losses of rows; derivatives do not see it
  Index rows = 0, outputs = 0;
  const T* score = nullptr;             // (rows, outputs) contiguous
  const T* target = nullptr;            // (rows, outputs) contiguous, or null where label is given
  const std::int32_t* label = nullptr;  // (rows) class indices, for softmax_cross_entropy and cross_entropy
  const T* weight = nullptr;            // (rows) or null
  // curvature as Gauss-Newton models take it: soft_l1's and cauchy's at least a tenth of dl/dscore over the residual.
  bool model = false;
};

template <class T>
struct LossKernels {
  // row_loss (rows) = weight * l, in double; gradient (rows, outputs) = weight * dl/dscore. Either may be null.
  void (*value_and_gradient)(const LossCall<T>& call, double* row_loss, T* gradient);
  // out (rows, outputs) = weight * (d2l/dscore2) v, exact (positive semidefinite for every convex loss); out and v
  // do not overlap. Where l has no second derivative (kinks) it is that of one side.
  void (*curvature)(const LossCall<T>& call, const T* v, T* out);
};

// What runs for the loss asked for on a network that ends with an activation: the kernel, and whether its scores are
// the values before that activation.
struct ResolvedLoss {
  Loss kernel = Loss::squared_error;
  bool on_raw = false;
};
// Throws std::invalid_argument for a pairing that means nothing, with the pairing that was meant.
ResolvedLoss resolve_loss(Activation activation, Loss loss, Index outputs);
Loss default_loss(Activation activation);

// By name; std::invalid_argument lists the names there are.
Loss loss_named(const std::string& name);

}  // namespace steep
