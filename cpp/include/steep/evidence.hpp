// Bayesian regularization: the Gaussian (Laplace) approximation of the posterior of w, and MacKay's evidence for the
// precision alpha of the weights' prior and beta of the noise (Neural Computation 4 (1992) 415 and 448).
//
//     f(w) = (1/S) sum_i s_i l_i(w) + l2/2 ||P w||^2,  l2 = alpha / (beta S),  H = Gauss-Newton matrix of f
//     posterior: N(w, (S beta H)^-1);  effective = p - l2 tr(P H^-1), P the projection on the penalized parameters
//     alpha = (effective - p + tr P) / ||P w||^2,  beta = (S k - effective) / sum_i s_i ||r_i||^2
//
// Outputs may have noise of their own: beta_j = beta c_j with weights c_j of the outputs in l, and
//
//     beta_j = (S - effective_j) / sum_i s_i r_ij^2,  effective_j = sum_i s_i c_j J_ij (S H)^-1 J_ij'
//     1 / beta = mean of the 1 / beta_j, so that f stays about what it is with equal weights
//
// What is not penalized has a flat prior. Weights of rows count repetitions, so S k is the number of observations. beta
// is 1 where the loss is a likelihood of its own (cross-entropy, Poisson). O(p^3) beside the Gauss-Newton matrix.
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
  virtual const Vector& output_weights() const = 0;        // c; empty: ones
  virtual void set_output_weights(const Vector& weights) = 0;
  virtual Index outputs() const = 0;
  virtual Vector output_squares(const double* w) = 0;  // sum_i s_i r_ij^2
  // sum_i s_i ||R' J_ij||^2 of each output, R (p, p) upper triangular
  virtual Vector output_leverages(const double* w, const Vector& root) = 0;
};

struct Evidence {
  bool finite = true;  // H at w; nothing else is found where it is not
  double alpha = 0, beta = 1, l2 = 0, effective = 0, log_evidence = 0;
  double shift = 0;       // added to H, scaled to a unit diagonal, where it was singular
  double next_alpha = 0;  // MacKay's update
  double fun = 0;
  double next_l2 = 0;   // by next_alpha and the noise found
  Vector next_weights;  // of the outputs; empty where their noise is one
  Vector root;          // R (p, p) row-major, upper triangular: the posterior's covariance is R R'; where asked for
};

// beta 0: estimated, the outputs' weights being what they are. by_output: next_weights are found. Throws
// std::invalid_argument for an objective that is no EvidenceModel.
Evidence evidence(Objective& f, const double* w, double beta, bool with_root, bool by_output = false);

// Levenberg-Marquardt steps on f, with l2 (and, by_output, the outputs' weights) set anew by the evidence after every
// few; f's own are put back at the end. The trace's column is the effective number of parameters.
class BayesianRegularization : public Solver {
 public:
  BayesianRegularization(LevenbergMarquardtOptions steps, Index steps_per_update, bool by_output)
      : steps_(std::move(steps)), steps_per_update_(steps_per_update), by_output_(by_output) {}
  const char* name() const override { return "bayesian_regularization"; }
  Result solve(Objective& f, const double* x0, const SolveOptions& options) override;
  const Evidence& found() const { return found_; }
  const Vector& output_weights() const { return weights_; }  // beta_j / beta; empty where the noise is one

 private:
  void settle(Objective& f, EvidenceModel& model, const double* x0, const SolveOptions& options, Result& all);

  LevenbergMarquardtOptions steps_;
  Index steps_per_update_;
  bool by_output_;
  Evidence found_;
  Vector weights_;
};

}  // namespace steep
