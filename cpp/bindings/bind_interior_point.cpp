// Interior points and the problems they take.
#include <Eigen/Core>
#include "csr.hpp"
#include "pybind.hpp"

#include "steep/interior_point.hpp"

namespace steep {
namespace {

QuadraticProgram::Matrix matrix_of(const Array<double>& a, Index columns, const char* name) {
  require(a.ndim() == 2 && (a.shape(0) == 0 || a.shape(1) == columns),
          std::string(name) + " must have " + std::to_string(columns) + " columns");
  return Eigen::Map<const QuadraticProgram::Matrix>(a.data(), a.shape(0), columns);
}

QuadraticProgram::Column column_of(const Array<double>& a, Index size, const char* name) {
  require(a.ndim() == 1 && a.shape(0) == size, std::string(name) + " must have length " + std::to_string(size));
  return Eigen::Map<const QuadraticProgram::Column>(a.data(), size);
}

std::unique_ptr<LinearFit> fit_of(FitRows X, const Array<double>& y, Vector up, Vector down) {
  require(y.ndim() == 1 && y.size() == X.n, "X and y must have as many rows");
  require(up.size() == down.size() && (up.empty() || static_cast<Index>(up.size()) == X.n),
          "up and down must be empty or as long as y");
  return std::make_unique<LinearFit>(std::move(X), Vector(y.data(), y.data() + y.size()), std::move(up),
                                     std::move(down));
}

}  // namespace

void register_interior_point(py::module_& m) {
  py::class_<LinearFit, Objective>(m, "LinearFit", "Linear models fitted by absolute or largest errors.")
      .def(py::init([](const Array<double>& X, const Array<double>& y, bool intercept, Vector up, Vector down) {
             require(X.ndim() == 2, "X must be a matrix");
             const Index n = X.shape(0), d = X.shape(1), columns = d + intercept;
             FitRows rows{n, columns, Buffer<double>(n * columns), {}, {}};
             for (Index i = 0; i < n; ++i) {
               double* row = rows.values.data() + i * columns;
               std::copy(X.data() + i * d, X.data() + (i + 1) * d, row);
               if (intercept) row[d] = 1;
             }
             return fit_of(std::move(rows), y, std::move(up), std::move(down));
           }),
           py::arg("X").noconvert(), py::arg("y").noconvert(), py::kw_only(), py::arg("intercept"), py::arg("up"),
           py::arg("down"))
      .def(py::init([](const Array<std::int64_t>& start, const Array<std::int32_t>& column, const Array<double>& data,
                       Index columns, const Array<double>& y, bool intercept, Vector up, Vector down) {
             const Index n = check_csr(start, column, data.size(), columns);
             FitRows rows{n, columns + intercept, Buffer<double>(data.size() + intercept * n), {}, {}};
             rows.start.reserve(n + 1), rows.column.reserve(rows.values.size());
             for (Index i = 0; i < n; ++i) {
               rows.start.push_back(static_cast<std::int64_t>(rows.column.size()));
               for (Index p = start.data()[i]; p < start.data()[i + 1]; ++p) {
                 rows.values[static_cast<Index>(rows.column.size())] = data.data()[p];
                 rows.column.push_back(column.data()[p]);
               }
               if (!intercept) continue;
               rows.values[static_cast<Index>(rows.column.size())] = 1;
               rows.column.push_back(static_cast<std::int32_t>(columns));
             }
             rows.start.push_back(static_cast<std::int64_t>(rows.column.size()));
             return fit_of(std::move(rows), y, std::move(up), std::move(down));
           }),
           py::arg("start").noconvert(), py::arg("column").noconvert(), py::arg("data").noconvert(), py::arg("columns"),
           py::arg("y").noconvert(), py::kw_only(), py::arg("intercept"), py::arg("up"), py::arg("down"));
  py::class_<QuadraticProgram, Objective>(m, "QuadraticProgram", "A linear or convex quadratic program.")
      .def(py::init([](const py::object& Q, const Array<double>& c, double constant, const Array<double>& A,
                       const Array<double>& b, const Array<double>& G, const Array<double>& h,
                       const Array<double>& lower, const Array<double>& upper) {
             const Index n = c.size();
             auto program = std::make_unique<QuadraticProgram>();
             if (!Q.is_none()) {
               const auto given = matrix_of(Q.cast<Array<double>>(), n, "Q");
               require(given.rows() == n, "Q must be square");
               program->Q = 0.5 * (given + given.transpose());
             }
             program->c = column_of(c, n, "c");
             program->constant = constant;
             program->A = matrix_of(A, n, "A");
             program->b = column_of(b, program->A.rows(), "b");
             program->G = matrix_of(G, n, "G");
             program->h = column_of(h, program->G.rows(), "h");
             program->lower = column_of(lower, n, "lower");
             program->upper = column_of(upper, n, "upper");
             return program;
           }),
           py::arg("Q"), py::arg("c").noconvert(), py::kw_only(), py::arg("constant"), py::arg("A").noconvert(),
           py::arg("b").noconvert(), py::arg("G").noconvert(), py::arg("h").noconvert(), py::arg("lower").noconvert(),
           py::arg("upper").noconvert());
  py::class_<InteriorPoint, Solver>(m, "InteriorPoint", "Primal-dual interior point.").def(py::init<>());
  py::enum_<BarrierMethod::Curvature>(m, "Curvature", "Where a barrier method's Hessian comes from.")
      .value("exact", BarrierMethod::Curvature::exact)
      .value("differences", BarrierMethod::Curvature::differences)
      .value("bfgs", BarrierMethod::Curvature::bfgs);
  py::class_<BarrierMethod, Solver>(m, "BarrierMethod", "Log barrier for smooth constraints.")
      .def(py::init<Objective&, Index, BarrierMethod::Curvature>(), py::arg("constraints"), py::arg("equalities"),
           py::arg("curvature"), py::keep_alive<1, 2>());
}

}  // namespace steep
