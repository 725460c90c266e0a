#include "lib/patrol/coverage/window_visits.h"

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

#include "lib/patrol/coverage/shifts.h"
#include "lib/patrol/coverage/visits.h"
#include "lib/patrol/tracks/area_visits.h"
#include "lib/patrol/tracks/passages.h"

namespace patrol::coverage {
namespace {

bool ByEnter(const Visit& a, const Visit& b) {
  return std::tie(a.enter, a.leave) < std::tie(b.enter, b.leave);
}

void SumOver(std::vector<Visit>* visits, const WindowResult& result, AreaWindow* out) {
  std::sort(visits->begin(), visits->end(), ByEnter);
  const Visit* const begin = visits->data();
  const Visit* const end = begin + visits->size();
  const WindowOptions& options = result.options;
  out->window.visits = SumVisits(begin, end, options.from, options.to);
  out->window.presence = SumPresence(begin, end, options.from, options.to);
  // Visits that ended before an hour stay ended: each hour starts where the first one still lasts.
  const Visit* first = begin;
  for (size_t hour = 0; hour < result.hours.size(); ++hour) {
    const absl::Time from = std::max(options.from, result.hours[hour].start);
    const absl::Time to =
        hour + 1 < result.hours.size() ? result.hours[hour + 1].start : options.to;
    while (first != end && first->leave < from) ++first;
    out->hours[hour].visits = SumVisits(first, end, from, to);
    out->hours[hour].presence = SumPresence(first, end, from, to);
  }
  first = begin;
  for (const Shift& shift : result.shifts) {
    while (first != end && first->leave < shift.begin) ++first;
    out->shifts.push_back({SumVisits(first, end, shift.begin, shift.end),
                           SumPresence(first, end, shift.begin, shift.end)});
  }
}

}  // namespace

void TrackVisits::Find(const roadnet::Network& network, const AreaIndex& index,
                       const tracks::MatchedTrack& track, const WindowOptions& options) {
  const auto roster = options.duty.find(track.unit_id());
  const auto* const duty = roster == options.duty.end() ? nullptr : &roster->second;
  std::vector<Visit> within_duty;
  areas.clear();
  for (const tracks::AreaVisit& visit : AreaVisits(network, track, index.cuts())) {
    within_duty.clear();
    AppendOnDuty({visit.enter, visit.leave}, duty, &within_duty);
    for (const Visit& part : within_duty) areas.push_back({visit.area, part});
  }
  pieces.clear();
  for (const tracks::PiecePassage& passage : PiecePassages(network, track)) {
    within_duty.clear();
    AppendOnDuty({passage.enter, passage.leave}, duty, &within_duty);
    for (const Visit& part : within_duty) pieces.push_back({passage.piece, part});
  }
  town.clear();
  const std::vector<tracks::MatchedTrack::Point>& points = track.points();
  for (size_t i = 0; i < points.size();) {
    size_t last = i;
    while (last + 1 < points.size() && points[last + 1].connected) ++last;
    AppendOnDuty({points[i].time(), points[last].time()}, duty, &town);
    i = last + 1;
  }
}

void CountVisits(const roadnet::Network& network, const AreaIndex& index,
                 absl::Span<const tracks::MatchedTrack> tracks, WindowResult* result) {
  std::vector<std::vector<Visit>> areas(index.areas().size());
  std::vector<Visit> town;
  std::vector<std::pair<roadnet::PieceIndex, Visit>> pieces;
  TrackVisits own_visits;
  for (const tracks::MatchedTrack& track : tracks) {
    own_visits.Find(network, index, track, result->options);
    for (const auto& [area, visit] : own_visits.areas) areas[area].push_back(visit);
    pieces.insert(pieces.end(), own_visits.pieces.begin(), own_visits.pieces.end());
    town.insert(town.end(), own_visits.town.begin(), own_visits.town.end());
  }
  for (size_t area = 0; area < areas.size(); ++area) {
    SumOver(&areas[area], *result, &result->areas[area]);
  }
  for (size_t r = 0; r < result->options.rounds.size(); ++r) {
    const RequiredRound& round = result->options.rounds[r];
    const std::vector<Visit>& visits = areas[round.area];
    for (size_t i = 0; i < result->shifts.size(); ++i) {
      const Shift& shift = result->shifts[i];
      if (round.shift_start && shift.start != round.shift_start) continue;
      result->rounds.push_back({r, i,
                                CheckRounds(visits.data(), visits.data() + visits.size(),
                                            shift.begin, shift.end, round.every)});
    }
  }
  SumOver(&town, *result, &result->town);

  std::sort(pieces.begin(), pieces.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : ByEnter(a.second, b.second);
  });
  const WindowOptions& options = result->options;
  std::vector<Visit> own;
  size_t next = 0;
  for (size_t piece = 0; piece < result->pieces.size(); ++piece) {
    own.clear();
    for (; next < pieces.size() && pieces[next].first == piece; ++next) {
      own.push_back(pieces[next].second);
    }
    const Visit* const end = own.data() + own.size();
    PieceWindow& sums = result->pieces[piece];
    sums.visits = SumVisits(own.data(), end, options.from, options.to);
    const PresenceSums presence = SumPresence(own.data(), end, options.from, options.to);
    sums.mean_revisit = presence.mean_gap;
    sums.p95_revisit = presence.p95_gap;
  }
}

}  // namespace patrol::coverage
