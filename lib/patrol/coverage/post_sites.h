#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "lib/geo/lonlat.h"
#include "lib/patrol/coverage/point_file.h"
#include "lib/patrol/coverage/reach.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/search_graph.h"
#include "lib/patrol/tracks/area_visits.h"

namespace patrol::coverage {

// A place where a unit can be stationed, put on the network.
struct PostSite {
  std::string id;
  geo::LonLat place;            // as given; of a node, the node's
  int64_t node_id = 0;          // the node it stands at, or the nearer end of its piece
  double distance_m = 0;        // of the given place from the network
  std::vector<Source> sources;  // one a piece it can set off on: at a node all that meet there
};

struct PostSites {
  std::vector<PostSite> sites;
  std::vector<std::string> faults;  // candidates left out: which and why
  size_t nodes_offered = 0;         // of SitesAtNodes: nodes there were before thinning
};

// Puts candidates on the network: at their node where node_id names one that a road of the mode
// meets, or where they lie within 10 cm of one; else at the nearest point of the nearest piece the
// mode's vehicle may use. Up to 50 m off they are on it, up to 200 m they are attached by the
// straight way at 1.4 m/s, further off they are left out, as units are (ARCHITECTURE.md).
PostSites SitesAtPoints(const roadnet::Network& network, const roadnet::SpatialIndex& index,
                        const roadnet::SearchGraph& graph, const std::vector<FilePoint>& points);

// Every node that the mode's vehicle can use and that lies on a patrollable piece with a part in
// some area. More than count_max are thinned evenly over the map: one node a square, the nearest to
// its centre, of squares as small as the limit allows.
PostSites SitesAtNodes(const roadnet::Network& network, const roadnet::SearchGraph& graph,
                       const tracks::AreaCuts& cuts, size_t count_max);

}  // namespace patrol::coverage
