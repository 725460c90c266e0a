#pragma once

#include "absl/types/span.h"
#include "lib/patrol/roadnet/network.h"

namespace patrol::tracks {

// Metres from the arc's tail, in its direction, of a position on its piece; and back.
double AlongArc(const roadnet::Network& network, roadnet::ArcIndex arc, double offset_m);

// One arc of a path and the part of it that the path uses, metres from the arc's tail; start <= end
// but for rounding.
struct ArcPart {
  roadnet::ArcIndex arc;
  double start_m;
  double end_m;
};

// The part that a path `from` -> `to` along `arcs` uses of arcs[index].
ArcPart PartOf(const roadnet::Network& network, const roadnet::RoadPosition& from,
               const roadnet::RoadPosition& to, absl::Span<const roadnet::ArcIndex> arcs,
               size_t index);

// Metres from `from` to `to` along `arcs` (first holds from, last holds to); 0 without arcs.
double PathLength(const roadnet::Network& network, const roadnet::RoadPosition& from,
                  const roadnet::RoadPosition& to, absl::Span<const roadnet::ArcIndex> arcs);

// The place at `share` (0..1) of that path's length.
roadnet::RoadPosition AlongPath(const roadnet::Network& network, const roadnet::RoadPosition& from,
                                const roadnet::RoadPosition& to,
                                absl::Span<const roadnet::ArcIndex> arcs, double share);

}  // namespace patrol::tracks
