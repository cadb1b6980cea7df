// The local model of a sum of squares, and its damped step:
//
//     min_p  1/2 ||r + J p||^2 + damping/2 ||D p||^2
//
// J stored: QR with column pivoting of J D^-1 (of its transpose when there are more variables than residuals), then a
// small QR for each damping; digits are lost like cond(J), not its square. J not stored, or large: Cholesky of
// D^-1 J'J D^-1 + damping I, or of J D^-2 J' + damping I when that is smaller.
#pragma once
#include <Eigen/Core>
#include <memory>

#include "steep/factor.hpp"
#include "steep/run.hpp"

namespace steep {

enum class Factorization { automatic, qr, cholesky };

class GaussNewtonModel {
 public:
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  GaussNewtonModel(Objective& f, Factorization wanted);

  bool stores_jacobian() const { return mode_ != Mode::normal; }
  // f(x), with r and J (or J'J), gradient and column norms of J.
  double linearize(Run& run, const Vector& x);
  const Vector& gradient() const { return g_; }
  const Vector& norms() const { return norms_; }      // ||J e_j||
  double residual_norm() const { return residual_; }  // sqrt(2 f): ||r|| without its robust weights
  const Eigen::VectorXd& residuals() const { return r_; }

  // Factors in the variables D p with the fixed ones left out.
  void prepare(const Vector& D, const std::vector<char>& fixed);
  // The step; entries of p that are fixed are data (usually 0). False where the factor is singular to rounding (with QR
  // and damping 0 the step is then the one of least norm, and rank() is below the number of free variables).
  bool step(double damping, Vector& p);
  // The same with r replaced (m): for second-order corrections; needs a stored Jacobian.
  bool step_for(const Eigen::VectorXd& rhs, double damping, Vector& p);
  Index rank() const { return rank_; }
  Index free_count() const { return static_cast<Index>(free_.size()); }
  // q'(D^-1 J'J D^-1 + damping I)^-1 q for q = D p of the last step: how fast ||q|| falls with the damping.
  double slope(const Vector& p);
  double scaled_norm(const Vector& p) const;  // ||D p|| over free variables
  double scaled_gradient_norm() const;        // ||D^-1 g|| over them
  double largest_diagonal() const;            // of D^-1 J'J D^-1
  // -(g'p + 1/2 p'J'Jp): what the model promises.
  double predicted(const Vector& p) const;
  void times(const Vector& p, Eigen::VectorXd& Jp) const;  // needs a stored Jacobian

 private:
  enum class Mode { qr, normal, dual };
  void prepare_qr();
  void prepare_normal();
  void prepare_dual();
  bool solve_square(double damping, Eigen::VectorXd& q);

  std::function<void()> poll_;  // of the run that linearized last
  Index m_, n_, rank_ = 0;
  int threads_;
  Mode mode_;
  Matrix J_, B_;  // J (m, n) stored, or J'J (n, n)
  Eigen::VectorXd r_;
  Vector g_, norms_, D_;
  double residual_ = 0;
  std::vector<Index> free_;
  // QR: J D^-1 = Q R P' or its transpose; the k x k problem min ||C q + c||^2 + damping ||q||^2.
  Eigen::MatrixXd Q_, C_, L_;
  Eigen::VectorXi order_;
  bool wide_ = false;
  Eigen::VectorXd c_;
  // Cholesky: the scaled matrix and its factor.
  Vector scaled_, z_;  // z_: of the dual form's last step
  std::unique_ptr<Factor> factor_;
  Index factor_size_ = 0;
};

}  // namespace steep
