// A copy of dense rows with the columns' means taken off. A free intercept makes this a change of variables, b = b' -
// m'w, and takes away the column of ones' share of the condition, which grows as (mean / spread)^2.
#pragma once
#include "steep/buffer.hpp"
#include "steep/design.hpp"
#include "steep/objective.hpp"

namespace steep {

// Whether some column of a dense X lies further from zero than `ratio` of its standard deviations; judged by 128 of its
// rows.
template <class T>
bool lies_far(const Design<T>& X, double ratio);

template <class T>
struct CenteredDesign {
  Buffer<T> rows;  // (n, d); empty: X as it is
  Vector center;   // (d), or empty
};

// Means weighted by `weight` (null: ones); differences are rounded once, from double.
template <class T>
CenteredDesign<T> center_columns(const Design<T>& X, const T* weight);

}  // namespace steep
