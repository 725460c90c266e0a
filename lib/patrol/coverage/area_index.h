#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "lib/geo/area.h"
#include "lib/geo/lonlat.h"
#include "lib/geo/polygon.h"
#include "lib/patrol/coverage/interval.h"
#include "lib/patrol/coverage/snapshot.h"
#include "lib/patrol/roadnet/network.h"

namespace patrol::coverage {

// The part of a piece that lies within an area. A piece that leaves an area and comes back has
// several.
struct AreaShare {
  uint32_t area = 0;  // index into AreaIndex::areas()
  roadnet::PieceIndex piece = 0;
  Interval share;
};

// Whole micrometres of a share of a length, rounded once: the unit that all lengths are summed in.
int64_t ShareUm(double length_m, double share);

// The network cut at area borders, once: which part of which piece counts for which area. Areas may
// overlap (a grid lies in a village); each counts for itself.
//
// Threads: const after building; share as std::shared_ptr<const AreaIndex>.
// Cost:    building O(areas * (pieces near * corners)); 32 bytes a share.
class AreaIndex {
 public:
  // `network` is needed while building only.
  AreaIndex(const roadnet::Network& network, std::vector<geo::Area> areas);

  const std::vector<geo::Area>& areas() const { return areas_; }

  // Parts of `piece` in order of area, of all pieces whether patrollable or not.
  absl::Span<const AreaShare> shares(roadnet::PieceIndex piece) const {
    return absl::MakeConstSpan(shares_.data() + offsets_[piece],
                               offsets_[piece + 1] - offsets_[piece]);
  }

  // Length of an area's patrollable roads, and of all of the network's (the town).
  int64_t patrollable_um(size_t area) const { return patrollable_um_[area]; }
  int64_t town_patrollable_um() const { return town_patrollable_um_; }

  // The area that `place` stands in: of those of `preferred_kind` first, else of all, the smallest;
  // of equals the first. nullopt outside all.
  std::optional<size_t> FindArea(geo::LonLat place, std::string_view preferred_kind) const;

 private:
  const std::vector<geo::Area> areas_;
  std::vector<geo::BoundingBox> bounds_;  // [areas]
  std::vector<double> area_m2_;           // [areas]
  std::vector<uint32_t> offsets_;         // [piece_count + 1]
  std::vector<AreaShare> shares_;
  std::vector<int64_t> patrollable_um_;  // [areas]
  int64_t town_patrollable_um_ = 0;
};

}  // namespace patrol::coverage
