#include "lib/patrol/coverage/chains.h"

#include <algorithm>
#include <array>
#include <utility>

#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/hilbert.h"
#include "lib/patrol/coverage/mode_graphs.h"

namespace patrol::coverage {
namespace {

using roadnet::ArcIndex;
using roadnet::ForwardArc;
using roadnet::kModeCount;
using roadnet::kNotAllowed;
using roadnet::Mode;
using roadnet::Network;
using roadnet::NodeIndex;
using roadnet::PieceIndex;
using roadnet::PieceOf;
using roadnet::ReverseArc;

// Travel times along a chain stay far below 32 bits: 2^30 us are 18 minutes.
constexpr uint64_t kChainUsMax = uint64_t{1} << 30;

bool Usable(const ModeGraphs& graphs, PieceIndex piece) {
  const ArcIndex arc = ForwardArc(piece);
  for (size_t m = 0; m < kModeCount; ++m) {
    const roadnet::SearchGraph& graph = graphs.graph(static_cast<Mode>(m));
    if (graph.time_us(arc) != kNotAllowed || graph.time_us(ReverseArc(arc)) != kNotAllowed) {
      return true;
    }
  }
  return false;
}

std::vector<uint32_t> HilbertOrder(const Network& network) {
  std::vector<uint32_t> order(network.node_count());
  if (order.empty()) return order;
  geo::LonLat low = network.node(0).place;
  geo::LonLat high = low;
  for (const roadnet::Node& node : network.nodes()) {
    low = {std::min(low.lon, node.place.lon), std::min(low.lat, node.place.lat)};
    high = {std::max(high.lon, node.place.lon), std::max(high.lat, node.place.lat)};
  }
  const auto cell = [](double value, double from, double to) {
    return static_cast<uint16_t>(to > from ? (value - from) / (to - from) * 65535 : 0);
  };
  for (NodeIndex node = 0; node < order.size(); ++node) {
    const geo::LonLat place = network.node(node).place;
    order[node] =
        HilbertIndex(cell(place.lon, low.lon, high.lon), cell(place.lat, low.lat, high.lat));
  }
  return order;
}

// The longer of the two directions in the slowest mode.
uint64_t SlowestUs(const ModeGraphs& graphs, ArcIndex arc) {
  uint32_t slowest = 0;
  for (size_t m = 0; m < kModeCount; ++m) {
    const roadnet::SearchGraph& graph = graphs.graph(static_cast<Mode>(m));
    slowest = std::max({slowest, graph.time_us(arc), graph.time_us(ReverseArc(arc))});
  }
  return slowest;
}

}  // namespace

std::vector<bool> Chains::NodesInside(const ModeGraphs& graphs) const {
  const Network& network = graphs.network();
  std::vector<bool> inside(network.node_count(), false);
  for (size_t m = 0; m < kModeCount; ++m) {
    const auto mode = static_cast<Mode>(m);
    if (!graphs.options(mode).u_turns || graphs.options(mode).ignore_restrictions) continue;
    for (const roadnet::ForbiddenTurn& turn : network.forbidden_turns()) {
      if (turn.modes & roadnet::ModeBit(mode)) return inside;
    }
  }
  for (NodeIndex node = 0; node < network.node_count(); ++node) {
    std::array<ArcIndex, 2> out{};
    size_t usable = 0;
    for (const ArcIndex* arc = network.out_begin(node); arc != network.out_end(node); ++arc) {
      if (!Usable(graphs, PieceOf(*arc))) continue;
      if (usable < 2) out[usable] = *arc;
      ++usable;
    }
    if (usable != 2 || PieceOf(out[0]) == PieceOf(out[1])) continue;
    bool passes = true;
    for (size_t m = 0; m < kModeCount; ++m) {
      const roadnet::SearchGraph& graph = graphs.graph(static_cast<Mode>(m));
      const auto allowed = [&](ArcIndex arc) { return graph.time_us(arc) != kNotAllowed; };
      passes &= allowed(ReverseArc(out[0])) == allowed(out[1]) &&
                allowed(ReverseArc(out[1])) == allowed(out[0]);
    }
    inside[node] = passes;
  }
  for (const roadnet::ForbiddenTurn& turn : network.forbidden_turns()) {
    for (const ArcIndex arc : turn.arcs) {
      inside[network.tail(arc)] = false;
      inside[network.head(arc)] = false;
    }
  }
  return inside;
}

Chains::Chains(const ModeGraphs& graphs)
    : chain_of_(graphs.network().piece_count(), kNoChain),
      link_of_(graphs.network().piece_count(), 0),
      hilbert_(HilbertOrder(graphs.network())) {
  const Network& network = graphs.network();
  const std::vector<bool> inside = NodesInside(graphs);

  // Starts at ends first, in the order of the curve; what is left then are rings without an end.
  std::vector<ArcIndex> starts;
  for (PieceIndex piece = 0; piece < network.piece_count(); ++piece) {
    if (!Usable(graphs, piece)) continue;
    starts.push_back(ForwardArc(piece));
    starts.push_back(ReverseArc(ForwardArc(piece)));
  }
  std::sort(starts.begin(), starts.end(), [&](ArcIndex a, ArcIndex b) {
    const NodeIndex tail_a = network.tail(a);
    const NodeIndex tail_b = network.tail(b);
    if (inside[tail_a] != inside[tail_b]) return !inside[tail_a];
    return std::pair(hilbert_[tail_a], a) < std::pair(hilbert_[tail_b], b);
  });
  for (const ArcIndex start : starts) {
    if (chain_of_[PieceOf(start)] != kNoChain) continue;
    const auto chain = static_cast<ChainIndex>(begin_.size());
    begin_.push_back(static_cast<uint32_t>(arcs_.size()));
    head_.push_back(network.tail(start));
    uint64_t us = 0;
    int64_t um = 0;
    for (ArcIndex arc = start;;) {
      chain_of_[PieceOf(arc)] = chain;
      link_of_[PieceOf(arc)] = static_cast<uint32_t>(arcs_.size());
      const int64_t length_um = ShareUm(network.piece(PieceOf(arc)).length_m, 1);
      um += length_um;
      arcs_.push_back(arc);
      length_um_.push_back(length_um);
      end_um_.push_back(um);
      us += SlowestUs(graphs, arc);
      const NodeIndex node = network.head(arc);
      if (!inside[node]) break;
      ArcIndex next = arc;
      for (const ArcIndex* out = network.out_begin(node); out != network.out_end(node); ++out) {
        if (PieceOf(*out) != PieceOf(arc) && Usable(graphs, PieceOf(*out))) next = *out;
      }
      if (chain_of_[PieceOf(next)] != kNoChain || us + SlowestUs(graphs, next) > kChainUsMax) break;
      arc = next;
    }
    tail_.push_back(network.head(arcs_.back()));
  }
  begin_.push_back(static_cast<uint32_t>(arcs_.size()));
}

}  // namespace patrol::coverage
