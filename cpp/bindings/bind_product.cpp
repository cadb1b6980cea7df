// Dense products and factorizations of the level in use, for tests and benchmarks: strict dtypes, any strides for A and
// B.
#include <memory>
#include <optional>

#include "pybind.hpp"
#include "steep/kernels.hpp"
#include "steep/spread.hpp"

namespace steep {
namespace {

template <class T>
using Strided = py::array_t<T, 0>;

template <class T>
Index stride(const Strided<T>& a, int axis) {
  return a.strides(axis) / static_cast<Index>(sizeof(T));
}

// Room of `size` elements that starts on a cache line.
template <class T>
class Workspace {
 public:
  explicit Workspace(Index size) : values_(new T[static_cast<std::size_t>(size) + 64 / sizeof(T)]) {}
  T* data() {
    const auto address = reinterpret_cast<std::uintptr_t>(values_.get());
    return values_.get() + (64 - address % 64) % 64 / sizeof(T);
  }

 private:
  std::unique_ptr<T[]> values_;
};

template <class T>
void check_rows(const Strided<T>& a, const char* name) {
  require(a.ndim() == 2 && (a.shape(1) <= 1 || stride(a, 1) == 1),
          std::string(name) + " must be a matrix whose rows are contiguous");
}

template <class T>
Strided<T> multiply(const Strided<T>& a, const Strided<T>& b, const std::optional<Array<T>>& bias,
                    std::optional<Strided<T>> out, bool accumulate, bool relu, bool pack) {
  const auto& kernel = kernels<T>().product;
  require(a.ndim() == 2 && b.ndim() == 2 && a.shape(1) == b.shape(0),
          "a and b must be matrices with a.shape[1] == b.shape[0]");
  const Index m = a.shape(0), k = a.shape(1), n = b.shape(1);
  require(!bias || (bias->ndim() == 1 && bias->shape(0) == n), "bias must have one entry a column");
  if (!out) out = Strided<T>({m, n});
  check_rows(*out, "out");
  require(out->shape(0) == m && out->shape(1) == n, "out must have the shape of the product");
  Product<T> p;
  p.m = m, p.n = n, p.k = k;
  p.a = a.data(), p.a_row = stride(a, 0), p.a_col = stride(a, 1);
  p.b = b.data(), p.b_row = stride(b, 0), p.b_col = stride(b, 1);
  p.c = out->mutable_data(), p.c_row = stride(*out, 0);
  p.bias = bias ? bias->data() : nullptr;
  p.accumulate = accumulate, p.relu = relu;
  Workspace<T> workspace(pack ? kernel.packed_size(k, n) : kernel.workspace_size(m, n, k));
  py::gil_scoped_release release;
  p.workspace = workspace.data();
  if (pack) {
    kernel.pack(k, n, p.b, p.b_row, p.b_col, p.workspace);
    p.b = p.workspace, p.packed = true, p.workspace = nullptr;
  }
  kernel.multiply(p);
  return *out;
}

template <class T>
Strided<T> weighted_gram(const Strided<T>& x, const std::optional<Array<T>>& weight, Strided<T> out, bool accumulate) {
  check_rows(x, "x");
  check_rows(out, "out");
  require(!weight || (weight->ndim() == 1 && weight->shape(0) == x.shape(0)), "weight must have one entry a row");
  require(out.shape(0) == x.shape(1) && out.shape(1) == x.shape(1), "out must be square, as wide as x");
  Workspace<T> workspace(kernels<T>().product.gram_workspace(x.shape(1)));
  T* h = out.mutable_data();
  py::gil_scoped_release release;
  kernels<T>().product.weighted_gram(x.shape(0), x.shape(1), x.data(), stride(x, 0), weight ? weight->data() : nullptr,
                                     h, stride(out, 0), accumulate, workspace.data());
  return out;
}

template <class T>
Index cholesky(Strided<T> a, int n_threads) {
  check_rows(a, "a");
  require(a.shape(0) == a.shape(1), "a must be square");
  Workspace<T> workspace(kernels<T>().product.cholesky_workspace(a.shape(0)));
  T* values = a.mutable_data();
  py::gil_scoped_release release;
  Team team(n_threads);
  const Spread spread = spread_over(team);
  return kernels<T>().product.cholesky(a.shape(0), values, stride(a, 0), workspace.data(), &spread);
}

template <class T>
void solve(const Strided<T>& l, Array<T> x, bool transposed) {
  check_rows(l, "l");
  require(l.shape(0) == l.shape(1) && x.ndim() == 1 && x.shape(0) == l.shape(0), "l must be square, as long as x");
  const auto& kernel = kernels<T>().product;
  (transposed ? kernel.solve_lower_transposed : kernel.solve_lower)(l.shape(0), l.data(), stride(l, 0),
                                                                    x.mutable_data());
}

template <class T>
Array<T> matrix_vector(const Strided<T>& x, const Array<T>& w) {
  check_rows(x, "x");
  require(w.ndim() == 1 && w.shape(0) == x.shape(1), "w must have one entry a column of x");
  Array<T> y(x.shape(0));
  kernels<T>().product.matrix_vector(x.shape(0), x.shape(1), x.data(), stride(x, 0), w.data(), y.mutable_data());
  return y;
}

template <class T>
Array<T> transposed_vector(const Strided<T>& x, const Array<T>& v, std::optional<Array<T>> out) {
  check_rows(x, "x");
  require(v.ndim() == 1 && v.shape(0) == x.shape(0), "v must have one entry a row of x");
  const bool accumulate = out.has_value();
  if (!out) out = Array<T>(x.shape(1));
  require(out->ndim() == 1 && out->shape(0) == x.shape(1), "out must have one entry a column of x");
  kernels<T>().product.transposed_vector(x.shape(0), x.shape(1), x.data(), stride(x, 0), v.data(), out->mutable_data(),
                                         accumulate);
  return *out;
}

template <class T>
void define(py::module_& m) {
  m.def("multiply", &multiply<T>, py::arg("a").noconvert(), py::arg("b").noconvert(), py::kw_only(),
        py::arg("bias").noconvert() = py::none(), py::arg("out").noconvert() = py::none(),
        py::arg("accumulate") = false, py::arg("relu") = false, py::arg("pack") = false,
        "a b [+ out] [+ bias], [max(., 0)]; pack: b into panels first.");
  m.def("weighted_gram", &weighted_gram<T>, py::arg("x").noconvert(), py::arg("weight").noconvert(), py::kw_only(),
        py::arg("out").noconvert(), py::arg("accumulate") = false, "Lower triangle of x' diag(weight) x, into out.");
  m.def("cholesky", &cholesky<T>, py::arg("a").noconvert(), py::kw_only(), py::arg("n_threads") = 1,
        "Lower factor in place; 0 or the 1-based pivot that failed.");
  m.def("solve_lower", &solve<T>, py::arg("l").noconvert(), py::arg("x").noconvert(), py::kw_only(),
        py::arg("transposed") = false, "x <- l^-1 x, or l^-T x, in place.");
  m.def("matrix_vector", &matrix_vector<T>, py::arg("x").noconvert(), py::arg("w").noconvert(), "x w.");
  m.def("transposed_vector", &transposed_vector<T>, py::arg("x").noconvert(), py::arg("v").noconvert(), py::kw_only(),
        py::arg("out").noconvert() = py::none(), "x' v, added to out if given.");
}

}  // namespace

void register_product(py::module_& m) {
  define<float>(m);
  define<double>(m);
  m.def(
      "fma_peak",
      [](const py::dtype& dtype, double seconds) {
        require(dtype.kind() == 'f' && (dtype.itemsize() == 4 || dtype.itemsize() == 8),
                "dtype must be float32 or float64");
        py::gil_scoped_release release;
        return dtype.itemsize() == 4 ? kernels<float>().product.fma_peak(seconds)
                                     : kernels<double>().product.fma_peak(seconds);
      },
      py::arg("dtype"), py::arg("seconds") = 0.05, "GFLOP/s of this level's fused multiply-adds on one core.");
}

}  // namespace steep
