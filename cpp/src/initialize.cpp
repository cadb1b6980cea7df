// Initial weights; see initialize.hpp.
#include "steep/initialize.hpp"

#include <algorithm>
#include <cmath>

#include "steep/decomposition.hpp"
#include "steep/philox.hpp"

namespace steep {
namespace {

void orthogonal(PhiloxReader& random, Index out, Index in, double* weight) {
  const Index tall = std::max(out, in), thin = std::min(out, in);
  QR::Matrix a(tall, thin);
  for (Index i = 0; i < tall; ++i)
    for (Index j = 0; j < thin; ++j) a(i, j) = random.normal();
  const QR qr(std::move(a));
  QR::Matrix q = qr.times(QR::Matrix::Identity(thin, thin)), r = qr.R();
  for (Index j = 0; j < thin; ++j)  // signs that make the distribution uniform (Mezzadri, Notices AMS 54 (2007) 592)
    if (r(j, j) < 0) q.col(j) *= -1;
  for (Index i = 0; i < out; ++i)
    for (Index j = 0; j < in; ++j) weight[i * in + j] = out >= in ? q(i, j) : q(j, i);
}

void nguyen_widrow(PhiloxReader& random, Index out, Index in, double* weight, double* bias) {
  const double size = 0.7 * std::pow(static_cast<double>(out), 1.0 / static_cast<double>(in));
  for (Index i = 0; i < out; ++i) {
    double* row = weight + i * in;
    double norm = 0;
    for (Index j = 0; j < in; ++j) {
      row[j] = 2 * random.uniform() - 1;
      norm += row[j] * row[j];
    }
    norm = std::sqrt(norm);
    for (Index j = 0; j < in; ++j) row[j] *= norm > 0 ? size / norm : 0;
    // Where each unit bends: evenly over the inputs' range.
    const double place = out > 1 ? 2.0 * static_cast<double>(i) / static_cast<double>(out - 1) - 1 : 0;
    bias[i] = std::copysign(size * place, size * place * row[0]);
  }
}

}  // namespace

void initialize(Initialization kind, Index out, Index in, Index fan_in, Index fan_out, std::uint64_t seed,
                std::uint32_t stream, double* weight, double* bias) {
  PhiloxReader random(seed, stream, stream::initialize);
  const Index n = out * in;
  std::fill_n(bias, out, 0.0);
  const double inputs = static_cast<double>(fan_in), both = static_cast<double>(fan_in + fan_out);
  const auto normal = [&](double variance) {
    const double deviation = std::sqrt(variance);
    for (Index i = 0; i < n; ++i) weight[i] = deviation * random.normal();
  };
  const auto uniform = [&](double limit) {
    for (Index i = 0; i < n; ++i) weight[i] = limit * (2 * random.uniform() - 1);
  };
  switch (kind) {
    case Initialization::zeros:
      std::fill_n(weight, n, 0.0);
      return;
    case Initialization::normal:
      return normal(1e-4);
    case Initialization::uniform:
      return uniform(0.05);
    case Initialization::glorot_normal:
      return normal(2 / both);
    case Initialization::glorot_uniform:
      return uniform(std::sqrt(6 / both));
    case Initialization::he_normal:
      return normal(2 / inputs);
    case Initialization::he_uniform:
      return uniform(std::sqrt(6 / inputs));
    case Initialization::lecun_normal:
      return normal(1 / inputs);
    case Initialization::lecun_uniform:
      return uniform(std::sqrt(3 / inputs));
    case Initialization::orthogonal:
      return orthogonal(random, out, in, weight);
    case Initialization::nguyen_widrow:
      return nguyen_widrow(random, out, in, weight, bias);
  }
}

}  // namespace steep
