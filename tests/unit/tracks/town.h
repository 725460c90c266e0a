#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "lib/geo/lonlat.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/search_graph.h"
#include "lib/patrol/tracks/fix.h"
#include "lib/patrol/tracks/matcher.h"
#include "lib/patrol/tracks/mode_matchers.h"
#include "tests/support/network_sketch.h"

namespace patrol::tracks {

// Noon of some day; fixes of the tests are so many seconds after it.
inline const absl::Time kNoon = absl::FromUnixSeconds(1772452800);

inline Fix FixAt(double seconds, double east_m, double north_m, std::string unit = "u") {
  const geo::LocalPlane plane(testing::NetworkSketch::kOrigin);
  Fix fix;
  fix.unit_id = std::move(unit);
  fix.time = kNoon + absl::Milliseconds(static_cast<int64_t>(seconds * 1000));
  fix.position = plane.ToLonLat({east_m, north_m});
  return fix;
}

// A network with what matching on it needs.
struct Ground {
  explicit Ground(roadnet::Network its_network)
      : network(std::move(its_network)),
        index(network),
        graphs(network),
        graph(graphs.Of(roadnet::Mode::kCar)) {}

  MatchedTrack Match(const std::vector<Fix>& fixes, const MatchOptions& options = {}) const {
    Matcher matcher(network, index, graph, options);
    return matcher.Match("u", fixes);
  }

  // Ids of the ways driven, in order, each run of one way once.
  std::vector<int64_t> WaysOf(const MatchedTrack& track) const {
    std::vector<int64_t> ways;
    for (size_t i = 0; i < track.stretch_count(); ++i) {
      for (const roadnet::ArcIndex arc : track.stretch(i).arcs) {
        const int64_t way = network.piece(roadnet::PieceOf(arc)).way_id;
        if (ways.empty() || ways.back() != way) ways.push_back(way);
      }
    }
    return ways;
  }

  const roadnet::Network network;
  const roadnet::SpatialIndex index;
  mutable MatchGraphs graphs;
  const roadnet::SearchGraph& graph;  // of cars
};

// A town of square blocks, 200 m wide: streets (ways 1..) from west to east, avenues (ways 101..)
// from south to north, every crossing a node.
//
//   103   104   105 ...
//    |     |     |
//    +-----+-----+--  2
//    |     |     |
//    +-----+-----+--  1
inline roadnet::Network Blocks(int columns, int rows) {
  testing::NetworkSketch sketch;
  const auto id = [&](int column, int row) { return int64_t{1} + row * columns + column; };
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      sketch.Node(id(column, row), 200.0 * column, 200.0 * row);
    }
  }
  for (int row = 0; row < rows; ++row) {
    std::vector<int64_t> nodes;
    for (int column = 0; column < columns; ++column) nodes.push_back(id(column, row));
    sketch.Way(1 + row, nodes);
  }
  for (int column = 0; column < columns; ++column) {
    std::vector<int64_t> nodes;
    for (int row = 0; row < rows; ++row) nodes.push_back(id(column, row));
    sketch.Way(101 + column, nodes);
  }
  return sketch.Build();
}

}  // namespace patrol::tracks
