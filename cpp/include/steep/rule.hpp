// Update rules: one fused pass over parameters, gradient and slots.
//
// theta: parameters, g: minibatch gradient, eta: learning rate, a, b: first and second slot. Slots start as zeros under
// every rule. Weight decay is PyTorch's: added to g (coupled), except adamw and lion, which shrink theta by 1 - eta wd.
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
  adagrad,
  rmsprop,
  adam,
  adamw,
  nadam,
  amsgrad,
  lion,
  rprop,
};
inline constexpr int rule_count = 15;
inline constexpr const char* rule_names[] = {"sgd",
                                             "momentum",
                                             "momentum_classical",
                                             "momentum_velocity",
                                             "nesterov",
                                             "nesterov_reformulated",
                                             "nesterov_velocity",
                                             "adagrad",
                                             "rmsprop",
                                             "adam",
                                             "adamw",
                                             "nadam",
                                             "amsgrad",
                                             "lion",
                                             "rprop"};

// The scalars of one step, worked out once for all parameters by UpdateRule::step. A caller sets gradient_scale,
// weight_decay and l1 for the segment at hand; all segments share the rest.
template <class T>
struct RuleStep {
  Rule rule = Rule::sgd;
  T gradient_scale = 1;    // multiplies g first (clipping by norm)
  T weight_decay = 0;      // coupled or decoupled as the rule has it
  T l1 = 0;                // lambda of an l1 penalty; its threshold is l1 times the rule's own step scale of each entry
  T rate = 0;              // what multiplies the rule's direction: eta, with bias corrections folded in
  T decay = 0;             // eta, for decoupled weight decay
  T prox_rate = 0;         // numerator of the step scale
  T beta1 = 0, gain1 = 1;  // first moment: beta1 m + gain1 g
  T beta2 = 0, gain2 = 1;  // second moment: beta2 v + gain2 g^2
  T eps = 0;
  T rate_g = 0;                                        // nadam: what multiplies g itself
  T grow = 0, shrink = 0, step_min = 0, step_max = 0;  // rprop
};

template <class T>
struct RuleKernels {
  // theta, g, slot0..: (n); slots the rule does not have may be null. No two arrays overlap. Each entry's result
  // depends on that entry alone, so any cut into segments gives the same bits. l1 > 0 is refused upstream for lion and
  // rprop. scales: null, or (n) for the step scale of each entry, by which a penalty of whole units goes on (not lion,
  // rprop).
  void (*update)(const RuleStep<T>& step, Index n, T* theta, const T* g, T* slot0, T* slot1, T* slot2, T* scales);
  // nesterov: out = theta - eta b v, where the gradient belongs (with l1, the proximal step of that); out == theta
  // allowed.
  void (*lookahead)(const RuleStep<T>& step, Index n, const T* theta, const T* slot0, T* out);
  // sum of (gradient_scale g + weight_decay theta)^2, accumulated in double in an order that depends on n alone.
  double (*squared_norm)(T gradient_scale, T weight_decay, Index n, const T* theta, const T* g);
};

}  // namespace steep
