// The evidence of a Gaussian posterior; see evidence.hpp.
#include "steep/evidence.hpp"

#include <algorithm>
#include <cmath>

#include "steep/factor.hpp"

namespace steep {
namespace {

constexpr double largest_alpha = 1e12, largest_condition = 1e13;
constexpr double pi = 3.14159265358979323846;

// L^-1 row by row into `inverse` (p, p), lower triangular, from a factor's solves.
void invert(const Factor& factor, Index p, Vector& inverse) {
  inverse.assign(static_cast<std::size_t>(p * p), 0.0);
  Vector unit(static_cast<std::size_t>(p));
  for (Index i = 0; i < p; ++i) {
    std::fill(unit.begin(), unit.end(), 0.0);
    unit[static_cast<std::size_t>(i)] = 1;
    factor.solve_upper(unit);  // row i of L^-1 is column i of L^-T
    std::copy_n(unit.begin(), i + 1, inverse.begin() + i * p);
  }
}

}  // namespace

Evidence evidence(Objective& f, const double* w, double beta, bool with_root) {
  auto* model = dynamic_cast<EvidenceModel*>(&f);
  if (!model || !f.has_gauss_newton())
    throw std::invalid_argument(f.name() + " has no Gauss-Newton matrix and l2 penalty for the evidence");
  const Index p = f.dim();
  const double S = model->total_weight(), N = model->noise_observations(), l2 = model->l2();
  const std::vector<char>& penalized = model->penalized();
  Evidence found;
  Vector H(static_cast<std::size_t>(p * p)), g(static_cast<std::size_t>(p));
  found.fun = f.normal_equations(w, H.data(), g.data());

  // Scaled to a unit diagonal, so that the units of inputs are no singularity.
  Vector d(static_cast<std::size_t>(p));
  for (Index i = 0; i < p; ++i) {
    const double h = H[static_cast<std::size_t>(i * p + i)];
    if (!std::isfinite(h)) throw std::invalid_argument("w must have a finite Gauss-Newton matrix");
    d[static_cast<std::size_t>(i)] = h > 0 ? std::sqrt(h) : 1;
  }
  for (Index i = 0; i < p; ++i)
    for (Index j = 0; j < p; ++j)
      H[static_cast<std::size_t>(i * p + j)] /= d[static_cast<std::size_t>(i)] * d[static_cast<std::size_t>(j)];
  Factor factor(p);
  while (!factor.factor(H.data(), found.shift) || factor.condition_bound() > largest_condition)
    found.shift = std::max(1e-10, 100 * found.shift);

  Vector inverse;
  invert(factor, p, inverse);
  // ||P w||^2, tr(P H^-1), tr of the scaled inverse and of its part on the penalized, log det H
  double size = 0, trace = 0, all = 0, part = 0, log_det = 0;
  Index weights = 0;
  for (Index i = 0; i < p; ++i) {
    double* row = inverse.data() + i * p;
    log_det -= 2 * std::log(row[i] / d[static_cast<std::size_t>(i)]);
    for (Index j = 0; j <= i; ++j) {
      const double square = row[j] * row[j];
      all += square;
      row[j] /= d[static_cast<std::size_t>(j)];
      if (!penalized[static_cast<std::size_t>(j)]) continue;
      part += square;
      trace += row[j] * row[j];
    }
    if (!penalized[static_cast<std::size_t>(i)]) continue;
    ++weights;
    size += w[i] * w[i];
  }
  const double n = static_cast<double>(p), n_weights = static_cast<double>(weights);
  found.effective = std::clamp(n - l2 * trace - found.shift * all, 0.0, n);
  const double data = S * (found.fun - l2 / 2 * size);  // sum_i s_i l_i
  found.beta = 1;
  if (beta > 0)
    found.beta = beta;
  else if (N > 0)
    found.beta = std::max(N - found.effective, 1e-3 * N) / std::max(2 * data, 1e-300);
  found.l2 = l2;
  found.alpha = l2 * found.beta * S;
  const double of_weights = std::max(n_weights - l2 * trace - found.shift * part, 1e-6);
  found.next_alpha = std::min(of_weights / std::max(size, 1e-300), largest_alpha);
  found.log_evidence = -found.beta * data - found.alpha / 2 * size - (log_det + n * std::log(S * found.beta)) / 2 +
                       (n - n_weights) / 2 * std::log(2 * pi);
  found.log_evidence += found.alpha > 0 ? n_weights / 2 * std::log(found.alpha) : -INFINITY;
  if (N > 0) found.log_evidence += N / 2 * std::log(found.beta / (2 * pi));
  if (!with_root) return found;
  const double scale = 1 / std::sqrt(S * found.beta);
  found.root.assign(static_cast<std::size_t>(p * p), 0.0);
  for (Index i = 0; i < p; ++i)
    for (Index j = 0; j <= i; ++j) found.root[static_cast<std::size_t>(j * p + i)] = scale * inverse[i * p + j];
  return found;
}

}  // namespace steep
