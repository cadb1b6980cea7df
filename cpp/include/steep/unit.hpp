// Steps on the weights of whole units: those that go into one unit of a dense layer, or one filter.
//
// The group penalty's proximal step, for a rule that moves entry i by s_i times a constant gradient: the minimizer x of
// sum_i (x_i - u_i)^2 / (2 s_i) + lambda ||x||. It is zero where ||u / s|| <= lambda, else x_i = u_i t / (t + lambda
// s_i) with t = ||x|| the root of sum_i u_i^2 / (t + lambda s_i)^2 = 1 (one s for all: x = (1 - lambda s / ||u||) u).
// An l1 penalty's step before it makes both exact. Newton's method on (sum ...)^(-1/2), which is concave in t, climbs
// to the root from below (as More and Sorensen's for trust regions): a few passes over the unit.
#pragma once
#include "steep/layer.hpp"

namespace steep {

// Weights of a unit of the layer that has the parameter `at`, which may lie in a block of layers.
template <class T>
Index unit_size(const Layer<T>& layer, Index at);

// The proximal step of lambda ||w|| on each unit of w (n), in place; scales: s above, (n).
template <class T>
void shrink_units(Index n, Index unit, double lambda, const T* scales, T* w);

// The projection of each unit onto the ball of radius `limit`.
template <class T>
void limit_norms(Index n, Index unit, double limit, T* w);

}  // namespace steep
