#pragma once

// PATROL_CHECK(condition): stops the program when an invariant of our own code is broken, in every
// build. Never for input: input gets an absl::Status.
#define PATROL_CHECK(condition) \
  ((condition) ? void(0) : ::patrol::CheckFailed(#condition, __FILE__, __LINE__))

namespace patrol {

[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace patrol
