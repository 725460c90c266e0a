// Goal: turn restrictions over ways bind in the search just the modes that they say, with their
// exceptions and what is waived for a mode. Method: a dual carriageway by hand, and random towns
// with relations as OSM has them. Beside the rooms' searches runs one of this file's own, over the
// graph whose states are the arcs passed last; who is bound by which relation, and which turns it
// forbids, is worked out from the tags and the drawing here, not taken from the network.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "lib/patrol/coverage/mode_graphs.h"
#include "lib/patrol/coverage/reach.h"
#include "lib/patrol/roadnet/waivers.h"
#include "tests/support/network_sketch.h"
#include "tests/unit/coverage/one_field.h"

namespace patrol::coverage {
namespace {

using patrol::testing::NetworkSketch;
using roadnet::ArcIndex;
using roadnet::Mode;
using roadnet::Network;
using roadnet::NodeIndex;

constexpr std::array<Mode, 5> kModes = {Mode::kCar, Mode::kMotorcycle, Mode::kEbike, Mode::kBicycle,
                                        Mode::kFoot};
static_assert(kModes.size() == roadnet::kModeCount);
constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();

// Whether a vehicle's key of OSM is that of the mode; of psv, hgv and emergency none is.
bool IsVehicle(std::string_view key, Mode mode) {
  const bool motor = mode == Mode::kCar || mode == Mode::kMotorcycle;
  const bool cycle = mode == Mode::kBicycle || mode == Mode::kEbike;
  if (key == "motorcar") return mode == Mode::kCar;
  if (key == "motorcycle") return mode == Mode::kMotorcycle;
  if (key == "motor_vehicle") return motor;
  if (key == "bicycle") return cycle;
  return key == "vehicle" && (motor || cycle);
}

// A way of one or two pieces; ways meet at their ends alone, and no two have both ends in common.
struct Way {
  int64_t id;
  std::vector<int64_t> nodes;

  bool Ends(int64_t node) const { return nodes.front() == node || nodes.back() == node; }
  int64_t OtherEnd(int64_t node) const {
    return nodes.front() == node ? nodes.back() : nodes.front();
  }
};

// From one way over others to the last: as drawn.
struct Relation {
  std::string vehicle;              // "restriction:<vehicle>"; "": of all
  std::vector<std::string> except;  // vehicles
  bool only = false;
  std::vector<Way> ways;       // from, via..., to
  std::vector<int64_t> nodes;  // where they meet, in order: one less

  bool Binds(Mode mode) const {
    if (mode == Mode::kFoot) return false;
    if (!vehicle.empty() && !IsVehicle(vehicle, mode)) return false;
    return std::none_of(except.begin(), except.end(),
                        [&](const std::string& key) { return IsVehicle(key, mode); });
  }
  // OSM's tags as texts, which the reader only looks at.
  std::vector<std::pair<std::string, std::string>> Tags() const {
    std::string excepted;
    for (const std::string& key : except) excepted += (excepted.empty() ? "" : ";") + key;
    return {{vehicle.empty() ? "restriction" : "restriction:" + vehicle,
             only ? "only_straight_on" : "no_left_turn"},
            {"except", excepted}};
  }
};

struct Town {
  std::unique_ptr<NetworkSketch> sketch;
  std::vector<Way> ways;
  std::vector<Relation> relations;
  std::shared_ptr<const Network> network;
};

// The arcs of a way from its end at `from` to the other.
std::vector<ArcIndex> ArcsAlong(const Network& network, const Way& way, int64_t from) {
  const auto pieces = static_cast<uint32_t>(way.nodes.size() - 1);
  std::vector<ArcIndex> arcs;
  for (uint32_t i = 0; i < pieces; ++i) {
    const bool forward = way.nodes.front() == from;
    const uint32_t seq = forward ? i : pieces - 1 - i;
    arcs.push_back(network.FindArc(way.id, seq, way.nodes[forward ? seq : seq + 1]));
  }
  return arcs;
}

// Earliest arrivals of one mode, by states of the arcs passed last.
class EdgeExpanded {
 public:
  EdgeExpanded(const Town& town, Mode mode, const roadnet::SearchGraph::Options& waived)
      : network_(*town.network), mode_(mode), waived_(waived), node(network_.node_count(), kNever) {
    if (waived.ignore_restrictions) return;
    for (const Relation& relation : town.relations) {
      if (relation.Binds(mode)) AddRule(relation);
    }
  }

  void Run(const std::vector<Source>& sources) {
    for (const auto& [position, delay_us] : sources) {
      const double share = position.offset_m / network_.piece(position.piece).length_m;
      for (const ArcIndex arc :
           {roadnet::ForwardArc(position.piece), roadnet::BackwardArc(position.piece)}) {
        if (!Usable(arc)) continue;
        const double part = roadnet::IsBackward(arc) ? share : 1 - share;
        Relax({arc}, delay_us + static_cast<uint64_t>(std::nearbyint(Time(arc) * part)));
      }
    }
    while (!queue_.empty()) {
      const auto [us, passed] = queue_.top();
      queue_.pop();
      if (us == best_.at(passed)) Settle(passed, us);
    }
  }

 private:
  using Passed = std::vector<ArcIndex>;
  struct Rule {
    Passed before;  // having passed these, in this order ...
    ArcIndex to;    // ... this one is forbidden, or the only one
    bool only;
    std::set<ArcIndex> beyond;  // those that an only_ says nothing of
  };

  void AddRule(const Relation& relation) {
    Rule rule;
    rule.only = relation.only;
    const Way& from = relation.ways.front();
    rule.before = {ArcsAlong(network_, from, from.OtherEnd(relation.nodes.front())).back()};
    for (size_t i = 1; i + 1 < relation.ways.size(); ++i) {
      const Passed via = ArcsAlong(network_, relation.ways[i], relation.nodes[i - 1]);
      rule.before.insert(rule.before.end(), via.begin(), via.end());
    }
    rule.to = ArcsAlong(network_, relation.ways.back(), relation.nodes.back()).front();
    // A relation leads along roads that somebody whom it binds may drive without a waiver; of who
    // goes against a one-way by a waiver it says nothing.
    for (const ArcIndex arc : rule.before) {
      if (!OpenToBound(relation, arc)) return;
    }
    if (!OpenToBound(relation, rule.to)) return;
    for (ArcIndex arc = 0; arc < network_.arc_count(); ++arc) {
      if (rule.only && !OpenToBound(relation, arc)) rule.beyond.insert(arc);
    }
    rules_.push_back(std::move(rule));
  }

  bool OpenToBound(const Relation& relation, ArcIndex arc) const {
    return std::any_of(kModes.begin(), kModes.end(), [&](Mode mode) {
      return relation.Binds(mode) && network_.allowed(mode, arc);
    });
  }

  bool Usable(ArcIndex arc) const {
    return network_.allowed(mode_, arc) ||
           (waived_.ignore_one_way && network_.allowed(mode_, roadnet::ReverseArc(arc)));
  }
  double Time(ArcIndex arc) const {
    return network_.time_us(mode_, network_.allowed(mode_, arc) ? arc : roadnet::ReverseArc(arc));
  }

  // How many of the arcs passed last are the beginning of a rule.
  static size_t Begun(const Passed& passed, const Passed& rule) {
    for (size_t count = std::min(passed.size(), rule.size()); count > 0; --count) {
      if (std::equal(rule.begin(), rule.begin() + static_cast<ptrdiff_t>(count),
                     passed.end() - static_cast<ptrdiff_t>(count))) {
        return count;
      }
    }
    return 0;
  }

  bool Forbidden(const Passed& passed, ArcIndex next) const {
    return std::any_of(rules_.begin(), rules_.end(), [&](const Rule& rule) {
      return Begun(passed, rule.before) == rule.before.size() && (next == rule.to) != rule.only &&
             !rule.beyond.contains(next);
    });
  }

  void Relax(Passed passed, uint64_t us) {
    size_t keep = 1;
    for (const Rule& rule : rules_) keep = std::max(keep, Begun(passed, rule.before));
    passed.erase(passed.begin(), passed.end() - static_cast<ptrdiff_t>(keep));
    const auto [it, is_new] = best_.try_emplace(passed, us);
    if (!is_new && it->second <= us) return;
    it->second = us;
    queue_.push({us, std::move(passed)});
  }

  void Settle(const Passed& passed, uint64_t us) {
    const ArcIndex back = roadnet::ReverseArc(passed.back());
    const NodeIndex at = network_.head(passed.back());
    node[at] = std::min(node[at], us);
    bool turns = true;  // at dead ends
    for (const ArcIndex* arc = network_.out_begin(at); arc != network_.out_end(at); ++arc) {
      if (*arc != back && Usable(*arc)) turns = waived_.u_turns;
    }
    for (const ArcIndex* arc = network_.out_begin(at); arc != network_.out_end(at); ++arc) {
      if (!Usable(*arc) || (*arc == back && !turns) || Forbidden(passed, *arc)) continue;
      Passed next = passed;
      next.push_back(*arc);
      Relax(std::move(next), us + static_cast<uint64_t>(Time(*arc)));
    }
  }

  const Network& network_;
  const Mode mode_;
  const roadnet::SearchGraph::Options waived_;
  std::vector<Rule> rules_;
  std::map<Passed, uint64_t> best_;
  std::priority_queue<std::pair<uint64_t, Passed>, std::vector<std::pair<uint64_t, Passed>>,
                      std::greater<>>
      queue_;

 public:
  std::vector<uint64_t> node;  // arrivals
};

roadnet::Waivers Waived(const std::string& text) {
  auto waivers = roadnet::ParseWaivers(text);
  EXPECT_TRUE(waivers.ok()) << waivers.status();
  return *std::move(waivers);
}

// ---- by hand ----

//  east  1 ==12=> 2 ==23=> 3
//                 |27
//                 7        8
//                 |57     /58
//  west  4 <=54== 5 <=65== 6
//
// From 1 over the link to 4 is the U-turn.
Town DualCarriageway(const roadnet::Tags& tags, const roadnet::Waivers& waivers) {
  roadnet::RoadOptions options;
  waivers.AddTo(&options);
  NetworkSketch sketch(options);
  sketch.Node(1, -300, 0).Node(2, 0, 0).Node(3, 300, 0).Node(7, 0, -20).Node(5, 0, -40);
  sketch.Node(4, -300, -40).Node(6, 300, -40).Node(8, 100, -300);
  const roadnet::Tags one_way = {{"oneway", "yes"}};
  sketch.Way(12, {1, 2}, one_way).Way(23, {2, 3}, one_way);
  sketch.Way(65, {6, 5}, one_way).Way(54, {5, 4}, one_way);
  sketch.Way(27, {2, 7}).Way(57, {5, 7}).Way(58, {5, 8}).Way(36, {3, 6});
  sketch.TaggedRestriction(tags, 12, {27, 57}, 54);
  Town town;
  town.network = std::make_shared<const Network>(sketch.Build());
  return town;
}

// Seconds from the middle of the eastbound road to the end of the westbound one.
double SecondsToTurn(const roadnet::Tags& tags, Mode mode, const std::string& waived) {
  const roadnet::Waivers waivers = Waived(waived);
  const Town town = DualCarriageway(tags, waivers);
  const Network& network = *town.network;
  const ModeGraphs graphs(town.network, waivers.graphs);
  Reach reach(network, graphs.graph(mode));
  const roadnet::PieceIndex piece = roadnet::PieceOf(network.FindArc(12, 0, 1));
  reach.Run({{{{piece, network.piece(piece).length_m / 2}, 0}}}, 1'000'000'000);
  const NodeIndex end = network.head(network.FindArc(54, 0, 5));
  return reach.NodeArrival(end) * 1e-6;
}

TEST(RestrictionModes, AUTurnOverALinkBindsWhoIsNotExceptedAndNotWaived) {
  const roadnet::Tags all = {{"restriction", "no_u_turn"}};
  const auto with = [&](const char* except) {
    roadnet::Tags tags = all;
    tags.emplace_back("except", except);
    return tags;
  };
  const auto turns = [&](const roadnet::Tags& tags, Mode mode, const std::string& waived = "") {
    // Without any relation, and round over the road's far end.
    const double free_s = SecondsToTurn({{"restriction:hgv", "no_u_turn"}}, mode, waived);
    const double s = SecondsToTurn(tags, mode, waived);
    EXPECT_GE(s, free_s);
    return s == free_s;
  };
  for (const Mode mode : kModes) {
    SCOPED_TRACE(roadnet::ModeName(mode));
    const bool cycle = mode == Mode::kBicycle || mode == Mode::kEbike;
    EXPECT_EQ(turns(all, mode), mode == Mode::kFoot);
    // Vehicles that no unit is: a patrol is under blue light only by a waiver.
    EXPECT_EQ(turns(with("psv"), mode), mode == Mode::kFoot);
    EXPECT_EQ(turns(with("psv;emergency"), mode), mode == Mode::kFoot);
    EXPECT_EQ(turns(with("psv; bicycle"), mode), mode == Mode::kFoot || cycle);
    EXPECT_EQ(turns(with("motorcar"), mode), mode == Mode::kFoot || mode == Mode::kCar);
    EXPECT_EQ(turns({{"restriction:bicycle", "no_u_turn"}}, mode), !cycle);
  }
  EXPECT_TRUE(turns(all, Mode::kCar, "car=emergency"));
  EXPECT_TRUE(turns(all, Mode::kCar, "car=restrictions"));
  EXPECT_TRUE(turns(all, Mode::kMotorcycle, "all=emergency"));
  EXPECT_FALSE(turns(all, Mode::kMotorcycle, "car=emergency")) << "waived for cars alone";
  EXPECT_FALSE(turns(all, Mode::kCar, "car=turning-round"));
}

// ---- random towns ----

class TownMaker {
 public:
  explicit TownMaker(uint32_t seed) : random_(seed) {}

  Town Make(const roadnet::Waivers& waivers) {
    roadnet::RoadOptions options;
    waivers.AddTo(&options);
    town_.sketch = std::make_unique<NetworkSketch>(options);
    const int junctions = 6 + Below(6);
    for (int i = 1; i <= junctions; ++i) Draw(i);
    int next_node = junctions + 1;
    std::set<std::pair<int, int>> taken;
    for (int w = 0; w < 2 * junctions; ++w) {
      const int a = 1 + Below(junctions);
      const int b = 1 + Below(junctions);
      if (a == b || !taken.insert(std::minmax(a, b)).second) continue;
      Way way{100 + w, {a, b}};
      if (Below(3) == 0) {
        Draw(next_node);
        way.nodes.insert(way.nodes.begin() + 1, next_node++);
      }
      town_.sketch->Way(way.id, way.nodes, WayTags());
      town_.ways.push_back(way);
    }
    for (int i = 0; i < 30; ++i) Relate();
    for (const Relation& relation : town_.relations) {
      std::vector<int64_t> via;
      for (size_t k = 1; k + 1 < relation.ways.size(); ++k) via.push_back(relation.ways[k].id);
      const auto texts = relation.Tags();
      town_.sketch->TaggedRestriction({texts.begin(), texts.end()}, relation.ways.front().id,
                                      std::move(via), relation.ways.back().id);
    }
    town_.network = std::make_shared<const Network>(town_.sketch->Build());
    return std::move(town_);
  }

  std::vector<Source> Sources(const Town& town, Mode mode) {
    std::vector<Source> sources;
    for (int i = 1 + Below(3); i > 0; --i) {
      const auto piece =
          static_cast<roadnet::PieceIndex>(Below(static_cast<int>(town.network->piece_count())));
      if (!town.network->usable(mode, piece)) continue;
      const double share = (1 + Below(999)) / 1000.0;
      sources.push_back({{piece, share * town.network->piece(piece).length_m},
                         static_cast<ArrivalUs>(Below(2) * Below(9'000'000))});
    }
    return sources;
  }

  std::string AnyWaivers() {
    std::string text;
    for (const char* mode : {"car", "motorcycle", "e-bike", "bicycle"}) {
      static constexpr const char* kWaived[] = {"emergency", "restrictions", "one-way",
                                                "turning-round", "one-way+turning-round"};
      if (Below(2) == 0) continue;
      text += (text.empty() ? "" : ",") + std::string(mode) + "=" + kWaived[Below(5)];
    }
    return text;
  }

 private:
  int Below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }
  void Draw(int64_t id) { town_.sketch->Node(id, Below(2000) + 0.1 * id, Below(2000)); }

  roadnet::Tags WayTags() {
    switch (Below(8)) {
      case 0:
        return {{"oneway", "yes"}};
      case 1:
        return {{"oneway", "yes"}, {"oneway:bicycle", "no"}};
      case 2:
        return {{"highway", "cycleway"}};
      case 3:
        return {{"highway", "primary"}, {"maxspeed", "80"}};
      default:
        return {};
    }
  }

  // A relation along a walk over ways that pass no junction twice.
  void Relate() {
    Relation relation;
    const Way& first = town_.ways[static_cast<size_t>(Below(static_cast<int>(town_.ways.size())))];
    int64_t at = Below(2) == 0 ? first.nodes.front() : first.nodes.back();
    std::set<int64_t> seen = {at, first.OtherEnd(at)};
    relation.ways = {first};
    for (int more = 2 + Below(3); more > 0; --more) {
      std::vector<const Way*> next;
      for (const Way& way : town_.ways) {
        if (way.Ends(at) && !seen.contains(way.OtherEnd(at))) next.push_back(&way);
      }
      if (next.empty()) return;
      const Way& way = *next[static_cast<size_t>(Below(static_cast<int>(next.size())))];
      relation.nodes.push_back(at);
      relation.ways.push_back(way);
      at = way.OtherEnd(at);
      seen.insert(at);
    }
    static constexpr const char* kVehicles[] = {
        "psv", "emergency", "bicycle", "motorcar", "motorcycle", "motor_vehicle", "hgv"};
    for (int i = Below(3); i > 0; --i) relation.except.push_back(kVehicles[Below(7)]);
    if (Below(4) == 0) relation.vehicle = Below(2) == 0 ? "bicycle" : "motorcar";
    relation.only = Below(4) == 0;
    town_.relations.push_back(std::move(relation));
  }

  std::mt19937 random_;
  Town town_;
};

void CompareField(const Town& town, const ModeGraphs& graphs, Mode mode,
                  const std::vector<Source>& sources, ArrivalUs reach_us,
                  const EdgeExpanded& truth) {
  OneField field(graphs, reach_us);
  std::vector<UnitSource> units;
  for (const Source& source : sources) units.push_back({mode, source});
  field.Compute(units, {});
  std::vector<uint64_t> node(town.network->node_count(), kNever);
  for (roadnet::PieceIndex i = 0; i < town.network->piece_count(); ++i) {
    const roadnet::Piece& piece = town.network->piece(i);
    for (const auto& [share, at] : {std::pair(0.0, piece.from), std::pair(1.0, piece.to)}) {
      const ArrivalUs us = field.field.ArrivalAtShare(i, share);
      if (us != kUnreached) node[at] = std::min<uint64_t>(node[at], us);
    }
  }
  for (NodeIndex n = 0; n < node.size(); ++n) {
    // Reached with nothing left covers no length, and Field leaves it out.
    if (node[n] == kNever && truth.node[n] >= reach_us) continue;
    ASSERT_EQ(node[n], truth.node[n]) << "field, node " << town.network->node(n).id;
  }
}

TEST(RestrictionModes, EqualASearchOfTheTestsOwnForEachModeWithExceptionsAndWaivers) {
  std::map<Mode, size_t> differ;  // relations change an arrival
  std::map<Mode, size_t> waived;  // a waiver lifts them
  for (uint32_t seed = 1; seed <= 600; ++seed) {
    TownMaker maker(seed);
    const std::string text = seed % 2 == 0 ? maker.AnyWaivers() : "";
    const roadnet::Waivers waivers = Waived(text);
    const Town town = maker.Make(waivers);
    const ModeGraphs graphs(town.network, waivers.graphs);
    for (const Mode mode : kModes) {
      SCOPED_TRACE(::testing::Message()
                   << "seed " << seed << ", " << roadnet::ModeName(mode) << ", \"" << text << "\"");
      const std::vector<Source> sources = maker.Sources(town, mode);
      if (sources.empty()) continue;
      const auto& options = waivers.graphs[static_cast<size_t>(mode)];
      EdgeExpanded truth(town, mode, options);
      truth.Run(sources);
      Reach reach(*town.network, graphs.graph(mode));
      constexpr ArrivalUs kReachUs = 600'000'000;
      reach.Run(sources, kReachUs);
      for (NodeIndex n = 0; n < town.network->node_count(); ++n) {
        const ArrivalUs us = reach.NodeArrival(n);
        ASSERT_EQ(us == kUnreached ? kNever : us, truth.node[n] > kReachUs ? kNever : truth.node[n])
            << "node " << town.network->node(n).id;
      }
      CompareField(town, graphs, mode, sources, kReachUs, truth);
      if (HasFatalFailure()) return;
      // What the relations do: without them arrivals are earlier.
      roadnet::SearchGraph::Options lifted = options;
      lifted.ignore_restrictions = true;
      EdgeExpanded free(town, mode, lifted);
      free.Run(sources);
      differ[mode] += truth.node != free.node ? 1 : 0;
      if (options.ignore_restrictions) {
        lifted.ignore_restrictions = false;
        EdgeExpanded bound(town, mode, lifted);
        bound.Run(sources);
        waived[mode] += truth.node != bound.node ? 1 : 0;
      }
    }
  }
  for (const Mode mode : kModes) {
    SCOPED_TRACE(roadnet::ModeName(mode));
    if (mode == Mode::kFoot) {
      EXPECT_EQ(differ[mode], 0u);
      continue;
    }
    EXPECT_GT(differ[mode], 20u);
    EXPECT_GT(waived[mode], 3u);
  }
}

}  // namespace
}  // namespace patrol::coverage
