// The integer of every size and stride in steep.
#pragma once
#include <cstddef>
#include <cstdint>

namespace steep {
using Index = std::ptrdiff_t;
}  // namespace steep
