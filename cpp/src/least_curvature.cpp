// Lanczos's method with full reorthogonalization, from a fixed random start (Golub and Van Loan, section 10.1): after k
// products the extreme eigenvalues of the k x k tridiagonal matrix are those of H nearly. k products, O(k dim) memory,
// O(k^2 dim) operations.
#include "least_curvature.hpp"

#include <algorithm>
#include <random>

#include "steep/decomposition.hpp"

namespace steep {
namespace {

constexpr Index most_kept = Index{1} << 23;  // entries of the basis: 64 MB
constexpr int steps_a_look = 4;

Vector random_unit(Index n) {
  std::mt19937_64 generator(42);
  std::normal_distribution<double> normal;
  Vector v(n);
  for (double& value : v) value = normal(generator);
  const double size = norm2(v);
  for (double& value : v) value /= size;
  return v;
}

}  // namespace

LeastCurvature least_curvature(Run& run, const Vector& x, int most) {
  const Index n = static_cast<Index>(x.size());
  const Index limit = std::min<Index>({n, most, std::max<Index>(most_kept / n, 2)});
  LeastCurvature found;
  std::vector<Vector> basis{random_unit(n)};
  Vector T(limit * limit, 0.0), Hv(n);
  for (Index k = 0; k < limit; ++k) {
    run.hessian_product(x, basis[k], Hv);
    ++found.products;
    if (!all_finite(Hv)) return {};
    T[k * limit + k] = dot(basis[k], Hv);
    for (int round = 0; round < 2; ++round)
      for (const Vector& v : basis) axpy(-dot(v, Hv), v, Hv);
    const double left = norm2(Hv);
    const bool last = k + 1 == limit || !(left > 1e-12 * (found.largest + std::abs(T[k * limit + k])));
    if (last || (k + 1) % steps_a_look == 0) {
      const Index size = k + 1;
      Vector small(size * size);
      for (Index i = 0; i < size; ++i) std::copy_n(&T[i * limit], size, &small[i * size]);
      const SymmetricEigen eigen(small.data(), size, SymmetricEigen::values_and_vectors);
      const Vector s = eigen.vector(0);
      found.value = eigen.values[0];
      found.largest = eigen.largest();
      found.error = left * std::abs(s.back());
      if (last || found.value < -curvature_noise * found.largest || found.error <= 0.01 * found.value) {
        found.direction.assign(n, 0.0);
        for (Index i = 0; i < size; ++i) axpy(s[i], basis[i], found.direction);
        return found;
      }
    }
    T[k * limit + k + 1] = T[(k + 1) * limit + k] = left;
    for (double& value : Hv) value /= left;
    basis.push_back(Hv);
  }
  return found;
}

}  // namespace steep
