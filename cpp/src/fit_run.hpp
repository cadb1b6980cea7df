// The bookkeeping of an interior point on a LinearFit: w and v are handed in, and the true duality gap, the vertex near
// them and the end of the run follow.
//
// Every w is feasible, and f(w) - y'v is a gap once v is projected onto X'v = 0 and scaled into its box. Near the end
// the rows that w interpolates are solved exactly: an optimal vertex is recognized by its multipliers, and ends the run
// with all digits.
#pragma once
#include "steep/factor.hpp"
#include "steep/fit_basis.hpp"
#include "steep/run.hpp"

namespace steep {

// Cholesky of H, with a small multiple of its diagonal added where rounding makes it indefinite.
bool factor_near(Factor& factor, const Vector& H, Index n);

struct FitPoint {
  Vector w, v;   // of the basis' columns; of the rows
  Vector r, Xv;  // y - X w and X'v, once the run has measured the point
};

class FitRun {
 public:
  FitRun(Run& run, FitBasis& basis);

  Vector first() const;  // the least-squares fit
  void start(FitPoint& at);
  void step(FitPoint& at, double length, double mu);
  bool beyond_rounding(double complementarity) const { return complementarity <= 1e-15 * fun_; }

 private:
  void residuals_of_last(const Vector& w, Vector& r);  // where `given` was last evaluated, at the same point
  double measure(FitPoint& at);
  double bound_of(const Vector& w, const Vector& v, const Vector& Xv);
  double certify(double fun);
  void try_vertex(const FitPoint& at, double length, double mu);
  std::vector<Index> active_rows(const Vector& r, Index count) const;

  Run& run_;
  const FitBasis& basis_;
  LinearFit &f_, &given_;  // in the basis' columns, and as it was given
  Index n_, d_;
  Vector x_, g_;  // of the given columns
  Vector v_, Xv_, Xz_;
  Factor gram_;
  bool regular_ = false, constant_ = false;
  double rounding_ = 0;  // of f, from that of y
  double fun_ = 0, bound_ = -INFINITY;
};

}  // namespace steep
