// Update rules: one fused pass over parameters, gradient and slots.
#pragma once
#include "steep/index.hpp"

namespace steep {

enum class Rule : int {
  sgd,
  momentum,               // v = b v + (1 - b) g;  theta -= eta v
  momentum_classical,     // v = b v + g;          theta -= eta v
  momentum_velocity,      // v = b v - eta g;      theta += v
  nesterov,               // gradient at the look-ahead point; v = b v + (1 - b) g; theta -= eta v
  nesterov_reformulated,  // v = b v + g;          theta -= eta (g + b v)
  nesterov_velocity,      // v = b v - eta g;      theta += b v - eta g   (scikit-learn's)
  adagrad, rmsprop, adam, adamw, nadam, amsgrad, lion, rprop,
};
inline constexpr const char* rule_names[] = {"sgd", "momentum", "momentum_classical", "momentum_velocity", "nesterov",
                                             "nesterov_reformulated", "nesterov_velocity", "adagrad", "rmsprop", "adam",
                                             "adamw", "nadam", "amsgrad", "lion", "rprop"};

// The scalars of one step, worked out once for all parameters.
template <class T>
struct RuleStep {
  Rule rule = Rule::sgd;
  T learning_rate = 0, beta1 = 0, beta2 = 0, eps = 0;
  T correction1 = 1, correction2 = 1;  // the rule's bias corrections at this step
  T weight_decay = 0;                  // coupled or decoupled as the rule has it
  T extra0 = 0, extra1 = 0, extra2 = 0, extra3 = 0;
  T l1 = 0;  // proximal threshold per unit of the rule's own step scale; 0 where the segment is not penalized
};

template <class T>
struct RuleKernels {
  void (*update)(const RuleStep<T>& step, Index n, T* theta, const T* g, T* slot0, T* slot1, T* slot2);
};

}  // namespace steep
