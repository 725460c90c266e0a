#include "lib/patrol/roadnet/waivers.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lib/base/status.h"

namespace patrol::roadnet {
namespace {

absl::Status Waive(absl::string_view what, size_t mode, Waivers* waivers) {
  const bool all = what == "emergency";
  SearchGraph::Options& graph = waivers->graphs[mode];
  bool known = all;
  const auto set = [&](absl::string_view name, bool* flag) {
    if (all || what == name) *flag = known = true;
  };
  set("one-way", &graph.ignore_one_way);
  set("restrictions", &graph.ignore_restrictions);
  set("turning-round", &graph.u_turns);
  set("access", &waivers->access[mode]);
  set("barriers", &waivers->barriers[mode]);
  if (known) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", what, "\" is not one-way, restrictions, turning-round, access, barriers, emergency"));
}

bool Any(const std::array<bool, kModeCount>& flags) {
  return std::find(flags.begin(), flags.end(), true) != flags.end();
}

}  // namespace

bool Waivers::in_network() const { return Any(access) || Any(barriers); }

void Waivers::AddTo(RoadOptions* options) const {
  for (size_t m = 0; m < kModeCount; ++m) {
    options->waive_access[m] |= access[m];
    options->waive_barriers[m] |= barriers[m];
  }
}

absl::StatusOr<Waivers> ParseWaivers(std::string_view text) {
  Waivers waivers;
  for (const absl::string_view part :
       absl::StrSplit(absl::string_view(text.data(), text.size()), ',', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> named = absl::StrSplit(part, absl::MaxSplits('=', 1));
    Mode only = Mode::kCar;
    const bool every = named.first == "all";
    if (!every && !ParseMode(named.first, &only)) {
      return absl::InvalidArgumentError(absl::StrCat("no mode \"", named.first, "\""));
    }
    for (const absl::string_view what : absl::StrSplit(named.second, '+')) {
      for (size_t m = 0; m < kModeCount; ++m) {
        const Mode mode = static_cast<Mode>(m);
        if (every ? mode == Mode::kFoot : mode != only) continue;
        PATROL_RETURN_IF_ERROR(Waive(what, m, &waivers));
      }
    }
  }
  return waivers;
}

}  // namespace patrol::roadnet
