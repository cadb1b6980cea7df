// Towards feasibility for the barrier method: a least value of the violation 1/2 |c_E|^2 + 1/2 |min(c_I, 0)|^2.
#pragma once
#include "steep/run.hpp"

namespace steep {

// By damped Gauss-Newton steps from x, the residuals of `constraints` being equalities and then inequalities;
// `steepest` is the largest entry of a Jacobian known. Ends the run as infeasible where the violation is stationary
// above zero; true where the constraints are met, x being such a point; false where nothing was decided.
bool restore_feasibility(Run& run, Objective& constraints, Index equalities, double steepest, Vector& x);

}  // namespace steep
