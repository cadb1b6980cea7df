// The linear risk as a LinearModel: blocks of rows through Design, in the data's type, sums in double.
#include "steep/linear_model.hpp"

#include <algorithm>
#include <utility>

#include "steep/centered_design.hpp"
#include "steep/column_gram.hpp"
#include "steep/kernels.hpp"
#include "steep/linear_risk.hpp"

namespace steep {
namespace {

constexpr Index most_rows = 512;  // of a block

// Rows of another risk, copied.
template <class T>
struct Rows {
  Buffer<T> x, y, weight;
  std::unique_ptr<LinearRiskOf<T>> risk;
};

template <class T>
class ModelOf : public LinearModel {
 public:
  ModelOf(LinearRiskOf<T>& risk, CenteredDesign<T> centered, std::unique_ptr<Rows<T>> own = nullptr)
      : own_(std::move(own)),
        risk_(risk),
        centered_(std::move(centered)),
        X_(centered_.rows.size() == 0
               ? risk.design()
               : Design<T>(centered_.rows.data(), risk.rows(), risk.features(), risk.features())),
        n_(risk.rows()),
        d_(risk.features()),
        w_(d_),
        ones_(most_rows),
        block_(std::min(most_rows, X_.block_rows(1))),
        grams_(X_) {
    const Index blocks = (n_ + block_ - 1) / block_;
    tasks_ = std::clamp<Index>(std::min((X_.entries() + n_) >> 16, (X_.entries() + n_) / (4 * d_ + 4)), 1, 32);
    tasks_ = std::min(tasks_, blocks);
    team_ = std::make_unique<Team>(tasks_ > 1 ? risk.options().n_threads : 1);
    for (int i = 0; i < team_->size(); ++i) spaces_.push_back(std::make_unique<Space>());
    for (auto& space : spaces_) {
      space->work.resize(X_.workspace(most_rows, 1) + 16);
      space->a.resize(most_rows);
      for (Buffer<double>* part : {&space->loss, &space->target, &space->weight}) part->resize(most_rows);
    }
    std::fill_n(ones_.data(), most_rows, 1.0);
  }

  Index rows() const override { return n_; }
  Index features() const override { return d_; }
  bool intercept() const override { return risk_.options().intercept; }
  bool sparse() const override { return X_.sparse(); }
  Loss loss() const override { return risk_.options().loss; }
  double parameter() const override { return risk_.options().loss_parameter; }
  double l1() const override { return risk_.options().l1; }
  double l2() const override { return risk_.options().l2; }
  const Vector& center() const override { return centered_.center; }
  double target(Index i) const override { return static_cast<double>(risk_.target()[i]); }
  double row_weight(Index i) const override {
    return risk_.scale() * (risk_.sample_weight() ? static_cast<double>(risk_.sample_weight()[i]) : 1.0);
  }

  void scores(const double* w, Vector& z) override {
    set_coefficients(w);
    const T b = intercept() ? static_cast<T>(w[d_]) : T(0);
    z.resize(n_);
    over_rows([&](Index first, Index m, Index, Space& space) { block_scores(first, m, b, z, space); });
  }

  void slopes(const Vector& z, Slopes& out, bool curvature) override {
    resize(out, curvature);
    values_.assign(tasks_, 0.0);
    over_rows([&](Index first, Index m, Index task, Space& space) {
      values_[task] += block_slopes(first, m, z, out, curvature, space);
    });
    add_values(out);
  }

  void evaluate(const double* w, Vector& z, Slopes& out, double* correlations) override {
    set_coefficients(w);
    const T b = intercept() ? static_cast<T>(w[d_]) : T(0);
    z.resize(n_);
    resize(out, true);
    values_.assign(tasks_, 0.0);
    parts_.assign(tasks_ * (d_ + 1), 0.0);
    over_rows([&](Index first, Index m, Index task, Space& space) {
      block_scores(first, m, b, z, space);
      values_[task] += block_slopes(first, m, z, out, true, space);
      block_transposed(first, m, task, out.u, space);
    });
    add_values(out);
    add_parts(correlations);
  }

  void transposed(const Vector& u, double* out) override {
    parts_.assign(tasks_ * (d_ + 1), 0.0);
    over_rows([&](Index first, Index m, Index task, Space& space) { block_transposed(first, m, task, u, space); });
    add_parts(out);
  }

  void columns_gram(const std::vector<Index>& columns, const Vector& c, double* H) override {
    grams_.whole(*team_, columns, c, H);
  }
  void cross_gram(const std::vector<Index>& extra, const std::vector<Index>& columns, const Vector& c,
                  double* C) override {
    grams_.cross(*team_, extra, columns, c, C);
  }

  void add_columns(const std::vector<Index>& columns, const Vector& step, Vector& z) override {
    const Index s = static_cast<Index>(columns.size());
    const bool ones = s > 0 && columns[s - 1] == d_, spread = X_.sparse() || 4 * s > d_;
    const Index m = s - (ones ? 1 : 0);
    const T b = ones ? static_cast<T>(step[m]) : T(0);
    std::fill_n(w_.data(), d_, T(0));
    for (Index k = 0; k < m; ++k) w_[columns[k]] = static_cast<T>(step[k]);
    over_rows([&](Index first, Index count, Index, Space& space) {
      if (spread) {
        X_.scores(first, count, 1, w_.data(), nullptr, &b, space.a.data(), space.work.data());
        for (Index i = 0; i < count; ++i) z[first + i] += static_cast<double>(space.a[i]);
        return;
      }
      for (Index i = 0; i < count; ++i) {
        const T* row = X_.dense_row(first + i);
        double sum = static_cast<double>(b);
        for (Index k = 0; k < m; ++k) sum += step[k] * static_cast<double>(row[columns[k]]);
        z[first + i] += sum;
      }
    });
  }

  void set_coefficients(const double* v) override {
    for (Index j = 0; j < d_; ++j) w_[j] = static_cast<T>(v[j]);
  }
  void get_coefficients(double* v) const override {
    for (Index j = 0; j < d_; ++j) v[j] = static_cast<double>(w_[j]);
  }
  double row_score(Index i) const override {
    T sum = 0;
    if (X_.sparse()) {
      for (std::int64_t p = X_.start()[i]; p < X_.start()[i + 1]; ++p) sum += X_.values()[p] * w_[X_.column()[p]];
    } else {
      kernels<T>().product.matrix_vector(1, d_, X_.dense_row(i), X_.row_stride(), w_.data(), &sum);
    }
    return static_cast<double>(sum);
  }
  void row_add(Index i, double a) override {
    const T step = static_cast<T>(a);
    if (X_.sparse()) {
      for (std::int64_t p = X_.start()[i]; p < X_.start()[i + 1]; ++p) w_[X_.column()[p]] += step * X_.values()[p];
    } else {
      kernels<T>().product.transposed_vector(1, d_, X_.dense_row(i), X_.row_stride(), &step, w_.data(), true);
    }
  }
  double row_square(Index i) const override {
    const T* x = X_.sparse() ? X_.values() + X_.start()[i] : X_.dense_row(i);
    const Index count = X_.sparse() ? static_cast<Index>(X_.start()[i + 1] - X_.start()[i]) : d_;
    double sum = 0;
    for (Index j = 0; j < count; ++j) sum += static_cast<double>(x[j]) * static_cast<double>(x[j]);
    return sum;
  }

  std::unique_ptr<LinearModel> part(const std::vector<Index>& rows, double factor) override {
    if (X_.sparse()) return nullptr;
    auto copy = std::make_unique<Rows<T>>();
    const Index count = static_cast<Index>(rows.size());
    copy->x.resize_unset(count * d_);
    copy->y.resize_unset(count);
    if (risk_.sample_weight()) copy->weight.resize_unset(count);
    for (Index k = 0; k < count; ++k) {
      std::copy_n(X_.dense_row(rows[k]), d_, copy->x.data() + k * d_);
      copy->y[k] = risk_.target()[rows[k]];
      if (risk_.sample_weight()) copy->weight[k] = risk_.sample_weight()[rows[k]];
    }
    copy->risk =
        std::make_unique<LinearRiskOf<T>>(risk_.options(), Design<T>(copy->x.data(), count, d_, d_), copy->y.data(),
                                          nullptr, risk_.sample_weight() ? copy->weight.data() : nullptr);
    copy->risk->set_scale(risk_.scale() * factor);
    CenteredDesign<T> centered;
    centered.center = centered_.center;
    LinearRiskOf<T>& risk = *copy->risk;
    return std::make_unique<ModelOf<T>>(risk, std::move(centered), std::move(copy));
  }

 private:
  struct Space {
    Buffer<T> a, work;
    Buffer<double> loss, target, weight;
  };

  void block_scores(Index first, Index m, T b, Vector& z, Space& space) {
    X_.scores(first, m, 1, w_.data(), nullptr, &b, space.a.data(), space.work.data());
    for (Index i = 0; i < m; ++i) z[first + i] = static_cast<double>(space.a[i]);
  }

  double block_slopes(Index first, Index m, const Vector& z, Slopes& out, bool curvature, Space& space) {
    LossCall<double> call;
    call.kind = loss();
    call.parameter = parameter();
    call.rows = m;
    call.outputs = 1;
    call.score = z.data() + first;
    for (Index i = 0; i < m; ++i) space.target[i] = static_cast<double>(risk_.target()[first + i]);
    call.target = space.target.data();
    if (risk_.sample_weight()) {
      for (Index i = 0; i < m; ++i) space.weight[i] = static_cast<double>(risk_.sample_weight()[first + i]);
      call.weight = space.weight.data();
    }
    const double scale = risk_.scale();
    double *u = out.u.data() + first, value = 0;
    kernels<double>().loss.value_and_gradient(call, space.loss.data(), u);
    for (Index i = 0; i < m; ++i) value += space.loss[i], u[i] *= scale;
    if (!curvature) return value;
    double* c = out.c.data() + first;
    kernels<double>().loss.curvature(call, ones_.data(), c);
    for (Index i = 0; i < m; ++i) c[i] *= scale;
    return value;
  }

  void block_transposed(Index first, Index m, Index task, const Vector& u, Space& space) {
    double* part = parts_.data() + task * (d_ + 1);
    for (Index i = 0; i < m; ++i) space.a[i] = static_cast<T>(u[first + i]), part[d_] += u[first + i];
    X_.add_back(first, m, 1, space.a.data(), part, space.work.data());
  }

  void resize(Slopes& out, bool curvature) const {
    out.u.resize(n_);
    if (curvature) out.c.resize(n_);
  }
  void add_values(Slopes& out) const {
    out.value = 0;
    for (double value : values_) out.value += value;
    out.value *= risk_.scale();
  }
  void add_parts(double* out) const {
    const Index size = d_ + 1, used = d_ + (intercept() ? 1 : 0);
    std::fill(out, out + used, 0.0);
    for (Index task = 0; task < tasks_; ++task)
      for (Index j = 0; j < used; ++j) out[j] += parts_[task * size + j];
  }

  template <class Work>
  void over_rows(Work&& work) {
    const Index blocks = (n_ + block_ - 1) / block_;
    team_->run(tasks_, [&](Index task, int member) {
      const Index end = std::min(n_, (task + 1) * blocks / tasks_ * block_);
      for (Index first = task * blocks / tasks_ * block_; first < end; first += block_)
        work(first, std::min(block_, end - first), task, *spaces_[static_cast<std::size_t>(member)]);
    });
  }

  std::unique_ptr<Rows<T>> own_;  // of a part
  LinearRiskOf<T>& risk_;
  CenteredDesign<T> centered_;
  Design<T> X_;
  Index n_, d_;
  Buffer<T> w_;
  Buffer<double> ones_;
  Index block_, tasks_;
  std::unique_ptr<Team> team_;
  std::vector<std::unique_ptr<Space>> spaces_;
  Vector parts_, values_;
  ColumnGram<T> grams_;
};

template <class T>
std::unique_ptr<LinearModel> model_of(Objective& f, double far) {
  auto* risk = dynamic_cast<LinearRiskOf<T>*>(&f);
  if (!risk || risk->options().outputs != 1 || !risk->target()) return nullptr;
  CenteredDesign<T> centered;
  if (risk->options().intercept && lies_far(risk->design(), far))
    centered = center_columns(risk->design(), risk->sample_weight());
  return std::make_unique<ModelOf<T>>(*risk, std::move(centered));
}

}  // namespace

std::unique_ptr<LinearModel> linear_model_of(Objective& f, double far) {
  if (auto model = model_of<double>(f, far)) return model;
  return model_of<float>(f, far);
}

}  // namespace steep
