#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "lib/geo/area.h"
#include "lib/geo/lonlat.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/mode_graphs.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/service/report/stored_window.h"
#include "tests/support/network_sketch.h"

namespace patrol::testing {

// The place so many metres east and north of NetworkSketch::kOrigin.
inline geo::LonLat RoadPlace(double east_m, double north_m = 0) {
  return geo::LocalPlane(NetworkSketch::kOrigin).ToLonLat({east_m, north_m});
}

// A road of 20 km from kOrigin to the east; its first 5 km are the area "west". For programs that
// link report.
inline report::Town RoadTown() {
  NetworkSketch sketch;
  std::vector<int64_t> nodes;
  for (int64_t km = 0; km <= 20; ++km) {
    sketch.Node(km + 1, static_cast<double>(km) * 1000, 0);
    nodes.push_back(km + 1);
  }
  sketch.Way(10, nodes);
  auto network = std::make_shared<const roadnet::Network>(sketch.Build());
  geo::Area west{.id = "west", .name = "西", .kind = "grid", .parent = "", .shape = {}};
  const geo::LonLat from = RoadPlace(-100, -100);
  const geo::LonLat to = RoadPlace(5000, 100);
  west.shape.push_back({{{from.lon, from.lat},
                         {to.lon, from.lat},
                         {to.lon, to.lat},
                         {from.lon, to.lat},
                         {from.lon, from.lat}},
                        {}});
  auto areas = std::make_shared<const coverage::AreaIndex>(*network, std::vector{std::move(west)});
  return {std::make_shared<const coverage::ModeGraphs>(std::move(network)), std::move(areas)};
}

}  // namespace patrol::testing
