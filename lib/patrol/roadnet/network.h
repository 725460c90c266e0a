#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/geo/lonlat.h"

namespace patrol::roadnet {

// How a unit moves. Each mode has its own speeds and its own access to roads.
enum class Mode : uint8_t { kCar = 0, kMotorcycle, kEbike, kBicycle, kFoot };
inline constexpr size_t kModeCount = 5;

constexpr uint8_t ModeBit(Mode mode) {
  return static_cast<uint8_t>(1u << static_cast<unsigned>(mode));
}

std::string_view ModeName(Mode mode);  // "car", "motorcycle", "e-bike", "bicycle", "foot"
// False when `name` is none of the above.
[[nodiscard]] bool ParseMode(std::string_view name, Mode* mode);

// OSM's highway classes as far as anybody may move on them; kOther is any further value.
enum class RoadClass : uint8_t {
  kMotorway,
  kMotorwayLink,
  kTrunk,
  kTrunkLink,
  kPrimary,
  kPrimaryLink,
  kSecondary,
  kSecondaryLink,
  kTertiary,
  kTertiaryLink,
  kUnclassified,
  kResidential,
  kLivingStreet,
  kService,
  kTrack,
  kPedestrian,
  kFootway,
  kCycleway,
  kPath,
  kSteps,
  kBridleway,
  kRoad,
  kOther,
};
inline constexpr size_t kRoadClassCount = 23;
std::string_view RoadClassName(RoadClass road_class);  // OSM's value, e.g. "motorway_link"

using NodeIndex = uint32_t;   // 0..node_count()-1
using PieceIndex = uint32_t;  // 0..piece_count()-1, ordered by (way_id, seq)
// An arc is a piece in one direction: 2 * piece along the way's node order, 2 * piece + 1 against
// it.
using ArcIndex = uint32_t;
// Travel time, whole microseconds. 0 stands for "not allowed" in a time table.
using TravelTimeUs = uint32_t;
inline constexpr TravelTimeUs kNotAllowed = 0;

constexpr ArcIndex ForwardArc(PieceIndex piece) { return 2 * piece; }
constexpr ArcIndex BackwardArc(PieceIndex piece) { return 2 * piece + 1; }
constexpr ArcIndex ReverseArc(ArcIndex arc) { return arc ^ 1u; }
constexpr PieceIndex PieceOf(ArcIndex arc) { return arc / 2; }
constexpr bool IsBackward(ArcIndex arc) { return (arc & 1u) != 0; }

// Two nodes at one place are joined by a piece of this length, so that they stay connected and
// every piece can be divided by its length.
inline constexpr double kPieceLengthMinM = 0.001;

// One segment of a way between two neighbouring nodes.
struct Piece {
  int64_t way_id = 0;
  uint32_t seq = 0;  // index of its first node in the way, from 0
  NodeIndex from = 0;
  NodeIndex to = 0;
  double length_m = 0;  // great circle; at least kPieceLengthMinM
  RoadClass road_class = RoadClass::kOther;
  // Counts in ratios: a public road that a car or an e-bike may use (each carriageway once).
  bool patrollable = false;
  // Bit set (1 << Mode) of the modes that pass it on foot: their vehicle cannot use it, its crew
  // leaves it and walks (RoadOptions::crew_walks).
  uint8_t walked_modes = 0;
  uint32_t name = 0;  // index into names(); 0 is ""
};

struct Node {
  int64_t id = 0;  // OSM's
  geo::LonLat place;
};

// A turn that may not be made: the arcs are passed one after the other. Two arcs for a restriction
// with a via node, more where the via is a way. "only_" restrictions are stored as the turns they
// forbid. `modes` is a bit set (1 << Mode) of those the restriction binds. A barrier on a node is
// stored as all turns across it, as of relation kBarrier.
struct ForbiddenTurn {
  static constexpr int64_t kBarrier = 0;

  std::vector<ArcIndex> arcs;
  uint8_t modes = 0;
  int64_t relation_id = kBarrier;  // OSM's
};

// A point on the network: metres from the piece's first node in the way's order.
struct RoadPosition {
  PieceIndex piece = 0;
  double offset_m = 0;  // 0..length_m

  friend bool operator==(const RoadPosition&, const RoadPosition&) = default;
};

// The immutable road graph. Built by `NetworkBuilder` (network_builder.h) from a file's ways, or
// read from OSM with `ReadOsm` (osm_reader.h).
//
// Threads: const; safe from any number of threads. Share as std::shared_ptr<const Network>.
class Network {
 public:
  size_t node_count() const { return nodes_.size(); }
  size_t piece_count() const { return pieces_.size(); }
  size_t arc_count() const { return 2 * pieces_.size(); }

  const Node& node(NodeIndex index) const { return nodes_[index]; }
  const Piece& piece(PieceIndex index) const { return pieces_[index]; }
  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<Piece>& pieces() const { return pieces_; }
  const std::string& name(const Piece& piece) const { return names_[piece.name]; }

  // Time to pass the whole arc in the mode, or kNotAllowed; at least 1 where allowed.
  TravelTimeUs time_us(Mode mode, ArcIndex arc) const {
    return times_us_[static_cast<size_t>(mode)][arc];
  }
  bool allowed(Mode mode, ArcIndex arc) const { return time_us(mode, arc) != kNotAllowed; }

  NodeIndex tail(ArcIndex arc) const {
    const Piece& piece = pieces_[PieceOf(arc)];
    return IsBackward(arc) ? piece.to : piece.from;
  }
  NodeIndex head(ArcIndex arc) const { return tail(ReverseArc(arc)); }

  // Arcs that leave `node`, whatever the mode: [out_begin, out_end) into out_arcs().
  const ArcIndex* out_begin(NodeIndex node) const { return out_arcs_.data() + out_offsets_[node]; }
  const ArcIndex* out_end(NodeIndex node) const {
    return out_arcs_.data() + out_offsets_[node + 1];
  }

  // The same network with other travel times: of each arc and mode the time divided by
  // factor(piece, mode), rounded to whole microseconds, at least 1. Factors are above 0.
  template <typename Factor>
  Network WithSpeeds(const Factor& factor) const {
    Network other = *this;
    for (size_t m = 0; m < kModeCount; ++m) {
      for (PieceIndex p = 0; p < piece_count(); ++p) {
        const double share = 1 / factor(pieces_[p], static_cast<Mode>(m));
        for (const ArcIndex arc : {ForwardArc(p), BackwardArc(p)}) {
          TravelTimeUs& time_us = other.times_us_[m][arc];
          if (time_us == kNotAllowed) continue;
          const double us = std::round(static_cast<double>(time_us) * share);
          time_us = static_cast<TravelTimeUs>(std::clamp(us, 1.0, 4294967295.0));
        }
      }
    }
    return other;
  }

  const std::vector<ForbiddenTurn>& forbidden_turns() const { return forbidden_turns_; }

  // The piece with this key, or piece_count() when there is none.
  PieceIndex FindPiece(int64_t way_id, uint32_t seq) const;

  // The node with this id, or node_count() when there is none.
  NodeIndex FindNode(int64_t node_id) const;

  // The arc of the way `way_id` at `seq` that leaves the node `from_node_id`, or arc_count().
  ArcIndex FindArc(int64_t way_id, uint32_t seq, int64_t from_node_id) const;

  // Where `position` lies on the map.
  geo::LonLat Place(const RoadPosition& position) const;

  // Whether anything can move on the piece in the mode.
  bool usable(Mode mode, PieceIndex piece) const {
    return allowed(mode, ForwardArc(piece)) || allowed(mode, BackwardArc(piece));
  }

  // Whether the mode's own vehicle can move on it: usable, and not only by its crew on foot.
  bool driven(Mode mode, PieceIndex piece) const {
    return usable(mode, piece) && (pieces_[piece].walked_modes & ModeBit(mode)) == 0;
  }

 private:
  friend class NetworkBuilder;
  friend struct SnapshotAccess;  // snapshot.cc

  void KeepUsedNodes();
  void LinkOutArcs();

  // constant after building
  std::vector<Node> nodes_;
  std::vector<Piece> pieces_;
  std::vector<std::string> names_;
  std::array<std::vector<TravelTimeUs>, kModeCount> times_us_;  // [mode][arc]
  std::vector<uint32_t> out_offsets_;                           // [node_count + 1]
  std::vector<ArcIndex> out_arcs_;
  std::vector<ForbiddenTurn> forbidden_turns_;
};

}  // namespace patrol::roadnet
