// Not written yet.
#include "level.hpp"

namespace steep {
template <class T> void fill(GatherKernels<T>& table) { table = {}; }
template void fill(GatherKernels<float>&);
template void fill(GatherKernels<double>&);
}  // namespace steep
