// Random changes of images; see augment.hpp. Turned images are read bilinearly about their middle; the rest moves whole
// pixels.
#include "steep/augment.hpp"

#include <algorithm>
#include <cmath>

#include "steep/philox.hpp"

namespace steep {
namespace {

// A whole number in [low, high], from 32 random bits.
Index between(std::uint32_t bits, Index low, Index high) {
  return low +
         static_cast<Index>((static_cast<std::uint64_t>(bits) * static_cast<std::uint64_t>(high - low + 1)) >> 32);
}

template <class T>
void turn(const Augmentation& a, double angle, Index down, Index right, bool mirror, const T* from, T* to) {
  const double c = std::cos(angle), s = std::sin(angle);
  const double my = static_cast<double>(a.height - 1) / 2, mx = static_cast<double>(a.width - 1) / 2;
  for (Index y = 0; y < a.height; ++y) {
    for (Index x = 0; x < a.width; ++x, to += a.channels) {
      const double v = static_cast<double>(y - down) - my, h = static_cast<double>(x - right) - mx;
      const double sy = my + c * v - s * h, turned = mx + s * v + c * h;
      const double sx = mirror ? 2 * mx - turned : turned;
      const double fy = std::floor(sy), fx = std::floor(sx);
      std::fill_n(to, a.channels, T(0));
      for (int corner = 0; corner < 4; ++corner) {
        const Index iy = static_cast<Index>(fy) + corner / 2, ix = static_cast<Index>(fx) + corner % 2;
        if (iy < 0 || iy >= a.height || ix < 0 || ix >= a.width) continue;
        const double wy = corner / 2 ? sy - fy : 1 - (sy - fy), wx = corner % 2 ? sx - fx : 1 - (sx - fx);
        const T share = static_cast<T>(wy * wx);
        const T* source = from + (iy * a.width + ix) * a.channels;
        for (Index k = 0; k < a.channels; ++k) to[k] += share * source[k];
      }
    }
  }
}

template <class T>
void move(const Augmentation& a, Index down, Index right, bool mirror, const T* from, T* to) {
  for (Index y = 0; y < a.height; ++y) {
    for (Index x = 0; x < a.width; ++x, to += a.channels) {
      const Index sy = y - down, moved = x - right, sx = mirror ? a.width - 1 - moved : moved;
      if (sy < 0 || sy >= a.height || sx < 0 || sx >= a.width)
        std::fill_n(to, a.channels, T(0));
      else
        std::copy_n(from + (sy * a.width + sx) * a.channels, a.channels, to);
    }
  }
}

// log of a Gamma(shape) variable, shape > 1 (Marsaglia and Tsang, "A simple method for generating gamma variables",
// 2000).
double log_gamma_variable(double shape, PhiloxReader& random) {
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = random.normal(), v = 1 + c * x, log_u = std::log(1 - random.uniform());
    if (v > 0 && log_u < 0.5 * x * x + d * (1 - v * v * v + 3 * std::log(v))) return std::log(d) + 3 * std::log(v);
  }
}

}  // namespace

template <class T>
void augment(const Augmentation& a, std::uint64_t seed, std::uint32_t epoch, std::int64_t row, T* image, T* scratch) {
  const auto low = static_cast<std::uint32_t>(row),
             high = static_cast<std::uint32_t>(static_cast<std::uint64_t>(row) >> 32);
  const Philox4 first = philox(seed, low, high, epoch, stream::augment);
  const Philox4 second = philox(seed ^ 0x9E3779B97F4A7C15ull, low, high, epoch, stream::augment);
  const Index down = between(first.x[0], -a.shift, a.shift), right = between(first.x[1], -a.shift, a.shift);
  const bool mirror = a.flip && (first.x[2] & 1);
  if (a.rotate > 0 || down || right || mirror) {
    std::copy_n(image, a.height * a.width * a.channels, scratch);
    const double angle = a.rotate * 0.017453292519943295 * (static_cast<double>(first.x[3]) / 2147483648.0 - 1);
    if (a.rotate > 0)
      turn(a, angle, down, right, mirror, scratch, image);
    else
      move(a, down, right, mirror, scratch, image);
  }
  if (a.cutout == 0) return;
  const Index top = between(second.x[0], 0, a.height - 1) - a.cutout / 2,
              left = between(second.x[1], 0, a.width - 1) - a.cutout / 2;
  const Index x0 = std::max<Index>(left, 0), x1 = std::min(left + a.cutout, a.width);
  for (Index y = std::max<Index>(top, 0); y < std::min(top + a.cutout, a.height); ++y)
    std::fill(image + (y * a.width + x0) * a.channels, image + (y * a.width + x1) * a.channels, T(0));
}

// l = a / (a + b) with a, b ~ Gamma(alpha), each Gamma(alpha + 1) U^(1 / alpha), by logarithms: a small alpha
// underflows.
Partner partner_of(const Mixup& m, std::uint64_t seed, std::uint32_t epoch, std::int64_t row) {
  const Philox4 key = philox(seed, static_cast<std::uint32_t>(row),
                             static_cast<std::uint32_t>(static_cast<std::uint64_t>(row) >> 32), epoch, stream::mixup);
  PhiloxReader random(key.x[0] | std::uint64_t{key.x[1]} << 32, stream::mixup, epoch);
  const std::int64_t other = m.rows[random.below(static_cast<std::uint64_t>(m.n))];
  const double a = log_gamma_variable(m.alpha + 1, random), b = log_gamma_variable(m.alpha + 1, random);
  const double log_u = std::log(1 - random.uniform()), log_v = std::log(1 - random.uniform());
  return {other, 1 / (1 + std::exp(b - a + (log_v - log_u) / m.alpha))};
}

template void augment(const Augmentation&, std::uint64_t, std::uint32_t, std::int64_t, float*, float*);
template void augment(const Augmentation&, std::uint64_t, std::uint32_t, std::int64_t, double*, double*);

}  // namespace steep
