// Deep linear networks; see deep_linear.hpp. An evaluation costs 6 n sum d_l d_{l+1} flops, a Hessian-vector product
// twice.
#include "steep/deep_linear.hpp"

namespace steep {
namespace {

Index parameters(const std::vector<Index>& widths) {
  Index count = 0;
  for (std::size_t l = 0; l + 1 < widths.size(); ++l) count += widths[l] * widths[l + 1];
  return count;
}

}  // namespace

DeepLinear::DeepLinear(Matrix X, Matrix Y, std::vector<Index> widths)
    : ResidualObjective(parameters(widths), Y.size(), RobustLoss::linear, 1),
      X_(std::move(X)),
      Y_(std::move(Y)),
      widths_(std::move(widths)),
      offset_(layers()) {
  Index next = 0;
  for (Index l = 0; l < layers(); ++l) {
    offset_[l] = next;
    next += widths_[l] * widths_[l + 1];
  }
}

// A[0] = X, A[l + 1] = A[l] W_l'.
void DeepLinear::forward(const double* w, std::vector<Matrix>& A) const {
  A.resize(layers() + 1);
  A[0] = X_;
  for (Index l = 0; l < layers(); ++l) A[l + 1].noalias() = A[l] * weight(w, l).transpose();
}

void DeepLinear::compute(const double* w, double* r) {
  std::vector<Matrix> A;
  forward(w, A);
  Eigen::Map<Matrix>(r, Y_.rows(), Y_.cols()) = A.back() - Y_;
}

double DeepLinear::evaluate(const double* w, double* g) {
  std::vector<Matrix> A;
  forward(w, A);
  Matrix delta = A.back() - Y_;
  const double fun = 0.5 * delta.squaredNorm();
  if (!g) return fun;
  for (Index l = layers(); l-- > 0;) {
    Eigen::Map<Matrix>(g + offset_[l], widths_[l + 1], widths_[l]).noalias() = delta.transpose() * A[l];
    if (l > 0) delta = (delta * weight(w, l)).eval();
  }
  return fun;
}

void DeepLinear::hessian_product(const double* w, const double* v, double* Hv) {
  std::vector<Matrix> A, dA(layers() + 1);
  forward(w, A);
  dA[0] = Matrix::Zero(X_.rows(), X_.cols());
  for (Index l = 0; l < layers(); ++l)
    dA[l + 1].noalias() = dA[l] * weight(w, l).transpose() + A[l] * weight(v, l).transpose();
  Matrix delta = A.back() - Y_, tangent = dA.back();
  for (Index l = layers(); l-- > 0;) {
    Eigen::Map<Matrix>(Hv + offset_[l], widths_[l + 1], widths_[l]) =
        tangent.transpose() * A[l] + delta.transpose() * dA[l];
    if (l == 0) break;
    tangent = (tangent * weight(w, l) + delta * weight(v, l)).eval();
    delta = (delta * weight(w, l)).eval();
  }
}

void DeepLinear::hessian(const double* w, double* H) {
  Vector v(n_, 0.0), column(n_);
  for (Index j = 0; j < n_; ++j) {
    v[j] = 1;
    hessian_product(w, v.data(), column.data());
    v[j] = 0;
    for (Index i = 0; i < n_; ++i) H[i * n_ + j] = column[i];
  }
  for (Index i = 0; i < n_; ++i)
    for (Index j = 0; j < i; ++j) H[i * n_ + j] = H[j * n_ + i] = 0.5 * (H[i * n_ + j] + H[j * n_ + i]);
}

// d r(i, k) / d W_l(a, b) = A[l](i, b) B(a, k), B the product of the layers above l.
void DeepLinear::compute_jacobian(const double* w, const double*, double* J) {
  std::vector<Matrix> A;
  forward(w, A);
  const Index k = Y_.cols();
  Matrix above = Matrix::Identity(k, k);
  Eigen::Map<Matrix> out(J, m_, n_);
  for (Index l = layers(); l-- > 0;) {
    for (Index i = 0; i < Y_.rows(); ++i)
      for (Index a = 0; a < widths_[l + 1]; ++a)
        out.block(i * k, offset_[l] + a * widths_[l], k, widths_[l]) = above.row(a).transpose() * A[l].row(i);
    above = (weight(w, l).transpose() * above).eval();
  }
}

}  // namespace steep
