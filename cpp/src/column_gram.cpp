// See column_gram.hpp.
#include "steep/column_gram.hpp"

#include <algorithm>

#include "steep/kernels.hpp"

namespace steep {
namespace {

constexpr Index block_most = 512;  // rows of a block

Index gram_block(Index columns) {
  return std::clamp<Index>((Index{1} << 18) / std::max<Index>(columns, 1) / 16 * 16, 64, block_most);
}
// Each task has a sum of its own: few of them where sums are large.
Index gram_tasks(Index work, Index size, Index blocks) {
  return std::clamp<Index>(std::min(work >> 20, (Index{1} << 21) / size), std::min<Index>(2, blocks),
                           std::min<Index>(32, blocks));
}

}  // namespace

template <class T>
void ColumnGram<T>::make_room(Team& team, Index gathered, Index work) {
  while (static_cast<int>(spaces_.size()) < team.size()) spaces_.push_back(std::make_unique<Space>());
  for (auto& space : spaces_) {
    if (space->weight.size() == 0) space->weight.resize(block_most);
    if (space->gathered.size() < gathered) space->gathered.resize(gathered);
    if (space->work.size() < work + 16) space->work.resize(work + 16);
  }
}

template <class T>
void ColumnGram<T>::whole(Team& team, const std::vector<Index>& columns, const std::vector<double>& c, double* H) {
  const Index s = static_cast<Index>(columns.size());
  const bool ones = s > 0 && columns[s - 1] == d_;
  const Index m = s - (ones ? 1 : 0);
  const bool whole = m == d_ && !X_.sparse();
  const Index block = gram_block(m), blocks = (n_ + block - 1) / block;
  const Index tasks = gram_tasks(n_ * s * s, s * s, blocks);
  parts_.assign(tasks * s * s, 0.0);
  make_room(team, whole ? 0 : block * m, dense_gram_workspace<T>(std::max<Index>(m, 1)));
  team.run(tasks, [&](Index task, int member) {
    Space& space = *spaces_[static_cast<std::size_t>(member)];
    double* part = parts_.data() + task * s * s;
    const Index end = std::min(n_, (task + 1) * blocks / tasks * block);
    for (Index first = task * blocks / tasks * block; first < end; first += block) {
      const Index count = std::min(block, end - first);
      for (Index i = 0; i < count; ++i) space.weight[i] = static_cast<T>(c[first + i]);
      const T* x = space.gathered.data();
      if (whole)
        x = X_.dense_row(first);
      else if (m > 0)
        X_.gather(first, count, columns.data(), m, space.gathered.data());
      const Index stride = whole ? X_.row_stride() : m;
      if (m > 0) add_dense_gram<T>(count, m, x, stride, space.weight.data(), part, s, space.work.data());
      if (!ones) continue;
      double* row = part + m * s;
      for (Index i = 0; i < count; ++i) {
        const double weight = c[first + i];
        row[m] += weight;
        for (Index j = 0; j < m; ++j) row[j] += weight * static_cast<double>(x[i * stride + j]);
      }
    }
  });
  for (Index i = 0; i < s; ++i)
    for (Index j = 0; j <= i; ++j) {
      double sum = 0;
      for (Index task = 0; task < tasks; ++task) sum += parts_[task * s * s + i * s + j];
      H[i * s + j] = H[j * s + i] = sum;
    }
}

template <class T>
void ColumnGram<T>::cross(Team& team, const std::vector<Index>& extra, const std::vector<Index>& columns,
                          const std::vector<double>& c, double* C) {
  const Index e = static_cast<Index>(extra.size()), s = static_cast<Index>(columns.size());
  const bool ones = columns[s - 1] == d_;
  const Index m = s - (ones ? 1 : 0), block = gram_block(s), blocks = (n_ + block - 1) / block;
  const Index tasks = gram_tasks(2 * n_ * e * s, e * s, blocks);
  parts_.assign(tasks * e * s, 0.0);
  make_room(team, block * s, kernels<T>().product.workspace_size(e, s, block) + e * s + block * e);
  team.run(tasks, [&](Index task, int member) {
    Space& space = *spaces_[static_cast<std::size_t>(member)];
    T *workspace = space.work.data(), *sums = workspace + kernels<T>().product.workspace_size(e, s, block);
    T *left = sums + e * s, *x = space.gathered.data();
    double* part = parts_.data() + task * e * s;
    const Index end = std::min(n_, (task + 1) * blocks / tasks * block);
    for (Index first = task * blocks / tasks * block; first < end; first += block) {
      const Index count = std::min(block, end - first);
      X_.gather(first, count, extra.data(), e, left);
      X_.gather(first, count, columns.data(), m, x);
      for (Index i = 0; i < count; ++i)
        for (Index k = 0; k < e; ++k) left[i * e + k] *= static_cast<T>(c[first + i]);
      Product<T> p;
      p.m = e, p.n = m, p.k = count;
      p.a = left, p.a_row = 1, p.a_col = e;
      p.b = x, p.b_row = m;
      p.c = sums, p.c_row = m;
      p.workspace = workspace;
      kernels<T>().product.multiply(p);
      for (Index k = 0; k < e; ++k) {
        for (Index j = 0; j < m; ++j) part[k * s + j] += static_cast<double>(sums[k * m + j]);
        for (Index i = 0; ones && i < count; ++i) part[k * s + m] += static_cast<double>(left[i * e + k]);
      }
    }
  });
  std::fill(C, C + e * s, 0.0);
  for (Index task = 0; task < tasks; ++task)
    for (Index i = 0; i < e * s; ++i) C[i] += parts_[task * e * s + i];
}

template class ColumnGram<float>;
template class ColumnGram<double>;

}  // namespace steep
