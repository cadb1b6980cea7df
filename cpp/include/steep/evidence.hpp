// Bayesian regularization: the Gaussian (Laplace) approximation of the posterior of w, and MacKay's evidence for the
// precision alpha of the weights' prior and beta of the noise (Neural Computation 4 (1992) 415 and 448).
//
//     f(w) = (1/S) sum_i s_i l_i(w) + l2/2 ||P w||^2,  l2 = alpha / (beta S),  H = Gauss-Newton matrix of f
//     posterior: N(w, (S beta H)^-1);  effective = p - l2 tr(P H^-1), P the projection on the penalized parameters
//     alpha = (effective - p + tr P) / ||P w||^2,  beta = (S k - effective) / sum_i s_i ||r_i||^2
//
// What is not penalized has a flat prior. Weights of rows count repetitions, so S k is the number of observations. beta is 1 where the
// loss is a likelihood of its own (cross-entropy, Poisson). O(p^3) beside the Gauss-Newton matrix.
#pragma once
#include "steep/least_squares.hpp"

namespace steep {

// What an objective offers beside its Gauss-Newton matrix.
class EvidenceModel {
 public:
  virtual ~EvidenceModel() = default;
  virtual double l2() const = 0;
  virtual void set_l2(double l2) = 0;
  virtual const std::vector<char>& penalized() const = 0;  // of each parameter
  virtual double total_weight() const = 0;                 // S
  virtual double noise_observations() const = 0;           // S k for the squared error, 0 where beta is 1
};

struct Evidence {
  double alpha = 0, beta = 1, l2 = 0, effective = 0, log_evidence = 0;
  double shift = 0;       // added to H, scaled to a unit diagonal, where it was singular
  double next_alpha = 0;  // MacKay's update
  double fun = 0;
  Vector root;  // R (p, p) row-major, upper triangular: the posterior's covariance is R R'; where asked for
};

// beta 0: estimated. Throws std::invalid_argument for an objective that is no EvidenceModel.
Evidence evidence(Objective& f, const double* w, double beta, bool with_root);

// Levenberg-Marquardt steps on f, with l2 set anew by the evidence after every few; f's own l2 is the start (0: by the
// weights and residuals of x0) and is put back. The trace's column is the effective number of parameters.
class BayesianRegularization : public Solver {
 public:
  BayesianRegularization(LevenbergMarquardtOptions steps, Index steps_per_update)
      : steps_(std::move(steps)), steps_per_update_(steps_per_update) {}
  const char* name() const override { return "bayesian_regularization"; }
  Result solve(Objective& f, const double* x0, const SolveOptions& options) override;
  const Evidence& found() const { return found_; }

 private:
  LevenbergMarquardtOptions steps_;
  Index steps_per_update_;
  Evidence found_;
};

}  // namespace steep
