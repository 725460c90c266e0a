#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/check.h"
#include "lib/geo/lonlat.h"
#include "lib/patrol/roadnet/network_builder.h"
#include "lib/patrol/roadnet/road_options.h"
#include "lib/patrol/roadnet/way_rules.h"

namespace patrol::testing {

// Draws a small network by hand, in metres around (113.0 E, 22.9 N). For programs that link
// roadnet.
//
// Use: NetworkSketch sketch;
//      sketch.Node(1, 0, 0).Node(2, 100, 0).Node(3, 200, 0);
//      sketch.Way(10, {1, 2, 3}).Way(11, {2, 4}, {{"oneway", "yes"}});
//      sketch.Restriction("no_left_turn", 10, 2, 11);
//      roadnet::Network network = sketch.Build();
class NetworkSketch {
 public:
  static constexpr geo::LonLat kOrigin{113.0, 22.9};

  explicit NetworkSketch(roadnet::RoadOptions options = {}) : options_(std::move(options)) {}

  NetworkSketch& Node(int64_t id, double east_m, double north_m) {
    builder_.AddNode(id, geo::LocalPlane(kOrigin).ToLonLat({east_m, north_m}));
    return *this;
  }

  // A residential road unless `tags` say otherwise.
  NetworkSketch& Way(int64_t id, std::vector<int64_t> nodes, roadnet::Tags tags = {}) {
    bool has_class = false;
    for (const auto& [key, value] : tags) has_class |= key == "highway";
    if (!has_class) tags.emplace_back("highway", "residential");
    builder_.AddWay({id, std::move(nodes), roadnet::ReadWayRules(tags, options_)});
    return *this;
  }

  NetworkSketch& Restriction(std::string_view kind, int64_t from_way, int64_t via_node,
                             int64_t to_way) {
    roadnet::NetworkBuilder::Restriction restriction = Rules(kind, from_way, to_way);
    restriction.via_node = via_node;
    builder_.AddRestriction(std::move(restriction));
    return *this;
  }

  NetworkSketch& RestrictionOverWays(std::string_view kind, int64_t from_way,
                                     std::vector<int64_t> via_ways, int64_t to_way) {
    roadnet::NetworkBuilder::Restriction restriction = Rules(kind, from_way, to_way);
    restriction.via_ways = std::move(via_ways);
    builder_.AddRestriction(std::move(restriction));
    return *this;
  }

  // A relation with these tags; "type" is there already.
  NetworkSketch& TaggedRestriction(roadnet::Tags tags, int64_t from_way,
                                   std::vector<int64_t> via_ways, int64_t to_way) {
    tags.emplace_back("type", "restriction");
    roadnet::NetworkBuilder::Restriction restriction = Rules("", from_way, to_way);
    restriction.rules = roadnet::ReadRestrictionRules(tags);
    restriction.via_ways = std::move(via_ways);
    builder_.AddRestriction(std::move(restriction));
    return *this;
  }

  NetworkSketch& Barrier(int64_t node, uint8_t modes) {
    builder_.AddBarrier(node, modes);
    return *this;
  }

  // Stops the program when the sketch is no network. The sketch is spent afterwards.
  roadnet::Network Build(roadnet::NetworkReport* report = nullptr) {
    auto network = std::move(builder_).Build(report);
    PATROL_CHECK(network.ok());
    return *std::move(network);
  }

 private:
  roadnet::NetworkBuilder::Restriction Rules(std::string_view kind, int64_t from, int64_t to) {
    roadnet::NetworkBuilder::Restriction restriction;
    restriction.relation_id = ++relations_;
    restriction.rules =
        roadnet::ReadRestrictionRules({{"type", "restriction"}, {"restriction", kind}});
    restriction.from_ways = {from};
    restriction.to_ways = {to};
    return restriction;
  }

  roadnet::RoadOptions options_;
  roadnet::NetworkBuilder builder_;
  int64_t relations_ = 0;
};

}  // namespace patrol::testing
