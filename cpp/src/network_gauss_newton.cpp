// Residuals and the generalized Gauss-Newton matrix of a network's risk, in chunks of rows; see network_risk.hpp.
//
// Few parameters: a fixed number of accumulators, each with its own rows, so that threads share nothing. Many: the
// rows' gradients of a chunk in parallel, then the matrix in tiles of the result. Both grids depend on shapes alone.
#include <algorithm>
#include <cmath>
#include <type_traits>

#include "network_rows.hpp"

namespace steep {
namespace {

constexpr Index few_parameters = 256, accumulators = 4, part_rows = 64, tile_side = 256, block_rows = 1024;
constexpr Index large_entries = Index{1} << 22;  // of a chunk's gradients

// The upper triangle from the lower one, square by square.
void mirror(Index p, double* H, Team& team) {
  constexpr Index side = 32;
  team.run((p + side - 1) / side, [&](Index task, int) {
    const Index i0 = task * side, i1 = std::min(p, i0 + side);
    for (Index j0 = 0; j0 <= i0; j0 += side)
      for (Index j = j0; j < std::min(p, j0 + side); ++j)
        for (Index i = std::max(i0, j + 1); i < i1; ++i) H[j * p + i] = H[i * p + j];
  });
}

}  // namespace

template <class T>
Index NetworkRisk<T>::residual_count() const {
  if (plan_.kernel != Loss::squared_error || !rows_ready_ || !l1_.empty()) return 0;
  return data_.n * net_.outputs() + (l2_ > 0 ? std::count(penalized_.begin(), penalized_.end(), char(1)) : 0);
}

// r = (s_i / sum s)^(1/2) (score - target), row by row, then l2^(1/2) w of the weights: f = 1/2 ||r||^2.
template <class T>
void NetworkRisk<T>::residuals(const double* w, double* r, double* J) {
  if (residual_count() == 0) this->lacks("residuals: its loss is not the squared error");
  const bool held = make_ready(w, teams_.of(1));
  const Index p = dim(), k = net_.outputs();
  Buffer<T> rows(part_rows * k * p), rho(part_rows * k);
  for (Index first = 0; first < data_.n; first += pass_->max_rows()) {
    this->check_interrupt();
    const auto c = chunk(first);
    pass_->begin_rows(w_.data(), state_.data(), packed_, data_, c);
    for (Index r0 = 0; r0 < c.n; r0 += part_rows) {
      const Index count = std::min(part_rows, c.n - r0);
      pass_->gauss_newton_rows(data_, c, r0, count, 0, held, rows.data(), rho.data());
      std::copy_n(rho.data(), count * k, r + (first + r0) * k);
      if (J) std::copy_n(rows.data(), count * k * p, J + (first + r0) * k * p);
    }
  }
  if (l2_ == 0) return;
  Index m = data_.n * k;
  const double root = std::sqrt(l2_);
  for (Index i = 0; i < p; ++i) {
    if (!penalized_[static_cast<std::size_t>(i)]) continue;
    r[m] = root * w[i];
    if (J) {
      std::fill_n(J + m * p, p, 0.0);
      J[m * p + i] = root;
    }
    ++m;
  }
}

// Parameters and panels of w, unless the pass holds its activations, and so has them: then true.
template <class T>
bool NetworkRisk<T>::make_ready(const double* w, Team& team) {
  if (holds(w)) return true;
  held_.clear();
  load(w);
  packed_.make(w_.data(), team);
  return false;
}

template <class T>
double NetworkRisk<T>::normal_equations(const double* w, double* JtJ, double* Jtr) {
  if (!rows_ready_) this->lacks("a Gauss-Newton matrix: its loss or a layer gives none");
  const Index p = dim();
  double value = 0;
  const bool squares = plan_.kernel == Loss::squared_error;
  if (!squares) value = evaluate(w, Jtr);
  if (squares) std::fill_n(Jtr, p, 0.0);
  double loss = 0;
  if (p <= few_parameters)
    small_normal_equations(w, JtJ, squares ? Jtr : nullptr, loss);
  else
    large_normal_equations(w, JtJ, squares ? Jtr : nullptr, loss);
  hold(w);
  if (squares) value = loss + add_penalty(w, Jtr);
  for (Index i = 0; i < p; ++i)
    if (penalized_[static_cast<std::size_t>(i)]) JtJ[i * p + i] += l2_;
  mirror(p, JtJ, teams_.of(worthwhile_threads(static_cast<double>(p * p), n_threads_)));
  return value;
}

template <class T>
void NetworkRisk<T>::small_normal_equations(const double* w, double* JtJ, double* Jtr, double& value) {
  const Index p = dim(), k = net_.outputs();
  const auto& product = kernels<T>().product;
  Team& team = teams_.of(std::min<int>(
      team_size((3.0 * static_cast<double>(k) * net_.flops_per_row()) + static_cast<double>(k * p * p)), accumulators));
  const bool held = make_ready(w, team);
  const Index part = k * p <= 128 ? part_rows : 2 * part_rows;  // rows of J in the first cache, or in the second
  if (accumulators_.empty()) {
    accumulators_.resize(accumulators);
    for (Accumulator& o : accumulators_) {
      o.H.resize(p * p);
      o.g.resize(p);
      o.J.resize(part * k * p);
      o.rho.resize(part * k);
      o.workspace.resize(product.gram_workspace(p));
    }
  }
  for (Accumulator& o : accumulators_) {
    std::fill_n(o.H.data(), p * p, T(0));
    std::fill_n(o.g.data(), p, T(0));
  }
  for (Index first = 0; first < data_.n; first += pass_->max_rows()) {
    this->check_interrupt();
    const auto c = chunk(first);
    pass_->begin_rows(w_.data(), state_.data(), packed_, data_, c);
    team.run(accumulators, [&](Index a, int member) {
      Accumulator& o = accumulators_[static_cast<std::size_t>(a)];
      const Index end = (a + 1) * c.n / accumulators;
      for (Index r0 = a * c.n / accumulators; r0 < end; r0 += part) {
        const Index count = std::min(part, end - r0);
        pass_->gauss_newton_rows(data_, c, r0, count, member, held, o.J.data(), Jtr ? o.rho.data() : nullptr);
        product.weighted_gram(count * k, p, o.J.data(), p, nullptr, o.H.data(), p, true, o.workspace.data());
        if (Jtr) product.transposed_vector(count * k, p, o.J.data(), p, o.rho.data(), o.g.data(), true);
      }
    });
    value += pass_->loss_sum(0, c.n);
  }
  for (Index i = 0; i < p * p; ++i) {
    double sum = 0;
    for (const Accumulator& o : accumulators_) sum += static_cast<double>(o.H[i]);
    JtJ[i] = sum;
  }
  for (Index i = 0; Jtr && i < p; ++i)
    for (const Accumulator& o : accumulators_) Jtr[i] += static_cast<double>(o.g[i]);
}

template <class T>
void NetworkRisk<T>::large_normal_equations(const double* w, double* JtJ, double* Jtr, double& value) {
  const Index p = dim(), k = net_.outputs();
  const auto& product = kernels<T>().product;
  Team& team = teams_.of(team_size(static_cast<double>(k * p * p)));
  const bool held = make_ready(w, team);
  const Index size = std::min({pass_->max_rows(), block_rows, std::max<Index>(part_rows, large_entries / (k * p))});
  const bool whole = data_.n <= pass_->max_rows();  // rows keep their places, so that the pass holds all activations
  if (J_.size() == 0) J_.resize(size * k * p), rho_.resize(size * k);
  Buffer<T> own(sizeof(T) == sizeof(double) ? 0 : p * p), g(p);
  T *H = own.data(), *J = J_.data(), *rho = rho_.data();
  if constexpr (std::is_same_v<T, double>) H = JtJ;
  const Index sides = (p + tile_side - 1) / tile_side;
  std::vector<Buffer<T>> workspaces;
  for (int i = 0; i < team.size(); ++i)
    workspaces.emplace_back(
        std::max(product.gram_workspace(tile_side), product.workspace_size(tile_side, tile_side, size * k)));
  for (Index first = 0; first < data_.n; first += size) {
    this->check_interrupt();
    const Index n = std::min(size, data_.n - first), place = whole ? first : 0;
    const typename Pass<T>::Rows c{nullptr, first - place, place + n, 1 / total_weight_};
    pass_->begin_rows(w_.data(), state_.data(), packed_, data_, c);
    team.run((n + part_rows - 1) / part_rows, [&](Index task, int member) {
      const Index r0 = task * part_rows, count = std::min(part_rows, n - r0);
      pass_->gauss_newton_rows(data_, c, place + r0, count, member, held, J + r0 * k * p, Jtr ? rho + r0 * k : nullptr);
    });
    team.run(sides * (sides + 1) / 2, [&](Index task, int member) {
      Index i = 0;
      while (task > i) task -= ++i;
      const Index j = task, i0 = i * tile_side, j0 = j * tile_side;
      const Index height = std::min(tile_side, p - i0), width = std::min(tile_side, p - j0);
      T* workspace = workspaces[static_cast<std::size_t>(member)].data();
      if (i == j) {
        product.weighted_gram(n * k, height, J + i0, p, nullptr, H + i0 * p + i0, p, first > 0, workspace);
        return;
      }
      Product<T> q;
      q.m = height;
      q.n = width;
      q.k = n * k;
      q.a = J + i0;
      q.a_row = 1;
      q.a_col = p;
      q.b = J + j0;
      q.b_row = p;
      q.b_col = 1;
      q.c = H + i0 * p + j0;
      q.c_row = p;
      q.accumulate = first > 0;
      q.workspace = workspace;
      product.multiply(q);
    });
    if (Jtr) product.transposed_vector(n * k, p, J, p, rho, g.data(), true);
    value += pass_->loss_sum(place, n);
  }
  if constexpr (!std::is_same_v<T, double>)
    for (Index i = 0; i < p * p; ++i) JtJ[i] = static_cast<double>(H[i]);
  for (Index i = 0; Jtr && i < p; ++i) Jtr[i] += static_cast<double>(g[i]);
}

template class NetworkRisk<float>;
template class NetworkRisk<double>;

}  // namespace steep
