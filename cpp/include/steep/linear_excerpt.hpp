// A copy of some or all rows of a dense linear risk in single precision, and the risk of these rows: a draft of the
// whole.
#pragma once
#include "steep/linear_risk.hpp"

namespace steep {

struct LinearExcerpt {
  Buffer<float> x, y, weight;
  std::vector<std::int32_t> label;
  std::unique_ptr<LinearRiskOf<float>> risk;
};

}  // namespace steep
