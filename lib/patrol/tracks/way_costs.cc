#include "lib/patrol/tracks/way_costs.h"

#include <algorithm>
#include <limits>
#include <numbers>

namespace patrol::tracks {

using roadnet::ArcIndex;
using roadnet::ReverseArc;
using roadnet::SearchGraph;

namespace {

// Up to 60 degrees off, a road still goes on.
constexpr float kGoesOnCosine = 0.5F;
// Slower than a quarter of the fastest is as bad as a quarter; shorter pieces say nothing of speed.
constexpr double kSlownessMax = 3;
constexpr double kSpeedLengthMinM = 20;

// Nats a metre of each arc, by how much slower it is than the network's fastest.
std::vector<float> SlowNats(const roadnet::Network& network, const SearchGraph& graph,
                            double nats_per_km) {
  const auto seconds_per_m = [&](ArcIndex arc) {
    return 1e-6 * graph.time_us(arc) / network.piece(roadnet::PieceOf(arc)).length_m;
  };
  double fastest = std::numeric_limits<double>::infinity();
  for (ArcIndex arc = 0; arc < network.arc_count(); ++arc) {
    if (graph.time_us(arc) == roadnet::kNotAllowed) continue;
    if (network.piece(roadnet::PieceOf(arc)).length_m < kSpeedLengthMinM) continue;
    fastest = std::min(fastest, seconds_per_m(arc));
  }
  std::vector<float> nats(network.arc_count(), 0);
  for (ArcIndex arc = 0; arc < network.arc_count(); ++arc) {
    const double slowness = std::clamp(seconds_per_m(arc) / fastest - 1, 0.0, kSlownessMax);
    nats[arc] = static_cast<float>(nats_per_km / 1000 * slowness);
  }
  return nats;
}

}  // namespace

WayCosts::WayCosts(const roadnet::Network& network, const SearchGraph& graph,
                   const RouteTaste& taste)
    : network_(network),
      graph_(graph),
      taste_(taste),
      slow_nats_(SlowNats(network, graph, taste.slow_nats_per_km)),
      straight_on_(network.arc_count(), kNotAsked) {
  SetScale(0);
  headings_.reserve(network.piece_count());
  for (const roadnet::Piece& piece : network.pieces()) {
    const geo::LonLat a = network.node(piece.from).place;
    const geo::LonLat b = network.node(piece.to).place;
    const double east =
        std::remainder(b.lon - a.lon, 360.0) * std::cos(a.lat * std::numbers::pi / 180);
    const double north = b.lat - a.lat;
    const double length = std::max(std::hypot(east, north), 1e-12);
    headings_.push_back({static_cast<float>(east / length), static_cast<float>(north / length)});
  }
  junction_.reserve(network.node_count());
  for (roadnet::NodeIndex node = 0; node < network.node_count(); ++node) {
    junction_.push_back(network.out_end(node) - network.out_begin(node) > 2);
  }
  length_m_.reserve(network.piece_count());
  for (const roadnet::Piece& piece : network.pieces()) {
    length_m_.push_back(static_cast<float>(piece.length_m));
  }
  points_.reserve(network.node_count());
  for (const roadnet::Node& node : network.nodes()) points_.push_back(ToPoint(node.place));
}

void WayCosts::SetScale(double metres_per_nat) {
  scale_ = static_cast<float>(metres_per_nat);
  turn_m_ = static_cast<float>(taste_.turn_nats * metres_per_nat);
  u_turn_m_ = static_cast<float>(taste_.u_turn_m + taste_.u_turn_nats * metres_per_nat);
}

ArcIndex WayCosts::FindStraightOn(ArcIndex arc) const {
  const roadnet::NodeIndex node = network_.head(arc);
  ArcIndex best = arc;
  float best_cosine = kGoesOnCosine;
  for (const ArcIndex* next = network_.out_begin(node); next != network_.out_end(node); ++next) {
    if (*next == ReverseArc(arc) || graph_.time_us(*next) == roadnet::kNotAllowed) continue;
    const float cosine = junction_[node] ? TurnCosine(arc, *next) : 1;
    if (cosine <= best_cosine) continue;
    best_cosine = cosine;
    best = *next;
  }
  return best;
}

WayCosts::Point WayCosts::ToPoint(geo::LonLat place) {
  const double lon = place.lon * std::numbers::pi / 180;
  const double lat = place.lat * std::numbers::pi / 180;
  return {static_cast<float>(geo::kEarthRadiusM * std::cos(lat) * std::cos(lon)),
          static_cast<float>(geo::kEarthRadiusM * std::cos(lat) * std::sin(lon)),
          static_cast<float>(geo::kEarthRadiusM * std::sin(lat))};
}

}  // namespace patrol::tracks
