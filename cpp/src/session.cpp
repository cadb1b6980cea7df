// Forward and backward by hand; see session.hpp.
#include "steep/session.hpp"

#include "steep/kernels.hpp"
#include "steep/pass.hpp"

namespace steep {
namespace {

template <class T>
std::vector<const Layer<T>*> layers_of(const Network<T>& net) {
  std::vector<const Layer<T>*> layers;
  for (Index l = 0; l < net.size(); ++l) layers.push_back(&net.layer(l));
  return layers;
}

}  // namespace

template <class T>
Session<T>::Session(const Network<T>& net)
    : net_(net), chain_(layers_of(net)), w_(net.parameter_count()), packed_(chain_.packed_size()) {}

template <class T>
void Session<T>::resize(Index rows, int n_threads) {
  if (rows > max_rows_) {
    rows_ = max_rows_ = 0;  // until every array has grown
    x_.resize(rows * net_.inputs());
    y_.resize(rows * net_.outputs());
    dy_.resize(rows * net_.outputs());
    cache_.resize(rows * chain_.cache_entries());
    batch_.resize(chain_.batch_entries(rows));
    ids_.resize(rows);
    for (Index r = 0; r < rows; ++r) ids_[r] = r;
    workspaces_.clear();
    workspace_of_.clear();
    max_rows_ = rows;
  }
  while (static_cast<int>(workspaces_.size()) < n_threads) {
    workspaces_.emplace_back(chain_.workspace_size(max_rows_));
    workspace_of_.push_back(workspaces_.back().data());
  }
}

template <class T>
Block<T> Session<T>::block(T* state) const {
  Block<T> b;
  b.rows = rows_;
  b.w = w_.data();
  b.packed = packed_.data();
  b.state = state;
  b.cache = const_cast<T*>(cache_.data());
  b.batch = const_cast<T*>(batch_.data());
  b.workspace = workspace_of_[0];
  b.workspaces = workspace_of_.data();
  b.training = training_;
  b.seed = seed_;
  b.epoch = epoch_;
  b.row_ids = ids_.data();
  return b;
}

template <class T>
void Session<T>::forward(const T* w, T* state, const Dataset<T>& x, bool training, std::uint64_t seed,
                         std::uint32_t epoch, int n_threads, T* y) {
  const Index n = x.n;
  Team team(worthwhile_threads(net_.flops_per_row() * static_cast<double>(n), n_threads));
  resize(n, team.size());
  rows_ = n;
  training_ = training;
  seed_ = seed;
  epoch_ = epoch;
  std::copy_n(w, net_.parameter_count(), w_.data());
  kernels<T>().gather.rows(x.element, x.x, x.row_stride, nullptr, n, x.columns, x.scale, x.shift, x_.data());
  team.run(chain_.pack_tasks(), [&](Index task, int) { chain_.pack(task, w_.data(), packed_.data()); });
  chain_.forward(block(state), x_.data(), y_.data(), &team);
  std::copy_n(y_.data(), n * net_.outputs(), y);
}

template <class T>
void Session<T>::backward(T* state, const T* dy, T* g, bool accumulate, T* dx, int n_threads) {
  Team team(worthwhile_threads(2 * net_.flops_per_row() * static_cast<double>(rows_), n_threads));
  resize(rows_, team.size());
  std::copy_n(dy, rows_ * net_.outputs(), dy_.data());
  const Block<T> b = block(state);
  chain_.backward(b, x_.data(), y_.data(), dy_.data(), dx, &team);
  team.run(chain_.tiles(), [&](Index task, int member) {
    Block<T> mine = b;
    mine.workspace = workspace_of_[static_cast<std::size_t>(member)];
    chain_.gradient(task, mine, x_.data(), dy_.data(), g, accumulate);
  });
}

template class Session<float>;
template class Session<double>;

}  // namespace steep
