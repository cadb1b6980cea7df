// The evidence of a Gaussian posterior; see evidence.hpp.
#include "steep/evidence.hpp"

#include <algorithm>
#include <cmath>

#include "steep/factor.hpp"
#include "steep/run.hpp"

namespace steep {
namespace {

constexpr double largest_alpha = 1e12, largest_condition = 1e13, largest_weight = 1e8;
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

// Upper triangular R with R R' = H^-1, from the rows of L^-1 scaled back.
Vector root_of(const Vector& inverse, Index p, double scale) {
  Vector root(static_cast<std::size_t>(p * p), 0.0);
  for (Index i = 0; i < p; ++i)
    for (Index j = 0; j <= i; ++j)
      root[static_cast<std::size_t>(j * p + i)] = scale * inverse[static_cast<std::size_t>(i * p + j)];
  return root;
}

// The outputs' own precisions, as weights around the harmonic mean that is returned.
double weigh_outputs(EvidenceModel& model, const double* w, const Vector& inverse, Index p, Vector& weights) {
  const double S = model.total_weight();
  const Vector squares = model.output_squares(w);
  const Vector leverages = model.output_leverages(w, root_of(inverse, p, 1 / std::sqrt(S)));
  const Vector& c = model.output_weights();
  const std::size_t k = squares.size();
  weights.resize(k);
  double mean = 0;
  for (std::size_t j = 0; j < k; ++j) {
    const double effective = std::clamp((c.empty() ? 1.0 : c[j]) * leverages[j], 0.0, S);
    weights[j] = std::max(S - effective, 1e-3 * S) / std::max(squares[j], 1e-300);
    mean += 1 / weights[j] / static_cast<double>(k);
  }
  for (double& weight : weights) weight = std::min(weight * mean, largest_weight);
  return 1 / mean;
}

}  // namespace

Evidence evidence(Objective& f, const double* w, double beta, bool with_root, bool by_output) {
  auto* model = dynamic_cast<EvidenceModel*>(&f);
  if (!model || !f.has_gauss_newton())
    throw std::invalid_argument(f.name() + " has no Gauss-Newton matrix and l2 penalty for the evidence");
  const Index p = f.dim();
  const double S = model->total_weight(), N = model->noise_observations(), l2 = model->l2();
  const std::vector<char>& penalized = model->penalized();
  Evidence found;
  Vector H(static_cast<std::size_t>(p * p)), g(static_cast<std::size_t>(p));
  found.fun = f.normal_equations(w, H.data(), g.data());
  found.finite = all_finite(H);
  if (!found.finite) return found;

  // Scaled to a unit diagonal, so that the units of inputs are no singularity.
  Vector d(static_cast<std::size_t>(p));
  for (Index i = 0; i < p; ++i) {
    const double h = H[static_cast<std::size_t>(i * p + i)];
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
  if (N > 0) {
    found.log_evidence += N / 2 * std::log(found.beta / (2 * pi));
    for (const double c : model->output_weights()) found.log_evidence += S / 2 * std::log(c);
  }
  double next_beta = found.beta;
  if (by_output && N > 0 && model->outputs() > 1) next_beta = weigh_outputs(*model, w, inverse, p, found.next_weights);
  found.next_l2 = found.next_alpha / (next_beta * S);
  if (with_root) found.root = root_of(inverse, p, 1 / std::sqrt(S * found.beta));
  return found;
}

}  // namespace steep
