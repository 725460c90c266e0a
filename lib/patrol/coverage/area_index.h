#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "lib/geo/area.h"
#include "lib/geo/lonlat.h"
#include "lib/geo/polygon.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/area_visits.h"

namespace patrol::coverage {

// Whole micrometres of a share of a length, rounded once: the unit that all lengths are summed in.
int64_t ShareUm(double length_m, double share);
// Of a place on a piece of `length_m`, metres from its first node.
int64_t PlaceUm(double at_m, double length_m);
int64_t PartUm(const tracks::AreaCuts::Part& part, double length_m);

// The network cut at area borders, once: which part of which piece counts for which area. Areas may
// overlap (a grid lies in a village); each counts for itself.
//
// Threads: const after building; share as std::shared_ptr<const AreaIndex>.
// Cost:    building O(areas * (pieces near * corners)); memory as tracks::AreaCuts.
class AreaIndex {
 public:
  // `network` is needed while building only.
  AreaIndex(const roadnet::Network& network, std::vector<geo::Area> areas);
  // Cut otherwise than at the areas' shapes.
  AreaIndex(const roadnet::Network& network, std::vector<geo::Area> areas, tracks::AreaCuts cuts);

  const std::vector<geo::Area>& areas() const { return areas_; }

  // Parts of pieces within areas (by index into areas()), of all pieces, patrollable or not.
  const tracks::AreaCuts& cuts() const { return cuts_; }

  // Length of an area's patrollable roads, and of all of the network's (the town).
  int64_t patrollable_um(size_t area) const { return patrollable_um_[area]; }
  int64_t town_patrollable_um() const { return town_patrollable_um_; }

  // The area that `place` stands in: of those of `preferred_kind` first, else of all, the smallest;
  // of equals the first. nullopt outside all.
  std::optional<size_t> FindArea(geo::LonLat place, std::string_view preferred_kind) const;

 private:
  const std::vector<geo::Area> areas_;
  const tracks::AreaCuts cuts_;
  std::vector<geo::BoundingBox> bounds_;  // [areas]
  std::vector<double> area_m2_;           // [areas]
  std::vector<int64_t> patrollable_um_;   // [areas]
  int64_t town_patrollable_um_ = 0;
};

}  // namespace patrol::coverage
