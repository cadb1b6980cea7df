// An update rule with its hyper-parameters, and the scalars of its step t.
//
//     UpdateRule rule{Rule::adam};  rule.check();
//     RuleStep<float> step = rule.step<float>(t, learning_rate);        // t = 1, 2, ...
//     kernels<float>().rule.update(step, n, theta, g, slot0, slot1, slot2, nullptr);  // slots start as zeros
//
// What step(t, eta) gives is a function of t and eta alone, so a run resumed at t goes on with the same bits.
#pragma once
#include "steep/rule.hpp"

namespace steep {

struct UpdateRule {
  Rule rule = Rule::adam;
  double beta1 = 0.9;    // b of the momentum family; b1 of adam's family and lion
  double beta2 = 0.999;  // beta of rmsprop; b2 of adam's family and lion
  double eps = 1e-8;
  double weight_decay = 0;
  double momentum_decay = 4e-3;            // nadam
  double eta_minus = 0.5, eta_plus = 1.2;  // rprop
  double step_min = 1e-6, step_max = 50;   // rprop
  // adam, amsgrad, adamw: eps is added before the bias correction of the second moment (scikit-learn's Adam), which is
  // the usual form with eps / sqrt(1 - b2^t).
  bool eps_before_correction = false;

  // Throws std::invalid_argument that names the parameter and its rule.
  void check() const;
  int slot_count() const;           // arrays like theta, zero at the start
  bool allows_groups() const;       // allows_l1, and no look ahead
  bool allows_l1() const;           // false: lion, rprop have no step scale
  bool needs_lookahead() const;     // true: nesterov, whose gradient belongs at RuleKernels::lookahead
  bool uses_learning_rate() const;  // at every step; false: rprop, which takes it as its first step size only
  const char* name() const { return rule_names[static_cast<int>(rule)]; }

  template <class T>
  RuleStep<T> step(std::int64_t t, double learning_rate) const;

 private:
  double nadam_product(std::int64_t t) const;
  // mu_1 ... mu_t, kept so that consecutive steps cost one product each.
  mutable std::int64_t product_t_ = 0;
  mutable double product_ = 1;
};

}  // namespace steep
