// Losses l(score, target): names, and what the kernel levels compute of them.
//
// A loss is evaluated on rows of "scores": the network's raw outputs z for the losses that are fused with the output
// activation, the outputs themselves for the rest. Which pair is fused is decided by `resolve_loss` in the core.
#pragma once
#include "steep/index.hpp"

namespace steep {

enum class Loss : int {
  squared_error,          // 1/2 sum_k (s_k - y_k)^2
  absolute_error,         // sum_k |s_k - y_k|
  huber,                  // sum_k h(s_k - y_k), parameter delta
  pinball,                // sum_k max(q r, (q - 1) r), r = y_k - s_k, parameter q
  binary_cross_entropy,   // on probabilities: -sum_k y log s + (1 - y) log(1 - s)
  cross_entropy,          // on probabilities: -sum_k y_k log s_k
  logistic,               // raw score, y in {0, 1} or a probability: log(1 + e^s) - y s
  softmax_cross_entropy,  // raw scores: logsumexp(s) - <y, s> for sum y = 1
  hinge,                  // raw score, y in {0, 1} read as {-1, 1}: max(0, 1 - m)
  squared_hinge,          // max(0, 1 - m)^2
  poisson,                // raw score (log of the mean): e^s - y s
  perceptron,             // raw score: max(0, -m), the mistake-driven rule
};
inline constexpr const char* loss_names[] = {"squared_error", "absolute_error", "huber", "pinball", "binary_cross_entropy",
                                             "cross_entropy", "logistic", "softmax_cross_entropy", "hinge",
                                             "squared_hinge", "poisson", "perceptron"};

template <class T>
struct LossCall {
  Loss kind = Loss::squared_error;
  double parameter = 1.0;  // huber's delta, pinball's q
  Index rows = 0, outputs = 0;
  const T* score = nullptr;             // (rows, outputs) contiguous
  const T* target = nullptr;            // (rows, outputs) contiguous, or null where label is given
  const std::int32_t* label = nullptr;  // (rows) class indices, for softmax_cross_entropy and cross_entropy
  const T* weight = nullptr;            // (rows) or null
};

template <class T>
struct LossKernels {
  // row_loss (rows) = weight * l, in double; gradient (rows, outputs) = weight * dl/dscore. Either may be null.
  void (*value_and_gradient)(const LossCall<T>& call, double* row_loss, T* gradient);
  // out (rows, outputs) = weight * (d2l/dscore2) v, exact (positive semidefinite for every convex loss).
  void (*curvature)(const LossCall<T>& call, const T* v, T* out);
};

}  // namespace steep
