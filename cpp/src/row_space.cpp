// Least squares and ridge with fewer rows than features, in the space of the rows: the minimizer is W = A'V, A the rows
// (centered where there is an intercept, times sqrt(c s_i)), and (A A' + l2 I) V = B, of the size of the rows. Without
// a penalty this W is the one of least norm. Cholesky while the reciprocal condition is above 1e-8, with residuals
// taken on the rows; else A' = Q R, W = Q U, and U by orthogonal transformations of R', pivots of nothing but rounding
// left out (Golub and Van Loan, section 5.5). n^2 d + n^3 / 3 flops, 4 n^2 d + 6 n^3.
#include <cmath>
#include <limits>

#include "steep/decomposition.hpp"
#include "steep/kernels.hpp"
#include "steep/linear_risk.hpp"
#include "steep/run.hpp"

namespace steep {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();
constexpr Index panel_entries = 1 << 19;  // of A' that a task holds at a time
constexpr Index tile = 8;                 // columns transposed at a time: a cache line of each row is read once
constexpr Index most_refinements = 3;

}  // namespace

// What makes A of the rows.
template <class T>
struct LinearRiskOf<T>::RowSpace {
  Vector root, mean, center;  // sqrt(c s_i); of the targets, of the features
  double total = 0;           // c sum_i s_i
};

template <class T>
typename LinearRiskOf<T>::RowSpace LinearRiskOf<T>::row_space() const {
  const Index n = rows_, k = outputs();
  RowSpace space{Vector(n), Vector(k, 0.0), Vector(features_, 0.0)};
  for (Index i = 0; i < n; ++i) {
    const double s = scale_ * (weight_ ? static_cast<double>(weight_[i]) : 1.0);
    space.root[i] = std::sqrt(s);
    space.total += s;
    for (Index c = 0; options_.intercept && c < k; ++c) space.mean[c] += s * static_cast<double>(y_[i * k + c]);
  }
  for (double& value : space.mean) value /= space.total;
  return space;
}

// The columns [first, first + count) of A, transposed: out (count, n). Their means come on the way.
template <class T>
void LinearRiskOf<T>::transposed_rows(Index first, Index count, RowSpace& space, double* out) const {
  const Index n = rows_;
  std::vector<Index> columns(static_cast<std::size_t>(count));
  for (Index j = 0; j < count; ++j) columns[static_cast<std::size_t>(j)] = first + j;
  Buffer<T> rows(n * count);
  design_.gather(0, n, columns.data(), count, rows.data());
  double* center = space.center.data() + first;  // zeros so far
  for (Index i = 0; options_.intercept && i < n; ++i) {
    const double share = space.root[i] * space.root[i] / space.total;
    for (Index j = 0; j < count; ++j) center[j] += share * static_cast<double>(rows[i * count + j]);
  }
  for (Index left = 0; left < count; left += tile)
    for (Index i = 0; i < n; ++i)
      for (Index j = left; j < std::min(left + tile, count); ++j)
        out[j * n + i] = space.root[i] * (static_cast<double>(rows[i * count + j]) - center[j]);
}

// w <- A'V and the intercepts; V (n, k).
template <class T>
void LinearRiskOf<T>::from_row_space(const RowSpace& space, const Vector& V, double* w) const {
  const Index n = rows_, k = outputs(), d = features_, block = std::min(n, design_.block_rows(k));
  Buffer<T> g(block * k), workspace(design_.workspace(block, k));
  Vector sum(k, 0.0);
  std::fill_n(w, weights(), 0.0);
  for (Index first = 0; first < n; first += block) {
    const Index m = std::min(block, n - first);
    for (Index i = 0; i < m; ++i)
      for (Index c = 0; c < k; ++c) {
        const double value = space.root[first + i] * V[(first + i) * k + c];
        g[i * k + c] = static_cast<T>(value);
        sum[c] += value;
      }
    design_.add_back(first, m, k, g.data(), w, workspace.data());
  }
  for (Index c = 0; options_.intercept && c < k; ++c) {
    double shift = space.mean[c];
    for (Index j = 0; j < d; ++j) {
      w[c * d + j] -= space.center[j] * sum[c];
      shift -= space.center[j] * w[c * d + j];
    }
    w[weights() + c] = shift;
  }
}

// V by Cholesky of A A' + l2 I scaled to a unit diagonal; false where that is ill-conditioned.
template <class T>
bool LinearRiskOf<T>::factor_rows(RowSpace& space, double* w) {
  const Index n = rows_, d = features_, k = outputs();
  const auto& product = kernels<double>().product;
  const Index panel = std::clamp<Index>(panel_entries / n, 1, d), panels = (d + panel - 1) / panel;
  const Index tasks = std::min<Index>({tasks_for(static_cast<double>(n * n) * static_cast<double>(d) / 4), 4, panels});
  Buffer<double> parts(tasks * n * n);
  team(tasks).run(tasks, [&](Index task, int) {
    Buffer<double> rows(panel * n), workspace(product.gram_workspace(n));
    for (Index p = task * panels / tasks; p < (task + 1) * panels / tasks; ++p) {
      const Index first = p * panel, count = std::min(panel, d - first);
      transposed_rows(first, count, space, rows.data());
      product.weighted_gram(count, n, rows.data(), n, nullptr, parts.data() + task * n * n, n, true, workspace.data());
    }
  });
  Vector K(n * n), scale(n), z(n);
  double trace = 0;
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j <= i; ++j) {
      double sum = 0;
      for (Index task = 0; task < tasks; ++task) sum += parts[(task * n + i) * n + j];
      K[i * n + j] = sum;
    }
    trace += K[i * n + i];
  }
  // Centered rows have the null vector u ~ root, which the targets are orthogonal to: any multiple of u u' may be
  // added.
  const double shift = options_.intercept ? trace / static_cast<double>(n) / space.total : 0.0;
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j <= i; ++j) K[i * n + j] += shift * space.root[i] * space.root[j];
    K[i * n + i] += options_.l2;
    if (!(K[i * n + i] > 0)) return false;
    scale[i] = 1 / std::sqrt(K[i * n + i]);
  }
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j <= i; ++j) K[j * n + i] = K[i * n + j] *= scale[i] * scale[j];
  Factor factor(n);
  if (!factor.factor(K.data(), 0)) return false;
  const double least = factor.small_singular(z);
  if (!(least * least > 1e-8 * std::min(matrix_bounds(K.data(), n).high, static_cast<double>(n)))) return false;
  Vector V(n * k, 0.0), at(dim(), 0.0), step(n);
  double before = std::numeric_limits<double>::infinity();
  for (Index refinement = 0; refinement <= most_refinements; ++refinement) {
    from_row_space(space, V, at.data());
    const T* scores = scores_at(at.data());
    Vector residual(n * k);
    for (Index i = 0; i < n; ++i)
      for (Index c = 0; c < k; ++c) {
        const double miss = static_cast<double>(y_[i * k + c]) - static_cast<double>(scores[i * k + c]);
        residual[i * k + c] = space.root[i] * miss - options_.l2 * V[i * k + c];
      }
    const double size = norm2(residual);
    if (!(size < 0.5 * before)) break;
    std::copy(at.begin(), at.end(), w);
    before = size;
    for (Index c = 0; c < k; ++c) {
      for (Index i = 0; i < n; ++i) step[i] = residual[i * k + c] * scale[i];
      factor.solve(step);
      for (Index i = 0; i < n; ++i) V[i * k + c] += step[i] * scale[i];
    }
  }
  return true;
}

// By orthogonal transformations; returns the rank.
template <class T>
Index LinearRiskOf<T>::decompose_rows(RowSpace& space, double* w) {
  const Index n = rows_, d = features_, k = outputs();
  std::fill(space.center.begin(), space.center.end(), 0.0);
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> across(d, n);  // A'
  const Index panel = std::clamp<Index>(panel_entries / n, 1, d);
  for (Index first = 0; first < d; first += panel)
    transposed_rows(first, std::min(panel, d - first), space, across.data() + first * n);
  const Poll poll = [this] { this->check_interrupt(); };
  const QR qr(across, poll);
  Eigen::MatrixXd B(n, k);
  for (Index i = 0; i < n; ++i)
    for (Index c = 0; c < k; ++c) B(i, c) = space.root[i] * (static_cast<double>(y_[i * k + c]) - space.mean[c]);
  const LeastNorm found(qr.R().transpose(), B, eps * static_cast<double>(std::max(n, d)), options_.l2, poll);
  const Eigen::MatrixXd W = qr.times(found.X);
  for (Index c = 0; c < k; ++c) {
    double shift = space.mean[c];
    for (Index j = 0; j < d; ++j) {
      w[c * d + j] = W(j, c);
      shift -= space.center[j] * W(j, c);
    }
    if (options_.intercept) w[weights() + c] = shift;
  }
  return found.rank;
}

template <class T>
const std::string& LinearRiskOf<T>::minimize_in_row_space(double* w) {
  if (row_minimizer_.empty()) {
    Vector found(dim());
    RowSpace space = row_space();
    row_message_ = "Solved by Cholesky in the space of the rows";
    if (!factor_rows(space, found.data())) {
      const Index rank = decompose_rows(space, found.data());
      row_message_ = "Solved by rank-revealing QR in the space of the rows (ill-conditioned or singular: rank " +
                     std::to_string(rank) + " of " + std::to_string(features_) + ")";
    }
    if (options_.l2 == 0) row_message_ += ": the minimizer of least norm";
    row_minimizer_ = std::move(found);
  }
  std::copy(row_minimizer_.begin(), row_minimizer_.end(), w);
  return row_message_;
}

template const std::string& LinearRiskOf<float>::minimize_in_row_space(double*);
template const std::string& LinearRiskOf<double>::minimize_in_row_space(double*);

}  // namespace steep
