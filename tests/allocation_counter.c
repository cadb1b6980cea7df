/* Counts every allocation of a process when preloaded; operator new ends in these too. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);

static atomic_long count;
long allocation_count(void) { return atomic_load(&count); }

void* malloc(size_t n) { return atomic_fetch_add(&count, 1), __libc_malloc(n); }
void* calloc(size_t n, size_t size) { return atomic_fetch_add(&count, 1), __libc_calloc(n, size); }
void* realloc(void* p, size_t n) { return atomic_fetch_add(&count, 1), __libc_realloc(p, n); }
void* memalign(size_t a, size_t n) { return atomic_fetch_add(&count, 1), __libc_memalign(a, n); }
void* aligned_alloc(size_t a, size_t n) { return atomic_fetch_add(&count, 1), __libc_memalign(a, n); }
int posix_memalign(void** p, size_t a, size_t n) {
  atomic_fetch_add(&count, 1);
  *p = __libc_memalign(a, n);
  return *p ? 0 : ENOMEM;
}
