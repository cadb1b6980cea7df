// Initial weights of a layer: names, and the random matrices they stand for.
//
// fan_in and fan_out count the entries that one output (input) entry depends on (acts on).
#pragma once
#include <cstdint>

#include "steep/index.hpp"

namespace steep {

enum class Initialization : int {
  zeros,
  normal,         // N(0, 0.01^2)
  uniform,        // U(-0.05, 0.05)
  glorot_normal,  // variance 2 / (fan_in + fan_out)   (Glorot and Bengio, AISTATS 2010, equation 16)
  glorot_uniform,
  he_normal,  // variance 2 / fan_in               (He, Zhang, Ren, Sun, ICCV 2015, equation 10)
  he_uniform,
  lecun_normal,  // variance 1 / fan_in               (LeCun, Bottou, Orr, Mueller, 1998, section 4.6)
  lecun_uniform,
  orthogonal,     // rows or columns orthonormal, from the QR of a normal matrix (Saxe, McClelland, Ganguli, ICLR 2014)
  nguyen_widrow,  // rows of norm 0.7 out^(1/in), biases spread over them, for inputs in [-1, 1] (IJCNN 1990)
};
inline constexpr const char* initialization_names[] = {"zeros",          "normal",     "uniform",      "glorot_normal",
                                                       "glorot_uniform", "he_normal",  "he_uniform",   "lecun_normal",
                                                       "lecun_uniform",  "orthogonal", "nguyen_widrow"};

// weight (out, in) row-major and bias (out); the same for the same seed and stream, whatever else is drawn.
void initialize(Initialization kind, Index out, Index in, Index fan_in, Index fan_out, std::uint64_t seed,
                std::uint32_t stream, double* weight, double* bias);

}  // namespace steep
