// Bayesian regularization: steps on f and updates of its penalty in turn; see evidence.hpp.
//
// Foresee and Hagan (ICNN 1997) update after every step; a few steps between updates cost less and end at the same
// fixed point. It has converged when a solve met tol and the update left effective and log(l2) where they were.
#include <algorithm>
#include <cmath>

#include "steep/evidence.hpp"

namespace steep {
namespace {

constexpr double settled = 1e-3;  // relative change of the penalty and of the effective number of parameters

// Puts the objective's penalty and the outputs' weights back.
class Restore {
 public:
  explicit Restore(EvidenceModel& model) : model_(model), l2_(model.l2()), weights_(model.output_weights()) {}
  ~Restore() {
    model_.set_l2(l2_);
    model_.set_output_weights(weights_);
  }

 private:
  EvidenceModel& model_;
  double l2_;
  Vector weights_;
};

// The largest change of a weight, in its logarithm.
double change(const Vector& before, const Vector& after) {
  double largest = 0;
  for (std::size_t j = 0; j < after.size(); ++j)
    largest = std::max(largest, std::abs(std::log(after[j] / (before.empty() ? 1.0 : before[j]))));
  return largest;
}

// alpha / (beta S) with beta and alpha as the prior weights and residuals alone have them.
double first_l2(Objective& f, EvidenceModel& model, const double* x0) {
  double size = 0;
  Index weights = 0;
  for (Index i = 0; i < f.dim(); ++i) {
    if (!model.penalized()[static_cast<std::size_t>(i)]) continue;
    size += x0[i] * x0[i];
    ++weights;
  }
  const double S = model.total_weight(), N = model.noise_observations();
  const double alpha = static_cast<double>(std::max<Index>(weights, 1)) / (size > 0 ? size : 1);
  if (N == 0) return alpha / S;
  const double squares = 2 * S * f.evaluate(x0, nullptr);
  return std::isfinite(squares) && squares > 0 ? alpha * squares / (N * S) : alpha / S;
}

void append(Result& all, Result&& part, double effective) {
  for (std::size_t i = all.trace.empty() ? 0 : 1; i < part.trace.size(); ++i) {
    all.trace.push_back(part.trace[i]);
    all.trace.back().extra = effective;
  }
  part.trace.swap(all.trace);
  part.nit += all.nit;
  part.nfev += all.nfev;
  part.njev += all.njev;
  part.extra_name = all.extra_name;
  all = std::move(part);
}

}  // namespace

Result BayesianRegularization::solve(Objective& f, const double* x0, const SolveOptions& options) {
  auto* model = dynamic_cast<EvidenceModel*>(&f);
  if (!model || !f.has_gauss_newton())
    throw std::invalid_argument("method bayesian_regularization needs the risk of a network with a smooth loss, got " +
                                f.name());
  const Restore restore(*model);
  Result all;
  all.extra_name = "effective_parameters";
  try {
    settle(f, *model, x0, options, all);
  } catch (const Interrupted&) {  // between two solves; inside one the solve itself ends
    all.status = Status::interrupted;
    all.message = "Interrupted after " + std::to_string(all.nit) + " iterations.";
  }
  return all;
}

void BayesianRegularization::settle(Objective& f, EvidenceModel& model, const double* x0, const SolveOptions& options,
                                    Result& all) {
  if (model.l2() == 0) model.set_l2(first_l2(f, model, x0));
  const Index limit = options.max_iter >= 0 ? options.max_iter : 1000;
  Vector x(x0, x0 + f.dim());
  double effective = static_cast<double>(f.dim());
  LevenbergMarquardtOptions steps = steps_;
  for (Index updates = 0;; ++updates) {
    SolveOptions inner = options;
    inner.rtol = updates == 0 ? options.rtol : 0;
    if (updates > 0) inner.tol = std::max(options.tol, options.rtol * all.trace.front().gradient_norm);
    const Index before = all.nit;
    inner.max_iter = std::min(steps_per_update_, limit - before);
    if (options.callback)
      inner.callback = [&](const Progress& p) {
        return options.callback(
            {before + p.iteration, p.x, p.fun, p.gradient_norm, p.gradient, p.step_size, model.l2()});
      };
    Result part = LevenbergMarquardt(steps).solve(f, x.data(), inner);
    if (steps.damping != Damping::trust_region && part.nit > 0) steps.initial = part.trace.back().extra;
    append(all, std::move(part), effective);
    x = all.x;
    const double last = effective, l2 = model.l2();
    if (all.status == Status::interrupted) return;
    Evidence found = evidence(f, x.data(), 0, false, by_output_);
    if (!found.finite) {
      all.status = Status::diverged;
      all.message = "The Gauss-Newton matrix is not finite.";
      return;
    }
    weights_ = model.output_weights();
    found_ = std::move(found);
    effective = all.trace.back().extra = found_.effective;
    const double next = found_.next_l2;
    // A step that fails at an optimum fails by rounding.
    const bool solved = all.status == Status::converged || all.status == Status::line_search_failed;
    if (!solved && all.status != Status::max_iter) return;
    if (solved && std::abs(effective - last) <= settled * std::max(effective, 1.0) &&
        std::abs(std::log(next / l2)) <= settled && change(weights_, found_.next_weights) <= settled) {
      all.status = Status::converged;
      all.message = "Converged: the evidence has settled at " + std::to_string(effective) + " effective parameters.";
      return;
    }
    if (all.nit >= limit || updates > limit) {
      all.status = Status::max_iter;
      all.message = "Stopped after " + std::to_string(all.nit) + " iterations with the evidence not settled.";
      return;
    }
    model.set_l2(next);
    if (!found_.next_weights.empty()) model.set_output_weights(found_.next_weights);
  }
}

}  // namespace steep
