#include "lib/patrol/coverage/window_range.h"

#include <algorithm>
#include <cmath>

#include "lib/base/check.h"
#include "lib/patrol/coverage/area_index.h"

namespace patrol::coverage {

WindowRange::WindowRange(const Chains& chains, const ChainAreas& areas, const AreaIndex& index,
                         const std::vector<WindowHour>& hours, size_t piece_count, int64_t first)
    : areas_(areas),
      all_hours_(hours),
      area_count_(index.areas().size() + 1),
      sums_(chains, areas, index),
      covered_since_(chains.count(), 0),
      unknown_since_(chains.count(), 0),
      pieces_(piece_count),
      held_from_(first) {
  while (all_hours_[first_hour_].end_step <= first) ++first_hour_;
  hour_ = first_hour_;
  tallies_.emplace_back(area_count_);
}

void WindowRange::Set(const Field& field, int64_t step) {
  PATROL_CHECK(field_ == nullptr || step > held_from_);
  Hold(step);
  const auto now_step = static_cast<int32_t>(step);
  sums_.Update(
      field,
      [&](ChainIndex chain, bool now) {
        if (!now) AddWhole(chain, covered_since_[chain], step, true);
        covered_since_[chain] = now_step;
      },
      [&](ChainIndex chain, bool now) {
        if (!now) AddWhole(chain, unknown_since_[chain], step, false);
        unknown_since_[chain] = now_step;
      },
      // Most fields hold for one step: it is added at once, further ones by Hold.
      [&](roadnet::PieceIndex p, int64_t um) {
        PieceTally& piece = pieces_[p];
        piece.covered_um_steps += um;
        piece.gaps.Mark(step, step + 1);
      },
      [&](roadnet::PieceIndex p, int64_t um) { pieces_[p].unknown_um_steps += um; });
  field_ = &field;
}

void WindowRange::Finish(int64_t end) {
  if (field_ != nullptr) {
    const Field none(field_->shared_kernel());
    Set(none, end);
  }
  field_ = nullptr;
  covered_since_ = std::vector<int32_t>();  // {} would keep the memory
  unknown_since_ = std::vector<int32_t>();
}

void WindowRange::AddWhole(ChainIndex chain, int64_t first, int64_t end, bool covered) {
  int64_t begin_um = 0;
  for (const ChainAreas::Cut& cut : areas_.cuts(chain)) {
    const int64_t um = cut.end_um - begin_um;
    begin_um = cut.end_um;
    PieceTally& piece = pieces_[cut.piece];
    if (covered) {
      piece.covered_um_steps += um * (end - first);
      piece.gaps.Mark(first, end);
    } else {
      piece.unknown_um_steps += um * (end - first);
    }
  }
}

void WindowRange::Hold(int64_t until) {
  int64_t first = held_from_;
  held_from_ = until;
  if (field_ == nullptr || first >= until) return;
  HoldParts(first + 1, until);
  if (sums_.town().covered_um == 0 && sums_.town().unknown_um == 0) return;
  while (first < until) {
    while (first >= all_hours_[hour_].end_step) ++hour_;
    tallies_.resize(std::max(tallies_.size(), hour_ - first_hour_ + 1),
                    std::vector<AreaTally>(area_count_));
    const int64_t end = std::min(until, all_hours_[hour_].end_step);
    for (size_t area = 0; area + 1 < area_count_; ++area) {
      AddArea(area, sums_.areas()[area], first, end);
    }
    AddArea(area_count_ - 1, sums_.town(), first, end);
    first = end;
  }
}

void WindowRange::HoldParts(int64_t first, int64_t until) {
  if (first >= until) return;
  for (const Field::Part& part : field_->parts()) {
    const absl::Span<const ChainAreas::Cut> cuts = areas_.cuts(part.chain);
    FieldSums::ForEachCut(cuts, field_->covered(part), [&](const auto& cut, int64_t um) {
      PieceTally& piece = pieces_[cut.piece];
      piece.covered_um_steps += um * (until - first);
      piece.gaps.Mark(first, until);
    });
    FieldSums::ForEachCut(cuts, field_->unknown(part), [&](const auto& cut, int64_t um) {
      pieces_[cut.piece].unknown_um_steps += um * (until - first);
    });
  }
}

void WindowRange::AddArea(size_t area, const RoadLengths& lengths, int64_t first, int64_t end) {
  if (lengths.covered_um == 0 && lengths.unknown_um == 0) return;
  AreaTally& tally = tallies_[hour_ - first_hour_][area];
  tally.covered_um_steps += static_cast<__int128>(lengths.covered_um) * (end - first);
  tally.unknown_um_steps += static_cast<__int128>(lengths.unknown_um) * (end - first);
  if (lengths.covered_um == 0) return;
  tally.gaps.Mark(first, end);
  tally.ratios.Add(static_cast<uint32_t>(std::llround(lengths.covered_ratio() * kRatioOne)),
                   end - first);
}

void WindowRange::Append(const WindowRange& later) {
  for (size_t piece = 0; piece < pieces_.size(); ++piece) {
    pieces_[piece].covered_um_steps += later.pieces_[piece].covered_um_steps;
    pieces_[piece].unknown_um_steps += later.pieces_[piece].unknown_um_steps;
    pieces_[piece].gaps.Append(later.pieces_[piece].gaps);
  }
  for (size_t i = 0; i < later.tallies_.size(); ++i) {
    const size_t hour = later.first_hour_ + i;
    PATROL_CHECK(hour >= first_hour_);
    tallies_.resize(std::max(tallies_.size(), hour - first_hour_ + 1),
                    std::vector<AreaTally>(area_count_));
    for (size_t area = 0; area < area_count_; ++area) {
      AreaTally& to = tallies_[hour - first_hour_][area];
      const AreaTally& from = later.tallies_[i][area];
      to.covered_um_steps += from.covered_um_steps;
      to.unknown_um_steps += from.unknown_um_steps;
      to.gaps.Append(from.gaps);
      to.ratios.Append(from.ratios);
    }
  }
  units.known += later.units.known;
  units.stale += later.units.stale;
  units.off_network += later.units.off_network;
  searches += later.searches;
}

}  // namespace patrol::coverage
