#include "lib/patrol/roadnet/network_stats.h"

#include <algorithm>
#include <numeric>

namespace patrol::roadnet {

std::vector<uint32_t> WeakComponents(const Network& network, Mode mode) {
  std::vector<NodeIndex> parent(network.node_count());
  std::iota(parent.begin(), parent.end(), 0);
  const auto root = [&](NodeIndex node) {
    while (parent[node] != node) {
      parent[node] = parent[parent[node]];
      node = parent[node];
    }
    return node;
  };
  for (PieceIndex i = 0; i < network.piece_count(); ++i) {
    if (!network.usable(mode, i)) continue;
    const NodeIndex a = root(network.piece(i).from);
    const NodeIndex b = root(network.piece(i).to);
    // The lowest node leads, which makes the numbering below that of first nodes.
    parent[std::max(a, b)] = std::min(a, b);
  }
  std::vector<uint32_t> component(network.node_count());
  uint32_t count = 0;
  for (NodeIndex node = 0; node < network.node_count(); ++node) {
    const NodeIndex leader = root(node);
    component[node] = leader == node ? count++ : component[leader];
  }
  return component;
}

namespace {

// Components but the longest (of equals the first), longest first.
std::vector<NetworkStats::Island> Islands(const std::vector<uint32_t>& component,
                                          const std::vector<double>& component_m,
                                          const std::vector<bool>& touched) {
  std::vector<NetworkStats::Island> all(component_m.size());
  for (NodeIndex node = 0; node < component.size(); ++node) {
    if (!touched[node]) continue;
    NetworkStats::Island& island = all[component[node]];
    if (island.nodes++ == 0) island.first_node = node;
    island.length_m = component_m[component[node]];
  }
  std::erase_if(all, [](const NetworkStats::Island& island) { return island.nodes == 0; });
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.length_m > b.length_m; });
  if (!all.empty()) all.erase(all.begin());
  if (all.size() > NetworkStats::kIslandsListed) all.resize(NetworkStats::kIslandsListed);
  return all;
}

}  // namespace

NetworkStats ComputeStats(const Network& network, Mode mode) {
  NetworkStats stats;
  const std::vector<uint32_t> component = WeakComponents(network, mode);
  std::vector<double> component_m(network.node_count(), 0);
  std::vector<bool> touched(network.node_count(), false);
  bool first = true;
  int64_t last_way = 0;
  for (PieceIndex i = 0; i < network.piece_count(); ++i) {
    const Piece& piece = network.piece(i);
    if (piece.patrollable) stats.patrollable_m += piece.length_m;
    if (!network.usable(mode, i)) continue;
    ++stats.pieces;
    stats.arcs += network.allowed(mode, ForwardArc(i)) ? 1 : 0;
    stats.arcs += network.allowed(mode, BackwardArc(i)) ? 1 : 0;
    stats.length_m += piece.length_m;
    stats.class_length_m[static_cast<size_t>(piece.road_class)] += piece.length_m;
    component_m[component[piece.from]] += piece.length_m;
    touched[piece.from] = touched[piece.to] = true;
    if (first || piece.way_id != last_way) ++stats.ways;
    first = false;
    last_way = piece.way_id;
  }
  stats.nodes = static_cast<size_t>(std::count(touched.begin(), touched.end(), true));
  for (const double length_m : component_m) {
    if (length_m <= 0) continue;
    ++stats.components;
    stats.largest_component_m = std::max(stats.largest_component_m, length_m);
  }
  stats.islands = Islands(component, component_m, touched);
  for (const ForbiddenTurn& turn : network.forbidden_turns()) {
    if ((turn.modes & ModeBit(mode)) != 0) ++stats.restrictions;
  }
  return stats;
}

}  // namespace patrol::roadnet
