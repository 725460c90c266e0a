#include "lib/base/heap.h"

#include <malloc.h>

namespace patrol {
namespace {

// Each of the heaps keeps what its own threads have freed: three for all threads. Pictures come and
// go; between the small things that stay they left holes that nothing fitted into, so that they lie
// beside the heaps.
constexpr int kHeapsMax = 3;
constexpr int kBesideHeapsFrom = 128 * 1024;  // bytes

}  // namespace

void SetUpHeaps() {
  mallopt(M_ARENA_MAX, kHeapsMax);
  mallopt(M_MMAP_THRESHOLD, kBesideHeapsFrom);
}

void GiveBackFreedMemory() { malloc_trim(0); }

}  // namespace patrol
