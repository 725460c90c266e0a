#include "lib/patrol/coverage/window_visits.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <thread>
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
  const VisitTally all = TallyVisits(begin, end, options.from, options.to);
  out->window.visits = all.visits();
  out->window.presence = all.presence();
  // Visits that ended before an hour stay ended: each hour starts where the first one still lasts.
  const Visit* first = begin;
  for (size_t hour = 0; hour < result.hours.size(); ++hour) {
    const absl::Time from = std::max(options.from, result.hours[hour].start);
    const absl::Time to =
        hour + 1 < result.hours.size() ? result.hours[hour + 1].start : options.to;
    while (first != end && first->leave < from) ++first;
    const VisitTally tally = TallyVisits(first, end, from, to);
    out->hours[hour].visits = tally.visits();
    out->hours[hour].presence = tally.presence();
  }
  first = begin;
  for (const Shift& shift : result.shifts) {
    while (first != end && first->leave < shift.begin) ++first;
    const VisitTally tally = TallyVisits(first, end, shift.begin, shift.end);
    out->shifts.push_back({tally.visits(), tally.presence()});
  }
}

// Visits of pieces are gathered for so long, added, and forgotten: a busy month has twenty million.
constexpr absl::Duration kGathered = absl::Hours(6);

using PieceVisit = std::pair<roadnet::PieceIndex, Visit>;

const std::vector<DutyInterval>* DutyOf(const WindowOptions& options,
                                        const tracks::MatchedTrack& track) {
  const auto roster = options.duty.find(track.unit_id());
  return roster == options.duty.end() ? nullptr : &roster->second;
}

// The end of the path that begins at point `first`.
size_t PathEnd(const tracks::MatchedTrack& track, size_t first) {
  size_t end = first + 1;
  while (end < track.points().size() && track.points()[end].connected) ++end;
  return end;
}

void AppendPieceVisits(const roadnet::Network& network, const tracks::MatchedTrack& track,
                       size_t first, size_t end_point, const WindowOptions& options,
                       std::vector<PieceVisit>* visits) {
  const std::vector<DutyInterval>* const duty = DutyOf(options, track);
  std::vector<Visit> within_duty;
  for (const auto& passage : tracks::PiecePassages(network, track, first, end_point)) {
    within_duty.clear();
    AppendOnDuty({passage.enter, passage.leave}, duty, &within_duty);
    for (const Visit& part : within_duty) visits->push_back({passage.piece, part});
  }
}

// No more visits of each piece can come of the tracks than this: each begins where a path does, or
// where an arc is driven, and changes of duty may cut it. Where duty overlaps, more may.
std::vector<size_t> VisitsMax(size_t piece_count, absl::Span<const tracks::MatchedTrack> tracks,
                              const WindowOptions& options) {
  size_t cuts = 0;
  for (const auto& [unit, duty] : options.duty) {
    cuts += duty.size();
    for (size_t i = 1; i < duty.size(); ++i) {
      if (duty[i].from < duty[i - 1].to) {
        return std::vector<size_t>(piece_count, std::numeric_limits<uint32_t>::max());
      }
    }
  }
  std::vector<size_t> most(piece_count, cuts);
  for (const tracks::MatchedTrack& track : tracks) {
    for (size_t i = 0; i < track.points().size(); ++i) {
      if (!track.points()[i].connected) ++most[track.points()[i].piece];
      for (const roadnet::ArcIndex arc : track.arcs_to(i)) ++most[roadnet::PieceOf(arc)];
    }
  }
  return most;
}

void CountPieceVisits(const roadnet::Network& network,
                      absl::Span<const tracks::MatchedTrack> tracks, WindowResult* result) {
  const WindowOptions& options = result->options;
  std::vector<VisitTally> tallies;
  tallies.reserve(result->pieces.size());
  for (const size_t most : VisitsMax(result->pieces.size(), tracks, options)) {
    tallies.emplace_back(options.from, options.to, most);
  }
  std::vector<size_t> next(tracks.size(), 0);  // point of each track
  std::vector<PieceVisit> visits;
  for (;;) {
    // Paths that begin before `until` have all visits that do.
    absl::Time until = absl::InfiniteFuture();
    for (size_t i = 0; i < tracks.size(); ++i) {
      if (next[i] == tracks[i].points().size()) continue;
      until = std::min(until, tracks[i].points()[next[i]].time() + kGathered);
    }
    for (size_t i = 0; i < tracks.size(); ++i) {
      const std::vector<tracks::MatchedTrack::Point>& points = tracks[i].points();
      while (next[i] < points.size() && points[next[i]].time() < until) {
        const size_t end = PathEnd(tracks[i], next[i]);
        AppendPieceVisits(network, tracks[i], next[i], end, options, &visits);
        next[i] = end;
      }
    }
    const auto later = std::partition(visits.begin(), visits.end(), [&](const PieceVisit& visit) {
      return visit.second.enter < until;
    });
    std::sort(visits.begin(), later, [](const PieceVisit& a, const PieceVisit& b) {
      return a.first != b.first ? a.first < b.first : ByEnter(a.second, b.second);
    });
    for (auto visit = visits.begin(); visit != later; ++visit) {
      tallies[visit->first].Add(visit->second);
    }
    visits.erase(visits.begin(), later);
    if (until == absl::InfiniteFuture()) break;
  }
  for (size_t piece = 0; piece < tallies.size(); ++piece) {
    PieceWindow& sums = result->pieces[piece];
    sums.visits = tallies[piece].visits();
    const PresenceSums presence = tallies[piece].presence();
    sums.mean_revisit = presence.mean_gap;
    sums.p95_revisit = presence.p95_gap;
  }
}

void AppendAreaVisits(const roadnet::Network& network, const AreaIndex& index,
                      const tracks::MatchedTrack& track, const WindowOptions& options,
                      std::vector<std::pair<size_t, Visit>>* visits) {
  const std::vector<DutyInterval>* const duty = DutyOf(options, track);
  std::vector<Visit> within_duty;
  for (const tracks::AreaVisit& visit : AreaVisits(network, track, index.cuts())) {
    within_duty.clear();
    AppendOnDuty({visit.enter, visit.leave}, duty, &within_duty);
    for (const Visit& part : within_duty) visits->push_back({visit.area, part});
  }
}

void AppendTownVisits(const tracks::MatchedTrack& track, const WindowOptions& options,
                      std::vector<Visit>* visits) {
  const std::vector<tracks::MatchedTrack::Point>& points = track.points();
  for (size_t first = 0; first < points.size();) {
    const size_t end = PathEnd(track, first);
    AppendOnDuty({points[first].time(), points[end - 1].time()}, DutyOf(options, track), visits);
    first = end;
  }
}

void CountAreaVisits(const roadnet::Network& network, const AreaIndex& index,
                     absl::Span<const tracks::MatchedTrack> tracks, WindowResult* result) {
  std::vector<std::vector<Visit>> areas(index.areas().size());
  std::vector<Visit> town;
  std::vector<std::pair<size_t, Visit>> own;
  for (const tracks::MatchedTrack& track : tracks) {
    own.clear();
    AppendAreaVisits(network, index, track, result->options, &own);
    for (const auto& [area, visit] : own) areas[area].push_back(visit);
    AppendTownVisits(track, result->options, &town);
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
}

}  // namespace

void TrackVisits::Find(const roadnet::Network& network, const AreaIndex& index,
                       const tracks::MatchedTrack& track, const WindowOptions& options) {
  areas.clear();
  AppendAreaVisits(network, index, track, options, &areas);
  pieces.clear();
  AppendPieceVisits(network, track, 0, track.points().size(), options, &pieces);
  town.clear();
  AppendTownVisits(track, options, &town);
}

void CountVisits(const roadnet::Network& network, const AreaIndex& index,
                 absl::Span<const tracks::MatchedTrack> tracks, WindowResult* result) {
  if (result->options.threads == 1) {
    CountAreaVisits(network, index, tracks, result);
    CountPieceVisits(network, tracks, result);
    return;
  }
  // The two write to different parts of the result.
  std::thread areas([&] { CountAreaVisits(network, index, tracks, result); });
  CountPieceVisits(network, tracks, result);
  areas.join();
}

}  // namespace patrol::coverage
