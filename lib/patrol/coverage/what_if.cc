#include "lib/patrol/coverage/what_if.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "lib/base/status.h"
#include "lib/patrol/coverage/window.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/tracks/attach.h"

namespace patrol::coverage {
namespace {

using Tracks = std::vector<tracks::MatchedTrack>;

// As units are attached to the network everywhere.
absl::StatusOr<tracks::UnitPosition> PlaceUnit(const roadnet::SpatialIndex& index,
                                               geo::LonLat place, roadnet::Mode mode) {
  const auto attached = tracks::AttachPlace(index, place, mode, tracks::AttachTo::kDriven);
  if (!attached) return absl::InvalidArgumentError(tracks::NoRoadText(place, mode));
  return attached->position();
}

// Those hours of each day that the window touches.
std::vector<DutyInterval> DutyOf(const DayHours& hours, const WindowOptions& options) {
  std::vector<DutyInterval> duty;
  const absl::CivilDay last = absl::ToCivilDay(options.to, options.zone);
  for (absl::CivilDay day = absl::ToCivilDay(options.from, options.zone) - 1; day <= last; ++day) {
    const auto at = [&](absl::Duration time) {
      return absl::FromCivil(absl::CivilSecond(day) + absl::ToInt64Seconds(time), options.zone);
    };
    const absl::Duration to = hours.to <= hours.from ? hours.to + absl::Hours(24) : hours.to;
    duty.push_back({at(hours.from), at(to)});
  }
  return duty;
}

Tracks::iterator TrackOf(const std::string& id, Tracks* tracks) {
  return std::find_if(tracks->begin(), tracks->end(),
                      [&](const tracks::MatchedTrack& track) { return track.unit_id() == id; });
}

absl::Status NoFixes(const std::string& id) {
  return absl::NotFoundError(absl::StrCat("unit \"", id, "\": has no fixes"));
}

tracks::MatchedTrack Stationed(const std::string& id, roadnet::Mode mode,
                               const tracks::UnitPosition& position, const WindowOptions& options) {
  return StationedTrack(id, mode, position, options.from, options.to, options.stale_after);
}

absl::Status Remove(const std::string& id, Tracks* tracks) {
  const auto track = TrackOf(id, tracks);
  if (track == tracks->end()) return NoFixes(id);
  tracks->erase(track);
  return absl::OkStatus();
}

absl::Status Move(const WhatIf::Moved& moved, const roadnet::SpatialIndex& index,
                  const WindowOptions& options, Tracks* tracks) {
  const auto track = TrackOf(moved.unit_id, tracks);
  if (track == tracks->end()) return NoFixes(moved.unit_id);
  PATROL_ASSIGN_OR_RETURN(const tracks::UnitPosition position,
                          PlaceUnit(index, moved.place, track->mode()));
  *track = Stationed(moved.unit_id, track->mode(), position, options);
  return absl::OkStatus();
}

absl::Status Add(const WhatIf::Added& added, const std::string& id,
                 const roadnet::SpatialIndex& index, WindowOptions* options, Tracks* tracks) {
  PATROL_ASSIGN_OR_RETURN(const tracks::UnitPosition position,
                          PlaceUnit(index, added.place, added.mode));
  if (added.hours) options->duty[id] = DutyOf(*added.hours, *options);
  tracks->push_back(Stationed(id, added.mode, position, *options));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Tracks> ApplyWhatIf(const WhatIf& what_if, const roadnet::SpatialIndex& index,
                                   Tracks tracks, WindowOptions* options) {
  for (const std::string& id : what_if.without) PATROL_RETURN_IF_ERROR(Remove(id, &tracks));
  for (const WhatIf::Moved& moved : what_if.moved) {
    PATROL_RETURN_IF_ERROR(Move(moved, index, *options, &tracks));
  }
  size_t number = 0;
  for (const WhatIf::Added& added : what_if.added) {
    std::string id;
    do {
      id = absl::StrCat("added-", ++number);
    } while (TrackOf(id, &tracks) != tracks.end());
    PATROL_RETURN_IF_ERROR(Add(added, id, index, options, &tracks));
  }
  return tracks;
}

tracks::MatchedTrack StationedTrack(const std::string& unit_id, roadnet::Mode mode,
                                    const tracks::UnitPosition& position, absl::Time from,
                                    absl::Time to, absl::Duration stale_after) {
  tracks::MatchedTrack track(unit_id, mode);
  const auto verdict = position.attach_distance_m > 0 ? tracks::MatchVerdict::kAttached
                                                      : tracks::MatchVerdict::kMatched;
  for (absl::Time time = from;; time = std::min(time + stale_after, to)) {
    track.AddFix(
        {time, verdict, tracks::OutlierReason::kNone, position.at, position.attach_distance_m});
    if (time == from) {
      track.AddBreak(time, position);
    } else {
      track.AddPoint(time, position, {}, 0);
    }
    if (time >= to) return track;
  }
}

}  // namespace patrol::coverage
