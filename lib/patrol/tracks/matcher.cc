#include "lib/patrol/tracks/matcher.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "lib/patrol/tracks/chain.h"
#include "lib/patrol/tracks/fix_intake.h"
#include "lib/patrol/tracks/hmm.h"
#include "lib/patrol/tracks/path_walk.h"

namespace patrol::tracks {

namespace {

using roadnet::ArcIndex;
using roadnet::RoadPosition;

// Whether the fixes at `refused` lead away from the straight line between those at `from` and `to`
// and back: a unit that only moved faster than thought, or whose clock is wrong, goes on its way.
bool ThereAndBack(absl::Span<const Fix* const> fixes, size_t from,
                  const std::vector<size_t>& refused, size_t to) {
  constexpr double kDetourShare = 1.5;
  double length_m = 0;
  size_t last = from;
  for (const size_t index : refused) {
    length_m += geo::GreatCircleM(fixes[last]->position, fixes[index]->position);
    last = index;
  }
  length_m += geo::GreatCircleM(fixes[last]->position, fixes[to]->position);
  const double direct_m = geo::GreatCircleM(fixes[from]->position, fixes[to]->position);
  return length_m > kDetourShare * direct_m + kJumpSlackM;
}

// Which of `fixes` (in the order of time) are speed jumps: FixIntake's rule, but knowing what comes
// later. When a unit turns out to have been relocated, or to have gone straight on, its fixes
// count.
std::vector<bool> FindSpeedJumps(absl::Span<const Fix* const> fixes, double speed_max_mps) {
  std::vector<bool> jumps(fixes.size(), false);
  std::optional<size_t> newest;
  std::vector<size_t> refused;
  for (size_t i = 0; i < fixes.size(); ++i) {
    if (newest && !CanHaveMoved(*fixes[*newest], *fixes[i], speed_max_mps)) {
      if (!refused.empty() && !CanHaveMoved(*fixes[refused.back()], *fixes[i], speed_max_mps) &&
          ThereAndBack(fixes, *newest, refused, i)) {
        refused.clear();
      }
      jumps[i] = true;
      refused.push_back(i);
      if (refused.size() < kRelocationFixes) continue;
      for (const size_t index : refused) jumps[index] = false;
    } else if (newest && !refused.empty() && !ThereAndBack(fixes, *newest, refused, i)) {
      for (const size_t index : refused) jumps[index] = false;
    }
    newest = i;
    refused.clear();
  }
  return jumps;
}

// Instants are whole microseconds, as live (FixIntake).
bool SameInstant(const Fix& a, const Fix& b) {
  return absl::ToUnixMicros(a.time) == absl::ToUnixMicros(b.time);
}

// Writes down what the chain decides.
class TrackWriter : public ChainSink {
 public:
  TrackWriter(const roadnet::Network& network, const MatchOptions& options,
              absl::Span<const Fix* const> fixes, MatchedTrack* track)
      : network_(network),
        options_(options),
        fixes_(fixes),
        verdicts_(fixes.size()),
        track_(track) {
    for (size_t i = 0; i < fixes.size(); ++i) verdicts_[i].time = fixes[i]->time;
  }

  void OnPoint(const HmmStep& step, const HmmState& state, absl::Span<const ArcIndex> way,
               absl::Span<const Certainty> certainty, bool connected) override {
    if (connected) {
      WriteThinned(state.at, way, certainty);
    } else {
      WriteThinned(at_, {}, {});
    }
    const RoadPosition at = connected && rest_.empty() ? at_ : state.at;
    const double distance_m =
        at == state.at ? state.distance_m
                       : geo::GreatCircleM(fixes_[step.fix]->position, network_.Place(at));
    const UnitPosition position = Judge(step.fix, at, distance_m);
    if (connected) {
      track_->AddPoint(step.time, position, rest_, PathLength(network_, at_, at, rest_),
                       certainty_);
    } else {
      track_->AddBreak(step.time, position);
    }
    at_ = at;
    thinned_ = step.thinned;
  }

  void OnNoWay(uint32_t fix) override {
    verdicts_[fix].verdict = MatchVerdict::kOutlier;
    verdicts_[fix].reason = OutlierReason::kNoWay;
  }

  void OnOffNetwork(uint32_t fix) { verdicts_[fix].verdict = MatchVerdict::kOffNetwork; }

  std::vector<MatchedFix> Finish() {
    WriteThinned(at_, {}, {});
    return std::move(verdicts_);
  }

 private:
  // The verdict on a used fix at `at`, and the unit's position there.
  UnitPosition Judge(uint32_t fix, const RoadPosition& at, double distance_m) {
    const bool on = distance_m <= options_.snap_limit_m;
    MatchedFix& verdict = verdicts_[fix];
    verdict.verdict = on ? MatchVerdict::kMatched : MatchVerdict::kAttached;
    verdict.at = at;
    verdict.distance_m = distance_m;
    return {at, on ? 0 : distance_m};
  }

  // Places the fixes that were nearer than noise to the point at_ on the way from there to `to`,
  // each at or beyond the one before; what is left of the way is then in rest_, and at_ is where it
  // begins.
  void WriteThinned(const RoadPosition& to, absl::Span<const ArcIndex> way,
                    absl::Span<const Certainty> certainty) {
    rest_ = way;
    certainty_ = certainty;
    for (const uint32_t index : thinned_) {
      const Fix& fix = *fixes_[index];
      const Place place = NearestOnWay(fix, to);
      const UnitPosition position = Judge(index, place.at, place.distance_m);
      const bool stood = place.at == at_;
      const absl::Span<const ArcIndex> driven = stood ? rest_.first(0) : rest_.first(place.arcs);
      track_->AddPoint(fix.time, position, driven, PathLength(network_, at_, place.at, driven),
                       certainty_.first(driven.size()));
      if (!stood) {
        rest_ = rest_.subspan(place.arcs - 1);
        certainty_ = certainty_.subspan(place.arcs - 1);
      }
      at_ = place.at;
    }
    thinned_.clear();
  }

  struct Place {
    RoadPosition at;
    double distance_m = 0;
    size_t arcs = 0;  // of rest_ that lead there
  };

  // The place nearest to `fix` on the way at_ -> `to` along rest_, not much further along it than
  // the fix can be from at_.
  Place NearestOnWay(const Fix& fix, const RoadPosition& to) const {
    Place best{at_, geo::GreatCircleM(fix.position, network_.Place(at_)), rest_.empty() ? 0u : 1u};
    double left = 3 * options_.thin_sigmas * options_.sigma_m;
    for (size_t i = 0; i < rest_.size() && left > 0; ++i) {
      const ArcPart part = PartOf(network_, at_, to, rest_, i);
      const roadnet::PieceIndex piece = roadnet::PieceOf(part.arc);
      const RoadPosition nearest = NearestOn(network_, piece, fix.position).position;
      const double along =
          std::clamp(AlongArc(network_, part.arc, nearest.offset_m), part.start_m,
                     std::max(part.start_m, std::min(part.end_m, part.start_m + left)));
      const RoadPosition at{piece, AlongArc(network_, part.arc, along)};
      const double distance = geo::GreatCircleM(fix.position, network_.Place(at));
      // Ties stay where they are: a place on a node is reached, not passed.
      if (distance < best.distance_m - 1e-6) best = {at, distance, i + 1};
      left -= part.end_m - part.start_m;
    }
    return best;
  }

  const roadnet::Network& network_;
  const MatchOptions& options_;
  const absl::Span<const Fix* const> fixes_;
  std::vector<MatchedFix> verdicts_;
  MatchedTrack* track_;
  RoadPosition at_;                // of the last point
  std::vector<uint32_t> thinned_;  // fixes after it, not written yet
  absl::Span<const Certainty> certainty_;
  absl::Span<const ArcIndex> rest_;  // way from at_ to the point being written
};

}  // namespace

struct Matcher::Impl {
  const roadnet::Network& network;
  const roadnet::Mode mode;
  Hmm hmm;
};

Matcher::Matcher(const roadnet::Network& network, const roadnet::SpatialIndex& index,
                 const roadnet::SearchGraph& graph, const MatchOptions& options)
    : impl_(new Impl{network, graph.mode(), Hmm(network, index, graph, options)}) {}

Matcher::~Matcher() = default;

roadnet::SearchGraph Matcher::MakeGraph(const roadnet::Network& network, roadnet::Mode mode) {
  roadnet::SearchGraph::Options options;
  options.ignore_walked = true;
  return roadnet::SearchGraph(network, mode, options);
}

MatchedTrack Matcher::Match(std::string unit_id, absl::Span<const Fix> fixes) {
  std::vector<const Fix*> ordered(fixes.size());
  for (size_t i = 0; i < fixes.size(); ++i) ordered[i] = &fixes[i];
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const Fix* a, const Fix* b) { return a->time < b->time; });

  MatchedTrack track(std::move(unit_id), impl_->mode);
  const MatchOptions& options = impl_->hmm.options();
  std::vector<const Fix*> unique;
  std::vector<uint32_t> number_of;  // into unique, by ordered; the first of its instant
  for (const Fix* fix : ordered) {
    if (unique.empty() || !SameInstant(*unique.back(), *fix)) unique.push_back(fix);
    number_of.push_back(static_cast<uint32_t>(unique.size() - 1));
  }
  const std::vector<bool> jumps = FindSpeedJumps(unique, options.speed_max_mps);
  TrackWriter writer(impl_->network, options, unique, &track);
  Chain chain(&impl_->hmm, &writer);
  for (uint32_t i = 0; i < unique.size(); ++i) {
    if (jumps[i]) continue;
    if (chain.Feed(*unique[i], i) == Chain::Took::kOffNetwork) writer.OnOffNetwork(i);
  }
  chain.Finish();
  const std::vector<MatchedFix> verdicts = writer.Finish();
  for (size_t i = 0; i < ordered.size(); ++i) {
    MatchedFix fix = verdicts[number_of[i]];
    if (ordered[i] != unique[number_of[i]]) {
      fix = {ordered[i]->time, MatchVerdict::kDuplicate};
    } else if (jumps[number_of[i]]) {
      fix = {ordered[i]->time, MatchVerdict::kOutlier, OutlierReason::kSpeedJump};
    }
    track.AddFix(fix);
  }
  track.ShrinkToFit();
  return track;
}

}  // namespace patrol::tracks
