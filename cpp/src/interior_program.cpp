// Mehrotra's predictor and corrector for quadratic programs (Nocedal and Wright, section 16.6), started infeasible, with
// slacks for G x <= h and for finite bounds. Rows are scaled to unit norm. Programs without a solution are named by a
// certificate: multipliers y, z >= 0 with A'y + G'z = 0 and b'y + h'z < 0 (infeasible), or a direction d with Qd = 0,
// Ad = 0, Gd <= 0 and c'd < 0 (unbounded), found by auxiliary programs that always have a solution,
// once the iterates diverge or stall. O(n^3 + (m + p) n^2) an iteration.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "steep/interior_point.hpp"
#include "steep/kkt.hpp"
#include "steep/run.hpp"

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

// The program with unit rows and all bounds as rows of one list: s = e - E x, E = [G; -I_lower; I_upper].
struct Scaled {
  explicit Scaled(const QuadraticProgram& q) : source(q), n(q.dim()), p(q.A.rows()), m(q.G.rows()) {
    A = q.A, b = q.b, G = q.G, h = q.h;
    row_A = Column::Ones(p), row_G = Column::Ones(m);
    for (Index i = 0; i < p; ++i) scale_row(A, b, row_A, i);
    for (Index i = 0; i < m; ++i) scale_row(G, h, row_G, i);
    for (Index i = 0; i < n; ++i) {
      if (std::isfinite(q.lower[i])) low.push_back(i);
      if (std::isfinite(q.upper[i])) high.push_back(i);
    }
    count = m + static_cast<Index>(low.size() + high.size());
    e.resize(count);
    e.head(m) = h;
    for (std::size_t k = 0; k < low.size(); ++k) e[m + k] = -q.lower[low[k]];
    for (std::size_t k = 0; k < high.size(); ++k) e[m + low.size() + k] = q.upper[high[k]];
  }
  static void scale_row(Matrix& M, Column& v, Column& scale, Index i) {
    const double norm = M.row(i).norm();
    if (!(norm > 0)) return;
    M.row(i) /= norm;
    v[i] /= norm;
    scale[i] = norm;
  }
  Column times(const Column& x) const {  // E x
    Column out(count);
    out.head(m) = G * x;
    for (std::size_t k = 0; k < low.size(); ++k) out[m + k] = -x[low[k]];
    for (std::size_t k = 0; k < high.size(); ++k) out[m + low.size() + k] = x[high[k]];
    return out;
  }
  Column transposed(const Column& z) const {  // E'z
    Column out = G.transpose() * z.head(m);
    for (std::size_t k = 0; k < low.size(); ++k) out[low[k]] -= z[m + k];
    for (std::size_t k = 0; k < high.size(); ++k) out[high[k]] += z[m + low.size() + k];
    return out;
  }
  bool factor(KktSystem& system, const Column& weight) const {
    Column diagonal = Column::Zero(n);
    for (std::size_t k = 0; k < low.size(); ++k) diagonal[low[k]] += weight[m + k];
    for (std::size_t k = 0; k < high.size(); ++k) diagonal[high[k]] += weight[m + low.size() + k];
    return system.factor(source.Q, diagonal, G, Column(weight.head(m)), A);
  }

  const QuadraticProgram& source;
  Index n, p, m, count = 0;
  Matrix A, G;
  Column b, h, e, row_A, row_G;
  std::vector<Index> low, high;
};

struct Point {
  Column x, y, z, s;
};

class Search {
 public:
  Search(Run& run, const QuadraticProgram& q, double tol)
      : run_(run), q_(q), d_(q), system_(d_.n, d_.p), tol_(std::max(tol, 1e-15)), g_(d_.n) {}

  void solve();

 private:
  void start();
  void measure();
  bool suspicious() const;
  void prove();  // ends the run when there is no solution
  [[noreturn]] void give_up();
  [[noreturn]] void end(Status status, const std::string& message);
  void report(double step, double mu);
  double cost_size() const { return 1 + norm_of(q_.c); }

  Run& run_;
  const QuadraticProgram& q_;
  Scaled d_;
  KktSystem system_;
  double tol_;
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
  system_.solve(-q_.c + d_.transposed(d_.e), d_.b, at_.x, at_.y);
  const Column off = d_.e - d_.times(at_.x);
  at_.s = off;
  at_.z = -off;
  for (Column* v : {&at_.s, &at_.z}) {
    if (v->size() == 0) continue;
    const double least = v->minCoeff();
    if (least <= 1e-8 * (1 + v->norm())) *v = v->array() + (1 - std::min(least, 0.0));
  }
}

void Search::measure() {
  const Column Qx = q_.product(at_.x);
  dual_ = Qx + q_.c + d_.A.transpose() * at_.y + d_.transposed(at_.z);
  equal_ = d_.A * at_.x - d_.b;
  slack_ = d_.times(at_.x) + at_.s - d_.e;
  fun_ = at_.x.dot(0.5 * Qx + q_.c) + q_.constant;
  Eigen::Map<Column>(g_.data(), d_.n) = Qx + q_.c;
  gap_ = at_.s.dot(at_.z);
  const double size_x = 1 + norm_of(at_.x);
  kkt_ = std::max({norm_of(dual_) / (cost_size() + norm_of(Qx)), norm_of(equal_) / (size_x + norm_of(d_.b)),
                   norm_of(slack_) / (size_x + norm_of(d_.e)), gap_ / std::max(1.0, std::abs(fun_))});
}

void Search::report(double step, double mu) {
  run_.certify("duality_gap", gap_, kkt_ <= tol_ ? gap_ : INFINITY);
  Result& result = run_.result();
  result.multipliers.assign(static_cast<std::size_t>(d_.p + d_.m + 2 * d_.n), 0.0);
  double* out = result.multipliers.data();
  for (Index i = 0; i < d_.p; ++i) out[i] = at_.y[i] / d_.row_A[i];
  for (Index i = 0; i < d_.m; ++i) out[d_.p + i] = at_.z[i] / d_.row_G[i];
  for (std::size_t k = 0; k < d_.low.size(); ++k) out[d_.p + d_.m + d_.low[k]] = at_.z[d_.m + k];
  for (std::size_t k = 0; k < d_.high.size(); ++k)
    out[d_.p + d_.m + d_.n + d_.high[k]] = at_.z[d_.m + d_.low.size() + k];
  const Vector x = to_vector(at_.x);
  if (std::isnan(step))
    run_.start(x, fun_, g_, kkt_, mu);
  else
    run_.step_with(x, fun_, g_, kkt_, step, mu);
}

void Search::end(Status status, const std::string& message) { run_.fail(status, message); }

// Iterates that diverge as those of a program without a solution do.
bool Search::suspicious() const {
  const double level = d_.b.dot(at_.y) + d_.e.dot(at_.z), size = norm_of(at_.y) + norm_of(at_.z);
  const double left = norm_of(d_.A.transpose() * at_.y + d_.transposed(at_.z));
  if (level < 0 && size > 1e4 * cost_size() && left <= 1e-5 * size) return true;
  const double length = norm_of(at_.x);
  return q_.c.dot(at_.x) < 0 && length > 1e5 * (1 + norm_of(d_.b) + norm_of(d_.e));
}

void Search::solve() {
  start();
  measure();
  report(NAN, NAN);
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
      direction(std::max(std::pow(after / mu, 3) * mu, 0.1 * tol_ * std::max(1.0, std::abs(fun_)) / count));
      const double back = std::max(0.99, 1 - mu);
      primal = std::min(1.0, back * longest(at_.s, ds)), dual = std::min(1.0, back * longest(at_.z, dz));
      if (q_.Q.size()) primal = dual = std::min(primal, dual);  // one step keeps the dual residual linear
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
  const Index n = d_.n, m = d_.m, p = d_.p;
  constexpr double inf = INFINITY;
  Monitor monitor;
  SolveOptions options;
  options.monitor = &monitor;
  const auto solved = [&](QuadraticProgram& program) {
    Run run(program, options, {}, 100);
    run.prefer_last();
    return run.guard([&] {
      Search search(run, program, 1e-10);
      search.nested_ = true;
      search.solve();
    });
  };
  // min t: every constraint relaxed by t >= 0.
  QuadraticProgram phase;
  phase.c = Column::Zero(n + 1);
  phase.c[n] = 1;
  const Index rows = d_.count + 2 * p;
  phase.G = Matrix::Zero(rows, n + 1);
  phase.h.resize(rows);
  phase.G.topLeftCorner(m, n) = d_.G;
  for (std::size_t k = 0; k < d_.low.size(); ++k) phase.G(m + k, d_.low[k]) = -1;
  for (std::size_t k = 0; k < d_.high.size(); ++k) phase.G(m + d_.low.size() + k, d_.high[k]) = 1;
  phase.h.head(d_.count) = d_.e;
  phase.G.block(d_.count, 0, p, n) = d_.A;
  phase.G.block(d_.count + p, 0, p, n) = -d_.A;
  phase.h.segment(d_.count, p) = d_.b;
  phase.h.tail(p) = -d_.b;
  phase.G.col(n).setConstant(-1);
  phase.A = Matrix::Zero(0, n + 1);
  phase.b.resize(0);
  phase.lower = Column::Constant(n + 1, -inf);
  phase.upper = Column::Constant(n + 1, inf);
  phase.lower[n] = -1;
  const Result first = solved(phase);
  const double size = 1 + norm_of(d_.b) + norm_of(d_.e);
  if (first.x[n] > 1e-7 * size && first.status == Status::converged) {
    Vector& out = run_.result().multipliers;
    out.assign(static_cast<std::size_t>(p + m + 2 * n), 0.0);
    const double* z = first.multipliers.data();
    for (Index i = 0; i < p; ++i) out[i] = (z[d_.count + i] - z[d_.count + p + i]) / d_.row_A[i];
    for (Index i = 0; i < m; ++i) out[p + i] = z[i] / d_.row_G[i];
    for (std::size_t k = 0; k < d_.low.size(); ++k) out[p + m + d_.low[k]] = z[m + k];
    for (std::size_t k = 0; k < d_.high.size(); ++k) out[p + m + n + d_.high[k]] = z[m + d_.low.size() + k];
    end(Status::infeasible, "The constraints are infeasible: some are violated by at least " +
                                std::to_string(first.x[n]) +
                                " everywhere; res.multipliers combine them into a contradiction.");
  }
  // min c'd over the recession cone cut to a box.
  QuadraticProgram cone;
  cone.c = q_.c / std::max(norm_of(q_.c), 1e-300);
  cone.G = d_.G;
  cone.h = Column::Zero(m);
  const Index curved = q_.Q.size() && q_.Q.cwiseAbs().maxCoeff() > 0 ? q_.Q.rows() : 0;
  cone.A.resize(p + curved, n);
  if (curved) cone.A.bottomRows(curved) = q_.Q / std::max(q_.Q.cwiseAbs().maxCoeff(), 1e-300);
  cone.A.topRows(p) = d_.A;
  cone.b = Column::Zero(p + curved);
  cone.lower = Column::Constant(n, -1);
  cone.upper = Column::Constant(n, 1);
  for (Index i : d_.low) cone.lower[i] = 0;
  for (Index i : d_.high) cone.upper[i] = 0;
  for (Index i = 0; i < n; ++i)
    if (cone.lower[i] == cone.upper[i]) cone.lower[i] = -1e-9, cone.upper[i] = 1e-9;
  const Result second = solved(cone);
  if (second.fun < -1e-6) {
    run_.unbounded_along(second.x, "The program is unbounded below along res.direction.");
  }
}

void Search::give_up() {
  if (!nested_) prove();
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", kkt_);
  end(Status::line_search_failed, std::string("The steps became too short; the KKT residual is ") + text + ".");
}

}  // namespace

Result solve_program(QuadraticProgram& f, const SolveOptions& options) {
  Run run(f, options, "complementarity", 200);
  run.prefer_last();
  return run.guard([&] { Search(run, f, options.tol).solve(); });
}

}  // namespace steep
