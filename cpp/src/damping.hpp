// The damping of Levenberg-Marquardt's steps, and how it follows their success; see levenberg_marquardt.cpp.
#pragma once
#include "steep/least_squares.hpp"

namespace steep {

class DampingControl {
 public:
  explicit DampingControl(const LevenbergMarquardtOptions& o) : o_(o) {}

  // First damping or radius, from the model prepared at x0. size: ||D x0||.
  void start(const GaussNewtonModel& model, double size);
  bool by_radius() const { return o_.damping == Damping::trust_region; }
  double damping() const { return damping_; }
  double radius() const { return radius_; }
  bool too_large() const { return damping_ > o_.largest; }

  // The step of the model as prepared, and its damping; false where its factor is singular and the damping must grow.
  bool propose(GaussNewtonModel& model, Vector& p, double& damping);
  // The first step's length is a better first radius than the size of x0.
  void first_length(double length);
  // gain: actual over predicted decrease (may be NaN); length: ||D p||.
  void failed(double gain, double length);
  void succeeded(double gain, double length, double damping);

 private:
  double for_radius(GaussNewtonModel& model, Vector& p);

  const LevenbergMarquardtOptions& o_;
  double damping_ = 1e-3, growth_ = 2, radius_ = 0;
};

}  // namespace steep
