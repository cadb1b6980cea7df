// Lipschitz and strong convexity constants of linear models, from the eigenvalues of c X~'SX~ (with the intercept's
// column): L = sup l'' lambda_max (+ l2), exact for the squared error and for the logistic loss, which attains 1/4 at
// 0. Beyond 2,000 features the trace bounds lambda_max. Also the least value of the losses.
#include <cmath>

#include "steep/decomposition.hpp"
#include "steep/kernels.hpp"
#include "steep/linear_risk.hpp"

namespace steep {
namespace {

constexpr Index eigen_limit = 2000;

// sup of the loss's second derivative in the scores; 0: none.
double curvature_bound(Loss loss) {
  switch (loss) {
    case Loss::squared_error:
    case Loss::huber:
      return 1;
    case Loss::logistic:
      return 0.25;
    case Loss::softmax_cross_entropy:
      return 0.5;
    case Loss::squared_hinge:
    case Loss::squared_epsilon_insensitive:
      return 2;
    default:
      return 0;
  }
}

}  // namespace

void LinearRisk::find_constants() {
  if (constants_known_) return;
  const Index m = features_ + (options_.intercept ? 1 : 0);
  const double curve = curvature_bound(options_.loss);
  const bool squared = options_.loss == Loss::squared_error;
  if (has_curvature()) strong_convexity_ = {options_.intercept ? 0 : options_.l2, false, true};
  if (curve == 0 || m > eigen_limit) {
    if (curve != 0) lipschitz_ = {curve * squared_size() + options_.l2, false, true};
    constants_known_ = true;
    return;
  }
  Vector H(m * m);
  plain_gram(H.data());
  for (double& entry : H) entry *= curve;
  for (Index j = 0; j < features_; ++j) H[j * m + j] += options_.l2;
  const SymmetricEigen eigen(H.data(), m, SymmetricEigen::values_only, [this] { check_interrupt(); });
  lipschitz_ = {std::max(eigen.values.back(), 0.0), squared || options_.loss == Loss::logistic, true};
  if (squared) {
    // Eigenvalues of nothing but rounding, of the data's type, are zeros.
    const double unit = rounding() > 1e-10 ? 1.2e-7 : 1e-15;
    const double low = eigen.values.front(), noise = unit * static_cast<double>(m) * lipschitz_.value;
    strong_convexity_ = {std::max(low > noise ? low : 0.0, options_.intercept ? 0.0 : options_.l2), true, true};
  }
  constants_known_ = true;
}

Constant LinearRisk::lipschitz() {
  find_constants();
  return lipschitz_;
}

Constant LinearRisk::strong_convexity() {
  find_constants();
  return strong_convexity_;
}

// The tasks of a Gram matrix, each with a sum of its own.
template <class T>
Index LinearRiskOf<T>::gram_tasks() const {
  const double width = static_cast<double>(design_.entries()) / static_cast<double>(rows_);
  const Index m = features_ + (options_.intercept ? 1 : 0);
  const Index room = std::max<Index>(1, static_cast<Index>(96e6 / 8 / static_cast<double>(m * m)));
  const Index most = std::clamp<Index>((Index{1} << 20) / (m * m), 8, 16);  // sums of many large ones cost time too
  return std::min<Index>({tasks_for(static_cast<double>(design_.entries()) * width / 4), most, room});
}

// One output, curvature = the sample weights. Rows come in runs, whose products are added up before they meet the sum,
// and in stretches that stay in the second cache for all that is done with them.
template <class T>
void LinearRiskOf<T>::form_gram(double* H, bool single, const Visit& visit) {
  const Index d = features_, m = d + (options_.intercept ? 1 : 0), run = 1024, tasks = gram_tasks();
  const bool weighted = weight_ || design_.sparse();
  const Index cached = (Index{256} << 10) / 8 / std::max<Index>(d, 1) / 128 * 128;
  const Index stretch = single ? narrow_rows : sizeof(T) == sizeof(float) ? run : std::clamp<Index>(cached, 128, run);
  Buffer<double> parts(tasks * m * m);
  Buffer<T> ones(run);
  std::fill_n(ones.data(), run, T(1));
  team(tasks);
  const Index product = std::max(design_.gram_workspace(), design_.workspace(1, 1));
  for (auto& space : spaces_) {
    if (space->product.size() < product) space->product.resize(product);
    if (single && space->narrow.size() == 0) space->narrow.resize(narrow_gram_workspace(d));
  }
  over_rows(rows_, tasks, run, [&](Index first, Index rows, Index task, Space& space) {
    double* part = parts.data() + task * m * m;
    for (Index r = 0; r < rows; r += stretch) {
      const Index at = first + r, count = std::min(stretch, rows - r);
      const T* weight = weight_ ? weight_ + at : ones.data();
      if (single)
        add_narrow_gram(count, d, design_.dense_row(at), design_.row_stride(), weight_ ? weight : nullptr, part, m,
                        space.narrow.data(), r == 0, r + count == rows);
      else
        design_.add_gram(at, count, weighted ? weight : nullptr, part, m, space.product.data());
      if (visit) visit(at, count, task, space);  // after the product, which fetches rows while it computes
      if (!options_.intercept) continue;
      design_.add_back(at, count, 1, weight, part + d * m, space.product.data());
      for (Index i = 0; i < count; ++i) part[d * m + d] += static_cast<double>(weight[i]);
    }
  });
  for (Index i = 0; i < m; ++i) {
    double* row = H + i * m;
    for (Index task = 0; task < tasks; ++task) {
      const double* part = parts.data() + (task * m + i) * m;
      for (Index j = 0; j <= i; ++j) row[j] = (task > 0 ? row[j] : 0) + part[j];
    }
    for (Index j = 0; j <= i; ++j) row[j] *= scale_;
  }
}

template <class T>
double LinearRiskOf<T>::squared_size() {
  double sum = 0;
  for (Index i = 0; i < rows_; ++i) {
    const T* row = design_.sparse() ? design_.values() + design_.start()[i] : design_.dense_row(i);
    const Index entries =
        design_.sparse() ? static_cast<Index>(design_.start()[i + 1] - design_.start()[i]) : features_;
    double squares = options_.intercept ? 1 : 0;
    for (Index j = 0; j < entries; ++j) squares += static_cast<double>(row[j]) * static_cast<double>(row[j]);
    sum += squares * (weight_ ? static_cast<double>(weight_[i]) : 1.0);
  }
  return scale_ * sum;
}

template <class T>
double LinearRiskOf<T>::least_loss() {
  if (least_loss_known_) return least_loss_;
  least_loss_known_ = true;
  const auto entropy = [](double p) { return p > 0 ? -p * std::log(p) : 0.0; };
  double sum = 0;
  for (Index i = 0; y_ && i < rows_; ++i) {
    const double s = weight_ ? static_cast<double>(weight_[i]) : 1;
    for (Index c = 0; c < outputs(); ++c) {
      const double y = static_cast<double>(y_[i * outputs() + c]);
      switch (options_.loss) {
        case Loss::logistic:
          sum += s * (entropy(y) + entropy(1 - y));
          break;
        case Loss::softmax_cross_entropy:
          sum += s * entropy(y);
          break;
        case Loss::poisson:
          sum += s * (entropy(y) + y);
          break;
        default:
          break;
      }
    }
  }
  return least_loss_ = scale_ * sum;
}

template Index LinearRiskOf<float>::gram_tasks() const;
template Index LinearRiskOf<double>::gram_tasks() const;
template void LinearRiskOf<float>::form_gram(double*, bool, const Visit&);
template void LinearRiskOf<double>::form_gram(double*, bool, const Visit&);
template double LinearRiskOf<float>::squared_size();
template double LinearRiskOf<double>::squared_size();
template double LinearRiskOf<float>::least_loss();
template double LinearRiskOf<double>::least_loss();

}  // namespace steep
