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
// Each task has a sum of its own: few of them where sums are large, or rows few.
Index gram_tasks(Index rows, Index work, Index size, Index blocks) {
  return std::clamp<Index>(std::min({work >> 20, rows / block_most, (Index{1} << 21) / size}),
                           std::min<Index>(2, blocks), std::min<Index>(32, blocks));
}

}  // namespace

template <class T>
void ColumnGram<T>::make_room(Team& team, Index gathered, Index work) {
  while (static_cast<int>(spaces_.size()) < team.size()) spaces_.push_back(std::make_unique<Space>());
  for (auto& space : spaces_) {
    if (space->weight.size() == 0) space->weight.resize(2 * block_most);
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
  const Index rows = whole ? n_ - static_cast<Index>(std::count(c.begin(), c.end(), 0.0)) : n_;
  const Index tasks = gram_tasks(rows, rows * s * s, s * s, blocks);
  parts_.assign(tasks * s * s, 0.0);
  make_room(team, whole && rows == n_ ? 0 : block * m, dense_gram_workspace<T>(std::max<Index>(m, 1)));
  team.run(tasks, [&](Index task, int member) {
    Space& space = *spaces_[static_cast<std::size_t>(member)];
    double* part = parts_.data() + task * s * s;
    const auto add = [&](Index count, const T* x, Index stride, const T* weight) {
      if (m > 0) add_dense_gram<T>(count, m, x, stride, weight, part, s, space.work.data());
      if (!ones) return;
      double* row = part + m * s;
      for (Index i = 0; i < count; ++i) {
        const double factor = static_cast<double>(weight[i]);
        row[m] += factor;
        for (Index j = 0; j < m; ++j) row[j] += factor * static_cast<double>(x[i * stride + j]);
      }
    };
    Index kept = 0;  // rows gathered, their weights at the front
    const Index end = std::min(n_, (task + 1) * blocks / tasks * block);
    for (Index first = task * blocks / tasks * block; first < end; first += block) {
      const Index count = std::min(block, end - first);
      const Index used = count - static_cast<Index>(std::count(c.data() + first, c.data() + first + count, 0.0));
      if (whole && used == count) {
        for (Index i = 0; i < count; ++i) space.weight[block + i] = static_cast<T>(c[first + i]);
        add(count, X_.dense_row(first), X_.row_stride(), space.weight.data() + block);
        continue;
      }
      T* x = space.gathered.data();
      if (!whole) {
        for (Index i = 0; i < count; ++i) space.weight[i] = static_cast<T>(c[first + i]);
        if (m > 0) X_.gather(first, count, columns.data(), m, x);
        add(count, x, m, space.weight.data());
        continue;
      }
      for (Index i = first; i < first + count; ++i) {
        if (c[i] == 0) continue;
        std::copy_n(X_.dense_row(i), m, x + kept * m);
        space.weight[kept++] = static_cast<T>(c[i]);
        if (kept == block) add(kept, x, m, space.weight.data()), kept = 0;
      }
    }
    if (kept > 0) add(kept, space.gathered.data(), m, space.weight.data());
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
  const Index tasks = gram_tasks(n_, 2 * n_ * e * s, e * s, blocks);
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
