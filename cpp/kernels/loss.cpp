// Not written yet.
#include "level.hpp"

namespace steep {
template <class T> void fill(LossKernels<T>& table) { table = {}; }
template void fill(LossKernels<float>&);
template void fill(LossKernels<double>&);
}  // namespace steep
