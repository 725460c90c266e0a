#include "lib/patrol/coverage/area_index.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lib/patrol/roadnet/nearest.h"

namespace patrol::coverage {

int64_t ShareUm(double length_m, double share) { return std::llround(length_m * 1e6 * share); }

AreaIndex::AreaIndex(const roadnet::Network& network, std::vector<geo::Area> areas)
    : areas_(std::move(areas)), patrollable_um_(areas_.size(), 0) {
  for (const roadnet::Piece& piece : network.pieces()) {
    if (piece.patrollable) town_patrollable_um_ += ShareUm(piece.length_m, 1.0);
  }
  offsets_.assign(network.piece_count() + 1, 0);
  if (areas_.empty()) return;

  const roadnet::SpatialIndex index(network);
  for (uint32_t area = 0; area < areas_.size(); ++area) {
    const geo::MultiPolygon& shape = areas_[area].shape;
    bounds_.push_back(geo::Bounds(shape));
    area_m2_.push_back(geo::AreaM2(shape));
    for (const roadnet::PieceIndex p : index.PiecesIn(bounds_.back())) {
      const roadnet::Piece& piece = network.piece(p);
      const std::vector<Interval> parts = geo::ClipSegment(
          shape, bounds_.back(), network.node(piece.from).place, network.node(piece.to).place);
      for (const Interval& part : parts) {
        shares_.push_back({area, p, part});
        if (piece.patrollable) {
          patrollable_um_[area] += ShareUm(piece.length_m, part.end - part.begin);
        }
      }
    }
  }
  std::stable_sort(shares_.begin(), shares_.end(),
                   [](const AreaShare& a, const AreaShare& b) { return a.piece < b.piece; });
  for (const AreaShare& share : shares_) ++offsets_[share.piece + 1];
  for (size_t i = 1; i < offsets_.size(); ++i) offsets_[i] += offsets_[i - 1];
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
