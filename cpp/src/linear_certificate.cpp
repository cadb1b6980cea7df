// What is known of the point where a run ended. How far f is above its least value at (W, b), for a linear risk with an l2 penalty on W and a free intercept, which
// ||grad f||^2 / (2 l2) does not bound. Fenchel's duality gap at v = D u, where u (n, k) are the slopes of the losses and D
// shrinks rows until the dual constraint of the intercept, sum_i c_i v_i = 0, holds exactly:
//
//     sum_i c_i (phi_i(z_i) + phi_i*(v_i) - v_i'z_i) + ||X'CV + l2 W||^2 / (2 l2)                (no term is negative)
//
// Where outputs are separate, an output's slopes of the heavier sign shrink. Softmax shrinks rows by class: with T_jk the
// sum of c_i u_ik over the rows of class j, a'T = 0 asks for the stationary distribution of a Markov chain, found without
// a subtraction (Grassmann, Taksar and Heyman, Oper. Res. 33 (1985) 1107). At a minimizer D is the identity. Scores are
// those kept from the last evaluation: one pass over X.
#include <limits>

#include "steep/conjugate.hpp"
#include "steep/kernels.hpp"
#include "steep/linear_risk.hpp"

namespace steep {
namespace {

// a'T = 0, max a = 1, for T (k, k) with non-negative entries off the diagonal, whose rows sum to zero. False where there is
// no such a > 0, or T is not of this kind (soft targets).
bool stationary(Index k, Vector T, Vector& a) {
  for (Index i = 0; i < k; ++i)
    for (Index j = 0; j < k; ++j)
      if (i != j && !(T[i * k + j] >= 0)) return false;
  for (Index m = k - 1; m > 0; --m) {
    double out = 0;
    for (Index j = 0; j < m; ++j) out += T[m * k + j];
    if (!(out > 0)) return false;
    for (Index i = 0; i < m; ++i) T[i * k + m] /= out;
    for (Index i = 0; i < m; ++i)
      for (Index j = 0; j < m; ++j)
        if (i != j) T[i * k + j] += T[i * k + m] * T[m * k + j];
  }
  a.assign(k, 0.0);
  a[0] = 1;
  double largest = 1;
  for (Index m = 1; m < k; ++m) {
    for (Index i = 0; i < m; ++i) a[m] += a[i] * T[i * k + m];
    largest = std::max(largest, a[m]);
  }
  for (double& value : a) value /= largest;
  return std::isfinite(largest);
}

// sum_c (m_c - p_c)^2 / p_c >= KL(m || p) for m = a p + (1 - a) y, from the slopes p - y alone; NaN where their rounding
// would tell.
template <class T, class Target>
double quick_divergence(Index k, const T* slope, double weight, double a, const Target& y) {
  double sum = 0, least = 1;
  for (Index c = 0; c < k; ++c) {
    const double t = static_cast<double>(slope[c]) / weight, p = y(c) + t;
    least = std::min(least, k == 1 ? std::min(p, 1 - p) : p);
    sum += k == 1 ? t * t / (p * (1 - p)) : t * t / p;
  }
  return a > 0.99 && least > 1e3 * std::numeric_limits<T>::epsilon() ? (1 - a) * (1 - a) * sum : NAN;
}

template <class T, class Target>
double softmax_divergence(Index k, const T* z, double a, const Target& y) {
  const double top = static_cast<double>(*std::max_element(z, z + k));
  double sum = 0, divergence = 0;
  for (Index c = 0; c < k; ++c) sum += std::exp(static_cast<double>(z[c]) - top);
  for (Index c = 0; c < k; ++c)
    divergence += divergence_of_shrunk(y(c), std::exp(static_cast<double>(z[c]) - top) / sum, a);
  return std::max(0.0, divergence);
}

}  // namespace

template <class T>
double LinearRiskOf<T>::suboptimality_bound(const double* w, const double* g) {
  if (!(options_.l2 > 0) || options_.l1 > 0 || !has_gradient()) return INFINITY;
  if (!options_.intercept) return Objective::suboptimality_bound(w, g);
  const Index k = outputs(), n_w = weights(), stride = (dim() + 1 + 7) / 8 * 8;
  const bool softmax = options_.loss == Loss::softmax_cross_entropy && k > 1;
  if (!softmax && std::isnan(conjugate_excess(options_.loss, options_.loss_parameter, 0, 0, 1))) return INFINITY;
  const T* z = scores_at(w);
  const Index block = design_.block_rows(k);
  const auto class_of = [&](Index i) {
    return label_ ? Index{label_[i]} : std::max_element(y_ + i * k, y_ + (i + 1) * k) - (y_ + i * k);
  };
  // Sums of slopes: by class and output, or by sign and output.
  const Index groups = softmax ? k : 2, cells = groups * k;
  const auto group_of = [&](Index i, T slope) { return softmax ? class_of(i) : Index{slope > 0}; };
  const Index tasks = tasks_for((static_cast<double>(design_.entries()) + 8.0 * rows_) * k);
  if (partial_.size() < tasks * std::max(stride, cells)) partial_.resize(tasks * std::max(stride, cells));
  std::fill_n(partial_.data(), tasks * cells, 0.0);
  Buffer<T> slopes;
  slopes.resize(rows_ * k);
  over_rows(rows_, tasks, block, [&](Index first, Index m, Index task, Space&) {
    T* slope = slopes.data() + first * k;
    kernels<T>().loss.value_and_gradient(part(call(), first, m, z + first * k), nullptr, slope);
    double* sums = partial_.data() + task * cells;
    if (cells == 2) {
      double all = 0, sizes = 0;
      for (Index i = 0; i < m; ++i)
        all += static_cast<double>(slope[i]), sizes += std::abs(static_cast<double>(slope[i]));
      sums[0] += 0.5 * (all - sizes), sums[1] += 0.5 * (all + sizes);
      return;
    }
    for (Index i = 0; i < m; ++i)
      for (Index c = 0; c < k; ++c)
        sums[group_of(first + i, slope[i * k + c]) * k + c] += static_cast<double>(slope[i * k + c]);
  });
  Vector flow(cells, 0.0), shrink;
  for (Index task = 0; task < tasks; ++task)
    for (Index cell = 0; cell < cells; ++cell) flow[cell] += partial_[task * cells + cell];
  if (softmax) {
    Vector by_class;
    if (!stationary(k, flow, by_class)) return INFINITY;
    for (Index j = 0; j < k; ++j) shrink.insert(shrink.end(), k, by_class[j]);
  } else {
    shrink.assign(cells, 1.0);
    for (Index c = 0; c < k; ++c) {
      const double down = -flow[c], up = flow[k + c];
      if (down > up) shrink[c] = up / down;
      if (up > down) shrink[k + c] = down / up;
    }
  }
  std::fill_n(partial_.data(), tasks * stride, 0.0);
  over_rows(rows_, tasks, block, [&](Index first, Index m, Index task, Space& space) {
    double* sums = partial_.data() + task * stride;
    T* slope = slopes.data() + first * k;
    for (Index i = 0; i < m; ++i, slope += k) {
      const Index row = first + i;
      const double weight = weight_ ? static_cast<double>(weight_[row]) : 1.0;
      if (!(weight > 0)) continue;
      const Index own = softmax && label_ ? Index{label_[row]} : 0;
      const auto target = [&](Index c) {
        return softmax && label_ ? (c == own ? 1.0 : 0.0) : static_cast<double>(y_[row * k + c]);
      };
      double excess = 0;
      if (softmax) {
        const double a = shrink[class_of(row) * k];
        excess = quick_divergence(k, slope, weight, a, target);
        if (std::isnan(excess)) excess = softmax_divergence(k, z + row * k, a, target);
        for (Index c = 0; c < k; ++c) slope[c] = static_cast<T>(a * static_cast<double>(slope[c]));
      } else {
        for (Index c = 0; c < k; ++c) {
          const double a = shrink[(slope[c] > 0) * k + c];
          if (a == 1) continue;
          double lost = NAN;
          if (options_.loss == Loss::logistic)
            lost = quick_divergence(1, slope + c, weight, a, [&](Index) { return target(c); });
          if (std::isnan(lost))
            lost = conjugate_excess(options_.loss, options_.loss_parameter, static_cast<double>(z[row * k + c]),
                                    target(c), a);
          excess += lost;
          slope[c] = static_cast<T>(a * static_cast<double>(slope[c]));
        }
      }
      sums[dim()] += weight * excess;
    }
    design_.add_back(first, m, k, slopes.data() + first * k, sums, space.product.data());
  });
  double bound = 0;
  for (Index task = 0; task < tasks; ++task) bound += scale_ * partial_[task * stride + dim()];
  for (Index j = 0; j < n_w; ++j) {
    double slope = 0;
    for (Index task = 0; task < tasks; ++task) slope += partial_[task * stride + j];
    slope = scale_ * slope + options_.l2 * w[j];
    bound += slope * slope / (2 * options_.l2);
  }
  return std::isfinite(bound) ? bound : INFINITY;
}

// Whether the model puts every row on its right side, which without a penalty means that there is no minimizer.
template <class T>
std::string LinearRiskOf<T>::remark(const double* w) {
  const Index k = outputs();
  const bool softmax = options_.loss == Loss::softmax_cross_entropy && label_ && k > 1;
  const bool logistic = options_.loss == Loss::logistic && k == 1;
  if (options_.l2 > 0 || options_.l1 > 0 || !(softmax || logistic)) return {};
  const T* z = scores_at(w);
  for (Index i = 0; i < rows_; ++i, z += k) {
    if (weight_ && !(weight_[i] > 0)) continue;
    if (logistic && !((y_[i] == 1 && z[0] > 0) || (y_[i] == 0 && z[0] < 0))) return {};
    for (Index c = 0; softmax && c < k; ++c)
      if (c != label_[i] && !(z[c] < z[label_[i]])) return {};
  }
  return "The classes are separable: x puts every row on its right side, so the objective falls to 0 at infinity and "
         "has no "
         "minimizer; add an l2 penalty.";
}

template std::string LinearRiskOf<float>::remark(const double* w);
template std::string LinearRiskOf<double>::remark(const double* w);
template double LinearRiskOf<float>::suboptimality_bound(const double* w, const double* g);
template double LinearRiskOf<double>::suboptimality_bound(const double* w, const double* g);

}  // namespace steep
