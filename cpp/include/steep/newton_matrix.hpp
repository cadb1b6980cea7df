// The matrix of a Newton step on a linear model of one output: l2 + X~'diag(h)X~, with the intercept's column of ones,
// which bears no l2, and its Cholesky factor.
#pragma once
#include <algorithm>
#include <numeric>

#include "steep/factor.hpp"
#include "steep/linear_model.hpp"

namespace steep {

class NewtonMatrix {
 public:
  explicit NewtonMatrix(Index m) : factor_(m), columns_(m), H_(m * m) {
    std::iota(columns_.begin(), columns_.end(), Index{0});
  }

  // Shifted where rounding leaves it indefinite; false when it is singular beyond that.
  bool form(LinearModel& model, const Vector& h) {
    const Index m = static_cast<Index>(columns_.size());
    model.columns_gram(columns_, h, H_.data());
    double largest = 0;
    for (Index j = 0; j < m; ++j) {
      if (j < model.features()) H_[j * m + j] += model.l2();
      largest = std::max(largest, H_[j * m + j]);
    }
    double shift = 0;
    while (!factor_.factor(H_.data(), shift)) {
      shift = std::max(1e-14 * largest, 100 * shift);
      if (!(shift < largest)) return false;
    }
    return true;
  }
  void solve(Vector& b) const { factor_.solve(b); }

 private:
  Factor factor_;
  std::vector<Index> columns_;
  Vector H_;
};

}  // namespace steep
