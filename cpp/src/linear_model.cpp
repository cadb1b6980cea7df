// The linear risk as a LinearModel: blocks of rows through Design, in the data's type, sums in double.
#include "steep/linear_model.hpp"

#include <algorithm>

#include "steep/kernels.hpp"
#include "steep/linear_risk.hpp"

namespace steep {
namespace {

constexpr Index most_rows = 512;  // of a block

template <class T>
class ModelOf : public LinearModel {
 public:
  explicit ModelOf(LinearRiskOf<T>& risk)
      : risk_(risk),
        X_(risk.design()),
        n_(risk.rows()),
        d_(risk.features()),
        w_(d_),
        ones_(most_rows),
        block_(std::min(most_rows, X_.block_rows(1))) {
    const Index blocks = (n_ + block_ - 1) / block_;
    tasks_ = std::clamp<Index>(std::min((X_.entries() + n_) >> 16, (X_.entries() + n_) / (4 * d_ + 4)), 1, 32);
    tasks_ = std::min(tasks_, blocks);
    team_ = std::make_unique<Team>(tasks_ > 1 ? risk.options().n_threads : 1);
    for (int i = 0; i < team_->size(); ++i) spaces_.push_back(std::make_unique<Space>());
    for (auto& space : spaces_) {
      space->work.resize(X_.workspace(most_rows, 1) + 16);
      for (Buffer<T>* part : {&space->a, &space->b}) part->resize(most_rows);
      for (Buffer<double>* part : {&space->loss, &space->target, &space->weight}) part->resize(most_rows);
    }
    std::fill_n(ones_.data(), most_rows, 1.0);
  }

  Index rows() const override { return n_; }
  Index features() const override { return d_; }
  bool intercept() const override { return risk_.options().intercept; }
  Loss loss() const override { return risk_.options().loss; }
  double parameter() const override { return risk_.options().loss_parameter; }
  double l1() const override { return risk_.options().l1; }
  double l2() const override { return risk_.options().l2; }
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
    const Index s = static_cast<Index>(columns.size());
    const bool ones = s > 0 && columns[s - 1] == d_;
    const Index m = s - (ones ? 1 : 0);
    const bool whole = m == d_ && !X_.sparse();
    const Index block = gram_block(m), blocks = (n_ + block - 1) / block;
    const Index tasks = gram_tasks(n_ * s * s, s * s, blocks);
    parts_.assign(tasks * s * s, 0.0);
    for (auto& space : spaces_) {
      if (space->gathered.size() < (whole ? 0 : block * m)) space->gathered.resize(block * m);
      const Index need = dense_gram_workspace<T>(std::max<Index>(m, 1)) + 16;
      if (space->gram.size() < need) space->gram.resize(need);
    }
    team_->run(tasks, [&](Index task, int member) {
      Space& space = *spaces_[static_cast<std::size_t>(member)];
      double* part = parts_.data() + task * s * s;
      const Index end = std::min(n_, (task + 1) * blocks / tasks * block);
      for (Index first = task * blocks / tasks * block; first < end; first += block) {
        const Index count = std::min(block, end - first);
        for (Index i = 0; i < count; ++i) space.a[i] = static_cast<T>(c[first + i]);
        const T* x = space.gathered.data();
        if (whole)
          x = X_.dense_row(first);
        else if (m > 0)
          X_.gather(first, count, columns.data(), m, space.gathered.data());
        const Index stride = whole ? X_.row_stride() : m;
        if (m > 0) add_dense_gram<T>(count, m, x, stride, space.a.data(), part, s, space.gram.data());
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

  void cross_gram(const std::vector<Index>& extra, const std::vector<Index>& columns, const Vector& c,
                  double* C) override {
    const Index e = static_cast<Index>(extra.size()), s = static_cast<Index>(columns.size());
    const bool ones = columns[s - 1] == d_;
    const Index m = s - (ones ? 1 : 0), block = gram_block(s), blocks = (n_ + block - 1) / block;
    const Index tasks = gram_tasks(2 * n_ * e * s, e * s, blocks);
    parts_.assign(tasks * e * s, 0.0);
    for (auto& space : spaces_) {
      const Index need = kernels<T>().product.workspace_size(e, s, block) + e * s + block * e;
      if (space->gathered.size() < block * s) space->gathered.resize(block * s);
      if (space->gram.size() < need + 16) space->gram.resize(need + 16);
    }
    team_->run(tasks, [&](Index task, int member) {
      Space& space = *spaces_[static_cast<std::size_t>(member)];
      T *workspace = space.gram.data(), *sums = workspace + kernels<T>().product.workspace_size(e, s, block);
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

 private:
  struct Space {
    Buffer<T> a, b, work, gathered, gram;
    Buffer<double> loss, target, weight;
  };

  static Index gram_block(Index columns) {
    return std::clamp<Index>((Index{1} << 18) / std::max<Index>(columns, 1) / 16 * 16, 64, most_rows);
  }
  // Each task has a sum of its own: few of them where sums are large.
  static Index gram_tasks(Index work, Index size, Index blocks) {
    return std::clamp<Index>(std::min(work >> 20, (Index{1} << 21) / size), std::min<Index>(2, blocks),
                             std::min<Index>(32, blocks));
  }

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

  LinearRiskOf<T>& risk_;
  const Design<T>& X_;
  Index n_, d_;
  Buffer<T> w_;
  Buffer<double> ones_;
  Index block_, tasks_;
  std::unique_ptr<Team> team_;
  std::vector<std::unique_ptr<Space>> spaces_;
  Vector parts_, values_;
};

}  // namespace

std::unique_ptr<LinearModel> linear_model_of(Objective& f) {
  if (auto* risk = dynamic_cast<LinearRiskOf<double>*>(&f); risk && risk->options().outputs == 1 && risk->target())
    return std::make_unique<ModelOf<double>>(*risk);
  if (auto* risk = dynamic_cast<LinearRiskOf<float>*>(&f); risk && risk->options().outputs == 1 && risk->target())
    return std::make_unique<ModelOf<float>>(*risk);
  return nullptr;
}

}  // namespace steep
