#pragma once

#include <array>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/road_options.h"
#include "lib/patrol/roadnet/search_graph.h"

namespace patrol::roadnet {

// Rules of the road that do not bind a mode: some when the network is read, some when it is
// searched.
struct Waivers {
  std::array<bool, kModeCount> access{};
  std::array<bool, kModeCount> barriers{};
  std::array<SearchGraph::Options, kModeCount> graphs{};

  // Whether any of them has to be known when the network is read.
  bool in_network() const;
  void AddTo(RoadOptions* options) const;
};

// Reads "car=one-way+restrictions+turning-round+access+barriers,motorcycle=emergency": `emergency`
// is all five, mode `all` every one but foot.
//
// Errors: INVALID_ARGUMENT naming the word.
absl::StatusOr<Waivers> ParseWaivers(std::string_view text);

}  // namespace patrol::roadnet
