// A least-squares model by its Gram matrix, around the reference w = 0 with the best intercept b:
//
//     f(w) = f(r) + q'(w - r) + 1/2 (w - r)'G(w - r),      X'u = q + G(w - r)
//
// (G with the intercept's column of ones.) Rounding is that of G: eps times f at the reference, where rows would give
// eps times f. It has no rows: vectors over rows are empty.
#include <numeric>

#include "steep/linear_model.hpp"

namespace steep {
namespace {

class GramModel : public LinearModel {
 public:
  explicit GramModel(LinearModel& model)
      : model_(model),
        d_(model.features()),
        m_(d_ + (model.intercept() ? 1 : 0)),
        G_(m_ * m_),
        reference_(m_, 0.0),
        q_(m_),
        step_(m_) {
    Vector z;
    Slopes at;
    model.evaluate(reference_.data(), z, at, q_.data());
    std::vector<Index> all(m_);
    std::iota(all.begin(), all.end(), Index{0});
    model.columns_gram(all, at.c, G_.data());
    value_ = at.value;
    if (m_ > d_) {
      const double b = -q_[d_] / G_[d_ * m_ + d_];
      reference_[d_] = b;
      model.evaluate(reference_.data(), z, at, q_.data());
      value_ = at.value;
    }
  }

  Index rows() const override { return 0; }
  Index features() const override { return d_; }
  bool intercept() const override { return m_ > d_; }
  Loss loss() const override { return Loss::squared_error; }
  double parameter() const override { return 1; }
  double l1() const override { return model_.l1(); }
  double l2() const override { return model_.l2(); }
  const Vector& center() const override { return model_.center(); }
  double target(Index) const override { return 0; }
  double row_weight(Index) const override { return 0; }

  void scores(const double*, Vector& z) override { z.clear(); }
  void slopes(const Vector&, Slopes&, bool) override {}
  void evaluate(const double* w, Vector& z, Slopes& out, double* correlations) override {
    z.clear(), out.u.clear(), out.c.clear();
    for (Index j = 0; j < m_; ++j) step_[j] = w[j] - reference_[j];
    std::copy(q_.begin(), q_.end(), correlations);
    for (Index j = 0; j < m_; ++j) {
      if (step_[j] == 0) continue;
      const double* row = G_.data() + j * m_;
      for (Index i = 0; i < m_; ++i) correlations[i] += step_[j] * row[i];
    }
    out.value = value_;
    for (Index j = 0; j < m_; ++j) out.value += 0.5 * step_[j] * (q_[j] + correlations[j]);
  }
  // Of c, the one vector over rows that is asked for: the intercept's column of G.
  void transposed(const Vector&, double* out) override {
    for (Index j = 0; j < m_; ++j) out[j] = G_[d_ * m_ + j];
  }
  void columns_gram(const std::vector<Index>& columns, const Vector& c, double* H) override {
    cross_gram(columns, columns, c, H);
  }
  void cross_gram(const std::vector<Index>& extra, const std::vector<Index>& columns, const Vector&,
                  double* C) override {
    const std::size_t s = columns.size();
    for (std::size_t k = 0; k < extra.size(); ++k)
      for (std::size_t j = 0; j < s; ++j) C[k * s + j] = G_[extra[k] * m_ + columns[j]];
  }
  void add_columns(const std::vector<Index>&, const Vector&, Vector&) override {}
  void set_coefficients(const double*) override {}
  void get_coefficients(double*) const override {}
  double row_score(Index) const override { return 0; }
  void row_add(Index, double) override {}
  double row_square(Index) const override { return 0; }

 private:
  LinearModel& model_;
  Index d_, m_;
  Vector G_, reference_, q_, step_;
  double value_ = 0;
};

}  // namespace

std::unique_ptr<LinearModel> gram_model(LinearModel& model) { return std::make_unique<GramModel>(model); }

}  // namespace steep
