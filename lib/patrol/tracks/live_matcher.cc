#include "lib/patrol/tracks/live_matcher.h"

#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "lib/patrol/tracks/chain.h"
#include "lib/patrol/tracks/hmm.h"

namespace patrol::tracks {

namespace {

struct LiveUnit {
  LiveUnit(roadnet::Mode its_mode, Hmm* hmm) : mode(its_mode), chain(hmm, nullptr) {}

  roadnet::Mode mode;
  Chain chain;
  std::optional<LivePosition> last;
};

}  // namespace

struct LiveMatcher::Impl {
  Impl(const roadnet::Network& network, const roadnet::SpatialIndex& index, MatchGraphs& graphs,
       const MatchOptions& options)
      : models(network, index, graphs, options) {}

  ModeModels models;
  absl::flat_hash_map<std::string, LiveUnit> units;
};

LiveMatcher::LiveMatcher(const roadnet::Network& network, const roadnet::SpatialIndex& index,
                         MatchGraphs& graphs, const MatchOptions& options)
    : impl_(std::make_unique<Impl>(network, index, graphs, options)) {}

LiveMatcher::~LiveMatcher() = default;

LivePosition LiveMatcher::Feed(const Fix& fix, roadnet::Mode mode) {
  auto found = impl_->units.find(fix.unit_id);
  if (found != impl_->units.end() && found->second.mode != mode) {
    impl_->units.erase(found);
    found = impl_->units.end();
  }
  if (found == impl_->units.end()) {
    found = impl_->units.try_emplace(fix.unit_id, mode, &impl_->models.Of(mode)).first;
  }
  LiveUnit& unit = found->second;
  if (unit.last && fix.time <= unit.last->fix_time) {
    LivePosition old = *unit.last;
    old.verdict = fix.time == old.fix_time ? MatchVerdict::kDuplicate : MatchVerdict::kLate;
    return old;
  }

  LivePosition live;
  live.fix_time = fix.time;
  if (unit.chain.Feed(fix, 0) == Chain::Took::kOffNetwork) {
    live.verdict = MatchVerdict::kOffNetwork;
  } else {
    const HmmStep* step = unit.chain.front();
    const HmmState& state = step->states[step->Best()];
    live.distance_m = geo::GreatCircleM(fix.position, impl_->models.network().Place(state.at));
    const bool on = live.distance_m <= impl_->models.options().snap_limit_m;
    live.verdict = on ? MatchVerdict::kMatched : MatchVerdict::kAttached;
    live.position = UnitPosition{state.at, on ? 0 : live.distance_m};
  }
  unit.last = live;
  return live;
}

std::optional<LivePosition> LiveMatcher::Last(std::string_view unit_id) const {
  const auto found = impl_->units.find(std::string(unit_id));
  return found == impl_->units.end() ? std::nullopt : found->second.last;
}

void LiveMatcher::Remove(std::string_view unit_id) { impl_->units.erase(std::string(unit_id)); }

}  // namespace patrol::tracks
