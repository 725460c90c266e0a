#include "cmd/patrolsim/town_routes.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

namespace patrol::sim {

namespace {

constexpr uint64_t kLongestUs = 3600ull * 1000000;

}  // namespace

using roadnet::ArcIndex;
using roadnet::NodeIndex;
using roadnet::StateIndex;

RouteFinder::RouteFinder(const roadnet::Network& network, roadnet::Mode mode)
    : network_(network),
      graph_(network, mode, {.ignore_walked = true}),
      time_us_(graph_.state_count()),
      by_arc_(graph_.state_count()),
      before_(graph_.state_count()),
      seen_in_(graph_.state_count(), 0) {}

std::vector<ArcIndex> RouteFinder::Find(NodeIndex from, ArcIndex last, NodeIndex to) {
  if (from == to) return {};
  ++round_;
  using Entry = std::pair<uint64_t, StateIndex>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> open;
  const auto reach = [&](StateIndex state, uint64_t time, ArcIndex by, StateIndex before) {
    if (seen_in_[state] == round_ && time_us_[state] <= time) return;
    seen_in_[state] = round_;
    time_us_[state] = time;
    by_arc_[state] = by;
    before_[state] = before;
    open.emplace(time, state);
  };
  if (last != kNoArc && graph_.entry(last) != roadnet::kNoState) {
    reach(graph_.entry(last), 0, kNoArc, roadnet::kNoState);
  } else {
    for (const ArcIndex* arc = network_.out_begin(from); arc != network_.out_end(from); ++arc) {
      if (graph_.entry(*arc) == roadnet::kNoState) continue;
      reach(graph_.entry(*arc), graph_.time_us(*arc), *arc, roadnet::kNoState);
    }
  }
  while (!open.empty()) {
    const auto [time, state] = open.top();
    open.pop();
    if (time > time_us_[state]) continue;
    if (time > kLongestUs) break;
    if (graph_.node(state) == to) {
      std::vector<ArcIndex> route;
      for (StateIndex at = state; at != roadnet::kNoState && by_arc_[at] != kNoArc;
           at = before_[at]) {
        route.push_back(by_arc_[at]);
      }
      std::reverse(route.begin(), route.end());
      return route;
    }
    for (const auto* edge = graph_.edges_begin(state); edge != graph_.edges_end(state); ++edge) {
      reach(edge->state, time + graph_.time_us(edge->arc), edge->arc, state);
    }
  }
  return {};
}

}  // namespace patrol::sim
