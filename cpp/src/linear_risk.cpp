// Values, gradients and Hessian products of linear models; see linear_risk.hpp. One pass over X an evaluation.
#include "steep/linear_risk.hpp"

#include <unistd.h>

#include "steep/kernels.hpp"
#include "steep/linear_excerpt.hpp"

namespace steep {
namespace {

constexpr double task_work = 65536;  // multiply-adds worth a task of its own
constexpr Index most_tasks = 64;

// Eight sums side by side: one alone waits for itself.
template <class V>
double sum_of(const V* v, Index n, Index step = 1) {
  double part[8] = {};
  Index i = 0;
  for (; i + 8 <= n; i += 8)
    for (Index l = 0; l < 8; ++l) part[l] += static_cast<double>(v[(i + l) * step]);
  for (; i < n; ++i) part[i % 8] += static_cast<double>(v[i * step]);
  return ((part[0] + part[4]) + (part[1] + part[5])) + ((part[2] + part[6]) + (part[3] + part[7]));
}

}  // namespace

LinearRisk::LinearRisk(const LinearOptions& options, Index rows, Index features)
    : options_(options), rows_(rows), features_(features) {
  if (options.l1 > 0) l1_ = l1_weights(options.l1);
}

Vector LinearRisk::l1_weights(double l1) const {
  Vector each(static_cast<std::size_t>(dim()), 0.0);
  std::fill_n(each.begin(), weights(), l1);
  return each;
}

std::string LinearRisk::name() const {
  return std::string("linear risk (") + loss_names[static_cast<int>(options_.loss)] + ")";
}

bool LinearRisk::has_gradient() const {
  switch (options_.loss) {
    case Loss::hinge:
    case Loss::absolute_error:
    case Loss::pinball:
    case Loss::epsilon_insensitive:
    case Loss::perceptron:
      return false;
    default:
      return true;
  }
}

template <class T>
LinearRiskOf<T>::LinearRiskOf(const LinearOptions& options, const Design<T>& design, const T* y,
                              const std::int32_t* label, const T* weight)
    : LinearRisk(options, design.rows(), design.columns()), design_(design), y_(y), label_(label), weight_(weight) {
  if (options.average) {
    double sum = 0;
    for (Index i = 0; weight && i < rows_; ++i) sum += static_cast<double>(weight[i]);
    scale_ = 1 / (weight ? sum : static_cast<double>(rows_));
  }
  w_.resize(weights());
  b_.resize(outputs());
  packed_.resize(design_.packed_size(outputs()));
}

template <class T>
LinearRiskOf<T>::~LinearRiskOf() = default;

template <class T>
Index LinearRiskOf<T>::tasks_for(double work) const {
  return std::clamp<Index>(static_cast<Index>(work / task_work), 1, most_tasks);
}

template <class T>
Team& LinearRiskOf<T>::team(Index tasks) {
  Team& team = teams_.of(tasks > 1 ? options_.n_threads : 1);
  const Index block = design_.block_rows(outputs()), k = outputs();
  while (static_cast<int>(spaces_.size()) < team.size()) {
    spaces_.push_back(std::make_unique<Space>());
    Space& space = *spaces_.back();
    space.slope.resize(block * k);
    space.direction.resize(block * k);
    space.loss.resize(block);
    space.product.resize(design_.workspace(block, k));
  }
  return team;
}

template <class T>
LossCall<T> LinearRiskOf<T>::call() const {
  LossCall<T> call;
  call.kind = options_.loss;
  call.parameter = options_.loss_parameter;
  call.rows = rows_;
  call.outputs = outputs();
  call.target = y_;
  call.label = label_;
  call.weight = weight_;
  return call;
}

template <class T>
LossCall<T> LinearRiskOf<T>::part(LossCall<T> call, Index first, Index m, const T* z) {
  call.rows = m;
  call.score = z;
  if (call.target) call.target += first * call.outputs;
  if (call.label) call.label += first;
  if (call.weight) call.weight += first;
  return call;
}

template <class T>
void LinearRiskOf<T>::set_weights(const double* w) {
  for (Index j = 0; j < weights(); ++j) w_[j] = static_cast<T>(w[j]);
  for (Index c = 0; options_.intercept && c < outputs(); ++c) b_[c] = static_cast<T>(w[weights() + c]);
  design_.pack(outputs(), w_.data(), packed_.data());
  no_weights_ = std::all_of(w, w + weights(), [](double value) { return value == 0; });
}

template <class T>
typename LinearRiskOf<T>::Slot* LinearRiskOf<T>::find(const double* w) {
  for (Slot& slot : slots_)
    if (slot.age >= 0 && std::equal(slot.at.begin(), slot.at.end(), w)) {
      slot.age = ++clock_;
      return &slot;
    }
  return nullptr;
}

template <class T>
const T* LinearRiskOf<T>::scores_at(const double* w) {
  if (const Slot* slot = find(w)) return slot->z.data();
  Slot& slot = older_slot();
  if (slot.z.size() == 0) slot.z.resize(rows_ * outputs());
  slot.age = -1;
  set_weights(w);
  const Index k = outputs();
  over_rows(rows_, tasks_for(static_cast<double>(design_.entries()) * k), design_.block_rows(k),
            [&](Index first, Index m, Index, Space& space) {
              design_.scores(first, m, k, w_.data(), packed_.data(), options_.intercept ? b_.data() : nullptr,
                             slot.z.data() + first * k, space.product.data());
            });
  slot.at.assign(w, w + dim());
  slot.age = ++clock_;
  return slot.z.data();
}

template <class T>
void LinearRiskOf<T>::evaluate_rows(Index first, Index m, T* z, bool known, bool gradient, double* sums, Space& space) {
  const Index k = outputs();
  if (!known && no_weights_) {
    for (Index i = 0; i < m * k; ++i) z[i] = options_.intercept ? b_[i % k] : T(0);
  } else if (!known) {
    design_.scores(first, m, k, w_.data(), packed_.data(), options_.intercept ? b_.data() : nullptr, z,
                   space.product.data());
  }
  kernels<T>().loss.value_and_gradient(part(call(), first, m, z), space.loss.data(),
                                       gradient ? space.slope.data() : nullptr);
  sums[dim()] += sum_of(space.loss.data(), m);
  if (gradient) add_back(first, m, space, sums);
}

template <class T>
void LinearRiskOf<T>::add_back(Index first, Index m, Space& space, double* sums) const {
  const Index k = outputs();
  design_.add_back(first, m, k, space.slope.data(), sums, space.product.data());
  for (Index c = 0; options_.intercept && c < k; ++c) sums[weights() + c] += sum_of(space.slope.data() + c, m, k);
}

template <class T>
double LinearRiskOf<T>::evaluate(const double* w, double* g) {
  const Index k = outputs(), stride = (dim() + 1 + 7) / 8 * 8, block = design_.block_rows(k);
  const bool foreseen = foreseen_ && g && !block_;  // its Gram matrix is wanted next
  foreseen_ = false;
  const Index tasks = foreseen ? gram_tasks() : tasks_for((static_cast<double>(design_.entries()) + 8.0 * rows_) * k);
  const Slot* known = g ? nullptr : find(w);
  Slot& slot = known ? const_cast<Slot&>(*known) : older_slot();
  if (slot.z.size() == 0) slot.z.resize(rows_ * k);
  if (!known) {
    slot.age = -1;
    set_weights(w);
  }
  if (partial_.size() < tasks * stride) partial_.resize(tasks * stride);
  std::fill_n(partial_.data(), tasks * stride, 0.0);
  const auto rows = [&](Index first, Index m, Index task, Space& space) {
    if (g && !known && no_weights_ && !foreseen) design_.fetch(first, m);  // no scores do that
    evaluate_rows(first, m, slot.z.data() + first * k, known, g, partial_.data() + task * stride, space);
  };
  if (foreseen) {
    const Index m = features_ + (options_.intercept ? 1 : 0);
    gram_.assign(m * m, 0.0);
    form_gram(gram_.data(), single_pays(), [&](Index first, Index count, Index task, Space& space) {
      for (Index r = 0; r < count; r += block) rows(first + r, std::min(block, count - r), task, space);
    });
  } else {
    over_rows(rows_, tasks, block, rows);
  }
  if (!known) {
    slot.at.assign(w, w + dim());
    slot.age = ++clock_;
  }
  return finish(w, g, tasks, stride);
}

template <class T>
double LinearRiskOf<T>::finish(const double* w, double* g, Index tasks, Index stride) {
  double value = 0, squares = 0;
  for (Index task = 0; task < tasks; ++task) value += partial_[task * stride + dim()];
  if (g) {
    std::fill_n(g, dim(), 0.0);
    for (Index task = 0; task < tasks; ++task)
      for (Index j = 0; j < dim(); ++j) g[j] += partial_[task * stride + j];
    for (Index j = 0; j < dim(); ++j) g[j] *= scale_;
    if (options_.l2 > 0)
      for (Index j = 0; j < weights(); ++j) g[j] += options_.l2 * w[j];
  }
  if (options_.l2 > 0)
    for (Index j = 0; j < weights(); ++j) squares += w[j] * w[j];
  return scale_ * value + 0.5 * options_.l2 * squares;
}

template <class T>
void LinearRiskOf<T>::hessian_product(const double* w, const double* v, double* Hv) {
  if (!has_curvature()) lacks("Hessian-vector products");
  const Index k = outputs(), stride = (dim() + 1 + 7) / 8 * 8;
  const T* z = scores_at(w);
  set_weights(v);
  const Index tasks = tasks_for((static_cast<double>(design_.entries()) + 8.0 * rows_) * k);
  if (partial_.size() < tasks * stride) partial_.resize(tasks * stride);
  std::fill_n(partial_.data(), tasks * stride, 0.0);
  over_rows(rows_, tasks, design_.block_rows(k), [&](Index first, Index m, Index task, Space& space) {
    design_.scores(first, m, k, w_.data(), packed_.data(), options_.intercept ? b_.data() : nullptr,
                   space.direction.data(), space.product.data());
    kernels<T>().loss.curvature(part(call(), first, m, z + first * k), space.direction.data(), space.slope.data());
    add_back(first, m, space, partial_.data() + task * stride);
  });
  finish(v, Hv, tasks, stride);
}

template <class T>
bool LinearRiskOf<T>::begin_line(const double* x0, const double* x1) {
  const Slot *from = find(x0), *to = find(x1);
  if (!from || !to || !has_curvature()) return false;
  if (line_.size() == 0) line_.resize(rows_ * outputs());
  const T *z0 = from->z.data(), *z1 = to->z.data();
  over_rows(rows_, tasks_for(8.0 * rows_ * outputs()), 4096, [&](Index first, Index m, Index, Space&) {
    for (Index i = first * outputs(); i < (first + m) * outputs(); ++i) line_[i] = z1[i] - z0[i];
  });
  line_z_ = z0;
  line_norm_[0] = line_norm_[1] = line_norm_[2] = 0;
  for (Index j = 0; j < weights(); ++j) {
    const double d = x1[j] - x0[j];
    line_norm_[0] += x0[j] * x0[j];
    line_norm_[1] += x0[j] * d;
    line_norm_[2] += d * d;
  }
  return true;
}

template <class T>
double LinearRiskOf<T>::line(double t, double* slope) {
  const Index k = outputs(), tasks = tasks_for(16.0 * rows_ * k);
  if (partial_.size() < 2 * tasks) partial_.resize(2 * tasks);
  std::fill_n(partial_.data(), 2 * tasks, 0.0);
  const T step = static_cast<T>(t);
  over_rows(rows_, tasks, design_.block_rows(k), [&](Index first, Index m, Index task, Space& space) {
    const T *z = line_z_ + first * k, *d = line_.data() + first * k;
    for (Index i = 0; i < m * k; ++i) space.direction[i] = z[i] + step * d[i];
    kernels<T>().loss.value_and_gradient(part(call(), first, m, space.direction.data()), space.loss.data(),
                                         space.slope.data());
    double value = 0, along = 0;
    for (Index i = 0; i < m; ++i) value += space.loss[i];
    for (Index i = 0; i < m * k; ++i) along += static_cast<double>(space.slope[i]) * static_cast<double>(d[i]);
    partial_[2 * task] += value;
    partial_[2 * task + 1] += along;
  });
  double value = 0, along = 0;
  for (Index task = 0; task < tasks; ++task) value += partial_[2 * task], along += partial_[2 * task + 1];
  *slope = scale_ * along + options_.l2 * (line_norm_[1] + t * line_norm_[2]);
  return scale_ * value + 0.5 * options_.l2 * (line_norm_[0] + t * (2 * line_norm_[1] + t * line_norm_[2]));
}

template class LinearRiskOf<float>;
template class LinearRiskOf<double>;

}  // namespace steep
