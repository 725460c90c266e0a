#include "lib/patrol/coverage/window_sampler.h"

#include <algorithm>
#include <tuple>

namespace patrol::coverage {

int64_t StepAtOrAfter(const WindowOptions& options, absl::Time time) {
  if (time <= options.from) return 0;
  absl::Duration rest;
  const int64_t whole = absl::IDivDuration(time - options.from, options.step, &rest);
  return rest > absl::ZeroDuration() ? whole + 1 : whole;
}

WindowSampler::WindowSampler(const roadnet::Network& network,
                             absl::Span<const tracks::MatchedTrack> tracks,
                             const WindowOptions& options, int64_t first_step, int64_t end_step)
    : network_(network), options_(options) {
  for (const tracks::MatchedTrack& track : tracks) {
    if (track.first_fix() > track.last_fix()) continue;
    // Before its first fix nothing is known of a unit, and lost_after its last one it is lost.
    const int64_t first = std::max(first_step, StepAtOrAfter(options, track.first_fix()));
    const int64_t end =
        std::min(end_step, StepAtOrAfter(options, track.last_fix() + options.lost_after));
    if (first >= end) continue;
    const auto duty = options.duty.find(track.unit_id());
    units_.push_back({first, end, track.mode(),
                      duty == options.duty.end() ? nullptr : &duty->second,
                      tracks::TrackCursor(network, track, options.stale_after),
                      tracks::TrackCursor(network, track, options.stale_after)});
  }
  order_.resize(units_.size());
  for (size_t i = 0; i < order_.size(); ++i) order_[i] = i;
  std::sort(order_.begin(), order_.end(), [&](size_t a, size_t b) {
    return std::tie(units_[a].first, a) < std::tie(units_[b].first, b);
  });
}

bool WindowSampler::Seek(int64_t* step) {
  std::erase_if(active_, [&](size_t unit) { return units_[unit].end <= *step; });
  if (active_.empty() && next_ < order_.size()) {
    *step = std::max(*step, units_[order_[next_]].first);
  }
  bool added = false;
  for (; next_ < order_.size() && units_[order_[next_]].first <= *step; ++next_) {
    if (units_[order_[next_]].end <= *step) continue;
    active_.push_back(order_[next_]);
    added = true;
  }
  if (added) std::sort(active_.begin(), active_.end());
  if (active_.empty() && next_ < order_.size()) return Seek(step);
  return !active_.empty();
}

void WindowSampler::Read(absl::Time instant, std::vector<UnitSource>* known,
                         std::vector<UnitSource>* stale, std::vector<UnitPlaces>* places,
                         UnitSteps* counts) {
  known->clear();
  stale->clear();
  if (places != nullptr) places->clear();
  for (const size_t index : active_) {
    Unit& unit = units_[index];
    if (!IsOnDuty(instant, unit.duty)) continue;
    const tracks::UnitKnowledge now = unit.cursor.At(instant);
    switch (now.knowledge) {
      case tracks::Knowledge::kKnown:
        known->push_back(ToSource(unit.mode, *now.position));
        if (places != nullptr) {
          places->push_back({network_.Place(now.position->at), std::nullopt});
          const tracks::UnitKnowledge before = unit.before.At(instant - kTogetherFor);
          if (before.knowledge == tracks::Knowledge::kKnown) {
            places->back().before = network_.Place(before.position->at);
          }
        }
        break;
      case tracks::Knowledge::kStale:
        if (instant - now.since >= options_.lost_after) break;
        ++counts->stale;
        if (now.position) stale->push_back(ToSource(unit.mode, *now.position));
        break;
      case tracks::Knowledge::kOffNetwork:
        ++counts->off_network;
        break;
      case tracks::Knowledge::kNothing:
        break;
    }
  }
  counts->known += static_cast<int64_t>(known->size());
}

}  // namespace patrol::coverage
