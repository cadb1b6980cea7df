// Exact derivatives of a network, row by row: Jacobians of the outputs, and gradients of each row's own loss.
//
// One backward pass an output, at the rows' activations; results go straight into the caller's array, so memory beyond
// it is bounded by a chunk of rows.
#pragma once
#include "steep/pass.hpp"

namespace steep {

enum class Wrt : int { parameters, inputs };

// J (n, outputs, size), size = parameter_count or inputs; out_scale (outputs) or null multiplies. With respect to the
// inputs as they are given: an input scale of the data set counts. False when the monitor stopped it.
template <class T>
bool jacobian(const Network<T>& net, const T* w, const T* state, const Dataset<T>& data, Wrt wrt, const T* out_scale,
              T* J, int n_threads, Monitor& monitor);

// G (n, size): the gradient of weight_i l(h(x_i; w), y_i).
template <class T>
bool row_gradients(const Network<T>& net, const T* w, const T* state, const Dataset<T>& data, const LossPlan& plan,
                   Wrt wrt, T* G, int n_threads, Monitor& monitor);

}  // namespace steep
