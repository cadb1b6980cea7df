// Dense matrices times vectors by the kernels, which are compiled for the machine at hand, as Eigen's products here are
// not.
#pragma once
#include <Eigen/Core>

#include "steep/kernels.hpp"

namespace steep {

using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

inline Eigen::VectorXd matrix_times(const RowMatrix& M, const Eigen::VectorXd& v) {
  Eigen::VectorXd out(M.rows());
  if (M.cols() == 0) return Eigen::VectorXd::Zero(M.rows());
  kernels<double>().product.matrix_vector(M.rows(), M.cols(), M.data(), M.cols(), v.data(), out.data());
  return out;
}

// M'v
inline Eigen::VectorXd transposed_times(const RowMatrix& M, const double* v) {
  Eigen::VectorXd out(M.cols());
  kernels<double>().product.transposed_vector(M.rows(), M.cols(), M.data(), M.cols(), v, out.data(), false);
  return out;
}

}  // namespace steep
