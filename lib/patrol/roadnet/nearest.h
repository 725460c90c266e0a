#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "lib/geo/lonlat.h"
#include "lib/geo/polygon.h"
#include "lib/patrol/roadnet/network.h"

namespace patrol::roadnet {

// A point of the network near a given place.
struct Candidate {
  RoadPosition position;
  double distance_m = 0;  // of the given place from it
};

// Finds pieces by place: a packed R-tree over the pieces' boxes.
//
// Use: SpatialIndex index(network);
//      for (const Candidate& c : index.Nearest(fix, {.mode = Mode::kCar, .radius_m = 50})) ...
//
// Accuracy: distances to 1e-4 of themselves up to 20 km; correct across the 180th meridian and near
//           the poles.
// Threads:  const; safe from any number of threads.
// Cost:     28 bytes a piece; a search is O(log pieces + pieces near).
class SpatialIndex {
 public:
  struct Query {
    std::optional<Mode> mode;   // only pieces usable in it; unset: all
    double radius_m = 50;       // only positions up to this far
    size_t count_max = 16;      // at most so many, the nearest
    bool ignore_walked = true;  // leaves out pieces that `mode` passes on foot, out of its vehicle
  };

  // Keeps `network`, which outlives the index.
  explicit SpatialIndex(const Network& network);
  ~SpatialIndex();
  SpatialIndex(SpatialIndex&&) noexcept;
  SpatialIndex& operator=(SpatialIndex&&) noexcept;

  // The nearest position on each piece within the radius, nearest first (of equals, the lower
  // piece first).
  std::vector<Candidate> Nearest(geo::LonLat place, const Query& query) const;

  // Pieces whose box touches `box`, in order; for cutting pieces at area borders.
  std::vector<PieceIndex> PiecesIn(const geo::BoundingBox& box) const;

 private:
  struct Tree;

  // Calls `visitor` for the pieces whose box touches `box`.
  template <typename Visitor>
  void VisitIn(const geo::BoundingBox& box, const Visitor& visitor) const;

  const Network* network_;
  std::unique_ptr<const Tree> tree_;
};

// The position on `piece` nearest to the origin of `plane`, or to `place`.
Candidate NearestOn(const Network& network, PieceIndex piece, const geo::LocalPlane& plane);
Candidate NearestOn(const Network& network, PieceIndex piece, geo::LonLat place);

}  // namespace patrol::roadnet
