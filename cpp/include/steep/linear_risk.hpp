// The risk of a linear model, f(W, b) = c sum_i s_i l(W x_i + b, y_i) + l2 / 2 ||W||^2 (+ l1 ||W||_1), with c = 1 / sum
// s (the mean) or 1 (the sum).
//
// Parameters are those of a dense layer: W (k, d) row-major, then b (k) where there is an intercept, never penalized.
// Rows are cut into tasks by the shape alone, and their sums are added in order: the bits do not depend on threads. A
// task goes through its rows in blocks that stay in cache from the scores to the gradient, so an evaluation reads X
// once. Scores of the last two points are kept: second derivatives and line searches start from them.
#pragma once
#include <algorithm>
#include <functional>
#include <memory>

#include "steep/buffer.hpp"
#include "steep/design.hpp"
#include "steep/factor.hpp"
#include "steep/loss.hpp"
#include "steep/objective.hpp"
#include "steep/team.hpp"

namespace steep {

struct LinearOptions {
  Loss loss = Loss::squared_error;
  double loss_parameter = 1;
  Index outputs = 1;
  bool intercept = false, average = true;
  double l1 = 0, l2 = 0;
  int n_threads = 1;
};

// What does not depend on the data's type.
class LinearRisk : public Objective {
 public:
  LinearRisk(const LinearOptions& options, Index rows, Index features);

  Index dim() const override { return options_.outputs * (features_ + (options_.intercept ? 1 : 0)); }
  std::string name() const override;
  int threads() const override { return options_.n_threads; }
  bool has_gradient() const override;
  bool has_hessian_product() const override { return has_curvature(); }
  bool is_quadratic() const override { return options_.loss == Loss::squared_error; }
  bool is_convex() const override { return true; }
  const double* l1() const override { return l1_.empty() ? nullptr : l1_.data(); }
  double strong_convexity_bound() const override { return options_.intercept ? 0 : options_.l2; }
  Constant lipschitz() override;
  Constant strong_convexity() override;

  const LinearOptions& options() const { return options_; }
  Index rows() const { return rows_; }
  Index features() const { return features_; }
  Index weights() const { return options_.outputs * features_; }  // entries of W
  double scale() const { return scale_; }                         // c
  virtual bool sparse() const = 0;
  // l1 on each weight, 0 on intercepts: what l1() is for a penalty of that size.
  Vector l1_weights(double l1) const;
  void set_threads(int n_threads) override { options_.n_threads = std::max(1, n_threads); }
  void set_scale(double scale) { scale_ = scale; }

  // The Hessian of the smooth part in the chosen features (ascending, `count` of them; null: all) and the intercepts:
  // H (m, m) for m = outputs (count + intercept), laid out like the whole one.
  virtual void hessian_of(const double* w, const Index* features, Index count, double* H) = 0;
  // c sum_i s_i inf l(., y_i): what the loss cannot fall below.
  virtual double least_loss() = 0;

 protected:
  bool has_curvature() const { return has_gradient(); }
  bool separable() const { return options_.loss != Loss::softmax_cross_entropy || options_.outputs == 1; }
  // Lower triangle of c X~'SX~ for one output, X~ with the intercept's column of ones: (m, m), m = features +
  // intercept.
  virtual void plain_gram(double* H) = 0;
  virtual double squared_size() = 0;  // c sum_i s_i ||x~_i||^2, the trace of that

  LinearOptions options_;
  Index rows_, features_;
  double scale_ = 1;

 private:
  void find_constants();
  Vector l1_;
  Constant lipschitz_, strong_convexity_;
  bool constants_known_ = false;
};

struct LinearExcerpt;  // some or all rows in single precision: linear_excerpt.hpp

template <class T>
class LinearRiskOf : public LinearRisk {
 public:
  // y (n, k), or label (n) with y null; weight (n) or null. All kept by the caller.
  LinearRiskOf(const LinearOptions& options, const Design<T>& design, const T* y, const std::int32_t* label,
               const T* weight);
  ~LinearRiskOf() override;

  bool has_hessian() const override;
  bool sparse() const override { return design_.sparse(); }
  double rounding() const override { return sizeof(T) == sizeof(double) ? 1e-13 : 1e-7; }
  double evaluate(const double* w, double* g) override;
  void hessian(const double* w, double* H) override { hessian_of(w, nullptr, features_, H); }
  void hessian_of(const double* w, const Index* features, Index count, double* H) override;
  void hessian_product(const double* w, const double* v, double* Hv) override;
  Objective* draft(Brevity brevity) override;
  double approximate_hessian(const double* w, double* H) override;
  double hessian_cost(bool approximate) override;
  bool begin_line(const double* x0, const double* x1) override;
  double line(double t, double* slope) override;
  Index residual_count() const override;
  void residuals(const double* w, double* r, double* J) override;
  double normal_equations(const double* w, double* JtJ, double* Jtr) override;
  void foresee_minimum() override { foreseen_ = rows_ >= features_; }
  bool minimize_quadratic(double* w, const double* g, std::string& how) override;
  double least_loss() override;
  double suboptimality_bound(const double* w, const double* g) override;
  std::string remark(const double* w) override;

  const Design<T>& design() const { return design_; }
  const T* target() const { return y_; }
  const std::int32_t* label() const { return label_; }
  const T* sample_weight() const { return weight_; }

 protected:
  void plain_gram(double* H) override { form_gram(H, false); }
  double squared_size() override;

 private:
  struct Space {  // of one thread
    Buffer<T> slope, direction, weight, product, rows;
    Buffer<float> narrow;
    Buffer<double> loss;
  };
  struct Slot {
    Vector at;
    Buffer<T> z;
    Index age = -1;  // -1: empty
  };
  Index outputs() const { return options_.outputs; }
  Index tasks_for(double work) const;
  Team& team(Index tasks);
  // work(first, m, task, space) for blocks of at most `block` rows; a task's blocks come in order.
  template <class Work>
  void over_rows(Index rows, Index tasks, Index block, Work&& work) {
    const Index blocks = (rows + block - 1) / block;
    team(tasks).run(tasks, [&](Index task, int member) {
      const Index end = std::min(rows, (task + 1) * blocks / tasks * block);
      for (Index first = task * blocks / tasks * block; first < end; first += block)
        work(first, std::min(block, end - first), task, *spaces_[static_cast<std::size_t>(member)]);
    });
  }
  LossCall<T> call() const;  // of all rows
  static LossCall<T> part(LossCall<T> call, Index first, Index m, const T* z);
  void set_weights(const double* w);  // w_, b_, packed_
  Slot& older_slot() { return slots_[slots_[0].age <= slots_[1].age ? 0 : 1]; }
  Slot* find(const double* w);
  const T* scores_at(const double* w);
  double finish(const double* w, double* g, Index tasks, Index stride);  // sums of the tasks, scaled, with the penalty
  void add_gram_rows(const Index* features, Index count, Index first, Index m, const T* curvature, double* H,
                     Space& space);
  void finish_gram(const double* parts, Index tasks, Index count, double* H);
  Index sample_rows() const;                // as many as a sample takes; all where a sample does not pay
  LinearExcerpt* excerpt(Brevity brevity);  // null where there is none
  Index least_norm_solution(double* w);     // its rank
  // One pass over the rows, in the order of tasks; `single`: products of dense features in single precision.
  using Visit = std::function<void(Index first, Index m, Index task, Space& space)>;
  Index gram_tasks() const;
  void form_gram(double* H, bool single, const Visit& visit = {});
  // Adds some rows' slopes to the gradient's sums.
  void add_back(Index first, Index m, Space& space, double* sums) const;
  // Scores, losses and, if wanted, the gradient's part of some rows.
  void evaluate_rows(Index first, Index m, T* z, bool known, bool gradient, double* sums, Space& space);
  double excess_of(Index i, Index c, T z, T slope, double a) const;
  double bound_from_few_rows(const double* w, const double* g);
  bool single_pays() const;        // for the factor of a quadratic
  bool factor_block(bool single);  // false where it is too ill-conditioned
  double least_squares_gap(const double* g);
  struct RowSpace;
  RowSpace row_space() const;
  void transposed_rows(Index first, Index count, RowSpace& space, double* out) const;
  void from_row_space(const RowSpace& space, const Vector& V, double* w) const;
  bool factor_rows(RowSpace& space, double* w);
  Index decompose_rows(RowSpace& space, double* w);
  const std::string& minimize_in_row_space(double* w);  // how

  Design<T> design_;
  const T* y_;
  const std::int32_t* label_;
  const T* weight_;
  Buffer<T> w_, b_, packed_;
  Slot slots_[2];
  Index clock_ = 0;
  Buffer<T> line_;  // scores' slope on the line
  const T* line_z_ = nullptr;
  double line_norm_[3] = {};  // of the penalty on the line: a + 2 b t + c t^2
  std::unique_ptr<LinearExcerpt> sample_, single_;
  std::unique_ptr<Factor> block_;  // of one output's Hessian, scaled; of squared errors
  Vector block_scale_;
  bool block_definite_ = false, block_single_ = false;
  bool foreseen_ = false, no_weights_ = false;
  Vector gram_;     // made in the pass of an evaluation, until it is factored
  Vector refined_;  // what the last step led to, and the largest entry of the gradient before it
  double refined_norm_ = 0;
  Vector row_minimizer_;  // of squared errors with fewer rows than features; empty until it is known
  std::string row_message_;
  Buffer<double> partial_;
  KeptTeams teams_;
  std::vector<std::unique_ptr<Space>> spaces_;
  double least_loss_ = 0;
  bool least_loss_known_ = false;
};

}  // namespace steep
