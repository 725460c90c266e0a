#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace patrol::rtsp {

// Faults of the other side that were survived, counted by name. Names are ours, never the camera's,
// so their number is bounded.
using QuirkCounts = std::map<std::string, int64_t, std::less<>>;

inline void CountQuirk(QuirkCounts* counts, std::string_view name, int64_t by = 1) {
  const auto found = counts->find(name);
  if (found != counts->end()) {
    found->second += by;
  } else {
    counts->emplace(std::string(name), by);
  }
}

}  // namespace patrol::rtsp
