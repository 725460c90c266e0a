#include "lib/patrol/tracks/hmm.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "lib/patrol/tracks/path_walk.h"

namespace patrol::tracks {

namespace {

using roadnet::ArcIndex;
using roadnet::RoadPosition;

// A way dearer than this many betas beyond the straight line is hardly ever the best one: e^-20.
constexpr double kDetourBetas = 20;
// Nor is one that needs twice the speed of the fastest unit: senders' times err, but not by that.
constexpr double kSpeedShare = 2;
constexpr double kSpeedSlackM = 200;
// A way shorter than the straight line between the fixes is noise, and less odd than a detour: of a
// unit that has stayed, the first fix that shows it moving is off by that much.
constexpr float kShortShare = 0.25;
// States this much less likely than the step's best are not followed: e^-25. Between rare fixes
// e^-10: where a second apart errors are alike, and many wrong fixes must not cut off the right
// way, those half a minute apart err each on its own.
constexpr double kBeamLog = 25;
constexpr double kBeamRareLog = 10;
constexpr double kBeamFrequentS = 10;
constexpr double kBeamRareS = 30;
// Places, the likeliest, where the unit may have stayed, and how near to the fix they must be; and
// from where it may have gone straight on, and how far: by what it has moved, bends and noise.
constexpr size_t kLikelyMax = 4;
constexpr double kStaySigmas = 8;
constexpr double kAheadShare = 1.2;
constexpr double kAheadSlackM = 100;
constexpr int kAheadArcsMax = 200;
// What a metre of way costs at most on average, beyond its length, on roads that are worth
// searching.
constexpr double kSlowShareMax = 1.5;
// Beside the roads, a fix no further than this from the one before, and from the place of that one
// than from the nearest, leaves the unit where it was: noise is greater in yards.
constexpr double kStandingM = 30;
// A receiver's heading is noise below a walking pace; above, 30 degrees cover lane changes and
// bends.
constexpr double kHeadingSpeedMinMps = 2.0;
constexpr double kHeadingSigmaDeg = 30;
constexpr double kHeadingSigmasMax = 3;

double BearingDeg(geo::LonLat a, geo::LonLat b) {
  const double east = (b.lon - a.lon) * std::cos(a.lat * std::numbers::pi / 180);
  return std::atan2(east, b.lat - a.lat) * 180 / std::numbers::pi;
}

double BeamLog(double seconds) {
  const double rare = (seconds - kBeamFrequentS) / (kBeamRareS - kBeamFrequentS);
  return kBeamLog + std::clamp(rare, 0.0, 1.0) * (kBeamRareLog - kBeamLog);
}

// The states of a step, the likeliest first.
std::vector<uint32_t> Likeliest(const HmmStep& step) {
  std::vector<uint32_t> order(step.states.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return step.states[a].log_prob > step.states[b].log_prob;
  });
  return order;
}

}  // namespace

size_t HmmStep::Best() const {
  size_t best = 0;
  for (size_t i = 1; i < states.size(); ++i) {
    if (states[i].log_prob > states[best].log_prob) best = i;
  }
  return best;
}

Hmm::Hmm(const roadnet::Network& network, const roadnet::SpatialIndex& index,
         const roadnet::SearchGraph& graph, const MatchOptions& options)
    : network_(network),
      index_(index),
      graph_(graph),
      options_(options),
      search_(network, graph,
              {.u_turn_m = options.u_turn_m,
               .u_turn_nats = options.u_turn_nats,
               .turn_nats = options.turn_nats,
               .slow_nats_per_km = options.slow_nats_per_km}),
      detours_(network, graph, search_.costs()) {}

double Hmm::LogDistance(const Fix& fix, double distance_m) const {
  const double sigma = std::max(options_.sigma_m, fix.accuracy_m.value_or(0));
  const double z = distance_m / sigma;
  return std::log(std::exp(-0.5 * z * z) +
                  std::exp(-options_.bad_fix_log - distance_m / options_.bad_fix_m));
}

double Hmm::LogHeading(const Fix& fix, ArcIndex arc) const {
  if (!fix.heading_deg || fix.speed_mps.value_or(0) < kHeadingSpeedMinMps) return 0;
  const double bearing =
      BearingDeg(network_.node(network_.tail(arc)).place, network_.node(network_.head(arc)).place);
  const double off = std::abs(std::remainder(*fix.heading_deg - bearing, 360.0));
  const double sigmas = std::min(off / kHeadingSigmaDeg, kHeadingSigmasMax);
  return -0.5 * sigmas * sigmas;
}

void Hmm::AddState(const Fix& fix, const DirectedPlace& place, const RoadPosition& at,
                   double distance_m, HmmStep* step) const {
  HmmState state;
  state.place = place;
  state.at = at;
  state.distance_m = static_cast<float>(distance_m);
  state.log_prob = LogDistance(fix, distance_m) + LogHeading(fix, place.arc);
  step->states.push_back(state);
}

// Whether the candidate is the end of its piece at a mere bend of the road, and the piece beyond
// the bend is nearer: the same place twice.
bool Hmm::IsBendBeside(const std::vector<roadnet::Candidate>& candidates, size_t index) const {
  const RoadPosition& at = candidates[index].position;
  const roadnet::Piece& piece = network_.piece(at.piece);
  roadnet::NodeIndex node;
  if (at.offset_m <= 0) {
    node = piece.from;
  } else if (at.offset_m >= piece.length_m) {
    node = piece.to;
  } else {
    return false;
  }
  if (network_.out_end(node) - network_.out_begin(node) != 2) return false;
  for (size_t i = 0; i < index; ++i) {
    const roadnet::Piece& other = network_.piece(candidates[i].position.piece);
    if (other.from == node || other.to == node) return true;
  }
  return false;
}

HmmStep Hmm::Begin(const Fix& fix, uint32_t number, const HmmStep* before) {
  HmmStep step;
  step.fix = number;
  step.time = fix.time;
  step.place = fix.position;
  roadnet::SpatialIndex::Query query;
  query.mode = graph_.mode();
  query.radius_m = options_.attach_limit_m;
  // Bends that drop out below leave room for others.
  query.count_max = 3 * options_.candidates_max;
  const std::vector<roadnet::Candidate> candidates = index_.Nearest(fix.position, query);
  step.states.reserve(2 * options_.candidates_max + 2 * kLikelyMax + 1);
  size_t kept = 0;
  for (size_t i = 0; i < candidates.size() && kept < options_.candidates_max; ++i) {
    if (IsBendBeside(candidates, i)) continue;
    ++kept;
    const roadnet::Candidate& candidate = candidates[i];
    HmmState state;
    state.at = candidate.position;
    state.distance_m = static_cast<float>(candidate.distance_m);
    const double log_distance = LogDistance(fix, candidate.distance_m);
    for (const ArcIndex arc : {roadnet::ForwardArc(candidate.position.piece),
                               roadnet::BackwardArc(candidate.position.piece)}) {
      if (graph_.time_us(arc) == roadnet::kNotAllowed) continue;
      state.place = {arc, AlongArc(network_, arc, candidate.position.offset_m)};
      state.log_prob = log_distance + LogHeading(fix, arc);
      step.states.push_back(state);
    }
  }
  if (step.states.empty()) return step;
  if (before != nullptr) {
    const std::vector<uint32_t> order = Likeliest(*before);
    const auto likely = absl::MakeConstSpan(order).subspan(0, kLikelyMax);
    AddAhead(fix, *before, likely, &step);
    AddStays(fix, *before, likely, &step);
  }
  HmmState off = step.states.front();
  off.off_road = true;
  off.log_prob = LogDistance(fix, options_.off_road_m) + LogHeading(fix, off.place.arc);
  if (before == nullptr) off.log_prob -= options_.return_road_log;
  step.states.push_back(off);
  return step;
}

void Hmm::AddStays(const Fix& fix, const HmmStep& before, absl::Span<const uint32_t> likely,
                   HmmStep* step) const {
  for (const uint32_t i : likely) {
    const HmmState& state = before.states[i];
    if (state.off_road) continue;
    const double distance = geo::GreatCircleM(fix.position, network_.Place(state.at));
    if (distance > kStaySigmas * options_.sigma_m) continue;
    AddState(fix, state.place, state.at, distance, step);
  }
}

void Hmm::AddAhead(const Fix& fix, const HmmStep& before, absl::Span<const uint32_t> likely,
                   HmmStep* step) {
  const geo::LocalPlane plane(fix.position);
  const double reach_m = kAheadShare * geo::GreatCircleM(before.place, fix.position) + kAheadSlackM;
  for (const uint32_t i : likely) {
    const HmmState& from = before.states[i];
    if (from.off_road) continue;
    roadnet::Candidate best;
    best.distance_m = options_.attach_limit_m;
    ArcIndex best_arc = 0;
    bool found = false;
    double gone_m = -from.place.along_m;
    ArcIndex arc = from.place.arc;
    for (int arcs = 0; arcs < kAheadArcsMax && gone_m <= reach_m; ++arcs) {
      const roadnet::Candidate here = NearestOn(network_, roadnet::PieceOf(arc), plane);
      if (here.distance_m < best.distance_m) {
        best = here;
        best_arc = arc;
        found = true;
      }
      gone_m += network_.piece(roadnet::PieceOf(arc)).length_m;
      const ArcIndex next = search_.costs().StraightOn(arc);
      if (next == arc) break;
      arc = next;
    }
    if (!found || std::any_of(step->states.begin(), step->states.end(),
                              [&](const HmmState& state) { return state.place.arc == best_arc; })) {
      continue;
    }
    const DirectedPlace place{best_arc, AlongArc(network_, best_arc, best.position.offset_m)};
    AddState(fix, place, best.position, best.distance_m, step);
  }
}

const DetourSearch& Hmm::FindDetours(const HmmStep& before, uint32_t from, const HmmStep& step,
                                     uint32_t to, double nats) {
  const HmmState& source = before.states[from];
  const HmmState& target = step.states[to];
  others_.clear();
  source_states_.clear();
  for (uint32_t i = 0; i < before.states.size(); ++i) {
    const HmmState& other = before.states[i];
    if (i == from || other.off_road) continue;
    others_.push_back(
        {other.place, static_cast<float>(step.beta_m * (source.log_prob - other.log_prob))});
    source_states_.push_back(i);
  }
  search_.SetScale(step.beta_m);
  DrivenWay way;
  way.from = source.place;
  way.to = target.place;
  way.arcs =
      absl::MakeConstSpan(step.ways.data() + target.way_begin, target.way_end - target.way_begin);
  way.straight_m = static_cast<float>(geo::GreatCircleM(before.place, step.place));
  way.short_share = kShortShare;
  way.around = network_.Place(target.at);
  detours_.Run(way, others_, static_cast<float>(nats * step.beta_m));
  return detours_;
}

RouteBounds Hmm::BoundsOf(double straight_m, double seconds, double beta_m) const {
  const double plain_m =
      straight_m * (1 + kSlowShareMax * beta_m * options_.slow_nats_per_km / 1000);
  const double limit =
      std::min(plain_m + options_.u_turn_m + kDetourBetas * beta_m,
               kSpeedShare * options_.speed_max_mps * seconds + options_.u_turn_m + kSpeedSlackM);
  return {.straight_m = static_cast<float>(straight_m),
          .short_share = kShortShare,
          .cost_max_m = static_cast<float>(limit),
          .slack_m = static_cast<float>(BeamLog(seconds) * beta_m)};
}

double Hmm::OffRoadNats(double metres, double seconds) const {
  const double mps = metres / std::max(seconds, 1.0);
  return metres * options_.off_road_nats_per_m * std::max(0.0, mps / options_.off_road_mps - 1);
}

void Hmm::StayBesideRoads(const HmmStep& before, HmmState* off, const HmmStep& step) const {
  if (off->before < 0) return;
  const HmmState& earlier = before.states[static_cast<size_t>(off->before)];
  if (!earlier.off_road || geo::GreatCircleM(before.place, step.place) > kStandingM) return;
  const double distance = geo::GreatCircleM(step.place, network_.Place(earlier.at));
  if (distance > off->distance_m + kStandingM || distance > options_.attach_limit_m) return;
  off->place = earlier.place;
  off->at = earlier.at;
  off->distance_m = static_cast<float>(distance);
}

bool Hmm::Connect(const HmmStep& before, absl::Time heard, HmmStep* step, bool keep_ways) {
  const double straight = geo::GreatCircleM(before.place, step->place);
  const double seconds = absl::ToDoubleSeconds(step->time - before.time);
  step->silent_s = absl::ToDoubleSeconds(step->time - heard);
  const double beta =
      options_.beta_m +
      options_.beta_per_s_m * std::min(step->silent_s, straight / options_.detour_mps);
  step->beta_m = beta;
  // In metres: a nat weighs beta, everywhere.
  targets_.clear();
  for (const HmmState& state : step->states) {
    if (state.off_road) continue;
    targets_.push_back({state.place, static_cast<float>(-beta * state.log_prob), state.distance_m});
  }
  const size_t on_road = targets_.size();
  sources_.clear();
  const std::vector<uint32_t> order = Likeliest(before);
  source_states_.clear();
  for (const uint32_t i : order) {
    const HmmState& from = before.states[i];
    if (from.off_road) continue;
    source_states_.push_back(i);
    sources_.push_back({from.place, static_cast<float>(-beta * from.log_prob)});
  }
  search_.SetScale(beta);
  search_.SetTargets(targets_, step->place);
  search_.Run(sources_, BoundsOf(straight, seconds, beta));

  constexpr double kImpossible = -std::numeric_limits<double>::infinity();
  std::vector<double> best(step->states.size(), kImpossible);
  std::vector<bool> driven(step->states.size(), false);
  bool any_way = before.states[before.Best()].off_road;
  for (size_t j = 0; j < on_road; ++j) {
    if (search_.total(j) == RouteSearch::kNoWay) continue;
    any_way = true;
    best[j] = -search_.total(j) / beta;
    HmmState& to = step->states[j];
    to.before = static_cast<int32_t>(source_states_[search_.source(j)]);
    driven[j] = true;
  }
  // On and off the roads: to and fro at a price, and on beside them for nothing.
  const double off_road_nats = OffRoadNats(straight, seconds);
  for (const uint32_t i : order) {
    const HmmState& from = before.states[i];
    for (size_t j = from.off_road ? 0 : on_road; j < best.size(); ++j) {
      const double log_prob = from.log_prob - (!from.off_road ? options_.leave_road_log
                                               : j >= on_road ? off_road_nats
                                                              : options_.return_road_log);
      if (log_prob <= best[j]) continue;
      best[j] = log_prob;
      step->states[j].before = static_cast<int32_t>(i);
      driven[j] = false;
    }
  }

  if (!any_way) {
    for (HmmState& state : step->states) state.before = -1;
    return false;
  }
  if (on_road < step->states.size()) StayBesideRoads(before, &step->states[on_road], *step);
  double top = kImpossible;
  double top_on_road = kImpossible;
  for (size_t j = 0; j < best.size(); ++j) {
    if (best[j] == kImpossible) continue;
    const double log_prob = best[j] + step->states[j].log_prob;
    top = std::max(top, log_prob);
    if (j < on_road) top_on_road = std::max(top_on_road, log_prob);
  }
  // States that nothing leads to, or next to nothing, go.
  const double beam = BeamLog(seconds);
  std::vector<HmmState> kept;
  kept.reserve(step->states.size());
  for (size_t j = 0; j < best.size(); ++j) {
    HmmState state = step->states[j];
    state.log_prob += best[j] - top;
    if (!state.off_road && !(state.log_prob >= top_on_road - top - beam)) continue;
    state.way_begin = static_cast<uint32_t>(step->ways.size());
    if (keep_ways && driven[j]) search_.AppendArcs(j, &step->ways);
    state.way_end = static_cast<uint32_t>(step->ways.size());
    kept.push_back(state);
  }
  step->states = std::move(kept);
  return true;
}

bool Hmm::Reconnect(const HmmStep& before, uint32_t from, uint32_t to, HmmStep* step) {
  const HmmState& source = before.states[from];
  HmmState& target = step->states[to];
  target.way_begin = target.way_end = static_cast<uint32_t>(step->ways.size());
  if (source.off_road || target.off_road) return false;
  const double straight = geo::GreatCircleM(before.place, step->place);
  const double seconds = absl::ToDoubleSeconds(step->time - before.time);
  targets_.assign(1, {target.place, 0, target.distance_m});
  sources_.assign(1, {source.place, 0});
  search_.SetScale(step->beta_m);
  search_.SetTargets(targets_, step->place);
  search_.Run(sources_, BoundsOf(straight, seconds, step->beta_m));
  if (search_.total(0) == RouteSearch::kNoWay) return false;
  target.before = static_cast<int32_t>(from);
  search_.AppendArcs(0, &step->ways);
  target.way_end = static_cast<uint32_t>(step->ways.size());
  return true;
}

}  // namespace patrol::tracks
