#include "lib/patrol/roadnet/network_builder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/patrol/roadnet/restrictions.h"

namespace patrol::roadnet {

namespace {

struct InputWay {
  int64_t id = 0;
  std::vector<int64_t> nodes;
  WayRules rules;     // without its name
  uint32_t name = 0;  // index into names
  std::vector<size_t> gaps;
};

// Sorts, and drops nodes given twice at the same place.
absl::Status OrderNodes(std::vector<Node>& nodes) {
  for (const Node& node : nodes) {
    if (!(std::abs(node.place.lon) <= 180 && std::abs(node.place.lat) <= 90)) {
      return absl::InvalidArgumentError(absl::StrCat("node ", node.id, ": place (", node.place.lon,
                                                     ", ", node.place.lat,
                                                     ") is not on the earth"));
    }
  }
  std::stable_sort(nodes.begin(), nodes.end(),
                   [](const Node& a, const Node& b) { return a.id < b.id; });
  for (size_t i = 1; i < nodes.size(); ++i) {
    if (nodes[i].id == nodes[i - 1].id && nodes[i].place != nodes[i - 1].place) {
      return absl::InvalidArgumentError(
          absl::StrCat("node ", nodes[i].id, " is given twice, at different places"));
    }
  }
  nodes.erase(std::unique(nodes.begin(), nodes.end(),
                          [](const Node& a, const Node& b) { return a.id == b.id; }),
              nodes.end());
  return absl::OkStatus();
}

absl::Status OrderWays(std::vector<InputWay>& ways) {
  std::stable_sort(ways.begin(), ways.end(),
                   [](const InputWay& a, const InputWay& b) { return a.id < b.id; });
  for (size_t i = 1; i < ways.size(); ++i) {
    if (ways[i].id == ways[i - 1].id) {
      return absl::InvalidArgumentError(absl::StrCat("way ", ways[i].id, " is given twice"));
    }
  }
  return absl::OkStatus();
}

TravelTimeUs TimeOf(double length_m, double kmh, size_t& capped) {
  if (!(kmh > 0)) return kNotAllowed;
  const double us = std::round(length_m / (kmh / 3.6) * 1e6);
  constexpr double kMaxUs = std::numeric_limits<TravelTimeUs>::max();
  if (us > kMaxUs) {
    ++capped;
    return std::numeric_limits<TravelTimeUs>::max();
  }
  return std::max<TravelTimeUs>(1, static_cast<TravelTimeUs>(us));
}

// Forbids to go on across a node, from any of its pieces to any other. False where no mode would.
bool Bar(const Network& network, NodeIndex node, uint8_t modes, std::vector<ForbiddenTurn>* turns) {
  const auto bound = [&](ArcIndex arc) {
    uint8_t bits = 0;
    for (size_t m = 0; m < kModeCount; ++m) {
      const Mode mode = static_cast<Mode>(m);
      if (network.allowed(mode, arc)) bits |= ModeBit(mode);
    }
    return static_cast<uint8_t>(bits & modes);
  };
  const size_t before = turns->size();
  for (const ArcIndex* in = network.out_begin(node); in != network.out_end(node); ++in) {
    for (const ArcIndex* out = network.out_begin(node); out != network.out_end(node); ++out) {
      if (in == out) continue;
      const ArcIndex from = ReverseArc(*in);
      const auto both = static_cast<uint8_t>(bound(from) & bound(*out));
      if (both != 0) turns->push_back({{from, *out}, both, ForbiddenTurn::kBarrier});
    }
  }
  return turns->size() > before;
}

}  // namespace

struct NetworkBuilder::Input {
  std::vector<Node> nodes;
  std::vector<InputWay> ways;
  std::vector<std::string> names = {""};
  std::unordered_map<std::string, uint32_t> name_index = {{"", 0}};
  std::vector<Restriction> restrictions;
  std::vector<std::pair<int64_t, uint8_t>> barriers;  // node id, modes
};

NetworkBuilder::NetworkBuilder() : input_(std::make_unique<Input>()) {}
NetworkBuilder::~NetworkBuilder() = default;
NetworkBuilder::NetworkBuilder(NetworkBuilder&&) noexcept = default;
NetworkBuilder& NetworkBuilder::operator=(NetworkBuilder&&) noexcept = default;

void NetworkBuilder::AddNode(int64_t id, geo::LonLat place) {
  input_->nodes.push_back({id, place});
}

void NetworkBuilder::AddWay(const Way& way) {
  const auto [at, is_new] = input_->name_index.try_emplace(
      std::string(way.rules.name), static_cast<uint32_t>(input_->names.size()));
  if (is_new) input_->names.emplace_back(way.rules.name);
  InputWay& added =
      input_->ways.emplace_back(InputWay{way.id, way.nodes, way.rules, at->second, way.gaps});
  added.rules.name = {};
}

void NetworkBuilder::AddRestriction(Restriction restriction) {
  input_->restrictions.push_back(std::move(restriction));
}

void NetworkBuilder::AddBarrier(int64_t node_id, uint8_t modes) {
  input_->barriers.push_back({node_id, modes});
}

absl::StatusOr<Network> NetworkBuilder::Build(NetworkReport* report) && {
  NetworkReport local;
  NetworkReport& counts = report != nullptr ? *report : local;
  counts = NetworkReport{};
  Input& input = *input_;
  PATROL_RETURN_IF_ERROR(OrderNodes(input.nodes));
  PATROL_RETURN_IF_ERROR(OrderWays(input.ways));

  Network network;
  network.nodes_ = std::move(input.nodes);
  network.names_ = std::move(input.names);
  for (const InputWay& way : input.ways) {
    ++counts.ways_read;
    if (!way.rules.is_road) {
      ++counts.ways_not_roads;
      continue;
    }
    if (way.rules.reversible) ++counts.ways_reversible;
    if (!way.rules.usable()) {
      ++counts.ways_closed;
      continue;
    }
    const size_t pieces_before = network.pieces_.size();
    for (size_t i = 0; i + 1 < way.nodes.size(); ++i) {
      if (std::binary_search(way.gaps.begin(), way.gaps.end(), i)) continue;
      if (way.nodes[i] == way.nodes[i + 1]) {
        ++counts.segments_zero_length;
        continue;
      }
      const NodeIndex from = network.FindNode(way.nodes[i]);
      const NodeIndex to = network.FindNode(way.nodes[i + 1]);
      if (from == network.node_count() || to == network.node_count()) {
        ++counts.segments_missing_node;
        continue;
      }
      if (network.pieces_.size() >= limits::kPiecesMax) {
        return absl::ResourceExhaustedError(absl::StrCat(
            "the network has more than ", limits::kPiecesMax, " pieces, at way ", way.id));
      }
      Piece piece;
      piece.way_id = way.id;
      piece.seq = static_cast<uint32_t>(i);
      piece.from = from;
      piece.to = to;
      piece.length_m = std::max(kPieceLengthMinM, geo::GreatCircleM(network.nodes_[from].place,
                                                                    network.nodes_[to].place));
      piece.road_class = way.rules.road_class;
      piece.patrollable = way.rules.patrollable;
      piece.walked_modes = way.rules.walked_modes;
      piece.name = way.name;
      network.pieces_.push_back(piece);
      for (size_t m = 0; m < kModeCount; ++m) {
        for (const double kmh : {way.rules.forward_kmh[m], way.rules.backward_kmh[m]}) {
          network.times_us_[m].push_back(TimeOf(piece.length_m, kmh, counts.times_capped));
        }
      }
    }
    if (network.pieces_.size() > pieces_before) ++counts.ways_used;
  }
  network.KeepUsedNodes();
  network.LinkOutArcs();
  counts.restrictions_read = input.restrictions.size();
  network.forbidden_turns_ = ResolveRestrictions(network, input.restrictions, counts);
  std::sort(input.barriers.begin(), input.barriers.end());
  for (const auto& [node_id, modes] : input.barriers) {
    const NodeIndex node = network.FindNode(node_id);
    if (modes != 0 && node != network.node_count()) {
      counts.barriers += Bar(network, node, modes, &network.forbidden_turns_) ? 1 : 0;
    }
  }
  return network;
}

void Network::KeepUsedNodes() {
  std::vector<NodeIndex> renumbered(nodes_.size(), 0);
  for (const Piece& piece : pieces_) renumbered[piece.from] = renumbered[piece.to] = 1;
  NodeIndex kept = 0;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (renumbered[i] == 0) continue;
    nodes_[kept] = nodes_[i];
    renumbered[i] = kept++;
  }
  nodes_.resize(kept);
  nodes_.shrink_to_fit();
  for (Piece& piece : pieces_) {
    piece.from = renumbered[piece.from];
    piece.to = renumbered[piece.to];
  }
}

void Network::LinkOutArcs() {
  out_offsets_.assign(nodes_.size() + 1, 0);
  const ArcIndex arcs = static_cast<ArcIndex>(arc_count());
  for (ArcIndex arc = 0; arc < arcs; ++arc) ++out_offsets_[tail(arc) + 1];
  std::partial_sum(out_offsets_.begin(), out_offsets_.end(), out_offsets_.begin());
  out_arcs_.resize(arcs);
  std::vector<uint32_t> next(out_offsets_.begin(), out_offsets_.end() - 1);
  for (ArcIndex arc = 0; arc < arcs; ++arc) out_arcs_[next[tail(arc)]++] = arc;
}

}  // namespace patrol::roadnet
