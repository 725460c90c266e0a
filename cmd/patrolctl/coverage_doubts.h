#pragma once

#include <string>

#include "absl/time/time.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/window_files.h"

// What a window's input looks like when files of two towns, or of two days, were put together: a
// result all zero is right then, and of no use to anybody. Said on stderr; nothing is refused.
namespace patrol::ctl {

struct WindowInput {
  std::string fixes_path;
  std::string areas_path;
  absl::Time first_fix;
  absl::Time last_fix;
  absl::Time from;  // of the window
  absl::Time to;
};

// Most positions further from the network than units are placed on it.
void WarnOfOtherNetwork(const WindowInput& input, const coverage::FixCounts& counts);

// No fix within the window, or no area with a patrollable road of the network.
void WarnOfEmptyWindow(const WindowInput& input, const coverage::AreaIndex& index);

}  // namespace patrol::ctl
