// From lines to a road network: nodes where lines meet, ways between them, turn restrictions.

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <unordered_map>
#include <utility>

#include "cmd/patrolsim/town.h"
#include "cmd/patrolsim/town_random.h"
#include "lib/base/check.h"
#include "lib/patrol/roadnet/network_builder.h"
#include "lib/patrol/roadnet/way_rules.h"

namespace patrol::sim {

namespace {

// An end of a line this close to another line meets it.
constexpr double kMeetM = 12;
// Points closer than this are one node.
constexpr double kSameNodeM = 5;
constexpr double kSegmentCellM = 80;
// Pieces of the network this small that hang on to nothing are dropped, larger ones linked.
constexpr size_t kScrapNodesMax = 5;
constexpr size_t kRestrictions = 60;

int64_t CellKey(PointM p, double size) {
  const auto x = static_cast<int64_t>(std::floor(p.x / size));
  const auto y = static_cast<int64_t>(std::floor(p.y / size));
  return x * 1000003 + y;
}

// Nodes by place, merging what is closer than kSameNodeM.
class NodeTable {
 public:
  size_t NodeAt(PointM p) {
    size_t nearest = places.size();
    double nearest_m = kSameNodeM;
    for (int dx = -1; dx <= 1; ++dx) {
      for (int dy = -1; dy <= 1; ++dy) {
        const auto cell =
            cells_.find(CellKey({p.x + dx * kSameNodeM, p.y + dy * kSameNodeM}, kSameNodeM));
        if (cell == cells_.end()) continue;
        for (const size_t node : cell->second) {
          const double distance = Distance(places[node], p);
          if (distance < nearest_m) {
            nearest_m = distance;
            nearest = node;
          }
        }
      }
    }
    if (nearest == places.size()) {
      places.push_back(p);
      cells_[CellKey(p, kSameNodeM)].push_back(nearest);
    }
    return nearest;
  }

  std::vector<PointM> places;

 private:
  std::unordered_map<int64_t, std::vector<size_t>> cells_;
};

// A run of nodes of one line.
struct Chain {
  size_t line = 0;
  bool bridge = false;
  std::vector<size_t> nodes;
};

using NodePair = std::pair<size_t, size_t>;
NodePair Unordered(size_t a, size_t b) { return {std::min(a, b), std::max(a, b)}; }

class Joiner {
 public:
  Joiner(uint64_t seed, const std::vector<RoadLine>& lines, const TownPlan& plan)
      : lines_(lines), plan_(plan), random_(seed * 1000003 + 5) {}

  TownRoads Join() {
    Extend();
    FindMeetings();
    MakeChains();
    LinkComponents();
    SplitAtJunctions();
    MakeWays();
    AddRestrictions();
    return std::move(roads_);
  }

 private:
  struct Meeting {
    double position;  // segment index + share, along the extended line
    PointM point;
  };

  // Every line a little longer at both ends, to find what its ends should meet.
  void Extend() {
    for (const RoadLine& line : lines_) {
      const Path& p = line.points;
      PATROL_CHECK(p.size() >= 2);
      const auto beyond = [](PointM end, PointM before) {
        return end + kMeetM / Distance(end, before) * (end - before);
      };
      Path longer = {beyond(p[0], p[1])};
      longer.insert(longer.end(), p.begin(), p.end());
      longer.push_back(beyond(p.back(), p[p.size() - 2]));
      extended_.push_back(std::move(longer));
    }
  }

  void FindMeetings() {
    struct Segment {
      size_t line;
      size_t index;
    };
    // In order of key, so that meetings come in the same order everywhere.
    std::map<int64_t, std::vector<Segment>> cells;
    for (size_t l = 0; l < extended_.size(); ++l) {
      for (size_t i = 0; i + 1 < extended_[l].size(); ++i) {
        const PointM a = extended_[l][i];
        const PointM b = extended_[l][i + 1];
        for (double x = std::floor(std::min(a.x, b.x) / kSegmentCellM) * kSegmentCellM;
             x <= std::max(a.x, b.x); x += kSegmentCellM) {
          for (double y = std::floor(std::min(a.y, b.y) / kSegmentCellM) * kSegmentCellM;
               y <= std::max(a.y, b.y); y += kSegmentCellM) {
            cells[CellKey({x + 1, y + 1}, kSegmentCellM)].push_back({l, i});
          }
        }
      }
    }
    meetings_.resize(extended_.size());
    for (const auto& [key, segments] : cells) {
      for (size_t s = 0; s < segments.size(); ++s) {
        for (size_t t = s + 1; t < segments.size(); ++t) {
          const auto [l, i] = segments[s];
          const auto [m, k] = segments[t];
          if (l == m) continue;
          const auto crossing = FindCrossing(extended_[l][i], extended_[l][i + 1], extended_[m][k],
                                             extended_[m][k + 1]);
          if (!crossing.has_value()) continue;
          const PointM point =
              extended_[l][i] + crossing->along_first * (extended_[l][i + 1] - extended_[l][i]);
          // Segments share several cells; the crossing is in one.
          if (CellKey(point, kSegmentCellM) != key) continue;
          meetings_[l].push_back({i + crossing->along_first, point});
          meetings_[m].push_back({k + crossing->along_second, point});
        }
      }
    }
    for (auto& meetings : meetings_) {
      std::sort(meetings.begin(), meetings.end(),
                [](const Meeting& a, const Meeting& b) { return a.position < b.position; });
    }
  }

  // Where the line begins: at the meeting nearest to its planned start, if one is near.
  double Begin(size_t line) const {
    double begin = 1;
    double best_m = kMeetM;
    for (const Meeting& meeting : meetings_[line]) {
      const double distance = Distance(meeting.point, extended_[line][1]);
      if (meeting.position < 3 && distance <= best_m) {
        best_m = distance;
        begin = meeting.position;
      }
    }
    return begin;
  }

  double End(size_t line) const {
    const double last = static_cast<double>(extended_[line].size()) - 2;
    double end = last;
    double best_m = kMeetM;
    for (const Meeting& meeting : meetings_[line]) {
      const double distance = Distance(meeting.point, extended_[line][extended_[line].size() - 2]);
      if (meeting.position > last - 2 && distance <= best_m) {
        best_m = distance;
        end = meeting.position;
      }
    }
    return end;
  }

  void MakeChains() {
    // Meetings first: other points give way to them.
    std::vector<std::vector<std::pair<double, size_t>>> met(lines_.size());
    for (size_t l = 0; l < lines_.size(); ++l) {
      const double begin = Begin(l);
      const double end = End(l);
      for (const Meeting& meeting : meetings_[l]) {
        if (meeting.position >= begin && meeting.position <= end) {
          met[l].emplace_back(meeting.position, nodes_.NodeAt(meeting.point));
        }
      }
    }
    for (size_t l = 0; l < lines_.size(); ++l) {
      const double begin = Begin(l);
      const double end = End(l);
      for (size_t i = 1; i + 1 < extended_[l].size(); ++i) {
        const double position = static_cast<double>(i);
        if (position >= begin && position <= end) {
          met[l].emplace_back(position, nodes_.NodeAt(extended_[l][i]));
        }
      }
      std::sort(met[l].begin(), met[l].end());
      AddChains(l, met[l]);
    }
  }

  // Breaks a line where a segment is there already, or would wade the river.
  void AddChains(size_t line, const std::vector<std::pair<double, size_t>>& points) {
    Chain chain{line, false, {}};
    const auto flush = [&](bool bridge_next) {
      if (chain.nodes.size() > 1) chains_.push_back(chain);
      chain = Chain{line, bridge_next, {}};
    };
    for (const auto& [position, node] : points) {
      if (chain.nodes.empty()) {
        chain.nodes.push_back(node);
        continue;
      }
      const size_t last = chain.nodes.back();
      if (last == node) continue;
      const bool wet = CrossesPath(nodes_.places[last], nodes_.places[node], plan_.river);
      if (!segments_.insert(Unordered(last, node)).second || (wet && !lines_[line].may_bridge)) {
        flush(false);
      } else if (wet != chain.bridge) {
        flush(wet);
        chain.nodes.push_back(last);
      }
      chain.nodes.push_back(node);
    }
    flush(false);
  }

  size_t Root(size_t node) {
    while (parent_[node] != node) {
      parent_[node] = parent_[parent_[node]];
      node = parent_[node];
    }
    return node;
  }

  // Makes one network of it: drops scraps, links the rest by the shortest dry way.
  void LinkComponents() {
    parent_.resize(nodes_.places.size());
    std::iota(parent_.begin(), parent_.end(), size_t{0});
    for (const Chain& chain : chains_) {
      for (const size_t node : chain.nodes) parent_[Root(node)] = Root(chain.nodes.front());
    }
    std::map<size_t, std::vector<size_t>> components;
    std::set<size_t> used;
    for (const Chain& chain : chains_) used.insert(chain.nodes.begin(), chain.nodes.end());
    for (const size_t node : used) components[Root(node)].push_back(node);
    const auto largest = std::max_element(
        components.begin(), components.end(),
        [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
    std::vector<size_t> whole = largest->second;
    const size_t largest_root = largest->first;
    for (const auto& [root, own] : components) {
      if (root == largest_root) continue;
      if (own.size() <= kScrapNodesMax) {
        std::erase_if(chains_, [&](const Chain& chain) { return Root(chain.nodes[0]) == root; });
        continue;
      }
      NodePair link{0, 0};
      double least_m = 1e9;
      for (const size_t a : own) {
        for (const size_t b : whole) {
          const double distance = Distance(nodes_.places[a], nodes_.places[b]);
          if (distance >= least_m) continue;
          if (CrossesPath(nodes_.places[a], nodes_.places[b], plan_.river)) continue;
          least_m = distance;
          link = {a, b};
        }
      }
      PATROL_CHECK(least_m < 1e9);
      chains_.push_back({kLinkLine, false, {link.first, link.second}});
      whole.insert(whole.end(), own.begin(), own.end());
    }
  }

  static bool IsMainRoad(const std::string& highway) {
    return highway == "primary" || highway == "secondary" || highway == "tertiary";
  }
  const RoadLine& LineOf(const Chain& chain) const {
    static const RoadLine kLink{{}, "residential", "", 0};
    return chain.line == kLinkLine ? kLink : lines_[chain.line];
  }

  // Main roads become a way from junction to junction, as mappers do for turn restrictions.
  void SplitAtJunctions() {
    std::vector<int> degree(nodes_.places.size(), 0);
    for (const Chain& chain : chains_) {
      for (size_t i = 0; i < chain.nodes.size(); ++i) {
        degree[chain.nodes[i]] += i == 0 || i + 1 == chain.nodes.size() ? 1 : 2;
      }
    }
    std::vector<Chain> split;
    for (const Chain& chain : chains_) {
      Chain part{chain.line, chain.bridge, {}};
      for (size_t i = 0; i < chain.nodes.size(); ++i) {
        part.nodes.push_back(chain.nodes[i]);
        const bool inner = i > 0 && i + 1 < chain.nodes.size();
        if (inner && degree[chain.nodes[i]] > 2 && IsMainRoad(LineOf(chain).highway)) {
          split.push_back(part);
          part.nodes = {chain.nodes[i]};
        }
      }
      split.push_back(part);
    }
    chains_ = std::move(split);
  }

  void MakeWays() {
    std::vector<bool> used(nodes_.places.size(), false);
    for (const Chain& chain : chains_) {
      for (const size_t node : chain.nodes) used[node] = true;
    }
    id_of_.assign(nodes_.places.size(), 0);
    const geo::LocalPlane plane(kTownCentre);
    for (size_t node = 0; node < used.size(); ++node) {
      if (!used[node]) continue;
      id_of_[node] = static_cast<int64_t>(roads_.nodes.size()) + 1;
      const geo::LonLat place = plane.ToLonLat(nodes_.places[node]);
      roads_.nodes.emplace_back(id_of_[node], geo::LonLat{std::round(place.lon * 1e7) / 1e7,
                                                          std::round(place.lat * 1e7) / 1e7});
    }
    for (const Chain& chain : chains_) {
      const RoadLine& line = LineOf(chain);
      TownWay way;
      way.id = static_cast<int64_t>(roads_.ways.size()) + 1;
      for (const size_t node : chain.nodes) way.nodes.push_back(id_of_[node]);
      way.tags.emplace_back("highway", line.highway);
      if (!line.name.empty()) way.tags.emplace_back("name", line.name);
      if (line.one_way) way.tags.emplace_back("oneway", "yes");
      if (line.maxspeed_kmh > 0) {
        way.tags.emplace_back("maxspeed", std::to_string(line.maxspeed_kmh));
      }
      if (chain.bridge) {
        way.tags.emplace_back("bridge", "yes");
        way.tags.emplace_back("layer", "1");
      }
      roads_.ways.push_back(std::move(way));
    }
  }

  // No left turn, no turning round, straight on only: at junctions of main roads.
  void AddRestrictions() {
    std::map<size_t, std::vector<size_t>> ends;  // node -> chains of main roads that end there
    for (size_t c = 0; c < chains_.size(); ++c) {
      if (!IsMainRoad(LineOf(chains_[c]).highway)) continue;
      ends[chains_[c].nodes.front()].push_back(c);
      ends[chains_[c].nodes.back()].push_back(c);
    }
    std::vector<size_t> junctions;
    for (const auto& [node, chains] : ends) {
      if (chains.size() == 4) junctions.push_back(node);
    }
    random_.Shuffle(junctions);
    for (const size_t via : junctions) {
      if (roads_.restrictions.size() == kRestrictions) break;
      const std::vector<size_t>& chains = ends[via];
      const size_t from = random_.Pick(chains);
      const size_t to = random_.Pick(chains);
      // One may come by `from` and, of a pair, leave by `to`.
      if (LineOf(chains_[from]).one_way && chains_[from].nodes.back() != via) continue;
      if (LineOf(chains_[to]).one_way && chains_[to].nodes.front() != via) continue;
      std::string kind = "no_u_turn";
      if (from != to) {
        const double left = TurnRadians(chains_[from], via, chains_[to]);
        if (left > 0.6 && left < 2.5) {
          kind = "no_left_turn";
        } else if (std::abs(left) < 0.4 && random_.Chance(0.3)) {
          kind = "only_straight_on";
        } else {
          continue;
        }
      } else if (LineOf(chains_[from]).one_way) {
        continue;
      }
      const int64_t id = static_cast<int64_t>(roads_.restrictions.size()) + 1;
      roads_.restrictions.push_back(
          {id, kind, roads_.ways[from].id, id_of_[via], roads_.ways[to].id});
    }
  }

  // How far one turns to the left going from one chain into the other.
  double TurnRadians(const Chain& from, size_t via, const Chain& to) const {
    const auto beside = [&](const Chain& chain) {
      return chain.nodes.front() == via ? chain.nodes[1] : chain.nodes[chain.nodes.size() - 2];
    };
    const PointM in = nodes_.places[via] - nodes_.places[beside(from)];
    const PointM out = nodes_.places[beside(to)] - nodes_.places[via];
    return std::atan2(Cross(in, out), Dot(in, out));
  }

  static constexpr size_t kLinkLine = static_cast<size_t>(-1);

  const std::vector<RoadLine>& lines_;
  const TownPlan& plan_;
  Random random_;
  std::vector<Path> extended_;
  std::vector<std::vector<Meeting>> meetings_;  // per line, by position
  NodeTable nodes_;
  std::set<NodePair> segments_;
  std::vector<Chain> chains_;
  std::vector<size_t> parent_;
  std::vector<int64_t> id_of_;
  TownRoads roads_;
};

}  // namespace

TownRoads JoinRoads(uint64_t seed, const std::vector<RoadLine>& lines, const TownPlan& plan) {
  return Joiner(seed, lines, plan).Join();
}

roadnet::Network BuildNetwork(const TownRoads& roads) {
  roadnet::NetworkBuilder builder;
  for (const auto& [id, place] : roads.nodes) builder.AddNode(id, place);
  for (const TownWay& way : roads.ways) {
    const roadnet::Tags tags(way.tags.begin(), way.tags.end());
    builder.AddWay({way.id, way.nodes, roadnet::ReadWayRules(tags, {})});
  }
  for (const TownRestriction& restriction : roads.restrictions) {
    roadnet::NetworkBuilder::Restriction added;
    added.relation_id = restriction.id;
    added.rules =
        roadnet::ReadRestrictionRules({{"type", "restriction"}, {"restriction", restriction.kind}});
    added.from_ways = {restriction.from_way};
    added.via_node = restriction.via_node;
    added.to_ways = {restriction.to_way};
    builder.AddRestriction(std::move(added));
  }
  auto network = std::move(builder).Build();
  PATROL_CHECK(network.ok());
  return *std::move(network);
}

}  // namespace patrol::sim
