// Large pages for large arrays; see buffer.hpp.
#include "steep/buffer.hpp"

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace steep {

void ask_for_large_pages(void* first, std::size_t bytes) {
#ifdef MADV_HUGEPAGE
  madvise(first, bytes, MADV_HUGEPAGE);  // a wish: where it is refused, pages are small
#else
  (void)first, (void)bytes;
#endif
}

}  // namespace steep
