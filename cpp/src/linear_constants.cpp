// Lipschitz and strong convexity constants of linear models, from the eigenvalues of c X~'SX~ (with the intercept's
// column): L = sup l'' lambda_max (+ l2), exact for the squared error and for the logistic loss, which attains 1/4 at 0.
// Beyond 2,000 features the trace bounds lambda_max. Also the least value of the losses.
#include <Eigen/Eigenvalues>
#include <cmath>

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
  constants_known_ = true;
  const Index m = features_ + (options_.intercept ? 1 : 0);
  const double curve = curvature_bound(options_.loss);
  const bool squared = options_.loss == Loss::squared_error;
  if (has_curvature()) strong_convexity_ = {options_.intercept ? 0 : options_.l2, false, true};
  if (curve == 0) return;
  if (m > eigen_limit) {
    lipschitz_ = {curve * squared_size() + options_.l2, false, true};
    return;
  }
  Eigen::MatrixXd H = Eigen::MatrixXd::Zero(m, m);  // its upper triangle is the row-major lower one
  plain_gram(H.data());
  H *= curve;
  for (Index j = 0; j < features_; ++j) H(j, j) += options_.l2;
  const Eigen::MatrixXd lower = H.transpose();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(lower, Eigen::EigenvaluesOnly);
  lipschitz_ = {std::max(solver.eigenvalues()[m - 1], 0.0), squared || options_.loss == Loss::logistic, true};
  if (squared) {
    // Eigenvalues of nothing but rounding are zeros.
    const double low = solver.eigenvalues()[0], noise = 1e-15 * static_cast<double>(m) * lipschitz_.value;
    strong_convexity_ = {low > noise ? low : 0.0, true, true};
  }
}

Constant LinearRisk::lipschitz() {
  find_constants();
  return lipschitz_;
}

Constant LinearRisk::strong_convexity() {
  find_constants();
  return strong_convexity_;
}

// One output, curvature = the sample weights.
template <class T>
void LinearRiskOf<T>::plain_gram(double* H) {
  const Index d = features_, m = d + (options_.intercept ? 1 : 0), run = 1024;
  const double width = static_cast<double>(design_.entries()) / static_cast<double>(rows_);
  const Index most = std::max<Index>(1, static_cast<Index>(96e6 / 8 / static_cast<double>(m * m)));
  const Index tasks = std::min<Index>({tasks_for(static_cast<double>(design_.entries()) * width / 4), 16, most});
  Buffer<double> parts(tasks * m * m);
  Buffer<T> ones(run);
  std::fill_n(ones.data(), run, T(1));
  team(tasks);
  const Index product = std::max(design_.gram_workspace(), design_.workspace(1, 1));
  for (auto& space : spaces_)
    if (space->product.size() < product) space->product.resize(product);
  over_rows(rows_, tasks, run, [&](Index first, Index rows, Index task, Space& space) {
    double* part = parts.data() + task * m * m;
    const T* weight = weight_ ? weight_ + first : ones.data();
    design_.add_gram(first, rows, weight, part, m, space.product.data());
    if (!options_.intercept) return;
    design_.add_back(first, rows, 1, weight, part + d * m, space.product.data());
    for (Index i = 0; i < rows; ++i) part[d * m + d] += static_cast<double>(weight[i]);
  });
  for (Index i = 0; i < m; ++i)
    for (Index j = 0; j <= i; ++j) {
      double sum = 0;
      for (Index task = 0; task < tasks; ++task) sum += parts[(task * m + i) * m + j];
      H[i * m + j] = scale_ * sum;
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

template void LinearRiskOf<float>::plain_gram(double*);
template void LinearRiskOf<double>::plain_gram(double*);
template double LinearRiskOf<float>::squared_size();
template double LinearRiskOf<double>::squared_size();
template double LinearRiskOf<float>::least_loss();
template double LinearRiskOf<double>::least_loss();

}  // namespace steep
