#include "lib/patrol/roadnet/network.h"

#include <algorithm>
#include <array>
#include <utility>

namespace patrol::roadnet {

namespace {

constexpr std::array<std::string_view, kModeCount> kModeNames = {"car", "motorcycle", "e-bike",
                                                                 "bicycle", "foot"};

constexpr std::array<std::string_view, kRoadClassCount> kRoadClassNames = {
    "motorway",      "motorway_link",  "trunk",     "trunk_link",    "primary",      "primary_link",
    "secondary",     "secondary_link", "tertiary",  "tertiary_link", "unclassified", "residential",
    "living_street", "service",        "track",     "pedestrian",    "footway",      "cycleway",
    "path",          "steps",          "bridleway", "road",          "other"};

}  // namespace

std::string_view ModeName(Mode mode) { return kModeNames[static_cast<size_t>(mode)]; }

bool ParseMode(std::string_view name, Mode* mode) {
  for (size_t i = 0; i < kModeCount; ++i) {
    if (kModeNames[i] == name) {
      *mode = static_cast<Mode>(i);
      return true;
    }
  }
  return false;
}

std::string_view RoadClassName(RoadClass road_class) {
  return kRoadClassNames[static_cast<size_t>(road_class)];
}

PieceIndex Network::FindPiece(int64_t way_id, uint32_t seq) const {
  const auto at = std::lower_bound(pieces_.begin(), pieces_.end(), std::pair(way_id, seq),
                                   [](const Piece& piece, const std::pair<int64_t, uint32_t>& key) {
                                     return std::pair(piece.way_id, piece.seq) < key;
                                   });
  if (at == pieces_.end() || at->way_id != way_id || at->seq != seq) {
    return static_cast<PieceIndex>(pieces_.size());
  }
  return static_cast<PieceIndex>(at - pieces_.begin());
}

NodeIndex Network::FindNode(int64_t node_id) const {
  const auto at = std::lower_bound(nodes_.begin(), nodes_.end(), node_id,
                                   [](const Node& node, int64_t id) { return node.id < id; });
  if (at == nodes_.end() || at->id != node_id) return static_cast<NodeIndex>(nodes_.size());
  return static_cast<NodeIndex>(at - nodes_.begin());
}

ArcIndex Network::FindArc(int64_t way_id, uint32_t seq, int64_t from_node_id) const {
  const PieceIndex piece = FindPiece(way_id, seq);
  if (piece < pieces_.size()) {
    for (const ArcIndex arc : {ForwardArc(piece), BackwardArc(piece)}) {
      if (nodes_[tail(arc)].id == from_node_id) return arc;
    }
  }
  return static_cast<ArcIndex>(arc_count());
}

geo::LonLat Network::Place(const RoadPosition& position) const {
  const Piece& piece = pieces_[position.piece];
  const geo::LonLat a = nodes_[piece.from].place;
  const geo::LonLat b = nodes_[piece.to].place;
  const double share = std::clamp(position.offset_m / piece.length_m, 0.0, 1.0);
  double lon_span = b.lon - a.lon;
  // The short way round where the 180th meridian lies between.
  if (lon_span > 180) lon_span -= 360;
  if (lon_span < -180) lon_span += 360;
  double lon = a.lon + share * lon_span;
  if (lon > 180) lon -= 360;
  if (lon < -180) lon += 360;
  return {lon, a.lat + share * (b.lat - a.lat)};
}

}  // namespace patrol::roadnet
