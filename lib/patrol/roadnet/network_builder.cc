#include "lib/patrol/roadnet/network_builder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/patrol/roadnet/restrictions.h"

namespace patrol::roadnet {

void UnknownValues::Add(const std::string& value) {
  ++count;
  if (const auto found = named.find(value); found != named.end()) {
    ++found->second;
  } else if (named.size() < kNamedMax) {
    named.emplace(value, 1);
  }
}

std::string UnknownValues::Text(size_t count_max) const {
  std::vector<std::pair<std::string, size_t>> values(named.begin(), named.end());
  std::stable_sort(values.begin(), values.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  size_t told = 0;
  for (size_t i = 0; i < std::min(values.size(), count_max); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", values[i].first, " ", values[i].second);
    told += values[i].second;
  }
  return told < count ? text + ", ..." : text;
}

namespace {

// A way as small as can be: there may be a million. The rest lies in Input, for all of them.
struct InputWay {
  int64_t id = 0;
  uint32_t nodes_begin = 0;  // [nodes_begin, nodes_end) of node_ids
  uint32_t nodes_end = 0;
  uint32_t rules = 0;  // index into rules
  uint32_t name = 0;   // index into names
  uint32_t gaps_begin = 0;
  uint32_t gaps_end = 0;
};

struct HashRules {
  size_t operator()(const WayRules& rules) const {
    return absl::HashOf(rules.is_road, rules.road_class, rules.forward_kmh, rules.backward_kmh,
                        rules.walked_modes, rules.patrollable, rules.reversible, rules.name);
  }
};

// The number of `value` among `values`, to which it is added if it is new.
template <typename Value, typename Map>
uint32_t NumberOf(const Value& value, std::vector<Value>* values, Map* numbers) {
  const auto [at, is_new] = numbers->try_emplace(value, static_cast<uint32_t>(values->size()));
  if (is_new) values->push_back(value);
  return at->second;
}

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
  std::vector<int64_t> node_ids;  // of all usable ways
  std::vector<size_t> gaps;       // likewise
  std::vector<WayRules> rules;    // those that differ, without names
  std::unordered_map<WayRules, uint32_t, HashRules> rules_index;
  std::vector<std::string> names = {""};
  std::unordered_map<std::string, uint32_t> name_index = {{"", 0}};
  std::vector<Restriction> restrictions;
  std::vector<std::pair<int64_t, uint8_t>> barriers;  // node id, modes

  // Pieces of all ways, and their times.
  absl::Status AddPieces(Network* network, NetworkReport* counts) const;
  absl::Status AddPiecesOf(const InputWay& way, Network* network, NetworkReport* counts) const;
};

NetworkBuilder::NetworkBuilder() : input_(std::make_unique<Input>()) {}
NetworkBuilder::~NetworkBuilder() = default;
NetworkBuilder::NetworkBuilder(NetworkBuilder&&) noexcept = default;
NetworkBuilder& NetworkBuilder::operator=(NetworkBuilder&&) noexcept = default;

void NetworkBuilder::AddNode(int64_t id, geo::LonLat place) {
  input_->nodes.push_back({id, place});
}

void NetworkBuilder::AddWay(const Way& way) {
  Input& input = *input_;
  InputWay added;
  added.id = way.id;
  added.name = NumberOf(std::string(way.rules.name), &input.names, &input.name_index);
  WayRules rules = way.rules;
  rules.name = {};
  added.rules = NumberOf(rules, &input.rules, &input.rules_index);
  if (rules.usable()) {
    added.nodes_begin = static_cast<uint32_t>(input.node_ids.size());
    input.node_ids.insert(input.node_ids.end(), way.nodes.begin(), way.nodes.end());
    added.nodes_end = static_cast<uint32_t>(input.node_ids.size());
    added.gaps_begin = static_cast<uint32_t>(input.gaps.size());
    input.gaps.insert(input.gaps.end(), way.gaps.begin(), way.gaps.end());
    added.gaps_end = static_cast<uint32_t>(input.gaps.size());
  }
  input.ways.push_back(added);
}

void NetworkBuilder::AddRestriction(Restriction restriction) {
  input_->restrictions.push_back(std::move(restriction));
}

void NetworkBuilder::AddBarrier(int64_t node_id, uint8_t modes) {
  input_->barriers.push_back({node_id, modes});
}

absl::Status NetworkBuilder::Input::AddPieces(Network* network, NetworkReport* counts) const {
  size_t pieces = 0;
  for (const InputWay& way : ways) {
    if (way.nodes_end > way.nodes_begin) pieces += way.nodes_end - way.nodes_begin - 1;
  }
  pieces = std::min(pieces, limits::kPiecesMax);
  network->pieces_.reserve(pieces);
  for (std::vector<TravelTimeUs>& times : network->times_us_) times.reserve(2 * pieces);
  for (const InputWay& way : ways) {
    const WayRules& way_rules = rules[way.rules];
    ++counts->ways_read;
    if (!way_rules.is_road) {
      ++counts->ways_not_roads;
      continue;
    }
    if (way_rules.reversible) ++counts->ways_reversible;
    if (!way_rules.usable()) {
      ++counts->ways_closed;
      continue;
    }
    const size_t pieces_before = network->pieces_.size();
    PATROL_RETURN_IF_ERROR(AddPiecesOf(way, network, counts));
    if (network->pieces_.size() > pieces_before) ++counts->ways_used;
  }
  return absl::OkStatus();
}

absl::Status NetworkBuilder::Input::AddPiecesOf(const InputWay& way, Network* network,
                                                NetworkReport* counts) const {
  const WayRules& way_rules = rules[way.rules];
  const auto gaps_begin = gaps.begin() + way.gaps_begin;
  const auto gaps_end = gaps.begin() + way.gaps_end;
  const int64_t* const nodes_of = node_ids.data() + way.nodes_begin;
  for (size_t i = 0; way.nodes_begin + i + 1 < way.nodes_end; ++i) {
    if (std::binary_search(gaps_begin, gaps_end, i)) continue;
    if (nodes_of[i] == nodes_of[i + 1]) {
      ++counts->segments_zero_length;
      continue;
    }
    Piece piece;
    piece.way_id = way.id;
    piece.seq = static_cast<uint32_t>(i);
    piece.from = network->FindNode(nodes_of[i]);
    piece.to = network->FindNode(nodes_of[i + 1]);
    if (piece.from == network->node_count() || piece.to == network->node_count()) {
      ++counts->segments_missing_node;
      continue;
    }
    if (network->pieces_.size() >= limits::kPiecesMax) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "the network has more than ", limits::kPiecesMax, " pieces, at way ", way.id));
    }
    piece.length_m = std::max(kPieceLengthMinM, geo::GreatCircleM(network->nodes_[piece.from].place,
                                                                  network->nodes_[piece.to].place));
    piece.road_class = way_rules.road_class;
    piece.patrollable = way_rules.patrollable;
    piece.walked_modes = way_rules.walked_modes;
    piece.name = way.name;
    network->pieces_.push_back(piece);
    for (size_t m = 0; m < kModeCount; ++m) {
      for (const double kmh : {way_rules.forward_kmh[m], way_rules.backward_kmh[m]}) {
        network->times_us_[m].push_back(TimeOf(piece.length_m, kmh, counts->times_capped));
      }
    }
  }
  return absl::OkStatus();
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
  PATROL_RETURN_IF_ERROR(input.AddPieces(&network, &counts));
  input.ways = {};
  input.node_ids = {};
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
