// Not written yet.
#include "level.hpp"

namespace steep {
template <class T> void fill(RuleKernels<T>& table) { table = {}; }
template void fill(RuleKernels<float>&);
template void fill(RuleKernels<double>&);
}  // namespace steep
