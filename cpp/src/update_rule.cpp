// The scalars of step t of each update rule (COURSE section 5; PyTorch 2 for AdamW, NAdam, AMSGrad, Rprop; Chen et al.,
// "Symbolic discovery of optimization algorithms", 2023, for Lion), in double, rounded once to the arrays' type.
// With c1 = 1 - b1^t, c2 = 1 - b2^t: eta (m / c1) / (sqrt(v / c2) + eps) = rate m / (sqrt(v) + eps'),
// rate = eta sqrt(c2) / c1, eps' = eps sqrt(c2). Scikit-learn's Adam has eps' = eps.
#include "steep/update_rule.hpp"

#include <cmath>
#include <stdexcept>
#include <string>

namespace steep {
namespace {

void demand(bool ok, const char* name, const char* rule, double value) {
  if (ok) return;
  std::string text = std::to_string(value);
  throw std::invalid_argument(std::string(name) + " must be " + rule + ", got " + text);
}

double nadam_mu(double beta1, double decay, double t) { return beta1 * (1 - 0.5 * std::pow(0.96, t * decay)); }

}  // namespace

void UpdateRule::check() const {
  demand(beta1 >= 0 && beta1 < 1, "beta1", "in [0, 1)", beta1);
  demand(beta2 >= 0 && beta2 < 1, "beta2", "in [0, 1)", beta2);
  demand(eps >= 0 && std::isfinite(eps), "eps", "a number of at least 0", eps);
  demand(weight_decay >= 0 && std::isfinite(weight_decay), "weight_decay", "a number of at least 0", weight_decay);
  demand(momentum_decay >= 0 && std::isfinite(momentum_decay), "momentum_decay", "a number of at least 0",
         momentum_decay);
  demand(eta_minus > 0 && eta_minus < 1, "eta_minus", "in (0, 1)", eta_minus);
  demand(eta_plus > 1 && std::isfinite(eta_plus), "eta_plus", "a number above 1", eta_plus);
  demand(step_min > 0 && std::isfinite(step_min), "step_min", "a positive number", step_min);
  demand(step_max >= step_min && std::isfinite(step_max), "step_max", "a number of at least step_min", step_max);
}

int UpdateRule::slot_count() const {
  switch (rule) {
    case Rule::sgd:
      return 0;
    case Rule::momentum:
    case Rule::momentum_classical:
    case Rule::momentum_velocity:
    case Rule::nesterov:
    case Rule::nesterov_reformulated:
    case Rule::nesterov_velocity:
    case Rule::adagrad:
    case Rule::rmsprop:
    case Rule::lion:
      return 1;
    case Rule::adam:
    case Rule::adamw:
    case Rule::nadam:
    case Rule::rprop:
      return 2;
    case Rule::amsgrad:
      return 3;
  }
  return 0;
}

bool UpdateRule::allows_l1() const { return rule != Rule::lion && rule != Rule::rprop; }
bool UpdateRule::allows_groups() const { return allows_l1() && !needs_lookahead(); }
bool UpdateRule::needs_lookahead() const { return rule == Rule::nesterov; }
bool UpdateRule::uses_learning_rate() const { return rule != Rule::rprop; }

double UpdateRule::nadam_product(std::int64_t t) const {
  if (t < product_t_) {
    product_t_ = 0;
    product_ = 1;
  }
  // Below 1e-17 the product no longer changes 1 - product.
  while (product_t_ < t && product_ > 1e-17)
    product_ *= nadam_mu(beta1, momentum_decay, static_cast<double>(++product_t_));
  return product_;
}

template <class T>
RuleStep<T> UpdateRule::step(std::int64_t t, double learning_rate) const {
  const double eta = learning_rate, time = static_cast<double>(t);
  double rate = eta, prox_rate = eta, gain1 = 1, b2 = beta2, gain2 = 1 - beta2, epsilon = eps, rate_g = 0;
  switch (rule) {
    case Rule::momentum:
    case Rule::nesterov:
      gain1 = 1 - beta1;
      break;
    case Rule::momentum_classical:
    case Rule::momentum_velocity:
    case Rule::nesterov_reformulated:
    case Rule::nesterov_velocity:
      prox_rate = eta / (1 - beta1);
      break;  // what a constant gradient is multiplied by
    case Rule::adagrad:
      b2 = gain2 = 1;
      break;
    case Rule::adam:
    case Rule::adamw:
    case Rule::nadam:
    case Rule::amsgrad: {
      const double c1 = 1 - std::pow(beta1, time), root2 = std::sqrt(1 - std::pow(beta2, time));
      gain1 = 1 - beta1;
      rate = eta * root2 / c1;
      prox_rate = eta * root2;
      if (!eps_before_correction) epsilon = eps * root2;
      if (rule == Rule::nadam) {
        const double mu = nadam_mu(beta1, momentum_decay, time), next = nadam_mu(beta1, momentum_decay, time + 1);
        const double product = nadam_product(t);
        rate_g = eta * root2 * (1 - mu) / (1 - product);
        rate = eta * root2 * next / (1 - product * next);
        prox_rate = rate_g + rate * c1;
      }
      break;
    }
    case Rule::lion:
      gain1 = 1 - beta1;
      break;
    case Rule::sgd:
    case Rule::rmsprop:
    case Rule::rprop:
      break;
  }
  RuleStep<T> s;
  s.rule = rule;
  s.weight_decay = static_cast<T>(weight_decay);
  s.rate = static_cast<T>(rate);
  s.decay = static_cast<T>(eta);
  s.prox_rate = static_cast<T>(prox_rate);
  s.beta1 = static_cast<T>(beta1);
  s.gain1 = static_cast<T>(gain1);
  s.beta2 = static_cast<T>(b2);
  s.gain2 = static_cast<T>(gain2);
  s.eps = static_cast<T>(epsilon);
  s.rate_g = static_cast<T>(rate_g);
  s.grow = static_cast<T>(eta_plus);
  s.shrink = static_cast<T>(eta_minus);
  s.step_min = static_cast<T>(step_min);
  s.step_max = static_cast<T>(step_max);
  return s;
}

template RuleStep<float> UpdateRule::step<float>(std::int64_t, double) const;
template RuleStep<double> UpdateRule::step<double>(std::int64_t, double) const;

}  // namespace steep
