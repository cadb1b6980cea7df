// CSR matrices as they cross the border: int64 starts of rows, int32 columns that ascend within a row.
#pragma once
#include "pybind.hpp"

namespace steep {

// The number of rows.
inline Index check_csr(const Array<std::int64_t>& start, const Array<std::int32_t>& column, Index entries,
                       Index columns) {
  const Index n = start.size() - 1;
  require(n > 0 && columns > 0, "X must be a matrix with rows and columns");
  require(start.at(0) == 0 && start.at(n) == entries && column.size() == entries,
          "start must run from 0 to the number of entries");
  for (Index i = 0; i < n; ++i) {
    require(start.data()[i] <= start.data()[i + 1], "start must not descend");
    for (Index p = start.data()[i]; p < start.data()[i + 1]; ++p) {
      const std::int32_t j = column.data()[p];
      require(j >= 0 && j < columns && (p == start.data()[i] || j > column.data()[p - 1]),
              "column must ascend within a row and stay below columns");
    }
  }
  return n;
}

}  // namespace steep
