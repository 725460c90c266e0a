#include "lib/patrol/roadnet/road_options.h"

namespace patrol::roadnet {

const SpeedTable& DefaultSpeedTable() {
  // km/h: car, motorcycle, e-bike, bicycle, foot; in the order of RoadClass. Motorcycles may not
  // use Chinese motorways.
  static constexpr SpeedTable kTable = {{
      {90, 0, 0, 0, 0},     // motorway
      {50, 0, 0, 0, 0},     // motorway_link
      {60, 50, 22, 15, 5},  // trunk
      {40, 40, 22, 15, 5},  // trunk_link
      {45, 45, 22, 15, 5},  // primary
      {35, 35, 20, 15, 5},  // primary_link
      {40, 40, 22, 15, 5},  // secondary
      {30, 30, 20, 15, 5},  // secondary_link
      {35, 35, 22, 15, 5},  // tertiary
      {30, 30, 20, 15, 5},  // tertiary_link
      {30, 30, 22, 15, 5},  // unclassified
      {25, 25, 20, 14, 5},  // residential
      {15, 15, 15, 12, 5},  // living_street
      {15, 15, 15, 12, 5},  // service
      {15, 20, 15, 10, 5},  // track
      {0, 0, 10, 10, 5},    // pedestrian
      {0, 0, 0, 0, 5},      // footway
      {0, 0, 20, 15, 5},    // cycleway
      {0, 0, 10, 10, 5},    // path
      {0, 0, 0, 0, 3},      // steps
      {0, 0, 0, 0, 5},      // bridleway
      {25, 25, 20, 14, 5},  // road
      {10, 10, 10, 10, 5},  // other
  }};
  return kTable;
}

RoadClass ParseRoadClass(std::string_view highway) {
  for (size_t i = 0; i < kRoadClassCount; ++i) {
    const RoadClass road_class = static_cast<RoadClass>(i);
    if (RoadClassName(road_class) == highway) return road_class;
  }
  // Values for places where people walk and no vehicle goes.
  for (const std::string_view walked :
       {"platform", "corridor", "crossing", "elevator", "via_ferrata", "bus_stop"}) {
    if (highway == walked) return RoadClass::kFootway;
  }
  return RoadClass::kOther;
}

}  // namespace patrol::roadnet
