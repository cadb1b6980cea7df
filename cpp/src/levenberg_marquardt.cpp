// Levenberg-Marquardt: p minimizes 1/2 ||r + J p||^2 + damping/2 ||D p||^2, D being the column norms of J or the
// identity; the damping is that of damping.cpp. Bounds: variables at a bound that the gradient pushes against are left
// out, and those a step would carry beyond one are put there and the rest solved again. Geodesic acceleration:
// Transtrum and Sethna, arXiv:1201.5885. O(m n^2) an iteration.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "damping.hpp"
#include "steep/least_squares.hpp"

namespace steep {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

// What "automatic" is for this objective: a network's parameters are of like size and need no scaling.
LevenbergMarquardtOptions resolved(LevenbergMarquardtOptions o, const Objective& f) {
  if (o.damping == Damping::automatic) o.damping = f.alike() ? Damping::nielsen : Damping::trust_region;
  if (o.scaling == Scaling::automatic) o.scaling = f.alike() ? Scaling::none : Scaling::columns;
  return o;
}

// Geodesic acceleration needs J itself, so "automatic" stores it where it can.
Factorization factorization(const Objective& f, const LevenbergMarquardtOptions& o) {
  const bool store = o.geodesic && f.has_jacobian() && o.factorization == Factorization::automatic &&
                     static_cast<double>(f.residual_count()) * static_cast<double>(f.dim()) <= 5e7;
  return store ? Factorization::qr : o.factorization;
}

class Search {
 public:
  Search(Run& run, Objective& f, const SolveOptions& solve, const LevenbergMarquardtOptions& o)
      : run_(run),
        f_(f),
        solve_(solve),
        o_(resolved(o, f)),
        control_(o_),
        model_(f, factorization(f, o)),
        n_(f.dim()),
        x1_(n_),
        p_(n_),
        D_(n_, 0.0) {
    if (o_.geodesic && !model_.stores_jacobian())
      throw std::invalid_argument("geodesic must be False where the Jacobian of " + f.name() +
                                  " is not stored (factorization cholesky, or a network of fewer parameters than "
                                  "residuals), got True");
  }

  [[noreturn]] void run(const double* x0);

 private:
  void update_scale();
  void update_fixed();
  bool confine(double damping);
  void accelerate(double damping);
  bool iterate();
  bool spent() const { return o_.max_evaluations > 0 && run_.result().nfev >= o_.max_evaluations; }
  [[noreturn]] void end(Status status, const std::string& message);
  void polish();
  double x_size() const {
    double sum = 0;
    for (Index i = 0; i < n_; ++i) sum += D_[i] * x_[i] * D_[i] * x_[i];
    return std::sqrt(sum);
  }
  double largest_cosine() const;
  double product_size() const;

  Run& run_;
  Objective& f_;
  const SolveOptions& solve_;
  const LevenbergMarquardtOptions o_;
  DampingControl control_;
  GaussNewtonModel model_;
  Index n_;
  Vector x_, x1_, p_, D_;
  std::vector<char> fixed_;
  double fun_ = 0, first_residual_ = 0;
  bool first_ = true;
};

void Search::update_scale() {
  for (Index i = 0; i < n_; ++i) {
    if (!o_.scales.empty())
      D_[i] = o_.scales[i];
    else if (o_.scaling == Scaling::none)
      D_[i] = 1;
    else
      D_[i] = std::max(D_[i], model_.norms()[i]);
  }
  if (o_.scaling == Scaling::none || !o_.scales.empty()) return;
  const double largest = *std::max_element(D_.begin(), D_.end());
  for (double& d : D_) d = d > 1e-300 * largest && d > 0 ? d : 1;
}

void Search::update_fixed() {
  fixed_.assign(solve_.lower || solve_.upper ? n_ : 0, 0);
  const Vector& g = model_.gradient();
  for (std::size_t i = 0; i < fixed_.size(); ++i)
    fixed_[i] = (solve_.lower && x_[i] <= solve_.lower[i] && g[i] >= 0) ||
                (solve_.upper && x_[i] >= solve_.upper[i] && g[i] <= 0);
}

double Search::largest_cosine() const {
  double largest = 0;
  for (Index i = 0; i < n_; ++i)
    if ((fixed_.empty() || !fixed_[i]) && model_.norms()[i] > 0)
      largest = std::max(largest, std::abs(model_.gradient()[i]) / model_.norms()[i]);
  return model_.residual_norm() > 0 ? largest / model_.residual_norm() : 0;
}

// Of the terms that J x is the sum of: eps times it is what the residuals are rounded to, at least.
double Search::product_size() const {
  double sum = 0;
  for (Index i = 0; i < n_; ++i) sum += model_.norms()[i] * x_[i] * model_.norms()[i] * x_[i];
  return std::sqrt(sum);
}

// Moves the step into the box; false where it was inside.
bool Search::confine(double damping) {
  if (fixed_.empty()) return false;
  const auto beyond = [&](Index i, double& end) {
    if (solve_.lower && x_[i] + p_[i] < solve_.lower[i]) return end = solve_.lower[i], true;
    if (solve_.upper && x_[i] + p_[i] > solve_.upper[i]) return end = solve_.upper[i], true;
    return false;
  };
  Vector projected = p_;
  std::vector<char> fixed = fixed_;
  for (Index round = 0; round <= n_; ++round) {
    bool any = false;
    double end = 0;
    for (Index i = 0; i < n_; ++i) {
      if (fixed[i] || !beyond(i, end)) continue;
      p_[i] = end - x_[i];
      fixed[i] = 1;
      any = true;
    }
    if (round == 0) {
      if (!any) return false;
      projected = p_;
    }
    if (!any) break;
    if (std::count(fixed.begin(), fixed.end(), 0) == 0) break;
    model_.prepare(D_, fixed);
    if (!model_.step(damping, p_) && !all_finite(p_)) break;
  }
  model_.prepare(D_, fixed_);
  if (!all_finite(p_) || !(model_.predicted(p_) >= model_.predicted(projected))) p_ = projected;
  return true;
}

// p += a / 2, a the acceleration along the path of steepest decrease, where it is small against p.
void Search::accelerate(double damping) {
  constexpr double h = 0.1, most = 0.75;
  if (spent()) return;
  Eigen::VectorXd ahead(model_.residuals().size()), Jp;
  for (Index i = 0; i < n_; ++i) x1_[i] = x_[i] + h * p_[i];
  ++run_.result().nfev;
  f_.linearize(x1_.data(), ahead.data(), nullptr);
  model_.times(p_, Jp);
  const Eigen::VectorXd bend = (2 / h) * ((ahead - model_.residuals()) / h - Jp);
  if (!bend.allFinite()) return;
  Vector a(n_, 0.0);
  if (!model_.step_for(bend, damping, a)) return;
  if (2 * model_.scaled_norm(a) > most * model_.scaled_norm(p_)) return;
  axpy(0.5, a, p_);
}

// One accepted step; false where none decreases f beyond its rounding.
bool Search::iterate() {
  update_scale();
  update_fixed();
  model_.prepare(D_, fixed_);
  if (model_.free_count() == 0) return false;
  const double size = x_size();
  if (first_) control_.start(model_, size);
  for (int refused = 0;;) {
    std::fill(p_.begin(), p_.end(), 0.0);
    double damping = 0;
    if (!control_.propose(model_, p_, damping)) {
      control_.failed(NAN, 0);
      if (control_.too_large()) return false;
      continue;
    }
    double predicted = model_.predicted(p_);  // by the first-order step, when the second-order one is added
    if (o_.geodesic) accelerate(damping);
    if (confine(damping)) predicted = model_.predicted(p_);
    const double length = model_.scaled_norm(p_);
    if (first_) control_.first_length(length);
    for (Index i = 0; i < n_; ++i) x1_[i] = x_[i] + p_[i];
    if (x1_ == x_ || !(length > 1e-16 * size)) return false;
    if (spent())
      run_.fail(Status::max_iter,
                "Stopped after " + std::to_string(run_.result().nfev) + " evaluations of the residuals.");
    const double fun1 = predicted > 0 ? run_.evaluate(x1_, nullptr) : NAN;
    double gain = std::isfinite(fun1) ? (fun_ - fun1) / predicted : NAN;
    bool good = o_.damping == Damping::marquardt ? fun1 < fun_ : gain > 1e-4 && fun1 < fun_;
    if (predicted > 0 && predicted <= 1e-13 * fun_ && fun1 <= fun_ + 1e-13 * fun_) {
      // The decrease drowns in the rounding of f: the gradient judges.
      const double norm = run_.optimality(x_, model_.gradient());
      model_.linearize(run_, x1_);
      good = run_.optimality(x1_, model_.gradient()) < norm;
      model_.linearize(run_, x_);
      if (!good && ++refused > 10) return false;
      gain = good ? 0.5 : 0;
    }
    if (!good) {
      if ((predicted > 0 && predicted <= 1e-17 * fun_) || control_.too_large()) return false;
      control_.failed(gain, length);
      continue;
    }
    control_.succeeded(gain, length, damping);
    first_ = false;
    const double before = fun_, bend = 2 * (predicted + dot(model_.gradient(), p_));  // -p'J'Jp
    x_.swap(x1_);
    fun_ = model_.linearize(run_, x_);
    run_.step(x_, fun_, model_.gradient(), length, damping);
    const double actual = (before - fun_) / before;
    if (actual <= o_.ftol && predicted / before <= o_.ftol && gain <= 2)
      end(Status::converged, "Converged: the relative decrease of the objective is at most ftol.");
    const bool limited =
        control_.by_radius() ? control_.radius() > o_.xtol * x_size() : damping * length * length > std::abs(bend);
    if (length <= o_.xtol * x_size() && !limited)
      end(Status::converged, "Converged: the relative change of x is at most xtol.");
    // Against those at x0 alone it means nothing: they may have been enormous. The gradient must be small besides.
    if (o_.ftol > 0 && model_.residual_norm() <= eps * first_residual_ &&
        (norm_inf(model_.gradient()) <= (o_.gtol > 0 ? o_.gtol : 1e-8) ||
         model_.residual_norm() <= eps * product_size()))
      end(Status::converged, "Converged: the residuals are rounding.");
    update_fixed();
    if (largest_cosine() <= o_.gtol)
      end(Status::converged, "Converged: the residuals are orthogonal to the Jacobian's columns to gtol.");
    return true;
  }
}

void Search::end(Status status, const std::string& message) {
  if (o_.polish) polish();
  run_.fail(status, message);
}

// Undamped steps with the most exact factor and derivatives, while they shrink to 0.7.
void Search::polish() {
  const bool refactored = f_.has_jacobian() && !model_.stores_jacobian() && f_.residual_count() >= n_ &&
                          static_cast<double>(f_.residual_count()) * static_cast<double>(n_) <= 1e7;
  if (refactored) model_ = GaussNewtonModel(f_, Factorization::qr);
  if (f_.sharpen(true) || refactored) fun_ = model_.linearize(run_, x_);
  const double enough = f_.approximated().empty() ? 1e-14 : 1e-12;  // central differences tell no more of x
  double last = INFINITY, before = INFINITY;  // convergence may alternate: the last two steps count
  for (int round = 0; round < 30; ++round) {
    update_scale();
    update_fixed();
    model_.prepare(D_, fixed_);
    if (model_.free_count() == 0) break;
    std::fill(p_.begin(), p_.end(), 0.0);
    if (!model_.step(0, p_)) break;
    confine(0);
    const double length = model_.scaled_norm(p_);
    for (Index i = 0; i < n_; ++i) x1_[i] = x_[i] + p_[i];
    if (!(length <= 0.7 * std::max(last, before)) || x1_ == x_ || spent()) break;
    const double fun1 = run_.evaluate(x1_, nullptr);
    if (!(fun1 <= fun_ + 1e-9 * std::abs(fun_))) break;
    x_.swap(x1_);
    before = std::exchange(last, length);
    fun_ = model_.linearize(run_, x_);
    run_.step(x_, fun_, model_.gradient(), length, 0);
    // What is left, if the steps go on shrinking by the same factor.
    const double rate = length / before;
    if (before < INFINITY && rate < 1 && length * rate / (1 - rate) <= enough * x_size()) break;
  }
  f_.sharpen(false);
}

void Search::run(const double* x0) {
  x_.assign(x0, x0 + n_);
  if (solve_.lower)
    for (Index i = 0; i < n_; ++i) x_[i] = std::max(x_[i], solve_.lower[i]);
  if (solve_.upper)
    for (Index i = 0; i < n_; ++i) x_[i] = std::min(x_[i], solve_.upper[i]);
  ++run_.result().nfev;
  fun_ = model_.linearize(run_, x_);
  first_residual_ = model_.residual_norm();
  run_.start(x_, fun_, model_.gradient(), run_.optimality(x_, model_.gradient()), o_.initial >= 0 ? o_.initial : NAN);
  while (iterate()) {
  }
  // What is left is rounding: of the residuals, against the Jacobian's columns or against J x.
  const bool orthogonal = largest_cosine() <= std::max(o_.gtol, 1e-6) || model_.free_count() == 0 ||
                          model_.residual_norm() <= 100 * eps * (x_size() + first_residual_);
  if (o_.polish) polish();
  if (run_.optimality(x_, model_.gradient()) <= run_.threshold())
    run_.fail(Status::converged, "Converged: the gradient norm is at most tol.");
  if ((o_.ftol > 0 || o_.xtol > 0) && orthogonal)
    run_.fail(Status::converged, "Converged: no step decreases the objective beyond its rounding.");
  if (control_.too_large())
    run_.fail(Status::line_search_failed, "The damping passed max_damping before a step decreased the objective.");
  run_.line_search_failed();
}

}  // namespace

Result LevenbergMarquardt::solve(Objective& f, const double* x0, const SolveOptions& options) {
  if (!f.has_gauss_newton())
    throw std::invalid_argument("method levenberg_marquardt needs residuals, and " + f.name() + " has none");
  if (!options_.scales.empty() && static_cast<Index>(options_.scales.size()) != f.dim())
    throw std::invalid_argument("x_scale must have " + std::to_string(f.dim()) + " entries, one a variable, got " +
                                std::to_string(options_.scales.size()));
  Run run(f, options, "damping");
  return run.guard([&] { Search(run, f, options, options_).run(x0); });
}

}  // namespace steep
