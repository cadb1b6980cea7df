// Interior points for LinearFit, on the dual programs
//
//     sum   max y'v   s.t.  X'v = 0, -down <= v <= up           (Portnoy and Koenker, Statistical Science 12 (1997) 279)
//     max   max y'(a - b)   s.t.  X'(a - b) = 0, 1'(a + b) = 1, a, b >= 0
//
// w is the multiplier of X'v = 0, so every w is feasible, and f(w) - y'v is a true duality gap for v projected onto X'v = 0
// and scaled into the box. Both start feasible. An iteration is one weighted Gram matrix of X, n d^2 flops, its Cholesky
// factor and two solves; 10 to 30 iterations. Near the end the rows that w interpolates are solved exactly: an optimal
// vertex is recognized by its multipliers, and ends the run with all digits. All of it in the columns of fit_basis.hpp.
#include <algorithm>
#include <cmath>
#include <utility>

#include "steep/decomposition.hpp"
#include "steep/factor.hpp"
#include "steep/fit_basis.hpp"
#include "steep/interior_point.hpp"
#include "steep/run.hpp"

namespace steep {
namespace {

using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// The largest step in (0, 1] that keeps v + a dv >= 0.
double longest(const Vector& v, const Vector& dv) {
  double a = 1 / 0.9995;
  for (std::size_t i = 0; i < v.size(); ++i)
    if (dv[i] < 0) a = std::min(a, -v[i] / dv[i]);
  return a;
}

// Cholesky of H, with a small multiple of its diagonal added where rounding makes it indefinite.
bool factor_near(Factor& factor, Vector& H, Index n) {
  double largest = 0;
  for (Index i = 0; i < n; ++i) largest = std::max(largest, H[i * n + i]);
  double shift = 0;
  for (int trial = 0; trial < 8; ++trial) {
    if (factor.factor(H.data(), shift)) return true;
    shift = shift == 0 ? 1e-15 * largest : 100 * shift;
  }
  return false;
}

// Shared bookkeeping: the duality gap, the vertex, the end.
class FitRun {
 public:
  FitRun(Run& run, FitBasis& basis)
      : run_(run),
        basis_(basis),
        f_(basis.fit()),
        n_(f_.rows()),
        d_(f_.dim()),
        g_(run.objective().dim()),
        Xv_(d_),
        v_(n_),
        Xz_(n_),
        gram_(d_) {
    Vector H = basis.gram();
    for (Index j = 0; j < d_; ++j) H[j * d_ + j] *= 1 + 1e-14;
    regular_ = factor_near(gram_, H, d_);
    run.measure("relative duality gap");
  }

  // The least-squares fit.
  Vector first() const {
    Vector w(d_);
    if (!regular_) return w;
    f_.transposed(f_.targets().data(), w.data());
    gram_.solve(w);
    return all_finite(w) ? w : Vector(d_, 0.0);
  }

  void start(const Vector& w, const Vector& v) {
    const double gap = measure(w, v);
    run_.start(x_, fun_, g_, gap, NAN);
  }
  void step(const Vector& w, const Vector& v, double length, double mu) {
    const double gap = measure(w, v);
    if (gap < 1e-2 && d_ <= 1000) try_vertex(w, length, mu);
    run_.step_with(x_, fun_, g_, gap, length, mu);
  }
  bool beyond_rounding(double complementarity) const { return complementarity <= 1e-15 * fun_; }

 private:
  // y'v for v made feasible: X'v = 0 by projection, then scaled into the box (or to a sum of one); less what is left of X'v
  // times coefficients of twice w's size.
  double bound_of(const Vector& w, const Vector& v) {
    v_ = v;
    for (int round = 0; round < 2; ++round) {
      f_.transposed(v_.data(), Xv_.data());
      gram_.solve(Xv_);
      f_.residuals_at(Xv_.data(), Xz_.data());
      for (Index i = 0; i < n_; ++i) v_[i] -= f_.targets()[i] - Xz_[i];
    }
    double scale = 1, sum = 0;
    for (Index i = 0; i < n_; ++i) {
      sum += std::abs(v_[i]);
      if (!f_.is_sum()) continue;
      if (v_[i] > f_.up()[i]) scale = std::min(scale, f_.up()[i] / v_[i]);
      if (v_[i] < -f_.down()[i]) scale = std::min(scale, -f_.down()[i] / v_[i]);
    }
    if (!f_.is_sum()) scale = 1 / std::max(1.0, sum);
    f_.transposed(v_.data(), Xv_.data());
    return scale * (dot(f_.targets(), v_) - 2 * norm2(Xv_) * norm2(w));
  }

  double measure(const Vector& w, const Vector& v) {
    x_ = basis_.coefficients(w);
    fun_ = run_.evaluate(x_, &g_);
    bound_ = std::max(bound_, regular_ ? bound_of(w, v) : -INFINITY);
    return certify(fun_);
  }

  // A dual value above f by more than rounding would be an error, and shows as a gap.
  double certify(double fun) {
    const double gap = std::abs(fun - bound_);
    run_.certify("duality_gap", gap, gap);
    return gap / std::max(1.0, std::abs(fun));
  }

  // Solves the rows that w interpolates (the d smallest residuals of a sum, the d + 1 largest of a maximum) and their
  // multipliers. Where those are feasible the vertex is optimal to rounding, and the run ends.
  void try_vertex(const Vector& w, double length, double mu) {
    const bool sum = f_.is_sum();
    const Index k = sum ? d_ : d_ + 1;
    if (n_ < k) return;
    Vector r(n_);
    f_.residuals_at(w.data(), r.data());
    std::vector<Index> order(n_);
    for (Index i = 0; i < n_; ++i) order[i] = i;
    std::nth_element(order.begin(), order.begin() + (k - 1), order.end(), [&](Index a, Index b) {
      return sum ? std::abs(r[a]) < std::abs(r[b]) : std::abs(r[a]) > std::abs(r[b]);
    });
    const Eigen::Map<const RowMatrix> X(f_.design(), n_, d_);
    Eigen::MatrixXd A(k, k);
    Eigen::VectorXd b(k);
    for (Index i = 0; i < k; ++i) {
      A.row(i).head(d_) = X.row(order[i]);
      if (!sum) A(i, d_) = r[order[i]] > 0 ? 1 : -1;
      b[i] = r[order[i]];
    }
    const QR qr(std::move(A));
    const Eigen::VectorXd dw = qr.solve(b);  // X dw (+ sign t) = r
    if (!dw.allFinite()) return;
    Vector w1 = w;
    for (Index j = 0; j < d_; ++j) w1[j] += dw[j];
    Vector x1 = basis_.coefficients(w1);
    const double fun = run_.evaluate(x1, nullptr);
    if (!(fun <= fun_ + 1e-14 * std::abs(fun_))) return;
    f_.residuals_at(w1.data(), r.data());
    Vector v(n_, 0.0);
    Eigen::VectorXd rhs = Eigen::VectorXd::Zero(k);
    if (sum) {
      for (Index i = 0; i < n_; ++i) v[i] = r[i] > 0 ? f_.up()[i] : -f_.down()[i];
      for (Index i = 0; i < k; ++i) v[order[i]] = 0;
      f_.transposed(v.data(), Xv_.data());
      for (Index j = 0; j < d_; ++j) rhs[j] = -Xv_[j];
    } else {
      rhs[d_] = 1;
    }
    const Eigen::VectorXd lambda = qr.transposed_solve(rhs);
    if (!lambda.allFinite()) return;
    for (Index i = 0; i < k; ++i) v[order[i]] = lambda[i];
    const double before = std::exchange(bound_, std::max(bound_, bound_of(w1, v)));
    const double gap = std::abs(fun - bound_) / std::max(1.0, std::abs(fun));
    if (gap > run_.threshold()) {
      bound_ = before;
      return;
    }
    certify(fun);
    run_.objective().evaluate(x1.data(), g_.data());
    run_.step_with(x1, fun, g_, gap, length, mu);
  }

  Run& run_;
  const FitBasis& basis_;
  LinearFit& f_;
  Index n_, d_;
  Vector x_, g_, Xv_, v_, Xz_;  // x_, g_: of the data's own columns
  Factor gram_;
  bool regular_ = false;
  double fun_ = 0, bound_ = -INFINITY;
};

[[noreturn]] void singular(Run& run) {
  run.fail(Status::singular, "The weighted Gram matrix of X is singular: its columns are linearly dependent.");
}

}  // namespace

Result solve_sum_fit(LinearFit& given, const SolveOptions& options) {
  Run run(given, options, "complementarity", 200);
  return run.guard([&] {
    FitBasis basis(given);
    LinearFit& f = basis.fit();
    const Index n = f.rows(), d = f.dim();
    const Vector &up = f.up(), &down = f.down();
    Factor factor(d);
    FitRun fit(run, basis);
    Vector H(d * d), work, w = fit.first();
    // v in the box; u = up - v, l = v + down; r = p - m with p u = m l = mu.
    Vector v(n, 0.0), u(n), l(n), p(n), m(n), r(n);
    f.residuals_at(w.data(), r.data());
    double size = 0;
    for (Index i = 0; i < n; ++i) size += std::abs(r[i]) / n;
    if (!(size > 0)) size = 1e-8;
    for (Index i = 0; i < n; ++i) {
      u[i] = std::max(up[i], 1e-12), l[i] = std::max(down[i], 1e-12);
      p[i] = std::max(r[i], 0.0) + 0.1 * size;
      m[i] = std::max(-r[i], 0.0) + 0.1 * size;
    }
    fit.start(w, v);
    Vector D(n), xi(n), dv(n), dp(n), dm(n), minus(n), Xdw(n), dw(d), rhs(d), Xv(d), cp(n, 0.0), cm(n, 0.0), t(n);
    const auto complementarity = [&] { return (dot(p, u) + dot(m, l)) / (2 * n); };
    for (;;) {
      double mu = complementarity();
      for (Index i = 0; i < n; ++i) D[i] = 1 / (p[i] / u[i] + m[i] / l[i]);
      f.gram(D.data(), H.data(), work);
      if (!factor_near(factor, H, d)) singular(run);
      f.residuals_at(w.data(), r.data());
      f.transposed(v.data(), Xv.data());
      // Newton: p u -> target + cp, m l -> target + cm, p - m -> r, X'v -> 0.
      const auto direction = [&](double target) {
        for (Index i = 0; i < n; ++i) {
          xi[i] = (target - cp[i]) / u[i] - (target - cm[i]) / l[i];  // new p - new m, without dv
          t[i] = D[i] * (r[i] - xi[i]);
        }
        f.transposed(t.data(), rhs.data());
        for (Index j = 0; j < d; ++j) dw[j] = rhs[j] + Xv[j];
        factor.solve(dw);
        f.residuals_at(dw.data(), Xdw.data());  // y - X dw
        for (Index i = 0; i < n; ++i) {
          const double change = f.targets()[i] - Xdw[i];
          dv[i] = D[i] * (r[i] - xi[i] - change);
          minus[i] = -dv[i];
          dp[i] = (target - cp[i] + p[i] * dv[i]) / u[i] - p[i];
          dm[i] = (target - cm[i] - m[i] * dv[i]) / l[i] - m[i];
        }
      };
      std::fill(cp.begin(), cp.end(), 0.0);
      std::fill(cm.begin(), cm.end(), 0.0);
      direction(0);
      double dual = std::min(1.0, std::min(longest(u, minus), longest(l, dv)));
      double primal = std::min(1.0, std::min(longest(p, dp), longest(m, dm)));
      double after = 0;
      for (Index i = 0; i < n; ++i) {
        after += (p[i] + primal * dp[i]) * (u[i] - dual * dv[i]) + (m[i] + primal * dm[i]) * (l[i] + dual * dv[i]);
      }
      after /= 2 * n;
      const double sigma = std::pow(after / mu, 3);
      for (Index i = 0; i < n; ++i) cp[i] = -dp[i] * dv[i], cm[i] = dm[i] * dv[i];
      direction(sigma * mu);
      dual = std::min(1.0, 0.9995 * std::min(longest(u, minus), longest(l, dv)));
      primal = std::min(1.0, 0.9995 * std::min(longest(p, dp), longest(m, dm)));
      axpy(dual, dv, v);
      axpy(primal, dw, w);
      for (Index i = 0; i < n; ++i) {
        u[i] -= dual * dv[i];
        l[i] += dual * dv[i];
        p[i] += primal * dp[i];
        m[i] += primal * dm[i];
      }
      if (!all_finite(w) || !all_finite(v)) run.fail(Status::diverged, "The iterates are no longer finite.");
      fit.step(w, v, primal, mu);
      if (std::max(primal, dual) < 1e-10 || fit.beyond_rounding(n * complementarity())) run.line_search_failed();
    }
  });
}

Result solve_max_fit(LinearFit& given, const SolveOptions& options) {
  Run run(given, options, "complementarity", 200);
  return run.guard([&] {
    FitBasis basis(given);
    LinearFit& f = basis.fit();
    const Index n = f.rows(), d = f.dim(), e = d + 1;
    Factor whole(e);
    FitRun fit(run, basis);
    Vector H(d * d), work, w = fit.first();
    Vector a(n, 0.5 / n), b(n, 0.5 / n), v(n, 0.0), s1(n), s2(n), r(n);
    f.residuals_at(w.data(), r.data());
    const double worst = norm_inf(r);
    double t = 1.1 * worst + (worst > 0 ? 0 : 1e-8);
    for (Index i = 0; i < n; ++i) s1[i] = t - r[i], s2[i] = t + r[i];
    fit.start(w, v);
    Vector K(e * e), sums(n), cross(d), rhs(e), z(e), dw(d), Xdw(n), da(n), db(n), ds1(n), ds2(n), g1(n), g2(n);
    Vector c1(n, 0.0), c2(n, 0.0), part(n), Xv(d);
    const auto complementarity = [&] { return (dot(a, s1) + dot(b, s2)) / (2 * n); };
    for (;;) {
      const double mu = complementarity();
      double total = 0;
      for (Index i = 0; i < n; ++i) {
        sums[i] = a[i] / s1[i] + b[i] / s2[i];
        part[i] = a[i] / s1[i] - b[i] / s2[i];
        total += sums[i];
      }
      f.gram(sums.data(), H.data(), work);
      f.transposed(part.data(), cross.data());
      for (Index i = 0; i < d; ++i) {
        std::copy(&H[i * d], &H[i * d] + d, &K[i * e]);
        K[i * e + d] = K[d * e + i] = cross[i];
      }
      K[d * e + d] = total;
      if (!factor_near(whole, K, e)) singular(run);
      f.residuals_at(w.data(), r.data());
      for (Index i = 0; i < n; ++i) v[i] = a[i] - b[i];
      f.transposed(v.data(), Xv.data());
      double mass = 0;
      for (Index i = 0; i < n; ++i) mass += a[i] + b[i];
      double dt = 0;
      // Newton with s1 = t - r and s2 = t + r kept up to their residuals.
      const auto direction = [&](double target) {
        double sum = 0;
        for (Index i = 0; i < n; ++i) {
          const double off1 = t - r[i] - s1[i], off2 = t + r[i] - s2[i];
          g1[i] = (target - c1[i] - a[i] * off1) / s1[i] - a[i];
          g2[i] = (target - c2[i] - b[i] * off2) / s2[i] - b[i];
          part[i] = g1[i] - g2[i];
          sum += g1[i] + g2[i];
        }
        f.transposed(part.data(), rhs.data());
        for (Index j = 0; j < d; ++j) z[j] = rhs[j] + Xv[j];
        z[d] = sum - (1 - mass);
        whole.solve(z);
        std::copy(z.begin(), z.begin() + d, dw.begin());
        dt = z[d];
        f.residuals_at(dw.data(), Xdw.data());
        for (Index i = 0; i < n; ++i) {
          const double change = f.targets()[i] - Xdw[i];
          da[i] = g1[i] - a[i] / s1[i] * (dt + change);
          db[i] = g2[i] - b[i] / s2[i] * (dt - change);
          ds1[i] = dt + change + (t - r[i] - s1[i]);
          ds2[i] = dt - change + (t + r[i] - s2[i]);
        }
      };
      std::fill(c1.begin(), c1.end(), 0.0);
      std::fill(c2.begin(), c2.end(), 0.0);
      direction(0);
      double primal = std::min(1.0, std::min(longest(s1, ds1), longest(s2, ds2)));
      double dual = std::min(1.0, std::min(longest(a, da), longest(b, db)));
      double after = 0;
      for (Index i = 0; i < n; ++i) {
        after += (a[i] + dual * da[i]) * (s1[i] + primal * ds1[i]) + (b[i] + dual * db[i]) * (s2[i] + primal * ds2[i]);
        c1[i] = da[i] * ds1[i];
        c2[i] = db[i] * ds2[i];
      }
      direction(std::pow(after / (2 * n) / mu, 3) * mu);
      primal = std::min(1.0, 0.9995 * std::min(longest(s1, ds1), longest(s2, ds2)));
      dual = std::min(1.0, 0.9995 * std::min(longest(a, da), longest(b, db)));
      axpy(primal, dw, w);
      t += primal * dt;
      axpy(primal, ds1, s1);
      axpy(primal, ds2, s2);
      axpy(dual, da, a);
      axpy(dual, db, b);
      for (Index i = 0; i < n; ++i) v[i] = a[i] - b[i];
      if (!all_finite(w) || !all_finite(v)) run.fail(Status::diverged, "The iterates are no longer finite.");
      fit.step(w, v, primal, mu);
      if (std::max(primal, dual) < 1e-10 || fit.beyond_rounding(n * complementarity())) run.line_search_failed();
    }
  });
}

}  // namespace steep
