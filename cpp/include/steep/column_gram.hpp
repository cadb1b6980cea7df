// Gram matrices X_S'diag(c) X_S of chosen columns S of a design matrix, ascending; column d stands for a column of
// ones. Rows are gathered block by block, without those of weight zero where all columns are chosen; tasks are few
// where their sums are large, and are added in order.
#pragma once
#include <memory>
#include <vector>

#include "steep/buffer.hpp"
#include "steep/design.hpp"
#include "steep/team.hpp"

namespace steep {

template <class T>
class ColumnGram {
 public:
  explicit ColumnGram(const Design<T>& X) : X_(X), n_(X.rows()), d_(X.columns()) {}
  // H (s, s), both triangles.
  void whole(Team& team, const std::vector<Index>& columns, const std::vector<double>& c, double* H);
  // C (extra, columns): rows of the whole for some of its columns, without that of ones.
  void cross(Team& team, const std::vector<Index>& extra, const std::vector<Index>& columns,
             const std::vector<double>& c, double* C);

 private:
  struct Space {  // of one thread
    Buffer<T> weight, gathered, work;
  };
  void make_room(Team& team, Index gathered, Index work);

  const Design<T>& X_;
  Index n_, d_;
  std::vector<std::unique_ptr<Space>> spaces_;
  std::vector<double> parts_;
};

}  // namespace steep
