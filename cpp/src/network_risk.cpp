// The risk of a network: value, gradient, Hessian and its products; see network_risk.hpp.
#include "steep/network_risk.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "network_rows.hpp"
#include "steep/posterior.hpp"

namespace steep {
namespace {

constexpr Index chunk_rows = 1024;
constexpr Index held_entries = Index{1} << 20;  // of inputs and activations: up to so many, all rows are one chunk

// Chunks of float stay short: their sums are made in float.
template <class T>
Index rows_a_chunk(const Network<T>& net, Index n) {
  if (sizeof(T) < sizeof(double)) return std::min(n, chunk_rows);
  Index entries = net.inputs();
  for (Index l = 0; l < net.size(); ++l) entries += net.layer(l).outputs();
  return std::min(n, std::max(chunk_rows, held_entries / entries));
}

// Loss kernels whose second derivative says something.
bool is_curved(Loss kernel) {
  return kernel != Loss::absolute_error && kernel != Loss::pinball && kernel != Loss::hinge &&
         kernel != Loss::epsilon_insensitive && kernel != Loss::perceptron;
}

}  // namespace

template <class T>
NetworkRisk<T>::NetworkRisk(const Network<T>& net, const T* state, const Dataset<T>& data, const LossPlan& plan,
                            double l1, double l2, int n_threads)
    : net_(net),
      data_(data),
      plan_(plan),
      l2_(l2),
      total_weight_(static_cast<double>(data.n)),
      n_threads_(n_threads),
      penalized_(static_cast<std::size_t>(net.parameter_count())),
      w_(net.parameter_count()),
      state_(net.state_count()),
      gradient_(net.parameter_count()),
      packed_(net, true),
      pass_(std::make_unique<Rows>(net, plan, rows_a_chunk(net, data.n), n_threads)) {
  std::copy_n(state, net.state_count(), state_.data());
  if (data.weight) {
    total_weight_ = 0;
    for (Index i = 0; i < data.n; ++i) total_weight_ += data.weight[i];
    if (!(total_weight_ > 0)) throw std::invalid_argument("weights must have a positive entry");
  }
  for (Index l = 0; l < net.size(); ++l) {
    if (tangents_ && !net.layer(l).has_tangents())
      name_ = "the risk of a network with a " + std::string(net.layer(l).kind()) + " layer";
    tangents_ = tangents_ && net.layer(l).has_tangents();
    for (Index t = 0; t < net.layer(l).tiles(); ++t) {
      const Tile tile = net.layer(l).tile(t);
      std::fill(penalized_.begin() + net.offset(l) + tile.weight_begin,
                penalized_.begin() + net.offset(l) + tile.weight_end, 1);
    }
  }
  rows_ready_ = tangents_ && is_curved(plan.kernel);
  if (l1 > 0) {
    l1_.resize(penalized_.size());
    for (std::size_t i = 0; i < l1_.size(); ++i) l1_[i] = penalized_[i] ? l1 : 0;
  }
}

template <class T>
NetworkRisk<T>::~NetworkRisk() = default;

template <class T>
void NetworkRisk<T>::penalize_biases() {
  bool last = true;
  for (Index l = net_.size(); l-- > 0;) {
    for (Index t = 0; t < net_.layer(l).tiles() && !last; ++t) {
      const Tile tile = net_.layer(l).tile(t);
      std::fill(penalized_.begin() + net_.offset(l) + tile.other_begin,
                penalized_.begin() + net_.offset(l) + tile.other_end, 1);
    }
    last = last && net_.layer(l).tiles() == 0;
  }
}

template <class T>
void NetworkRisk<T>::set_threads(int n) {
  if (n > pass_->most_threads()) {
    pass_ = std::make_unique<Rows>(net_, plan_, pass_->max_rows(), n);
    held_.clear();
  }
  n_threads_ = n;
}

template <class T>
void NetworkRisk<T>::set_output_weights(const Vector& weights) {
  if (!weights.empty() && (plan_.kernel != Loss::squared_error || static_cast<Index>(weights.size()) != net_.outputs()))
    throw std::invalid_argument("weights of outputs must be one for each, of the squared error");
  held_.clear();
  plan_.output_weights = weights;
  pass_->weigh_outputs(weights);
}

template <class T>
void NetworkRisk<T>::limit_loss(double largest) {
  held_.clear();
  plan_.largest = largest;
  pass_->limit_loss(largest);
}

template <class T>
Vector NetworkRisk<T>::output_squares(const double* w) {
  held_.clear();
  load(w);
  Team& team = teams_.of(team_size(net_.flops_per_row()));
  packed_.make(w_.data(), team);
  Vector squares(static_cast<std::size_t>(net_.outputs()), 0.0);
  for (Index first = 0; first < data_.n; first += pass_->max_rows()) {
    pass_->run(w_.data(), state_.data(), packed_, data_, chunk(first), {false, false, 0, 0}, team);
    pass_->add_squares(chunk(first).n, squares.data());
  }
  for (double& sum : squares) sum *= total_weight_;
  return squares;
}

template <class T>
Vector NetworkRisk<T>::output_leverages(const double* w, const Vector& root) {
  const Index k = net_.outputs();
  Vector sums(static_cast<std::size_t>(k), 0.0);
  if constexpr (std::is_same_v<T, double>) {
    Buffer<double> deviations(data_.n * k);
    Monitor silent;
    if (!predictive_deviation(net_, w, state_.data(), data_, nullptr, root.data(), deviations.data(), n_threads_,
                              this->monitor() ? *this->monitor() : silent))
      throw Interrupted{};
    for (Index i = 0; i < data_.n * k; ++i)
      sums[static_cast<std::size_t>(i % k)] +=
          (data_.weight ? data_.weight[i / k] : 1.0) * deviations[i] * deviations[i];
  } else {
    this->lacks("leverages in single precision");
  }
  return sums;
}

template <class T>
void NetworkRisk<T>::load(const double* w) {
  for (Index i = 0; i < w_.size(); ++i) w_[i] = static_cast<T>(w[i]);
}

template <class T>
bool NetworkRisk<T>::holds(const double* w) const {
  return held_.size() == static_cast<std::size_t>(dim()) && std::equal(w, w + dim(), held_.begin());
}
template <class T>
void NetworkRisk<T>::hold(const double* w) {
  held_.clear();
  if (data_.n <= pass_->max_rows()) held_.assign(w, w + dim());
}

template <class T>
int NetworkRisk<T>::team_size(double flops_per_row) const {
  // Its threads sleep between evaluations, so it must pay for waking them.
  return worthwhile_threads(flops_per_row * static_cast<double>(data_.n) / 2, n_threads_);
}

template <class T>
typename Pass<T>::Rows NetworkRisk<T>::chunk(Index first) const {
  return {nullptr, first, std::min(pass_->max_rows(), data_.n - first), 1 / total_weight_};
}

// l2/2 ||weights||^2, and its gradient added to g.
template <class T>
double NetworkRisk<T>::add_penalty(const double* w, double* g) const {
  if (l2_ == 0) return 0;
  double sum = 0;
  for (Index i = 0; i < dim(); ++i) {
    if (!penalized_[static_cast<std::size_t>(i)]) continue;
    sum += w[i] * w[i];
    if (g) g[i] += l2_ * w[i];
  }
  return l2_ / 2 * sum;
}

template <class T>
double NetworkRisk<T>::evaluate(const double* w, double* g) {
  held_.clear();
  load(w);
  Team& team = teams_.of(team_size(3 * net_.flops_per_row()));
  packed_.make(w_.data(), team);
  if (g) std::fill_n(g, dim(), 0.0);
  double value = 0;
  for (Index first = 0; first < data_.n; first += pass_->max_rows()) {
    this->check_interrupt();
    value += pass_->run(w_.data(), state_.data(), packed_, data_, chunk(first), {false, g != nullptr, 0, 0}, team);
    if (!g) continue;
    team.run(pass_->tiles(), [&](Index i, int member) {
      pass_->gradient(i, member, gradient_.data(), false);
      const Tile& t = pass_->tile(i).at;
      for (Index j = t.weight_begin; j < t.weight_end; ++j) g[j] += static_cast<double>(gradient_[j]);
      for (Index j = t.other_begin; j < t.other_end; ++j) g[j] += static_cast<double>(gradient_[j]);
    });
  }
  hold(w);
  return value + add_penalty(w, g);
}

// Of the Hessian or the Gauss-Newton matrix; tile_of(i, member) leaves tile i of the rows' product in gradient_.
template <class T>
template <class TileOf>
void NetworkRisk<T>::product(const double* w, const double* v, bool gauss_newton, double* result, TileOf&& tile_of) {
  held_.clear();
  load(w);
  Buffer<T> direction(dim());
  for (Index i = 0; i < dim(); ++i) direction[i] = static_cast<T>(v[i]);
  Team& team = teams_.of(team_size(6 * net_.flops_per_row()));
  packed_.make(w_.data(), team);
  for (Index i = 0; i < dim(); ++i) result[i] = penalized_[static_cast<std::size_t>(i)] ? l2_ * v[i] : 0;
  for (Index first = 0; first < data_.n; first += pass_->max_rows()) {
    this->check_interrupt();
    pass_->run_tangents(w_.data(), direction.data(), state_.data(), packed_, data_, chunk(first), gauss_newton, team);
    team.run(pass_->tiles(), [&](Index i, int member) {
      tile_of(i, member);
      const Tile& t = pass_->tile(i).at;
      for (Index j = t.weight_begin; j < t.weight_end; ++j) result[j] += static_cast<double>(gradient_[j]);
      for (Index j = t.other_begin; j < t.other_end; ++j) result[j] += static_cast<double>(gradient_[j]);
    });
  }
}

template <class T>
void NetworkRisk<T>::hessian_product(const double* w, const double* v, double* Hv) {
  if (!tangents_) this->lacks("Hessian-vector products: a layer has no tangents");
  product(w, v, false, Hv, [&](Index i, int member) { pass_->tile_of_product(i, member, gradient_.data()); });
}

template <class T>
void NetworkRisk<T>::gauss_newton_product(const double* w, const double* v, double* Gv) {
  if (!rows_ready_) this->lacks("a Gauss-Newton matrix: its loss or a layer gives none");
  product(w, v, true, Gv, [&](Index i, int member) { pass_->gradient(i, member, gradient_.data(), false); });
}

template <class T>
void NetworkRisk<T>::hessian(const double* w, double* H) {
  const Index p = dim();
  Vector unit(static_cast<std::size_t>(p), 0.0);
  for (Index j = 0; j < p; ++j) {
    unit[static_cast<std::size_t>(j)] = 1;
    hessian_product(w, unit.data(), H + j * p);
    unit[static_cast<std::size_t>(j)] = 0;
  }
  for (Index i = 0; i < p; ++i)  // symmetric to the last bit
    for (Index j = 0; j < i; ++j) H[i * p + j] = H[j * p + i] = (H[i * p + j] + H[j * p + i]) / 2;
}

template class NetworkRisk<float>;
template class NetworkRisk<double>;

}  // namespace steep
