// The one pointer to the kernels of the level in use.
#include "steep/kernels.hpp"

namespace steep {
const KernelTable* kernel_table = nullptr;
}  // namespace steep
