#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/geo/lonlat.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/track.h"

namespace patrol::tracks {

// Where a place that nobody drove to (a post, a demand point, a click on the map) is on the roads
// of one mode, by the rule for units (ARCHITECTURE.md, "Coverage, exactly"): on the network up to
// MatchOptions::snap_limit_m from it, attached to it up to attach_limit_m, else off the network.
struct Attachment {
  roadnet::RoadPosition at;
  double distance_m = 0;  // straight, of the place from `at`
  double walk_m = 0;      // of it, what has to be walked: 0 on the network

  uint64_t walk_us() const;                               // at kAttachSpeedMps
  UnitPosition position() const { return {at, walk_m}; }  // of a unit that stands there
};

// Which roads a place may be attached to: those that the mode drives, or also those that its crew
// walks. A vehicle stands on the former; it can come to the latter.
enum class AttachTo { kDriven, kDrivenOrWalked };

// The nearest such road; nullopt off the network.
//
// Threads: const; safe from any number of threads.
std::optional<Attachment> AttachPlace(const roadnet::SpatialIndex& index, geo::LonLat place,
                                      roadnet::Mode mode, AttachTo roads);

// Says of a place off the network that it is: `no road for car within 200 m of (113.02, 22.91)`.
std::string NoRoadText(geo::LonLat place, roadnet::Mode mode);

// How far a place may be from its road, metres.
double AttachLimitM();

// What walking so far takes at kAttachSpeedMps, in whole microseconds.
uint64_t WalkUs(double metres);

}  // namespace patrol::tracks
