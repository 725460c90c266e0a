#include "lib/patrol/coverage/route.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>
#include <tuple>
#include <utility>

namespace patrol::coverage {
namespace {

using roadnet::ArcIndex;
using roadnet::BackwardArc;
using roadnet::ForwardArc;
using roadnet::kNoState;
using roadnet::kNotAllowed;
using roadnet::PieceIndex;
using roadnet::StateIndex;

double ShareOf(const roadnet::Network& network, const roadnet::RoadPosition& position) {
  return std::clamp(position.offset_m / network.piece(position.piece).length_m, 0.0, 1.0);
}

// How a state was come to.
struct Step {
  uint64_t us = kUnreached;
  StateIndex from = kNoState;  // kNoState: straight from a source
  ArcIndex arc = 0;            // passed last
  uint32_t source = 0;
};

// The best end of a route so far.
struct End {
  uint64_t us = kUnreached;
  StateIndex from = kNoState;
  ArcIndex arc = 0;
  uint32_t source = 0;
};

Route Trace(const roadnet::Network& network, absl::Span<const Source> sources,
            const roadnet::RoadPosition& target, const std::vector<Step>& steps, const End& end) {
  Route route;
  route.source = end.source;
  route.time_us = static_cast<ArrivalUs>(end.us);
  route.arcs.push_back(end.arc);
  for (StateIndex state = end.from; state != kNoState; state = steps[state].from) {
    route.arcs.push_back(steps[state].arc);
  }
  std::reverse(route.arcs.begin(), route.arcs.end());
  const roadnet::RoadPosition& start = sources[end.source].position;
  route.line.push_back(network.Place(start));
  for (size_t i = 0; i + 1 < route.arcs.size(); ++i) {
    route.line.push_back(network.node(network.head(route.arcs[i])).place);
  }
  route.line.push_back(network.Place(target));
  const auto along = [&](ArcIndex arc, double offset_m) {
    const double length_m = network.piece(roadnet::PieceOf(arc)).length_m;
    return roadnet::IsBackward(arc) ? length_m - offset_m : offset_m;
  };
  for (const ArcIndex arc : route.arcs) {
    route.length_m += network.piece(roadnet::PieceOf(arc)).length_m;
  }
  route.length_m -= along(route.arcs.front(), start.offset_m);
  route.length_m -= network.piece(target.piece).length_m - along(end.arc, target.offset_m);
  route.length_m = std::max(0.0, route.length_m);
  return route;
}

}  // namespace

std::optional<Route> FindRoute(const roadnet::Network& network, const roadnet::SearchGraph& graph,
                               absl::Span<const Source> sources,
                               const roadnet::RoadPosition& target, ArrivalUs limit_us) {
  std::vector<Step> steps(graph.state_count());
  using Item = std::pair<uint64_t, StateIndex>;
  std::priority_queue<Item, std::vector<Item>, std::greater<>> queue;
  End best;
  best.us = uint64_t{limit_us} + 1;
  const double target_share = ShareOf(network, target);
  const auto relax = [&](StateIndex state, const Step& step) {
    if (step.us >= best.us || step.us >= steps[state].us) return;
    steps[state] = step;
    queue.push({step.us, state});
  };
  const auto end_at = [&](const End& end) {
    if (end.us < best.us) best = end;
  };

  for (uint32_t i = 0; i < sources.size(); ++i) {
    const PieceIndex piece = sources[i].position.piece;
    const double share = ShareOf(network, sources[i].position);
    const uint64_t delay_us = sources[i].delay_us;
    for (const ArcIndex arc : {ForwardArc(piece), BackwardArc(piece)}) {
      const uint32_t time_us = graph.time_us(arc);
      if (time_us == kNotAllowed) continue;
      if (piece == target.piece) {
        const double way = roadnet::IsBackward(arc) ? share - target_share : target_share - share;
        if (way >= 0) end_at({delay_us + PartOf(time_us, way), kNoState, arc, i});
      }
      const double rest = roadnet::IsBackward(arc) ? share : 1 - share;
      relax(graph.entry(arc), {delay_us + PartOf(time_us, rest), kNoState, arc, i});
    }
  }
  while (!queue.empty()) {
    const auto [us, state] = queue.top();
    queue.pop();
    if (us >= best.us) break;
    if (us != steps[state].us) continue;
    for (const auto* edge = graph.edges_begin(state); edge != graph.edges_end(state); ++edge) {
      const uint32_t time_us = graph.time_us(edge->arc);
      if (roadnet::PieceOf(edge->arc) == target.piece) {
        const double way = roadnet::IsBackward(edge->arc) ? 1 - target_share : target_share;
        end_at({us + PartOf(time_us, way), state, edge->arc, steps[state].source});
      }
      relax(edge->state, {us + time_us, state, edge->arc, steps[state].source});
    }
  }
  if (best.us > limit_us) return std::nullopt;
  return Trace(network, sources, target, steps, best);
}

}  // namespace patrol::coverage
