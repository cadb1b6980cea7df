// Philox4x32-10: counter-based random numbers (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2,
// 3", SC 2011). Keyed by (seed, stream); the counter is (epoch, row, unit): the same number whoever asks, in any order.
#pragma once
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "steep/index.hpp"

namespace steep {

// Streams: the purpose a random number serves. Layers use stream::layer + their number.
namespace stream {
inline constexpr std::uint32_t shuffle = 1, split = 2, augment = 3, mixup = 4, initialize = 5, layer = 1000;
}

struct Philox4 {
  std::uint32_t x[4];
};

inline Philox4 philox(std::uint64_t seed, std::uint32_t c0, std::uint32_t c1, std::uint32_t c2, std::uint32_t c3) {
  std::uint32_t k0 = static_cast<std::uint32_t>(seed), k1 = static_cast<std::uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * c0, p1 = std::uint64_t{0xCD9E8D57u} * c2;
    const std::uint32_t n0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ k0,
                        n2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c1 = static_cast<std::uint32_t>(p1);
    c3 = static_cast<std::uint32_t>(p0);
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

// A sequential reader of one stream: for initializations and shuffles.
class PhiloxReader {
 public:
  PhiloxReader(std::uint64_t seed, std::uint32_t stream, std::uint32_t epoch = 0)
      : seed_(seed), stream_(stream), epoch_(epoch) {}
  std::uint32_t next() {
    if (used_ == 4) {
      block_ =
          philox(seed_, static_cast<std::uint32_t>(count_), static_cast<std::uint32_t>(count_ >> 32), epoch_, stream_);
      ++count_;
      used_ = 0;
    }
    return block_.x[used_++];
  }
  double uniform() {  // [0, 1) with 53 bits
    const std::uint64_t hi = next() >> 5, lo = next() >> 6;
    return static_cast<double>(hi * 67108864 + lo) * (1.0 / 9007199254740992.0);
  }
  double normal() {  // Box and Muller
    if (have_) {
      have_ = false;
      return spare_;
    }
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform())), angle = 6.283185307179586476925 * uniform();
    spare_ = radius * std::sin(angle);
    have_ = true;
    return radius * std::cos(angle);
  }
  std::uint64_t below(std::uint64_t n) {  // unbiased (Lemire)
    if (n <= 0xFFFFFFFFull) {
      const std::uint32_t m = static_cast<std::uint32_t>(n), threshold = (0u - m) % m;
      for (;;) {
        const std::uint64_t product = std::uint64_t{next()} * m;
        if (static_cast<std::uint32_t>(product) >= threshold) return product >> 32;
      }
    }
    const std::uint64_t threshold = (0ull - n) % n;
    for (;;) {
      const std::uint64_t high = next(), x = (high << 32) | next();
      if (x >= threshold) return x % n;
    }
  }

 private:
  std::uint64_t seed_, count_ = 0;
  std::uint32_t stream_, epoch_;
  Philox4 block_{};
  int used_ = 4;
  bool have_ = false;
  double spare_ = 0;
};

// Fisher and Yates on an existing vector, by the stream's numbers.
inline void shuffle(std::vector<std::int64_t>& items, PhiloxReader random) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random.below(i)]);
}

}  // namespace steep
