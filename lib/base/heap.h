#pragma once

namespace patrol {

// How glibc's heaps are kept small in a process of hundreds of cameras, whose coded pictures and
// decoders come and go between what stays. Figures: benchmarks/RESULTS.md, "What took the memory".

// Few heaps, and large blocks beside them. Before the first other thread.
void SetUpHeaps();

// Hands to the system the whole pages that lie free between what stays: glibc does so at the end of
// a heap alone, where something always stays. A heap is locked while it is looked through: some
// milliseconds at seven hundred cameras, so not more often than once in tens of seconds.
//
// Threads: any.
void GiveBackFreedMemory();

}  // namespace patrol
