// Whether all entries are finite: x - x is 0 for a finite x and NaN for the rest, and a sum of them stays 0 or NaN.
#pragma once
#include "steep/index.hpp"

namespace steep {

template <class T>
bool all_finite(const T* x, Index n) {
  constexpr Index lanes = 16;  // independent sums, which compilers put into vectors
  T sum[lanes] = {};
  Index i = 0;
  for (; i + lanes <= n; i += lanes)
    for (Index j = 0; j < lanes; ++j) sum[j] += x[i + j] - x[i + j];
  for (; i < n; ++i) sum[0] += x[i] - x[i];
  T all = 0;
  for (Index j = 0; j < lanes; ++j) all += sum[j];
  return all == T(0);
}

}  // namespace steep
