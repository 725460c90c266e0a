#include "lib/patrol/coverage/chain_areas.h"

#include <algorithm>
#include <map>
#include <utility>

#include "lib/patrol/coverage/area_index.h"

namespace patrol::coverage {
namespace {

// Where areas begin and end on a piece, micrometres from its first node.
struct Border {
  int64_t at_um;
  uint32_t area;
  bool begins;
};

}  // namespace

ChainAreas::ChainAreas(const roadnet::Network& network, const Chains& chains,
                       const AreaIndex& index) {
  std::map<std::vector<uint32_t>, uint32_t> cells;
  areas_begin_ = {0, 0};  // cell 0
  const auto cell_of = [&](const std::vector<uint32_t>& areas) {
    const auto [it, is_new] = cells.try_emplace(areas, static_cast<uint32_t>(cell_count()));
    if (is_new) {
      areas_.insert(areas_.end(), areas.begin(), areas.end());
      areas_begin_.push_back(static_cast<uint32_t>(areas_.size()));
    }
    return it->second;
  };
  std::vector<Border> borders;
  std::vector<uint32_t> inside;
  std::vector<Cut> own;
  for (ChainIndex chain = 0; chain < chains.count(); ++chain) {
    begin_.push_back(static_cast<uint32_t>(cuts_.size()));
    for (uint32_t link = chains.link_begin(chain); link < chains.link_end(chain); ++link) {
      const roadnet::PieceIndex p = roadnet::PieceOf(chains.arc(link));
      const roadnet::Piece& piece = network.piece(p);
      if (!piece.patrollable) {
        cuts_.push_back({chains.end_um(link), p, 0});
        continue;
      }
      borders.clear();
      for (const tracks::AreaCuts::Part& part : index.cuts().parts(p)) {
        const int64_t begin_um = PlaceUm(part.begin_m, piece.length_m);
        const int64_t end_um = PlaceUm(part.end_m, piece.length_m);
        if (begin_um >= end_um) continue;
        borders.push_back({begin_um, part.area, true});
        borders.push_back({end_um, part.area, false});
      }
      std::sort(borders.begin(), borders.end(), [](const Border& a, const Border& b) {
        return a.at_um != b.at_um ? a.at_um < b.at_um : a.begins < b.begins;
      });
      // Cuts of the piece in the way's order, by their ends from its first node.
      own.clear();
      inside.clear();
      const int64_t length_um = chains.length_um(link);
      int64_t at_um = 0;
      const auto cut_to = [&](int64_t end_um) {
        if (end_um <= at_um) return;
        own.push_back({end_um, p, cell_of(inside)});
        at_um = end_um;
      };
      for (const Border& border : borders) {
        cut_to(border.at_um);
        const auto place = std::lower_bound(inside.begin(), inside.end(), border.area);
        if (border.begins) {
          inside.insert(place, border.area);
        } else if (place != inside.end() && *place == border.area) {
          inside.erase(place);
        }
      }
      cut_to(length_um);
      if (!roadnet::IsBackward(chains.arc(link))) {
        for (Cut cut : own) {
          cut.end_um += chains.begin_um(link);
          cuts_.push_back(cut);
        }
      } else {
        for (size_t i = own.size(); i-- > 0;) {
          const int64_t begin_um = i == 0 ? 0 : own[i - 1].end_um;
          cuts_.push_back({chains.end_um(link) - begin_um, p, own[i].cell});
        }
      }
    }
  }
  begin_.push_back(static_cast<uint32_t>(cuts_.size()));
}

}  // namespace patrol::coverage
