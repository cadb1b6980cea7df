// Not written yet.
#include "level.hpp"

namespace steep {
template <class T> void fill(ActivationKernels<T>& table) { table = {}; }
template void fill(ActivationKernels<float>&);
template void fill(ActivationKernels<double>&);
}  // namespace steep
