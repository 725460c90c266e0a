#pragma once

#include <array>
#include <string_view>

#include "lib/patrol/roadnet/network.h"

namespace patrol::roadnet {

// Speeds in km/h per road class and mode; 0: the mode's vehicle cannot use the class.
using ClassSpeeds = std::array<double, kModeCount>;
using SpeedTable = std::array<ClassSpeeds, kRoadClassCount>;

// Average speeds of a patrol in a Chinese town, junctions included, not under blue light. E-bikes
// are non-motor vehicles there: 25 km/h at most, everywhere a bicycle may go.
const SpeedTable& DefaultSpeedTable();

// Reads an OSM highway value. Unknown values are kOther.
RoadClass ParseRoadClass(std::string_view highway);

// How roads are read: who may use them, how fast, and which count as patrollable.
struct RoadOptions {
  SpeedTable speeds = DefaultSpeedTable();

  // A motor vehicle goes at most this share of a posted limit (GraphHopper's rule: traffic does not
  // move at the limit all the way). Bicycles and walkers are capped by the limit itself.
  double limit_share = 0.9;

  // Where a vehicle cannot use a way that its crew may walk (foot ways, steps, paths), the crew
  // goes on on foot, at foot's speed and access, along one-ways only. Such pieces are known by
  // Piece::walked_modes. Off: those ways are closed to the vehicle.
  bool crew_walks = true;

  // Whether access=private roads may be used.
  bool use_private = false;

  // Waived for a mode, under blue light say: access tags (it drives private and closed roads and
  // pedestrian streets) and barriers on nodes (bollards are down, gates open). What counts as
  // patrollable does not depend on it. One-ways and turn restrictions: SearchGraph::Options.
  std::array<bool, kModeCount> waive_access{};
  std::array<bool, kModeCount> waive_barriers{};

  // Which further pieces count as patrollable. Public roads that a car or an e-bike may use always
  // do.
  bool patrol_service = false;  // highway=service: yards, parking aisles, drives
  bool patrol_tracks = true;    // highway=track
  bool patrol_private = false;  // access=private; they must be usable too (use_private)
  bool patrol_foot = false;     // pedestrian streets, foot and cycle ways, paths, steps

  // Ways of these classes are left out of the network altogether when set.
  std::array<bool, kRoadClassCount> drop_class{};
};

}  // namespace patrol::roadnet
