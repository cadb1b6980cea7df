// Norms and products of vectors that every solver needs.
#pragma once
#include "steep/objective.hpp"

namespace steep {

double norm_inf(const Vector& v);  // NaN where an entry is
double norm2(const Vector& v);
double dot(const Vector& a, const Vector& b);
void axpy(double a, const Vector& x, Vector& y);  // y += a x
bool all_finite(const Vector& v);

}  // namespace steep
