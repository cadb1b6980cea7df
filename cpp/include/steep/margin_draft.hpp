// A point near the solution of a margin problem (margin.hpp, q = 1) of many rows, for a few passes over them: Newton's method
// on terms whose corner is rounded over a width, first on a sample of rows, then on all.
#pragma once
#include "steep/margin.hpp"
#include "steep/run.hpp"

namespace steep {

struct MarginDraft {
  Vector w, z;  // coefficients, and the scores of all rows
  // Rows whose terms lie further from their corner are likely on the side where the solution has them.
  double reach = 0;
};

// Whether rows are many enough, and dense.
bool draft_pays(MarginProblem& problem);

// Where it pays; false when the steps lead nowhere. Points on its way are offered to the run, for one that is cut short.
bool draft_margin(MarginProblem& problem, Run& run, MarginDraft& out);

}  // namespace steep
