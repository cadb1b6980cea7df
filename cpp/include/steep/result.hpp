// What a solver returns: never an exception for not converging.
#pragma once
#include <string>
#include <vector>

#include "steep/index.hpp"
#include "steep/objective.hpp"

namespace steep {

enum class Status : int {
  converged,
  max_iter,
  max_time,
  line_search_failed,
  not_positive_definite,
  diverged,
  unbounded,
  infeasible,
  singular,
  interrupted,
};
inline constexpr const char* status_names[] = {
    "converged", "max_iter",  "max_time",   "line_search_failed", "not_positive_definite",
    "diverged",  "unbounded", "infeasible", "singular",           "interrupted"};

// One row an accepted iteration. `extra` is the method's own column (damping, shift, radius); NaN where it has none.
struct TraceRow {
  double fun, gradient_norm, step_size, seconds, extra;
};

struct Result {
  Vector x;        // the best point seen
  double fun = 0;  // objective there, nonsmooth part included
  Vector jac;      // gradient of the smooth part there
  Status status = Status::max_iter;
  std::string message;
  Index nit = 0, nfev = 0, njev = 0, nhev = 0;
  std::vector<TraceRow> trace;  // row 0 is the start
  std::string extra_name;       // of TraceRow::extra, or empty
  // Certificate: kind ("gradient_norm", "duality_gap", "kkt_residual", "prox_gradient_norm"), its value, and the bound
  // on f - f* it implies (infinite when none is known).
  std::string certificate_kind;
  double certificate = 0, suboptimality_bound = 0;
  Vector direction;  // of unboundedness, where status says so
  Vector multipliers;
};

}  // namespace steep
