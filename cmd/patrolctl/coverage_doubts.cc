#include "cmd/patrolctl/coverage_doubts.h"

#include <cinttypes>
#include <cstdint>
#include <cstdio>

#include "lib/base/time_text.h"
#include "lib/patrol/tracks/attach.h"

namespace patrol::ctl {

void WarnOfOtherNetwork(const WindowInput& input, const coverage::FixCounts& counts) {
  const uint64_t placed = counts.matched + counts.attached;
  if (counts.off_network <= placed) return;
  std::fprintf(
      stderr,
      "warning: %s: %" PRIu64 " of %" PRIu64
      " positions are further than %.0f m from any road of the network and cover nothing\n",
      input.fixes_path.c_str(), counts.off_network, counts.off_network + placed,
      tracks::AttachLimitM());
}

void WarnOfEmptyWindow(const WindowInput& input, const coverage::AreaIndex& index) {
  if (input.last_fix < input.from || input.first_fix >= input.to) {
    std::fprintf(stderr, "warning: %s: its fixes, %s .. %s, are not of the window %s .. %s\n",
                 input.fixes_path.c_str(), FormatUtc(input.first_fix).c_str(),
                 FormatUtc(input.last_fix).c_str(), FormatUtc(input.from).c_str(),
                 FormatUtc(input.to).c_str());
  }
  for (size_t area = 0; area < index.areas().size(); ++area) {
    if (index.patrollable_um(area) > 0) return;
  }
  if (index.areas().empty()) return;
  std::fprintf(stderr, "warning: %s: none of its areas has a patrollable road of the network\n",
               input.areas_path.c_str());
}

}  // namespace patrol::ctl
