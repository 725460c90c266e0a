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

void CountVisits(const roadnet::Network& network, const AreaIndex& index,
                 absl::Span<const tracks::MatchedTrack> tracks, WindowResult* result) {
  std::vector<std::vector<Visit>> areas(index.areas().size());
  std::vector<Visit> within_duty;
  std::vector<Visit> town;
  std::vector<std::pair<roadnet::PieceIndex, Visit>> pieces;
  for (const tracks::MatchedTrack& track : tracks) {
    const auto roster = result->options.duty.find(track.unit_id());
    const auto* const duty = roster == result->options.duty.end() ? nullptr : &roster->second;
    for (const tracks::AreaVisit& visit : AreaVisits(network, track, index.cuts())) {
      AppendOnDuty({visit.enter, visit.leave}, duty, &areas[visit.area]);
    }
    for (const tracks::PiecePassage& passage : PiecePassages(network, track)) {
      within_duty.clear();
      AppendOnDuty({passage.enter, passage.leave}, duty, &within_duty);
      for (const Visit& visit : within_duty) pieces.push_back({passage.piece, visit});
    }
    // The town is the network: a visit to it lasts as long as the path does not break.
    const std::vector<tracks::MatchedTrack::Point>& points = track.points();
    for (size_t i = 0; i < points.size();) {
      size_t last = i;
      while (last + 1 < points.size() && points[last + 1].connected) ++last;
      AppendOnDuty({points[i].time, points[last].time}, duty, &town);
      i = last + 1;
    }
  }
  for (size_t area = 0; area < areas.size(); ++area) {
    SumOver(&areas[area], *result, &result->areas[area]);
  }
  for (const RequiredRound& round : result->options.rounds) {
    const std::vector<Visit>& visits = areas[round.area];
    std::vector<RoundSums>& sums = result->rounds.emplace_back();
    for (const Shift& shift : result->shifts) {
      sums.push_back(CheckRounds(visits.data(), visits.data() + visits.size(), shift.begin,
                                 shift.end, round.every));
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
    result->pieces[piece].visits =
        SumVisits(own.data(), own.data() + own.size(), options.from, options.to);
  }
}

}  // namespace patrol::coverage
