#include "lib/patrol/coverage/area_index.h"

#include <cmath>
#include <utility>

#include "lib/patrol/roadnet/nearest.h"

namespace patrol::coverage {

int64_t ShareUm(double length_m, double share) { return std::llround(length_m * 1e6 * share); }

AreaIndex::AreaIndex(const roadnet::Network& network, std::vector<geo::Area> areas)
    : AreaIndex(network, areas, tracks::AreaCuts(network, roadnet::SpatialIndex(network), areas)) {}

AreaIndex::AreaIndex(const roadnet::Network& network, std::vector<geo::Area> areas,
                     tracks::AreaCuts cuts)
    : areas_(std::move(areas)), cuts_(std::move(cuts)), patrollable_um_(areas_.size(), 0) {
  for (const geo::Area& area : areas_) {
    bounds_.push_back(geo::Bounds(area.shape));
    area_m2_.push_back(geo::AreaM2(area.shape));
  }
  for (roadnet::PieceIndex p = 0; p < network.piece_count(); ++p) {
    if (!network.piece(p).patrollable) continue;
    const double length_m = network.piece(p).length_m;
    town_patrollable_um_ += ShareUm(length_m, 1);
    for (const tracks::AreaCuts::Part& part : cuts_.parts(p)) {
      patrollable_um_[part.area] += PartUm(part, length_m);
    }
  }
}

int64_t PartUm(const tracks::AreaCuts::Part& part, double length_m) {
  return PlaceUm(part.end_m, length_m) - PlaceUm(part.begin_m, length_m);
}

int64_t PlaceUm(double at_m, double length_m) {
  return at_m >= length_m ? ShareUm(length_m, 1) : std::llround(at_m * 1e6);
}

std::optional<size_t> AreaIndex::FindArea(geo::LonLat place,
                                          std::string_view preferred_kind) const {
  std::optional<size_t> best;
  bool best_preferred = false;
  for (size_t area = 0; area < areas_.size(); ++area) {
    if (!bounds_[area].Contains(place)) continue;
    const bool preferred = areas_[area].kind == preferred_kind;
    if (best && best_preferred && !preferred) continue;
    if (best && best_preferred == preferred && area_m2_[area] >= area_m2_[*best]) continue;
    if (!geo::Contains(areas_[area].shape, place)) continue;
    best = area;
    best_preferred = preferred;
  }
  return best;
}

}  // namespace patrol::coverage
