// Predictive standard deviations; see posterior.hpp.
#include "steep/posterior.hpp"

#include <algorithm>
#include <cmath>

#include "steep/derivatives.hpp"
#include "steep/kernels.hpp"
#include "steep/pass.hpp"

namespace steep {
namespace {

constexpr Index block_entries = Index{1} << 20, task_rows = 64;

}  // namespace

bool predictive_deviation(const Network<double>& net, const double* w, const double* state, const Dataset<double>& data,
                          const double* out_scale, const double* root, double* deviation, int n_threads,
                          Monitor& monitor) {
  const Index k = net.outputs(), p = net.parameter_count();
  const auto& product = kernels<double>().product;
  const Index block = std::min(data.n, std::max<Index>(task_rows, block_entries / (k * p)));
  const double flops = 2.0 * static_cast<double>(block * k) * static_cast<double>(p) * static_cast<double>(p);
  Team team(worthwhile_threads(flops / 20, n_threads));
  Buffer<double> J(block * k * p), packed(product.packed_size(p, p));
  product.pack(p, p, root, p, 1, packed.data());
  std::vector<Buffer<double>> scaled;
  for (int i = 0; i < team.size(); ++i) scaled.emplace_back(task_rows * p);
  for (Index first = 0; first < data.n; first += block) {
    Dataset<double> rows = data;
    rows.n = std::min(block, data.n - first);
    const Index bytes = data.element == Element::uint8 ? 1 : data.element == Element::float32 ? 4 : 8;
    rows.x = static_cast<const char*>(data.x) + first * data.row_stride * bytes;
    if (!jacobian(net, w, state, rows, Wrt::parameters, out_scale, J.data(), n_threads, monitor)) return false;
    const Index m = rows.n * k;
    team.run((m + task_rows - 1) / task_rows, [&](Index task, int member) {
      const Index r0 = task * task_rows, count = std::min(task_rows, m - r0);
      double* z = scaled[static_cast<std::size_t>(member)].data();
      Product<double> q;
      q.m = count;
      q.n = q.k = p;
      q.a = J.data() + r0 * p;
      q.a_row = p;
      q.b = packed.data();
      q.packed = true;
      q.c = z;
      q.c_row = p;
      product.multiply(q);
      for (Index r = 0; r < count; ++r) {
        double sum = 0;
        for (Index j = 0; j < p; ++j) sum += z[r * p + j] * z[r * p + j];
        deviation[first * k + r0 + r] = std::sqrt(sum);
      }
    });
  }
  return true;
}

}  // namespace steep
