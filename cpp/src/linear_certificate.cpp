// What is known of the point where a run of a linear risk ended: how far f is above its least value at (W, b). With an
// l2 penalty on W and a free intercept, ||grad f||^2 / (2 l2) does not bound that; Fenchel's duality gap does, at v = D
// u, where u (n, k) are the slopes of the losses and D shrinks rows until the dual constraint of the intercept, sum_i
// c_i v_i = 0, holds exactly:
//
//     sum_i c_i (phi_i(z_i) + phi_i*(v_i) - v_i'z_i) + ||X'CV + l2 W||^2 / (2 l2)                (no term is negative)
//
// Where outputs are separate, an output's slopes of the heavier sign shrink. Softmax shrinks rows by class: with T_jk
// the sum of c_i u_ik over the rows of class j, a'T = 0 asks for the stationary distribution of a Markov chain, found
// without a subtraction (Grassmann, Taksar and Heyman, Oper. Res. 33 (1985) 1107). At a minimizer D is the identity.
// Scores are those kept from the last evaluation: one pass over X, and a sixteenth of one near a minimizer of separate
// outputs.
#include <limits>

#include "steep/conjugate.hpp"
#include "steep/kernels.hpp"
#include "steep/linear_risk.hpp"

namespace steep {
namespace {

// a'T = 0, max a = 1, for T (k, k) with non-negative entries off the diagonal, whose rows sum to zero. False where
// there is no such a > 0, or T is not of this kind (soft targets).
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

// sum_c (m_c - p_c)^2 / p_c >= KL(m || p) for m = a p + (1 - a) y, from the slopes p - y alone; NaN where their
// rounding would tell.
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

constexpr Index share_of_rows = 16,
                least_rows = 1024;    // what bears the intercept's balance: a sixteenth of a pass over X
constexpr double most_shrunk = 1e-2;  // of the slopes: beyond, the bound would lose digits

}  // namespace

// What row i's term of the gap becomes when the slope of an output is multiplied by a.
template <class T>
double LinearRiskOf<T>::excess_of(Index i, Index c, T z, T slope, double a) const {
  const double weight = weight_ ? static_cast<double>(weight_[i]) : 1.0;
  const double y = static_cast<double>(y_[i * outputs() + c]);
  double lost = NAN;
  if (options_.loss == Loss::logistic) lost = quick_divergence(1, &slope, weight, a, [&](Index) { return y; });
  if (std::isnan(lost)) lost = conjugate_excess(options_.loss, options_.loss_parameter, static_cast<double>(z), y, a);
  return weight * lost;
}

// With D other than the identity in the first rows only, X'CV + l2 W is the gradient less those rows' part. NaN where
// they cannot bear the balance alone: far from a minimizer.
template <class T>
double LinearRiskOf<T>::bound_from_few_rows(const double* w, const double* g) {
  const Index k = outputs(), n_w = weights(), stride = (dim() + 1 + 7) / 8 * 8, block = design_.block_rows(k);
  const Index few = std::min(rows_, std::max(least_rows, rows_ / share_of_rows));
  if (few == rows_) return NAN;
  const T* z = scores_at(w);
  Buffer<T> slopes;
  slopes.resize_unset(few * k);
  kernels<T>().loss.value_and_gradient(part(call(), 0, few, z), nullptr, slopes.data());
  Vector able(k, 0.0);
  const auto heavy = [&](Index i, Index c) { return (slopes[i * k + c] > 0) == (g[n_w + c] > 0); };
  for (Index i = 0; i < few; ++i)
    for (Index c = 0; c < k; ++c)
      if (heavy(i, c)) able[c] += scale_ * std::abs(static_cast<double>(slopes[i * k + c]));
  for (Index c = 0; c < k; ++c)
    if (!(std::abs(g[n_w + c]) <= most_shrunk * able[c])) return NAN;
  Vector sums(stride, 0.0);
  Buffer<T> work;
  work.resize_unset(design_.workspace(block, k));
  for (Index first = 0; first < few; first += block) {
    const Index m = std::min(block, few - first);
    for (Index i = first; i < first + m; ++i)
      for (Index c = 0; c < k; ++c) {
        T& slope = slopes[i * k + c];
        const double cut = heavy(i, c) && able[c] > 0 ? std::abs(g[n_w + c]) / able[c] : 0;
        if (cut > 0 && slope != 0) sums[dim()] += scale_ * excess_of(i, c, z[i * k + c], slope, 1 - cut);
        slope = static_cast<T>(cut * static_cast<double>(slope));
      }
    design_.fetch(first, m);
    design_.add_back(first, m, k, slopes.data() + first * k, sums.data(), work.data());
  }
  double bound = sums[dim()];
  for (Index j = 0; j < n_w; ++j) {
    const double slope = g[j] - scale_ * sums[j];
    bound += slope * slope / (2 * options_.l2);
  }
  return bound;
}

template <class T>
double LinearRiskOf<T>::suboptimality_bound(const double* w, const double* g) {
  if (options_.l1 > 0 || !has_gradient()) return INFINITY;
  if (!(options_.l2 > 0)) return options_.loss == Loss::squared_error ? least_squares_gap(g) : INFINITY;
  if (!options_.intercept) return Objective::suboptimality_bound(w, g);
  const Index k = outputs(), n_w = weights(), stride = (dim() + 1 + 7) / 8 * 8;
  const bool softmax = options_.loss == Loss::softmax_cross_entropy && k > 1;
  if (!softmax && std::isnan(conjugate_excess(options_.loss, options_.loss_parameter, 0, 0, 1))) return INFINITY;
  if (!softmax) {
    const double bound = bound_from_few_rows(w, g);
    if (std::isfinite(bound)) return bound;
  }
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
        excess *= weight;
        for (Index c = 0; c < k; ++c) slope[c] = static_cast<T>(a * static_cast<double>(slope[c]));
      } else {
        for (Index c = 0; c < k; ++c) {
          const double a = shrink[(slope[c] > 0) * k + c];
          if (a == 1) continue;
          excess += excess_of(row, c, z[row * k + c], slope[c], a);
          slope[c] = static_cast<T>(a * static_cast<double>(slope[c]));
        }
      }
      sums[dim()] += excess;
    }
    design_.fetch(first, m);
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
