#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/geo/lonlat.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/way_rules.h"

namespace patrol::roadnet {

// Values of a column that say nothing known: how often, and the first few by name.
struct UnknownValues {
  static constexpr size_t kNamedMax = 20;

  void Add(const std::string& value);
  // "国道 512, 县道 300, ...", the most frequent first; at most `count_max` of them.
  std::string Text(size_t count_max) const;

  size_t count = 0;
  std::map<std::string, size_t> named;
};

// What became of the input. Everything dropped or ignored is counted here.
struct NetworkReport {
  size_t ways_read = 0;       // with a highway tag
  size_t ways_used = 0;       // at least one piece came of them
  size_t ways_not_roads = 0;  // construction, proposed and the like
  size_t ways_closed = 0;     // usable by no mode, or a dropped class
  size_t ways_reversible = 0;
  size_t segments_zero_length = 0;   // dropped: twice the same node
  size_t segments_missing_node = 0;  // dropped: a node that is not in the file
  size_t times_capped = 0;           // arcs that take longer than TravelTimeUs can say (71 min)
  // of vector files
  size_t features_without_line = 0;
  size_t ends_joined = 0;  // to another line's vertex within the tolerance
  std::vector<int64_t> ways_self_crossing;
  UnknownValues classes_unknown;   // of ways whose class is none of OSM's: RoadClass::kOther
  UnknownValues one_ways_unknown;  // of ways taken for two-way
  UnknownValues speeds_unknown;    // of ways taken to have no posted limit
  size_t barriers = 0;             // nodes that some mode cannot pass
  size_t restrictions_read = 0;
  size_t restrictions_used = 0;
  std::map<std::string, size_t> restrictions_ignored;  // by reason
};

// Makes networks, from a file's objects or by hand in tests.
//
// Use: NetworkBuilder builder;
//      builder.AddNode(1, {113.0, 22.9}); builder.AddNode(2, {113.001, 22.9});
//      builder.AddWay({.id = 10, .nodes = {1, 2}, .rules = ReadWayRules(tags, options)});
//      absl::StatusOr<Network> network = std::move(builder).Build();
//
// Threads: none; one thread at a time.
class NetworkBuilder {
 public:
  struct Way {
    int64_t id = 0;
    std::vector<int64_t> nodes;  // ids, in the way's order
    WayRules rules;              // rules.name is copied
    // Indices i, ascending, where no road leads from nodes[i] to nodes[i + 1]: the parts of a line
    // of several. `seq` counts them all the same.
    std::vector<size_t> gaps = {};
  };
  struct Restriction {
    int64_t relation_id = 0;
    RestrictionRules rules;
    std::vector<int64_t> from_ways;
    std::optional<int64_t> via_node;  // or else via_ways
    std::vector<int64_t> via_ways;    // in order from `from` to `to`, or the reverse
    std::vector<int64_t> to_ways;
  };

  NetworkBuilder();
  ~NetworkBuilder();
  NetworkBuilder(NetworkBuilder&&) noexcept;
  NetworkBuilder& operator=(NetworkBuilder&&) noexcept;

  void AddNode(int64_t id, geo::LonLat place);
  void AddWay(const Way& way);
  void AddRestriction(Restriction restriction);
  // modes: bit set (1 << Mode) of those that cannot pass the node (ReadBarrier).
  void AddBarrier(int64_t node_id, uint8_t modes);

  // The network. Nodes in order of id (only those of some piece), pieces of (way_id, seq).
  //
  // report: filled where given; ways_read and the like count what was added here.
  // Errors: INVALID_ARGUMENT for a way or node id given twice (with different places), a coordinate
  //         out of range; RESOURCE_EXHAUSTED beyond limits::kPiecesMax.
  absl::StatusOr<Network> Build(NetworkReport* report = nullptr) &&;

 private:
  struct Input;
  std::unique_ptr<Input> input_;
};

}  // namespace patrol::roadnet
