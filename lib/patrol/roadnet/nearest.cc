#include "lib/patrol/roadnet/nearest.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "lib/base/check.h"

namespace patrol::roadnet {

namespace {

// Boxes per node of the tree: a node's boxes fill four cache lines.
constexpr size_t kFanout = 16;
// Search boxes are grown by this share: the plane's error (see Accuracy) must not lose a piece.
constexpr double kBoxMargin = 1e-3;

// Single precision, rounded outwards: half the memory and never too small.
struct Box {
  float min_lon = std::numeric_limits<float>::infinity();
  float min_lat = std::numeric_limits<float>::infinity();
  float max_lon = -std::numeric_limits<float>::infinity();
  float max_lat = -std::numeric_limits<float>::infinity();

  void Extend(const Box& box) {
    min_lon = std::min(min_lon, box.min_lon);
    min_lat = std::min(min_lat, box.min_lat);
    max_lon = std::max(max_lon, box.max_lon);
    max_lat = std::max(max_lat, box.max_lat);
  }
  bool Touches(const Box& box) const {
    return min_lon <= box.max_lon && box.min_lon <= max_lon && min_lat <= box.max_lat &&
           box.min_lat <= max_lat;
  }
};

float RoundDown(double value) {
  const float f = static_cast<float>(value);
  return f <= value ? f : std::nextafterf(f, -std::numeric_limits<float>::infinity());
}
float RoundUp(double value) { return -RoundDown(-value); }

Box BoxOf(const Network& network, const Piece& piece) {
  const geo::LonLat a = network.node(piece.from).place;
  const geo::LonLat b = network.node(piece.to).place;
  double west = std::min(a.lon, b.lon);
  double east = std::max(a.lon, b.lon);
  // Across the 180th meridian: the box goes on beyond 180.
  if (east - west > 180) {
    std::swap(west, east);
    east += 360;
  }
  return {RoundDown(west), RoundDown(std::min(a.lat, b.lat)), RoundUp(east),
          RoundUp(std::max(a.lat, b.lat))};
}

Candidate NearestOnPlane(const Network& network, const geo::LocalPlane& plane, PieceIndex index) {
  const Piece& piece = network.piece(index);
  const geo::PointM a = plane.ToPlane(network.node(piece.from).place);
  const geo::PointM b = plane.ToPlane(network.node(piece.to).place);
  const double dx = b.x - a.x;
  const double dy = b.y - a.y;
  const double squared = dx * dx + dy * dy;
  const double share = squared > 0 ? std::clamp(-(a.x * dx + a.y * dy) / squared, 0.0, 1.0) : 0.0;
  const double x = a.x + share * dx;
  const double y = a.y + share * dy;
  Candidate candidate;
  candidate.position = {index, share * piece.length_m};
  candidate.distance_m = std::sqrt(x * x + y * y);
  return candidate;
}

}  // namespace

// levels[0] holds a box per piece in tree order; each box of a level covers kFanout of the one
// below.
struct SpatialIndex::Tree {
  std::vector<PieceIndex> pieces;
  std::vector<std::vector<Box>> levels;

  template <typename Visitor>
  void Visit(const geo::BoundingBox& box, const Visitor& visitor) const {
    if (pieces.empty()) return;
    // Rounded inwards: a float is within these where it is within the box, and nowhere else.
    const Box rounded{RoundUp(box.min_lon), RoundUp(box.min_lat), RoundDown(box.max_lon),
                      RoundDown(box.max_lat)};
    VisitFrom(levels.size() - 1, 0, rounded, visitor);
  }

 private:
  template <typename Visitor>
  void VisitFrom(size_t level, size_t first, const Box& box, const Visitor& visitor) const {
    const std::vector<Box>& boxes = levels[level];
    const size_t last = std::min(first + kFanout, boxes.size());
    for (size_t i = first; i < last; ++i) {
      if (!boxes[i].Touches(box)) continue;
      if (level == 0) {
        visitor(pieces[i]);
      } else {
        VisitFrom(level - 1, i * kFanout, box, visitor);
      }
    }
  }
};

SpatialIndex::SpatialIndex(const Network& network) : network_(&network) {
  auto tree = std::make_unique<Tree>();
  const size_t count = network.piece_count();
  std::vector<Box> boxes(count);
  for (PieceIndex i = 0; i < count; ++i) boxes[i] = BoxOf(network, network.piece(i));
  tree->pieces.resize(count);
  std::iota(tree->pieces.begin(), tree->pieces.end(), 0);

  // Sort-tile-recursive packing (Leutenegger 1997): strips by longitude, within them by latitude.
  const auto lon = [&](PieceIndex i) { return boxes[i].min_lon + boxes[i].max_lon; };
  const auto lat = [&](PieceIndex i) { return boxes[i].min_lat + boxes[i].max_lat; };
  std::sort(tree->pieces.begin(), tree->pieces.end(), [&](PieceIndex a, PieceIndex b) {
    return std::pair(lon(a), a) < std::pair(lon(b), b);
  });
  const size_t leaves = (count + kFanout - 1) / kFanout;
  const size_t strips = static_cast<size_t>(std::ceil(std::sqrt(static_cast<double>(leaves))));
  const size_t strip = strips == 0 ? 0 : (leaves + strips - 1) / strips * kFanout;
  for (size_t first = 0; first < count; first += strip) {
    std::sort(
        tree->pieces.begin() + first, tree->pieces.begin() + std::min(count, first + strip),
        [&](PieceIndex a, PieceIndex b) { return std::pair(lat(a), a) < std::pair(lat(b), b); });
  }
  tree->levels.emplace_back();
  for (const PieceIndex piece : tree->pieces) tree->levels.back().push_back(boxes[piece]);
  while (tree->levels.back().size() > kFanout) {
    const std::vector<Box>& below = tree->levels.back();
    std::vector<Box> level((below.size() + kFanout - 1) / kFanout);
    for (size_t i = 0; i < below.size(); ++i) level[i / kFanout].Extend(below[i]);
    tree->levels.push_back(std::move(level));
  }
  tree_ = std::move(tree);
}

SpatialIndex::~SpatialIndex() = default;
SpatialIndex::SpatialIndex(SpatialIndex&&) noexcept = default;
SpatialIndex& SpatialIndex::operator=(SpatialIndex&&) noexcept = default;

template <typename Visitor>
void SpatialIndex::VisitIn(const geo::BoundingBox& box, const Visitor& visitor) const {
  // The same box as seen from the other side of the 180th meridian.
  for (const double turn : {0.0, 360.0, -360.0}) {
    geo::BoundingBox turned = box;
    turned.min_lon += turn;
    turned.max_lon += turn;
    tree_->Visit(turned, visitor);
  }
}

std::vector<PieceIndex> SpatialIndex::PiecesIn(const geo::BoundingBox& box) const {
  std::vector<PieceIndex> found;
  VisitIn(box, [&](PieceIndex piece) { found.push_back(piece); });
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

std::vector<Candidate> SpatialIndex::Nearest(geo::LonLat place, const Query& query) const {
  const double radius_deg = query.radius_m / geo::kMetresPerDegree * (1 + kBoxMargin);
  const double far_lat = std::abs(place.lat) + radius_deg;
  const double shrink = far_lat < 90 ? std::cos(far_lat * std::numbers::pi / 180.0) : 0.0;
  const double lon_deg = shrink * 180 > radius_deg ? radius_deg / shrink : 180.0;
  const geo::BoundingBox box{place.lon - lon_deg, place.lat - radius_deg, place.lon + lon_deg,
                             place.lat + radius_deg};
  const geo::LocalPlane plane(place);
  std::vector<Candidate> found;
  found.reserve(64);
  VisitIn(box, [&](PieceIndex piece) {
    if (query.mode.has_value()) {
      if (!network_->usable(*query.mode, piece)) return;
      if (query.ignore_walked && !network_->driven(*query.mode, piece)) return;
    }
    const Candidate candidate = NearestOnPlane(*network_, plane, piece);
    if (candidate.distance_m <= query.radius_m) found.push_back(candidate);
  });
  const auto nearer = [](const Candidate& a, const Candidate& b) {
    return a.distance_m != b.distance_m ? a.distance_m < b.distance_m
                                        : a.position.piece < b.position.piece;
  };
  // A box of half the earth, at a pole, meets pieces from both sides.
  if (lon_deg > 89) {
    // Not std::ranges: clang 14, which builds the fuzzers, cannot read GCC 12's.
    std::sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) {
      return a.position.piece < b.position.piece;
    });
    const auto same = [](const Candidate& a, const Candidate& b) {
      return a.position.piece == b.position.piece;
    };
    found.erase(std::unique(found.begin(), found.end(), same), found.end());
  }
  const size_t count = std::min(query.count_max, found.size());
  if (count < found.size()) {
    std::nth_element(found.begin(), found.begin() + count, found.end(), nearer);
    found.resize(count);
  }
  std::sort(found.begin(), found.end(), nearer);
  return found;
}

Candidate NearestOn(const Network& network, PieceIndex piece, geo::LonLat place) {
  return NearestOn(network, piece, geo::LocalPlane(place));
}

Candidate NearestOn(const Network& network, PieceIndex piece, const geo::LocalPlane& plane) {
  PATROL_CHECK(piece < network.piece_count());
  return NearestOnPlane(network, plane, piece);
}

}  // namespace patrol::roadnet
