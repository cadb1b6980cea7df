// Mehrotra's predictor and corrector for quadratic programs (Nocedal and Wright, section 16.6), started infeasible, with
// slacks for G x <= h and for finite bounds, on the equilibrated program. Programs without a solution are named by a
// certificate: multipliers y, z >= 0 with A'y + G'z = 0 and b'y + h'z < 0 (infeasible), or a direction d with Qd = 0,
// Ad = 0, Gd <= 0 and c'd < 0 (unbounded), found by auxiliary programs that always have a solution,
// once the iterates diverge or stall. O(n^3 + (m + p) n^2) an iteration.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "steep/interior_point.hpp"
#include "steep/run.hpp"
#include "steep/scaled_program.hpp"

namespace steep {
namespace {

using Column = QuadraticProgram::Column;
using Matrix = QuadraticProgram::Matrix;

Vector to_vector(const Column& v) { return Vector(v.data(), v.data() + v.size()); }
double norm_of(const Column& v) { return v.size() ? v.lpNorm<Eigen::Infinity>() : 0.0; }

double longest(const Column& v, const Column& dv) {
  double a = 1e300;
  for (Index i = 0; i < v.size(); ++i)
    if (dv[i] < 0) a = std::min(a, -v[i] / dv[i]);
  return a;
}

struct Point {
  Column x, y, z, s;
};

class Search {
 public:
  // tol 0: the test is that of the scaled program, where rtol means what it says.
  Search(Run& run, const QuadraticProgram& q, double tol)
      : run_(run), q_(q), d_(q), system_(d_.n, d_.p), relative_(!(tol > 0)), g_(d_.n) {
    run.measure("KKT residual");
  }

  void solve();

 private:
  void start();
  void take_units();
  void measure();
  bool suspicious() const;
  void prove();  // ends the run when there is no solution
  [[noreturn]] void give_up();
  void report(double step, double mu);
  double bound() const;
  void store_multipliers(const double* y, const double* z, double unit);
  double cost_size() const { return 1 + norm_of(d_.c); }
  // The gap that counts as one.
  double unit() const {
    return relative_ ? std::max(f_unit_, std::abs(fun_ - q_.constant) * d_.cost)
                     : std::max(1.0, std::abs(fun_)) * d_.cost;
  }

  Run& run_;
  const QuadraticProgram& q_;
  ScaledProgram d_;
  KktSystem system_;
  bool relative_;
  double tol_ = 0;
  double x_unit_ = 1, c_unit_ = 1, f_unit_ = 1;  // least sizes of x, costs and values that residuals are compared with
  Vector g_;
  Point at_;
  Column dual_, equal_, slack_;  // residuals
  double fun_ = 0, gap_ = 0, kkt_ = 0;
  Index asked_ = 0;      // no auxiliary programs before this iteration
  bool nested_ = false;  // an auxiliary program: no further ones
};

// Least-squares estimates, moved into the cone (Vandenberghe, The CVXOPT linear and quadratic cone program solvers, 2010).
void Search::start() {
  if (!d_.factor(system_, Column::Ones(d_.count)))
    run_.fail(Status::not_positive_definite, "The quadratic is not convex.");
  system_.solve(-d_.c + d_.transposed(d_.e), d_.b, at_.x, at_.y);
  const Column off = d_.e - d_.times(at_.x);
  at_.s = off;
  at_.z = -off;
  for (Column* v : {&at_.s, &at_.z}) {
    if (v->size() == 0) continue;
    const double least = v->minCoeff();
    if (least <= 1e-8 * (1 + v->norm())) *v = v->array() + (1 - std::min(least, 0.0));
  }
}

// Those of the start, where they are below one.
void Search::take_units() {
  const Column Qx = d_.product(at_.x);
  const auto unit = [](double size) { return size > 0 ? std::min(1.0, size) : 1.0; };
  x_unit_ = unit(norm_of(at_.x));
  c_unit_ = unit(std::max(norm_of(d_.c), norm_of(Qx)));
  f_unit_ = unit(at_.x.cwiseAbs().dot(d_.c.cwiseAbs()) + 0.5 * at_.x.dot(Qx));
}

void Search::measure() {
  const Column Qx = d_.product(at_.x);
  dual_ = Qx + d_.c + d_.A.transpose() * at_.y + d_.transposed(at_.z);
  equal_ = d_.A * at_.x - d_.b;
  slack_ = d_.times(at_.x) + at_.s - d_.e;
  fun_ = at_.x.dot(0.5 * Qx + d_.c) / d_.cost + q_.constant;
  Eigen::Map<Column>(g_.data(), d_.n) = (Qx + d_.c).cwiseQuotient(d_.S) / d_.cost;
  gap_ = at_.s.dot(at_.z);
  const double size_x = x_unit_ + norm_of(at_.x);
  kkt_ = std::max({norm_of(dual_) / (c_unit_ + norm_of(d_.c) + norm_of(Qx)), norm_of(equal_) / (size_x + norm_of(d_.b)),
                   norm_of(slack_) / (size_x + norm_of(d_.e)), gap_ / unit()});
}

// At least f less its value at any feasible x': by convexity f(x) - f(x') <= g'(x - x'), where g = dual residual - A'y - E'z.
// x' is within its bounds, and taken to be within twice x's size where there are none.
double Search::bound() const {
  double sum = gap_ - at_.z.dot(slack_) - at_.y.dot(equal_);
  const double size = norm_of(at_.x);
  for (Index j = 0; j < d_.n; ++j) {
    const double r = dual_[j], to = (r > 0 ? q_.lower[j] : q_.upper[j]) / d_.S[j], x = at_.x[j];
    sum += std::abs(r) * std::min(std::abs(x - to), std::abs(x) + size);
  }
  return std::max(sum, 0.0) / d_.cost;
}

// Of the program as it was given: unit is what its rows' multipliers are too large by.
void Search::store_multipliers(const double* y, const double* z, double unit) {
  Vector& out = run_.result().multipliers;
  const Index p = d_.p - static_cast<Index>(d_.fixed.size());
  out.assign(static_cast<std::size_t>(p + d_.m + 2 * d_.n), 0.0);
  for (Index i = 0; i < p; ++i) out[i] = y[i] / d_.row_A[i] / unit;
  for (Index i = 0; i < d_.m; ++i) out[p + i] = z[i] / d_.row_G[i] / unit;
  double* bounds = out.data() + p + d_.m;
  for (std::size_t k = 0; k < d_.fixed.size(); ++k)  // by its sign the multiplier of the lower or of the upper bound
    bounds[d_.fixed[k] + (y[p + k] > 0 ? d_.n : 0)] = std::abs(y[p + k]) / d_.row_A[p + k] / unit;
  const double* own = z + d_.m;
  for (Index j : d_.low) bounds[j] = *own++ / d_.S[j] / unit;
  for (Index j : d_.high) bounds[d_.n + j] = *own++ / d_.S[j] / unit;
}

void Search::report(double step, double mu) {
  run_.certify("duality_gap", gap_ / d_.cost, bound());
  store_multipliers(at_.y.data(), at_.z.data(), d_.cost);
  const Vector x = to_vector(d_.S.cwiseProduct(at_.x));
  if (std::isnan(step))
    run_.start(x, fun_, g_, relative_ ? std::min(kkt_, 1.0) : kkt_, mu);
  else
    run_.step_with(x, fun_, g_, kkt_, step, mu);
}

// Iterates that diverge as those of a program without a solution do.
bool Search::suspicious() const {
  const double level = d_.b.dot(at_.y) + d_.e.dot(at_.z), size = norm_of(at_.y) + norm_of(at_.z);
  const double left = norm_of(d_.A.transpose() * at_.y + d_.transposed(at_.z));
  if (level < 0 && size > 1e4 * cost_size() && left <= 1e-5 * size) return true;
  const double length = norm_of(at_.x);
  return d_.c.dot(at_.x) < 0 && length > 1e5 * (1 + norm_of(d_.b) + norm_of(d_.e));
}

void Search::solve() {
  start();
  if (relative_) take_units();
  measure();
  report(NAN, NAN);
  tol_ = std::max(run_.threshold(), 1e-15);
  const Index count = d_.count;
  Column dx, dy, ds, dz, corrector = Column::Zero(count);
  double best = kkt_;
  int stalled = 0;
  for (;;) {
    const double mu = count ? at_.s.dot(at_.z) / count : 0;
    const Column weight = count ? Column(at_.z.cwiseQuotient(at_.s)) : Column();
    if (!weight.allFinite() || !d_.factor(system_, weight)) give_up();
    const auto direction = [&](double target) {
      Column q;
      if (count) q = Column::Constant(count, target) - at_.s.cwiseProduct(at_.z) - corrector;
      Column rhs = -dual_;
      if (count) rhs -= d_.transposed((q + at_.z.cwiseProduct(slack_)).cwiseQuotient(at_.s));
      system_.solve(rhs, -equal_, dx, dy);
      if (!count) return;
      ds = -slack_ - d_.times(dx);
      dz = (q - at_.z.cwiseProduct(ds)).cwiseQuotient(at_.s);
    };
    corrector.setZero();
    direction(0);
    double primal = 1, dual = 1;
    if (count) {
      primal = std::min(1.0, longest(at_.s, ds)), dual = std::min(1.0, longest(at_.z, dz));
      const double after = (at_.s + primal * ds).dot(at_.z + dual * dz) / count;
      corrector = ds.cwiseProduct(dz);
      // No smaller than the tolerance asks: the weights z / s stay within what Cholesky bears.
      direction(std::max(std::pow(after / mu, 3) * mu, 0.1 * tol_ * unit() / count));
      const double back = std::max(0.99, 1 - mu);
      primal = std::min(1.0, back * longest(at_.s, ds)), dual = std::min(1.0, back * longest(at_.z, dz));
      if (d_.Q.size()) primal = dual = std::min(primal, dual);  // one step keeps the dual residual linear
      at_.s += primal * ds;
      at_.z += dual * dz;
    }
    at_.x += primal * dx;
    at_.y += dual * dy;
    if (!at_.x.allFinite() || !at_.z.allFinite()) give_up();
    measure();
    report(primal, mu);
    if (!nested_ && run_.iterations() >= asked_ && suspicious()) {
      asked_ = 2 * run_.iterations();
      prove();
    }
    stalled = kkt_ < 0.9 * best ? 0 : stalled + 1;
    best = std::min(best, kkt_);
    if (stalled >= 15 || std::max(primal, dual) < 1e-12) give_up();
  }
}

// Asks auxiliary programs whether there is a solution.
void Search::prove() {
  const Index n = d_.n, p = d_.p;
  SolveOptions options;
  options.monitor = run_.options().monitor;
  options.max_time = run_.options().max_time;
  options.tol = 1e-10;
  const auto solved = [&](QuadraticProgram& program) {
    Run run(program, options, {}, 100);
    run.prefer_last();
    Result result = run.guard([&] {
      Search search(run, program, options.tol);
      search.nested_ = true;
      search.solve();
    });
    run_.check_time();  // what cut that run short ends this one
    return result;
  };
  QuadraticProgram phase, cone;
  d_.relax(phase);
  const Result first = solved(phase);
  const double size = 1 + norm_of(d_.b) + norm_of(d_.e);
  if (first.x[n] > 1e-7 * size && first.status == Status::converged) {
    const double* z = first.multipliers.data();
    const Column y = Eigen::Map<const Column>(z + d_.count, p) - Eigen::Map<const Column>(z + d_.count + p, p);
    store_multipliers(y.data(), z, 1);
    // For any x the multipliers' sum of its violations is -(b'y + e'z): the largest is at least that over their own sum,
    // in the units of the program's rows.
    double sum = 0;
    for (double multiplier : run_.result().multipliers) sum += std::abs(multiplier);
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", -(d_.b.dot(y) + d_.e.dot(Eigen::Map<const Column>(z, d_.count))) / sum);
    run_.fail(Status::infeasible, std::string("The constraints are infeasible: some are violated by at least ") + text +
                                      " everywhere; res.multipliers combine them into a contradiction.");
  }
  d_.recede(cone);
  const Result second = solved(cone);
  if (first.status == Status::converged && second.fun < -1e-6 && second.status == Status::converged) {
    Vector direction = second.x;
    for (Index j = 0; j < n; ++j) direction[j] *= d_.S[j];
    run_.unbounded_along(std::move(direction), "The program is unbounded below along res.direction.");
  }
}

void Search::give_up() {
  if (!nested_) prove();
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", kkt_);
  run_.fail(Status::line_search_failed, std::string("The steps became too short; the KKT residual is ") + text + ".");
}

}  // namespace

Result solve_program(QuadraticProgram& f, const SolveOptions& options) {
  Run run(f, options, "complementarity", 200);
  run.prefer_last();
  return run.guard([&] { Search(run, f, options.tol).solve(); });
}

}  // namespace steep
