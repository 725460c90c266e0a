#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "lib/geo/area.h"
#include "lib/geo/lonlat.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/network_builder.h"

namespace patrol::coverage {

// The place `x` metres east and `y` metres north of (0, 0), where a degree is as long either way.
inline geo::LonLat At(double x, double y) {
  constexpr double kDegreesPerMetre = 180 / 3.14159265358979323846 / geo::kEarthRadiusM;
  return {x * kDegreesPerMetre, y * kDegreesPerMetre};
}

// Networks drawn by hand, in metres. Cars and motorcycles go 10 m/s everywhere unless said
// otherwise, so that 100 m take 10 s; walkers go 1 m/s both ways.
class HandNetwork {
 public:
  HandNetwork& Node(int64_t id, double x, double y) {
    builder_.AddNode(id, At(x, y));
    return *this;
  }
  HandNetwork& TwoWay(int64_t id, std::vector<int64_t> nodes, double mps = 10) {
    return Way(id, std::move(nodes), mps, mps);
  }
  HandNetwork& OneWay(int64_t id, std::vector<int64_t> nodes, double mps = 10) {
    return Way(id, std::move(nodes), mps, 0);
  }
  // Other speeds each way; 0: not that way.
  HandNetwork& AnyWay(int64_t id, std::vector<int64_t> nodes, double forward_mps,
                      double backward_mps) {
    return Way(id, std::move(nodes), forward_mps, backward_mps);
  }
  // A road for walkers alone; it is not patrollable.
  HandNetwork& FootWay(int64_t id, std::vector<int64_t> nodes) {
    return Way(id, std::move(nodes), 0, 0);
  }
  HandNetwork& NoTurn(int64_t from_way, int64_t via_node, int64_t to_way) {
    roadnet::NetworkBuilder::Restriction restriction = Restriction(from_way, to_way);
    restriction.via_node = via_node;
    restriction.rules.u_turn = from_way == to_way;
    builder_.AddRestriction(std::move(restriction));
    return *this;
  }
  HandNetwork& NoTurnVia(int64_t from_way, std::vector<int64_t> via_ways, int64_t to_way) {
    roadnet::NetworkBuilder::Restriction restriction = Restriction(from_way, to_way);
    restriction.via_ways = std::move(via_ways);
    builder_.AddRestriction(std::move(restriction));
    return *this;
  }
  // Cars cannot pass the node.
  HandNetwork& Barrier(int64_t node) {
    builder_.AddBarrier(node, roadnet::ModeBit(roadnet::Mode::kCar));
    return *this;
  }
  std::shared_ptr<const roadnet::Network> Build() {
    auto network = std::move(builder_).Build();
    EXPECT_TRUE(network.ok()) << network.status();
    return std::make_shared<const roadnet::Network>(*std::move(network));
  }

 private:
  roadnet::NetworkBuilder::Restriction Restriction(int64_t from_way, int64_t to_way) {
    roadnet::NetworkBuilder::Restriction restriction;
    restriction.relation_id = ++relations_;
    restriction.rules.kind = roadnet::RestrictionRules::Kind::kNo;
    restriction.rules.modes = roadnet::ModeBit(roadnet::Mode::kCar);
    restriction.from_ways = {from_way};
    restriction.to_ways = {to_way};
    return restriction;
  }
  HandNetwork& Way(int64_t id, std::vector<int64_t> nodes, double forward_mps,
                   double backward_mps) {
    roadnet::NetworkBuilder::Way way;
    way.id = id;
    way.nodes = std::move(nodes);
    way.rules.is_road = true;
    way.rules.road_class = roadnet::RoadClass::kResidential;
    way.rules.patrollable = forward_mps > 0 || backward_mps > 0;
    for (const roadnet::Mode mode : {roadnet::Mode::kCar, roadnet::Mode::kMotorcycle}) {
      way.rules.forward_kmh[static_cast<size_t>(mode)] = forward_mps * 3.6;
      way.rules.backward_kmh[static_cast<size_t>(mode)] = backward_mps * 3.6;
    }
    way.rules.forward_kmh[static_cast<size_t>(roadnet::Mode::kFoot)] = 3.6;
    way.rules.backward_kmh[static_cast<size_t>(roadnet::Mode::kFoot)] = 3.6;
    builder_.AddWay(way);
    return *this;
  }

  roadnet::NetworkBuilder builder_;
  int64_t relations_ = 0;
};

// A rectangle in metres.
inline geo::Area BoxArea(std::string id, std::string kind, double x0, double y0, double x1,
                         double y1) {
  geo::Area area;
  area.id = std::move(id);
  area.name = area.id;
  area.kind = std::move(kind);
  area.shape = {{{At(x0, y0), At(x1, y0), At(x1, y1), At(x0, y1), At(x0, y0)}, {}}};
  return area;
}

}  // namespace patrol::coverage
