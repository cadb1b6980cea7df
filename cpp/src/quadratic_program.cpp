// The objective of a quadratic program; see quadratic_program.hpp.
#include "steep/quadratic_program.hpp"

namespace steep {

double QuadraticProgram::evaluate(const double* w, double* g) {
  const Eigen::Map<const Column> x(w, dim());
  const Column Qx = product(x);
  if (g) Eigen::Map<Column>(g, dim()) = Qx + c;
  return x.dot(0.5 * Qx + c) + constant;
}

void QuadraticProgram::hessian(const double*, double* H) {
  Eigen::Map<Matrix> out(H, dim(), dim());
  if (Q.size())
    out = Q;
  else
    out.setZero();
}

void QuadraticProgram::hessian_product(const double*, const double* v, double* Hv) {
  Eigen::Map<Column>(Hv, dim()) = product(Eigen::Map<const Column>(v, dim()));
}

}  // namespace steep
