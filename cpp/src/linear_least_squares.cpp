// Linear models with the squared error as sums of squares: r = (sqrt(c s_i) (z_i - y_i), sqrt(l2) W), f = 1/2 ||r||^2,
// and the minimizer of least norm by orthogonal transformations. X (centered where there is an intercept) and the
// targets go through Householder's QR block by block, [R; rows] -> R, so that memory is one block; pivoted and twice,
// of the triangle that is left it reveals the rank (Golub and Van Loan, sections 5.4 and 5.5). 2 n d^2 flops.
#include <cmath>
#include <limits>

#include "steep/decomposition.hpp"
#include "steep/linear_risk.hpp"
#include "steep/run.hpp"

namespace steep {
namespace {

constexpr Index least_single_width = 256;  // below, a Gram matrix is bound by memory
constexpr Index gap_limit = 300;           // features up to which a Gram matrix costs a few evaluations

}  // namespace

template <class T>
Index LinearRiskOf<T>::residual_count() const {
  if (options_.loss != Loss::squared_error) return 0;
  return rows_ * outputs() + (options_.l2 > 0 ? weights() : 0);
}

template <class T>
void LinearRiskOf<T>::residuals(const double* w, double* r, double* J) {
  if (residual_count() == 0) lacks("residuals");
  const Index k = outputs(), d = features_, n_w = weights(), p = dim();
  const T* z = scores_at(w);
  const double root = std::sqrt(options_.l2);
  if (J) std::fill_n(J, residual_count() * p, 0.0);
  std::vector<Index> all(static_cast<std::size_t>(d));
  for (Index j = 0; j < d; ++j) all[static_cast<std::size_t>(j)] = j;
  Buffer<T> row(d);
  for (Index i = 0; i < rows_; ++i) {
    const double scale = std::sqrt(scale_ * (weight_ ? static_cast<double>(weight_[i]) : 1.0));
    if (J) design_.gather(i, 1, all.data(), d, row.data());
    for (Index c = 0; c < k; ++c) {
      r[i * k + c] = scale * (static_cast<double>(z[i * k + c]) - static_cast<double>(y_[i * k + c]));
      if (!J) continue;
      double* slopes = J + (i * k + c) * p;
      for (Index j = 0; j < d; ++j) slopes[c * d + j] = scale * static_cast<double>(row[j]);
      if (options_.intercept) slopes[n_w + c] = scale;
    }
  }
  for (Index j = 0; options_.l2 > 0 && j < n_w; ++j) {
    r[rows_ * k + j] = root * w[j];
    if (J) J[(rows_ * k + j) * p + j] = root;
  }
}

template <class T>
double LinearRiskOf<T>::normal_equations(const double* w, double* JtJ, double* Jtr) {
  // The generalized Gauss-Newton matrix of a linear model is its Hessian, whatever the loss.
  if (!has_hessian()) lacks("a Gauss-Newton matrix");
  const double value = evaluate(w, Jtr);
  hessian(w, JtJ);
  return value;
}

template <class T>
Index LinearRiskOf<T>::least_norm_solution(double* w) {
  const Index k = outputs(), d = features_, width = d + k, block = std::max<Index>(4 * width, 256);
  const auto weight = [&](Index i) { return weight_ ? static_cast<double>(weight_[i]) : 1.0; };
  std::vector<Index> all(static_cast<std::size_t>(d));
  for (Index j = 0; j < d; ++j) all[static_cast<std::size_t>(j)] = j;
  Buffer<T> rows(block * d);
  Vector center(width, 0.0);
  if (options_.intercept) {
    double sum = 0;
    for (Index first = 0; first < rows_; first += block) {
      const Index m = std::min(block, rows_ - first);
      design_.gather(first, m, all.data(), d, rows.data());
      for (Index i = 0; i < m; ++i) {
        const double s = weight(first + i);
        sum += s;
        for (Index j = 0; j < d; ++j) center[j] += s * static_cast<double>(rows[i * d + j]);
        for (Index c = 0; c < k; ++c) center[d + c] += s * static_cast<double>(y_[(first + i) * k + c]);
      }
    }
    for (double& value : center) value /= sum;
  }
  const Index extra = options_.l2 > 0 ? d : 0, total = rows_ + extra;
  Eigen::MatrixXd R = Eigen::MatrixXd::Zero(0, width), stacked;
  const Poll poll = [this] { this->check_interrupt(); };
  for (Index first = 0; first < total; first += block) {
    const Index m = std::min(block, total - first), held = R.rows();
    stacked.resize(held + m, width);
    stacked.topRows(held) = R;
    const Index data = std::clamp<Index>(rows_ - first, 0, m);
    if (data > 0) design_.gather(first, data, all.data(), d, rows.data());
    for (Index i = 0; i < m; ++i) {
      auto row = stacked.row(held + i);
      if (i >= data) {
        row.setZero();
        row[first + i - rows_] = std::sqrt(options_.l2);
        continue;
      }
      const double scale = std::sqrt(scale_ * weight(first + i));
      for (Index j = 0; j < d; ++j) {
        const double value = static_cast<double>(rows[i * d + j]);
        row[j] = scale * (value - center[j]);
      }
      for (Index c = 0; c < k; ++c) row[d + c] = scale * (static_cast<double>(y_[(first + i) * k + c]) - center[d + c]);
    }
    R = QR(stacked, poll).R();
  }
  const Index top = std::min(R.rows(), d);
  const double eps = std::numeric_limits<double>::epsilon(), n = static_cast<double>(std::max(rows_, d));
  const double threshold = 4 * eps * std::sqrt(n) * std::max(1.0, std::sqrt(static_cast<double>(d)));
  const LeastNorm found(R.topLeftCorner(top, d), R.topRightCorner(top, k), threshold, 0, poll);
  for (Index c = 0; c < k; ++c) {
    double shift = center[d + c];
    for (Index j = 0; j < d; ++j) {
      w[c * d + j] = found.X(j, c);
      shift -= center[j] * found.X(j, c);
    }
    if (options_.intercept) w[weights() + c] = shift;
  }
  return found.rank;
}

template <class T>
bool LinearRiskOf<T>::single_pays() const {
  return sizeof(T) == sizeof(double) && !design_.sparse() && features_ >= least_single_width;
}

// One factorization for all outputs, whose Hessians are the same block: Cholesky of the block scaled to a unit diagonal
// while its reciprocal condition is above 1e-8 (1e-6 of float32 data); above 1e-4 from products in single precision,
// whose errors the steps that follow remove, as their gradients are exact.
template <class T>
bool LinearRiskOf<T>::factor_block(bool single) {
  block_.reset();
  this->check_interrupt();
  const Index d = features_, m = d + (options_.intercept ? 1 : 0);
  Vector H(std::move(gram_)), z(m);
  gram_.clear();
  if (H.empty() || single != single_pays()) {
    H.assign(m * m, 0.0);
    form_gram(H.data(), single);
  }
  this->check_interrupt();
  for (Index j = 0; j < d; ++j) H[j * m + j] += options_.l2;
  block_scale_.assign(m, 0.0);
  bool definite = true;
  for (Index i = 0; i < m; ++i) {
    definite = definite && H[i * m + i] > 0;
    block_scale_[i] = definite ? 1 / std::sqrt(H[i * m + i]) : 0;
  }
  for (Index i = 0; i < m; ++i)
    for (Index j = 0; j <= i; ++j) H[j * m + i] = H[i * m + j] *= block_scale_[i] * block_scale_[j];
  block_ = std::make_unique<Factor>(m, options_.n_threads);
  block_definite_ = definite && block_->factor(H.data(), 0);
  if (block_definite_) {
    const double least = block_->small_singular(z);
    const double most = std::min(matrix_bounds(H.data(), m).high, static_cast<double>(m));
    block_definite_ = least * least > (single ? 1e-4 : sizeof(T) == sizeof(float) ? 1e-6 : 1e-8) * most;
  }
  block_single_ = single;
  return block_definite_;
}

template <class T>
bool LinearRiskOf<T>::minimize_quadratic(double* w, const double* g, std::string& how) {
  if (options_.loss != Loss::squared_error) return false;
  const Index k = outputs(), d = features_, m = d + (options_.intercept ? 1 : 0);
  if (rows_ < d) {
    how = minimize_in_row_space(w);
    return true;
  }
  double norm = 0;
  for (Index i = 0; i < dim(); ++i) norm = std::max(norm, std::abs(g[i]));
  // A factor from single precision that gains too little gives way to the exact one.
  const bool refining = !refined_.empty() && std::equal(refined_.begin(), refined_.end(), w);
  if (block_ && block_single_ && refining && !(norm < 1e-2 * refined_norm_)) block_.reset();
  if (!block_) {
    if (refining || !single_pays() || !factor_block(true)) factor_block(false);
  }
  if (!block_definite_) {
    const Index rank = least_norm_solution(w);
    how = "Solved by rank-revealing QR (ill-conditioned or singular: rank " + std::to_string(rank) + " of " +
          std::to_string(d) + ", the minimizer of least norm)";
    return true;
  }
  Vector step(m);
  for (Index c = 0; c < k; ++c) {
    for (Index j = 0; j < m; ++j) step[j] = -g[j < d ? c * d + j : weights() + c] * block_scale_[j];
    block_->solve(step);
    for (Index j = 0; j < m; ++j) w[j < d ? c * d + j : weights() + c] += step[j] * block_scale_[j];
  }
  refined_.assign(w, w + dim());
  refined_norm_ = norm;
  how = "Solved by Cholesky";
  return true;
}

// f less its least value without l2, 1/2 g'H^-1 g, by the factor at hand or, of few features, by one of its own.
template <class T>
double LinearRiskOf<T>::least_squares_gap(const double* g) {
  const Index k = outputs(), d = features_, m = d + (options_.intercept ? 1 : 0);
  const bool own = !block_;
  if (own && (rows_ < m || m > gap_limit)) return INFINITY;
  if (own) factor_block(false);
  double sum = 0;
  Vector step(m);
  for (Index c = 0; c < k && block_definite_; ++c) {
    for (Index j = 0; j < m; ++j) step[j] = g[j < d ? c * d + j : weights() + c] * block_scale_[j];
    block_->solve_lower(step);
    sum += dot(step, step);
  }
  const bool known = block_definite_;
  if (own) block_.reset();
  return known ? 0.5 * sum : INFINITY;
}

#define STEEP_INSTANTIATE(T)                                                          \
  template Index LinearRiskOf<T>::residual_count() const;                             \
  template void LinearRiskOf<T>::residuals(const double*, double*, double*);          \
  template double LinearRiskOf<T>::normal_equations(const double*, double*, double*); \
  template Index LinearRiskOf<T>::least_norm_solution(double*);                       \
  template bool LinearRiskOf<T>::single_pays() const;                                 \
  template bool LinearRiskOf<T>::factor_block(bool);                                  \
  template double LinearRiskOf<T>::least_squares_gap(const double*);                  \
  template bool LinearRiskOf<T>::minimize_quadratic(double*, const double*, std::string&);
STEEP_INSTANTIATE(float)
STEEP_INSTANTIATE(double)
#undef STEEP_INSTANTIATE

}  // namespace steep
