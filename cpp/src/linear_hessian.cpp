// Hessians of linear models: with D_ab = c s d2l / dz_a dz_b, the block of outputs a and b is X'D_ab X (+ l2 I),
// bordered by X'D_ab 1 and 1'D_ab 1 for the intercepts. X is read once, in runs of rows that stay in cache for all
// blocks; n d^2 flops a block. Separable losses have diagonal blocks only.
#include "steep/kernels.hpp"
#include "steep/linear_risk.hpp"

namespace steep {
namespace {

constexpr Index run_bytes = 512 << 10;
constexpr double part_bytes = 96e6;  // of all tasks' Hessians together

template <class T>
Index rows_of_a_run(Index width) {
  return std::max<Index>(run_bytes / static_cast<Index>(sizeof(T)) / std::max<Index>(width, 1) / 16 * 16, 512);
}

}  // namespace

template <class T>
bool LinearRiskOf<T>::has_hessian() const {
  return has_curvature() && dim() <= (design_.sparse() ? 5000 : 20000);
}

// H += this run's part: lower triangles of the blocks b <= a, and rows of the intercepts. `curvature` holds m weights
// for each of those pairs.
template <class T>
void LinearRiskOf<T>::add_gram_rows(const Index* features, Index count, Index first, Index m, const T* curvature,
                                    double* H, Space& space) {
  const Index k = outputs(), n_w = k * count, total = n_w + (options_.intercept ? k : 0);
  const bool dense = !design_.sparse() || features;
  const T* x = space.rows.data();
  Index stride = count;
  if (features) {
    design_.gather(first, m, features, count, space.rows.data());
  } else if (dense) {
    x = design_.dense_row(first);
    stride = design_.row_stride();
  }
  const T* weight = curvature;
  for (Index a = 0; a < k; ++a) {
    for (Index b = separable() ? a : 0; b <= a; ++b, weight += m) {
      double* block = H + a * count * total + b * count;
      if (dense)
        add_dense_gram(m, count, x, stride, weight, block, total, space.product.data());
      else
        design_.add_gram(first, m, weight, block, total, space.product.data());
      if (!options_.intercept) continue;
      double sum = 0;
      for (Index i = 0; i < m; ++i) sum += static_cast<double>(weight[i]);
      H[(n_w + a) * total + n_w + b] += sum;
      double* border = H + (n_w + a) * total + b * count;
      if (dense) {
        T* part = space.product.data();
        kernels<T>().product.transposed_vector(m, count, x, stride, weight, part, false);
        for (Index j = 0; j < count; ++j) border[j] += static_cast<double>(part[j]);
      } else {
        design_.add_back(first, m, 1, weight, border, space.product.data());
      }
    }
  }
}

// Sums the tasks' parts and mirrors them: every block is symmetric itself, being X' diag X.
template <class T>
void LinearRiskOf<T>::finish_gram(const double* parts, Index tasks, Index count, double* H) {
  const Index k = outputs(), n_w = k * count, total = n_w + (options_.intercept ? k : 0);
  const auto sum = [&](Index i, Index j) {
    double value = 0;
    for (Index task = 0; task < tasks; ++task) value += parts[(task * total + i) * total + j];
    return scale_ * value;
  };
  team(total > 64 ? total : 1).run(total, [&](Index i, int) {
    const bool intercept = i >= n_w;
    const Index a = intercept ? i - n_w : i / count, r = intercept ? 0 : i % count;
    for (Index b = 0; b <= a; ++b) {
      const bool block = !separable() || a == b;
      if (intercept) {
        for (Index j = 0; j < count; ++j) {
          const double value = block ? sum(i, b * count + j) : 0;
          H[i * total + b * count + j] = H[(b * count + j) * total + i] = value;
          H[(n_w + b) * total + a * count + j] = H[(a * count + j) * total + n_w + b] = value;
        }
        H[i * total + n_w + b] = H[(n_w + b) * total + i] = block ? sum(i, n_w + b) : 0;
        continue;
      }
      for (Index j = 0; j <= r; ++j) {
        double value = block ? sum(i, b * count + j) : 0;
        if (a == b && j == r) value += options_.l2;
        H[i * total + b * count + j] = H[(b * count + j) * total + i] = value;
        H[(a * count + j) * total + b * count + r] = H[(b * count + r) * total + a * count + j] = value;
      }
    }
  });
}

template <class T>
void LinearRiskOf<T>::hessian_of(const double* w, const Index* features, Index count, double* H) {
  if (!has_curvature()) lacks("a Hessian");
  const T* z = scores_at(w);
  const Index k = outputs(), total = k * (count + (options_.intercept ? 1 : 0)), n = rows_;
  const Index pairs = separable() ? k : k * (k + 1) / 2;
  const Index width = design_.sparse() && !features ? std::max<Index>(design_.entries() / rows_, 1) : count;
  const Index run = rows_of_a_run<T>(width), tall = std::min(run, n);
  const double size = static_cast<double>(total) * static_cast<double>(total);
  const double work = static_cast<double>(n) * static_cast<double>(width) * static_cast<double>(width) * pairs;
  Index tasks = std::min<Index>({tasks_for(work / 4), 16, (n + run - 1) / run});
  tasks = std::clamp<Index>(static_cast<Index>(part_bytes / 8 / size), 1, tasks);
  Buffer<double> parts(static_cast<Index>(size) * tasks);
  team(tasks);
  const bool dense = !design_.sparse() || features;
  for (auto& space : spaces_) {
    const auto grow = [](Buffer<T>& buffer, Index size) {
      if (buffer.size() < size) buffer.resize(size);
    };
    grow(space->product, dense ? dense_gram_workspace<T>(count) + count : Index{0});
    grow(space->weight, tall * pairs);
    grow(space->direction, tall * k);
    grow(space->slope, tall * k);
    grow(space->rows, features ? tall * count : Index{0});
  }
  over_rows(n, tasks, run, [&](Index first, Index m, Index task, Space& space) {
    // Column b of every row's k x k curvature (all diagonals at once where they are all), one run of weights a pair.
    for (Index b = 0; b < (separable() ? 1 : k); ++b) {
      std::fill_n(space.direction.data(), m * k, separable() ? T(1) : T(0));
      for (Index i = 0; !separable() && i < m; ++i) space.direction[i * k + b] = T(1);
      kernels<T>().loss.curvature(part(call(), first, m, z + first * k), space.direction.data(), space.slope.data());
      for (Index a = b; a < k; ++a) {
        const Index pair = separable() ? a : a * (a + 1) / 2 + b;
        for (Index i = 0; i < m; ++i) space.weight[pair * m + i] = space.slope[i * k + a];
      }
    }
    add_gram_rows(features, count, first, m, space.weight.data(), parts.data() + task * total * total, space);
  });
  finish_gram(parts.data(), tasks, count, H);
}

#define STEEP_INSTANTIATE(T)                          \
  template bool LinearRiskOf<T>::has_hessian() const; \
  template void LinearRiskOf<T>::hessian_of(const double*, const Index*, Index, double*);
STEEP_INSTANTIATE(float)
STEEP_INSTANTIATE(double)
#undef STEEP_INSTANTIATE

}  // namespace steep
