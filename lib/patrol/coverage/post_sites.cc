#include "lib/patrol/coverage/post_sites.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "lib/geo/polygon.h"
#include "lib/patrol/tracks/attach.h"

namespace patrol::coverage {
namespace {

using roadnet::ArcIndex;
using roadnet::BackwardArc;
using roadnet::ForwardArc;
using roadnet::kNotAllowed;
using roadnet::Network;
using roadnet::NodeIndex;
using roadnet::PieceIndex;
using roadnet::SearchGraph;

// A coordinate written with six decimals is off by up to 8 cm.
constexpr double kAtNodeM = 0.1;

bool Usable(const SearchGraph& graph, PieceIndex piece) {
  return graph.time_us(ForwardArc(piece)) != kNotAllowed ||
         graph.time_us(BackwardArc(piece)) != kNotAllowed;
}

// A unit that waits at a node can set off along every piece there; none of its turns is forbidden,
// since it did not come by any.
std::vector<Source> SourcesAt(const Network& network, const SearchGraph& graph, NodeIndex node,
                              ArrivalUs delay_us) {
  std::vector<Source> sources;
  for (const ArcIndex* arc = network.out_begin(node); arc != network.out_end(node); ++arc) {
    const PieceIndex piece = roadnet::PieceOf(*arc);
    if (!Usable(graph, piece)) continue;
    const double offset_m = roadnet::IsBackward(*arc) ? network.piece(piece).length_m : 0.0;
    sources.push_back({{piece, offset_m}, delay_us});
  }
  return sources;
}

bool HasDrivenPiece(const Network& network, const SearchGraph& graph, NodeIndex node) {
  return std::any_of(network.out_begin(node), network.out_end(node), [&](ArcIndex arc) {
    const PieceIndex piece = roadnet::PieceOf(arc);
    return Usable(graph, piece) && network.driven(graph.mode(), piece);
  });
}

// "" and the site, or why it is none.
std::string PutOnNetwork(const Network& network, const roadnet::SpatialIndex& index,
                         const SearchGraph& graph, const FilePoint& point, PostSite* site) {
  site->id = point.id;
  site->place = point.place;
  if (point.node_id) {
    const NodeIndex node = network.FindNode(*point.node_id);
    if (node < network.node_count()) {
      site->sources = SourcesAt(network, graph, node, 0);
      site->distance_m = geo::GreatCircleM(point.place, network.node(node).place);
    }
    if (!site->sources.empty()) {
      site->node_id = *point.node_id;
      return "";
    }
    // A node of no road of the mode: its place will do.
  }
  const auto attached =
      tracks::AttachPlace(index, point.place, graph.mode(), tracks::AttachTo::kDriven);
  if (!attached) return tracks::NoRoadText(point.place, graph.mode());
  site->distance_m = attached->distance_m;
  const auto delay_us = static_cast<ArrivalUs>(attached->walk_us());
  const roadnet::Piece& piece = network.piece(attached->at.piece);
  const double offset_m = attached->at.offset_m;
  const NodeIndex node = offset_m * 2 <= piece.length_m ? piece.from : piece.to;
  site->node_id = network.node(node).id;
  if (std::min(offset_m, piece.length_m - offset_m) <= kAtNodeM) {
    site->sources = SourcesAt(network, graph, node, delay_us);
  } else {
    site->sources = {{attached->at, delay_us}};
  }
  return "";
}

// One node of `nodes` a square of `square_m`, the nearest to its centre; in order of index.
std::vector<NodeIndex> ThinTo(const Network& network, const std::vector<NodeIndex>& nodes,
                              const geo::LocalPlane& plane, double square_m) {
  struct Best {
    NodeIndex node;
    double distance_m;
  };
  std::map<std::pair<int64_t, int64_t>, Best> squares;
  for (const NodeIndex node : nodes) {
    const geo::PointM at = plane.ToPlane(network.node(node).place);
    const double column = std::floor(at.x / square_m);
    const double row = std::floor(at.y / square_m);
    const double distance_m =
        std::hypot(at.x - (column + 0.5) * square_m, at.y - (row + 0.5) * square_m);
    const auto [best, is_new] = squares.try_emplace(
        {static_cast<int64_t>(column), static_cast<int64_t>(row)}, Best{node, distance_m});
    if (!is_new && distance_m < best->second.distance_m) best->second = {node, distance_m};
  }
  std::vector<NodeIndex> kept;
  for (const auto& [square, best] : squares) kept.push_back(best.node);
  std::sort(kept.begin(), kept.end());
  return kept;
}

}  // namespace

PostSites SitesAtPoints(const Network& network, const roadnet::SpatialIndex& index,
                        const SearchGraph& graph, const std::vector<FilePoint>& points) {
  PostSites result;
  absl::flat_hash_set<std::string> ids;
  for (const FilePoint& point : points) {
    PostSite site;
    std::string fault = PutOnNetwork(network, index, graph, point, &site);
    if (fault.empty() && !ids.insert(point.id).second) fault = "is given twice";
    if (fault.empty()) {
      result.sites.push_back(std::move(site));
    } else {
      result.faults.push_back(absl::StrCat("candidate \"", point.id, "\": ", fault));
    }
  }
  return result;
}

PostSites SitesAtNodes(const Network& network, const SearchGraph& graph,
                       const tracks::AreaCuts& cuts, size_t count_max) {
  std::vector<bool> wanted(network.node_count(), false);
  for (PieceIndex p = 0; p < network.piece_count(); ++p) {
    if (!network.piece(p).patrollable || cuts.parts(p).empty()) continue;
    wanted[network.piece(p).from] = wanted[network.piece(p).to] = true;
  }
  std::vector<NodeIndex> nodes;
  geo::BoundingBox box;
  for (NodeIndex node = 0; node < network.node_count(); ++node) {
    if (!wanted[node] || !HasDrivenPiece(network, graph, node)) continue;
    nodes.push_back(node);
    box.Extend(network.node(node).place);
  }
  PostSites result;
  result.nodes_offered = nodes.size();
  if (nodes.size() > count_max) {
    const geo::LocalPlane plane({(box.min_lon + box.max_lon) / 2, (box.min_lat + box.max_lat) / 2});
    // Halving the interval: squares of `low` are too many, of `high` few enough.
    double low = 0;
    double high = geo::GreatCircleM({box.min_lon, box.min_lat}, {box.max_lon, box.max_lat}) + 1;
    std::vector<NodeIndex> kept = ThinTo(network, nodes, plane, high);
    for (int i = 0; i < 20; ++i) {
      const double middle = (low + high) / 2;
      std::vector<NodeIndex> some = ThinTo(network, nodes, plane, middle);
      if (some.size() > count_max) {
        low = middle;
      } else {
        high = middle;
        kept = std::move(some);
      }
    }
    nodes = std::move(kept);
  }
  for (const NodeIndex node : nodes) {
    PostSite site;
    site.node_id = network.node(node).id;
    site.id = absl::StrCat(site.node_id);
    site.place = network.node(node).place;
    site.sources = SourcesAt(network, graph, node, 0);
    result.sites.push_back(std::move(site));
  }
  return result;
}

}  // namespace patrol::coverage
