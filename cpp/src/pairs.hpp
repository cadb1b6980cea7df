// The inverse Hessian of the last m pairs (s, y), applied by the two-loop recursion (Nocedal and Wright, algorithm
// 7.4): O(m dim). A pair without positive curvature is left out.
#pragma once
#include "steep/factor.hpp"
#include "steep/run.hpp"

namespace steep {

class Pairs {
 public:
  Pairs(Index m, Index n) : n_(n), s_(m, Vector(n)), y_(m, Vector(n)), rho_(m), alpha_(m) {}

  bool empty() const { return count_ == 0; }
  void clear() { count_ = 0; }
  void add(const Vector& x1, const Vector& x0, const Vector& g1, const Vector& g0);

  // d = -H g, from the inverse Hessian of no pairs: `metric` where it is given, else the scaled identity.
  void apply(const Vector& g, const Factor* metric, Vector& d);
  // The same on the free variables only; pairs without positive curvature there are left out.
  void apply_free(const Vector& g, const std::vector<char>& held, Vector& d);

 private:
  Index n_, first_ = 0, count_ = 0;  // oldest first from `first_`
  std::vector<Vector> s_, y_;
  Vector rho_, alpha_, curvature_;
  std::vector<char> used_;
};

}  // namespace steep
