// The risk of a network on a data set: f(w) = (1 / sum s) sum s_i l(h(x_i; w), y_i) + l2/2 ||weights||^2, with an l1
// part that solvers treat apart. In inference mode: no dropout, running statistics.
//
// Exact derivatives: gradient by backpropagation, Hessian-vector products by the R-operator (Pearlmutter, 1994), and
// the generalized Gauss-Newton matrix sum_i J_i' H_i J_i (Schraudolph, Neural Computation 14 (2002) 1723), where H_i is
// the loss's second derivative in the scores: for the squared error J'J. Rows go through in chunks, so memory is
// O(p^2 + chunk p) for matrices and O(chunk) for vectors; the chunks' sums are added in order, in double. Where all
// rows fit one chunk, the derivatives at the point evaluated last start from its activations.
#pragma once
#include "steep/evidence.hpp"
#include "steep/pass.hpp"

namespace steep {

template <class T>
class NetworkRisk : public Objective, public EvidenceModel {
 public:
  // data and net must outlive the risk; state is copied.
  NetworkRisk(const Network<T>& net, const T* state, const Dataset<T>& data, const LossPlan& plan, double l1, double l2,
              int n_threads);
  ~NetworkRisk() override;

  Index dim() const override { return net_.parameter_count(); }
  std::string name() const override { return name_; }
  bool has_hessian() const override { return tangents_; }
  bool has_hessian_product() const override { return tangents_; }
  Index residual_count() const override;
  bool has_gauss_newton() const override { return rows_ready_; }
  // Of fewer residuals than parameters only, for J J'; otherwise J'J is many times faster than a factor of J.
  bool has_jacobian() const override { return residual_count() > 0 && residual_count() < dim(); }
  bool alike() const override { return true; }
  double evaluate(const double* w, double* g) override;
  void hessian(const double* w, double* H) override;
  void hessian_product(const double* w, const double* v, double* Hv) override;
  void residuals(const double* w, double* r, double* J) override;
  double normal_equations(const double* w, double* JtJ, double* Jtr) override;
  void gauss_newton_product(const double* w, const double* v, double* Gv) override;
  const double* l1() const override { return l1_.empty() ? nullptr : l1_.data(); }
  double l2() const override { return l2_; }
  void set_l2(double l2) override { l2_ = l2; }
  const std::vector<char>& penalized() const override { return penalized_; }
  // l2 also on biases, but for those of the last layer that has any: they follow the targets' mean.
  void penalize_biases();
  double total_weight() const override { return total_weight_; }
  double noise_observations() const override {
    return plan_.kernel == Loss::squared_error ? total_weight_ * static_cast<double>(net_.outputs()) : 0;
  }
  const Vector& output_weights() const override { return plan_.output_weights; }
  void set_output_weights(const Vector& weights) override;
  void limit_loss(double largest);  // LossPlan::largest
  Index outputs() const override { return net_.outputs(); }
  Vector output_squares(const double* w) override;
  Vector output_leverages(const double* w, const Vector& root) override;
  void set_threads(int n) override;
  int threads() const override { return n_threads_; }

 private:
  class Rows;  // a pass with tangents and per-row gradients
  void load(const double* w);
  // Whether the pass holds the activations of all rows at w.
  bool holds(const double* w) const;
  void hold(const double* w);
  double add_penalty(const double* w, double* g) const;
  int team_size(double flops_per_row) const;
  typename Pass<T>::Rows chunk(Index first) const;
  bool make_ready(const double* w, Team& team);
  template <class TileOf>
  void product(const double* w, const double* v, bool gauss_newton, double* result, TileOf&& tile_of);
  void small_normal_equations(const double* w, double* JtJ, double* Jtr, double& value);
  void large_normal_equations(const double* w, double* JtJ, double* Jtr, double& value);

  std::string name_ = "network risk";  // and which layer has no tangents
  const Network<T>& net_;
  Dataset<T> data_;
  LossPlan plan_;
  double l2_, total_weight_;
  int n_threads_;
  bool tangents_ = true, rows_ready_ = true;
  Vector l1_;
  std::vector<char> penalized_;  // of each parameter: whether l2 and l1 are on it; without more said the weights
  Buffer<T> w_, state_, gradient_;
  Vector held_;  // the point whose activations the pass holds, or empty
  Packed<T> packed_;
  KeptTeams teams_;
  std::unique_ptr<Rows> pass_;
  struct Accumulator {
    Buffer<T> H, g, J, rho, workspace;
  };
  std::vector<Accumulator> accumulators_;  // of small_normal_equations
  Buffer<T> J_, rho_;                      // of large_normal_equations: a block's rows
};

}  // namespace steep
