// A day of patrols in the sample town: units drive, ride and walk their beats, stop, park off the
// road, hand over at noon, and are seen through a GPS receiver with its faults.

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "cmd/patrolsim/town.h"
#include "cmd/patrolsim/town_random.h"
#include "cmd/patrolsim/town_routes.h"
#include "lib/base/check.h"

namespace patrol::sim {

namespace {

using roadnet::ArcIndex;
using roadnet::Mode;
using roadnet::Network;
using roadnet::NodeIndex;

constexpr double kHour = 3600;
// Seconds after 08:00 local. Two shifts; in between each unit changes its crew at the station, not
// all at the same time.
constexpr double kDayS = 16 * kHour;
constexpr double kHandoverFromS = 7.3 * kHour;
constexpr double kHandoverToS = 8.3 * kHour;
constexpr double kHandoverMinS = 12 * 60;
constexpr double kHandoverMaxS = 25 * 60;
// The receiver: errors wander (a minute's memory) with 5 m of deviation over both axes.
constexpr double kNoiseM = 5.0;
constexpr double kNoiseMemoryS = 60;
constexpr double kOutagesPerHour = 0.7;

struct Kind {
  Mode mode;
  const char* stem;  // of the ids
  const char* name;  // what people call it
  size_t count;
  double pace_low;  // share of the network's speed it patrols at
  double pace_high;
  double beat_m;  // how far from its base it goes
};
constexpr std::array<Kind, 3> kKinds = {{
    {Mode::kCar, "car", "巡逻车", 26, 0.60, 0.95, 4200},
    {Mode::kEbike, "ebike", "电动巡逻车", 20, 0.65, 0.95, 1600},
    {Mode::kFoot, "foot", "步巡组", 14, 0.75, 1.0, 700},
}};
static_assert(kKinds[0].count + kKinds[1].count + kKinds[2].count == kPatrolUnits);

// Where a unit truly is from an instant on, until the next knot's.
struct Knot {
  double time_s;
  PointM point;
};

absl::Time DayStart() {
  return absl::FromUnixSeconds(1772409600);  // 2026-03-02T00:00:00Z, 08:00 at UTC+8
}

// One unit's day.
class Patrol {
 public:
  Patrol(const Kind& kind, PointM base, const Network& network, const std::vector<PointM>& points,
         RouteFinder& routes, const std::vector<NodeIndex>& stops, Random random)
      : kind_(kind),
        network_(network),
        points_(points),
        routes_(routes),
        stops_(stops),
        random_(random) {
    base_ = NearestStop(base);
    pace_ = random_.Uniform(kind.pace_low, kind.pace_high);
  }

  // True positions of one shift, from its start to its end at the base.
  std::vector<Knot> Shift(double begin_s, double end_s) {
    knots_.clear();
    at_ = base_;
    last_ = RouteFinder::kNoArc;
    now_s_ = begin_s;
    Stay(random_.Uniform(0, 60));
    int unlucky = 0;
    while (now_s_ < end_s - 15 * 60 && unlucky < 50) {
      const std::optional<NodeIndex> stop = NextStop();
      if (!stop.has_value() || !Go(*stop)) {
        ++unlucky;
        last_ = RouteFinder::kNoArc;
        continue;
      }
      unlucky = 0;
      Stop();
    }
    if (at_ != base_) Go(base_);
    Stay(std::max(0.0, end_s - now_s_));
    return std::move(knots_);
  }

  Random& random() { return random_; }

 private:
  NodeIndex NearestStop(PointM point) const {
    return *std::min_element(stops_.begin(), stops_.end(), [&](NodeIndex a, NodeIndex b) {
      return Distance(points_[a], point) < Distance(points_[b], point);
    });
  }

  std::optional<NodeIndex> NextStop() {
    for (int i = 0; i < 200; ++i) {
      const NodeIndex stop = random_.Pick(stops_);
      if (stop == at_ || Distance(points_[stop], points_[base_]) > kind_.beat_m) continue;
      if (Distance(points_[stop], points_[at_]) > 0.15 * kind_.beat_m) return stop;
    }
    return std::nullopt;
  }

  void Add(PointM point) { knots_.push_back({now_s_, point}); }

  void Stay(double seconds) {
    const PointM point = knots_.empty() ? points_[at_] : knots_.back().point;
    Add(point);
    now_s_ += seconds;
    Add(point);
  }

  bool Go(NodeIndex to) {
    const std::vector<ArcIndex> route = routes_.Find(at_, last_, to);
    if (route.empty()) return false;
    for (const ArcIndex arc : route) {
      const roadnet::Piece& piece = network_.piece(roadnet::PieceOf(arc));
      const double seconds =
          network_.time_us(kind_.mode, arc) * 1e-6 / (pace_ * random_.Uniform(0.85, 1.1));
      now_s_ += seconds;
      at_ = network_.head(arc);
      Add(points_[at_]);
      const auto roads = network_.out_end(at_) - network_.out_begin(at_);
      const bool crossing = roads >= 4 && piece.road_class <= roadnet::RoadClass::kTertiaryLink;
      if (crossing && random_.Chance(kind_.mode == Mode::kFoot ? 0.1 : 0.25)) {
        Stay(random_.Uniform(5, 45));
      }
    }
    last_ = route.back();
    return true;
  }

  // A look around; now and then parked in a yard off the road.
  void Stop() {
    const double seconds = random_.Uniform(60, kind_.mode == Mode::kCar ? 600 : 420);
    if (!random_.Chance(0.3)) {
      Stay(seconds);
      return;
    }
    const double angle = random_.Uniform(0, 6.283185307179586);
    const double away_m = random_.Uniform(12, 45);
    const PointM road = points_[at_];
    const PointM yard = road + away_m * PointM{std::cos(angle), std::sin(angle)};
    now_s_ += away_m / 1.5;
    Add(yard);
    Stay(seconds);
    now_s_ += away_m / 1.5;
    Add(road);
  }

  const Kind& kind_;
  const Network& network_;
  const std::vector<PointM>& points_;
  RouteFinder& routes_;
  const std::vector<NodeIndex>& stops_;
  Random random_;
  NodeIndex base_ = 0;
  double pace_ = 1;
  NodeIndex at_ = 0;
  ArcIndex last_ = RouteFinder::kNoArc;
  double now_s_ = 0;
  std::vector<Knot> knots_;
};

// What a receiver reports of a true course: one fix each `period_s`, none in outages.
class Receiver {
 public:
  Receiver(size_t unit, Random& random) : unit_(unit), random_(random), plane_(kTownCentre) {
    constexpr std::array<int, 4> kPeriodsS = {10, 15, 20, 30};
    period_s_ = kPeriodsS[random_.Index(kPeriodsS.size())];
    phase_s_ = static_cast<int>(random_.Index(period_s_));
    east_ = random_.Normal();
    north_ = random_.Normal();
  }

  void Report(const std::vector<Knot>& knots, double until_s, std::vector<PatrolFix>& fixes) {
    size_t next = 0;
    double silent_until_s = -1;
    const double first_s = knots.front().time_s + phase_s_;
    for (double time_s = first_s; time_s < until_s; time_s += period_s_) {
      Wander();
      if (time_s >= silent_until_s && random_.Chance(kOutagesPerHour * period_s_ / kHour)) {
        silent_until_s = time_s + random_.Uniform(80, 420);
      }
      while (next + 1 < knots.size() && knots[next + 1].time_s <= time_s) ++next;
      if (time_s < silent_until_s) continue;
      fixes.push_back(FixAt(knots, next, time_s));
    }
  }

 private:
  void Wander() {
    const double kept = std::exp(-period_s_ / kNoiseMemoryS);
    const double fresh = std::sqrt(1 - kept * kept);
    east_ = kept * east_ + fresh * random_.Normal();
    north_ = kept * north_ + fresh * random_.Normal();
  }

  PatrolFix FixAt(const std::vector<Knot>& knots, size_t i, double time_s) {
    const Knot& a = knots[i];
    const Knot& b = knots[std::min(i + 1, knots.size() - 1)];
    const double span_s = b.time_s - a.time_s;
    const double share = span_s > 0 ? std::clamp((time_s - a.time_s) / span_s, 0.0, 1.0) : 0;
    const double per_axis_m = kNoiseM / std::sqrt(2.0);
    const PointM seen = a.point + share * (b.point - a.point) + per_axis_m * PointM{east_, north_};
    PatrolFix fix;
    fix.time = DayStart() + absl::Seconds(std::lround(time_s));
    fix.unit = unit_;
    fix.place = plane_.ToLonLat(seen);
    const double moved_m = Distance(a.point, b.point);
    fix.speed_mps = span_s > 0 ? std::max(0.0, moved_m / span_s + 0.2 * random_.Normal()) : 0;
    if (moved_m > 0.5) {
      heading_deg_ = BearingDeg(b.point - a.point);
    } else {
      fix.speed_mps = 0.1 * random_.Uniform();
    }
    fix.heading_deg = heading_deg_;
    fix.accuracy_m = 4 + 2 * std::hypot(east_, north_) * random_.Uniform(0.6, 1.4);
    return fix;
  }

  const size_t unit_;
  Random& random_;
  const geo::LocalPlane plane_;
  int period_s_ = 10;
  int phase_s_ = 0;
  double east_ = 0;  // standard deviations
  double north_ = 0;
  double heading_deg_ = 0;
};

// Where units stop: nodes their mode can drive to and leave again.
std::vector<NodeIndex> FindStops(const Network& network, Mode mode) {
  std::vector<NodeIndex> stops;
  for (NodeIndex node = 0; node < network.node_count(); ++node) {
    const auto* begin = network.out_begin(node);
    const auto* end = network.out_end(node);
    if (end - begin < 3) continue;
    if (std::all_of(begin, end, [&](ArcIndex arc) {
          return network.driven(mode, roadnet::PieceOf(arc)) && network.allowed(mode, arc) &&
                 network.allowed(mode, roadnet::ReverseArc(arc));
        })) {
      stops.push_back(node);
    }
  }
  return stops;
}

}  // namespace

Patrols SimulatePatrols(uint64_t seed, const TownPlan& plan, const Network& network) {
  Patrols patrols;
  const geo::LocalPlane plane(kTownCentre);
  std::vector<PointM> points;
  for (const roadnet::Node& node : network.nodes()) points.push_back(plane.ToPlane(node.place));
  size_t unit = 0;
  for (const Kind& kind : kKinds) {
    RouteFinder routes(network, kind.mode);
    const std::vector<NodeIndex> stops = FindStops(network, kind.mode);
    PATROL_CHECK(!stops.empty());
    for (size_t i = 0; i < kind.count; ++i, ++unit) {
      // Cars of the police start in the centre, all others from their villages in turn.
      const bool police = kind.mode == Mode::kCar ? i % 2 == 0 : i % 4 == 0;
      const Village& village =
          plan.villages[police ? i / 2 % kCommunities
                               : kCommunities + (unit * 7) % (kVillages - kCommunities)];
      patrols.units.push_back({absl::StrFormat("%s-%02d", kind.stem, i + 1),
                               absl::StrFormat("%s%02d号(%s)", kind.name, i + 1, village.name),
                               kind.mode, police ? "police" : "village police"});
      Patrol patrol(kind, village.centre, network, points, routes, stops,
                    Random(seed * 1000003 + 1000 + unit));
      Receiver receiver(unit, patrol.random());
      // Everybody works the first shift, three in five units the second as well.
      const bool both_shifts = unit % 5 < 3;
      Random& random = patrol.random();
      const double handover_s = std::floor(random.Uniform(kHandoverFromS, kHandoverToS));
      receiver.Report(patrol.Shift(0, handover_s), handover_s, patrols.fixes);
      if (!both_shifts) continue;
      const double begin_s = std::floor(handover_s + random.Uniform(kHandoverMinS, kHandoverMaxS));
      receiver.Report(patrol.Shift(begin_s, kDayS), kDayS, patrols.fixes);
    }
  }
  std::sort(patrols.fixes.begin(), patrols.fixes.end(), [](const PatrolFix& a, const PatrolFix& b) {
    return std::pair(a.time, a.unit) < std::pair(b.time, b.unit);
  });
  return patrols;
}

}  // namespace patrol::sim
