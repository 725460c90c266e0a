#include "lib/patrol/coverage/field.h"

#include <algorithm>
#include <cmath>

#include "lib/base/check.h"
#include "lib/patrol/coverage/area_index.h"

namespace patrol::coverage {
namespace {

using roadnet::kModeCount;
using roadnet::Mode;
using roadnet::PieceIndex;

double LengthOf(absl::Span<const Interval> merged, Interval window) {
  return LengthWithin(merged.data(), merged.data() + merged.size(), window);
}

}  // namespace

UnitSource ToSource(Mode mode, const tracks::UnitPosition& position) {
  const double delay_us =
      std::nearbyint(position.attach_distance_m / tracks::kAttachSpeedMps * 1e6);
  return {mode, {position.at, static_cast<ArrivalUs>(delay_us)}};
}

Field::Field(const ModeGraphs& graphs, ArrivalUs reach_us)
    : graphs_(graphs), reach_us_(reach_us), seen_(graphs.network().piece_count(), 0) {
  PATROL_CHECK(reach_us < kUnreached);
}

Field::~Field() = default;

void Field::Search(absl::Span<const UnitSource> units, ModeReach* reach, uint32_t* modes) {
  *modes = 0;
  for (size_t mode = 0; mode < kModeCount; ++mode) {
    sources_scratch_.clear();
    for (const UnitSource& unit : units) {
      if (static_cast<size_t>(unit.mode) == mode) sources_scratch_.push_back(unit.source);
    }
    if (sources_scratch_.empty()) continue;
    *modes |= 1u << mode;
    std::unique_ptr<Reach>& own = (*reach)[mode];
    if (own == nullptr) {
      own = std::make_unique<Reach>(graphs_.network(), graphs_.graph(static_cast<Mode>(mode)));
    }
    own->Run(sources_scratch_, reach_us_);
  }
}

void Field::Compute(absl::Span<const UnitSource> known, absl::Span<const UnitSource> stale) {
  Search(known, &known_, &known_modes_);
  if (stale != absl::MakeConstSpan(stale_units_)) {
    stale_units_.assign(stale.begin(), stale.end());
    Search(stale, &stale_, &stale_modes_);
  }
  CollectPieces();
}

void Field::CollectPieces() {
  pieces_.clear();
  intervals_.clear();
  if (++run_ == 0) {  // the counter came round
    std::fill(seen_.begin(), seen_.end(), 0);
    run_ = 1;
  }
  for (size_t mode = 0; mode < kModeCount; ++mode) {
    if (known_modes_ & 1u << mode) {
      for (const PieceIndex piece : known_[mode]->pieces()) AddPiece(piece);
    }
  }
  for (size_t mode = 0; mode < kModeCount; ++mode) {
    if (stale_modes_ & 1u << mode) {
      for (const PieceIndex piece : stale_[mode]->pieces()) AddPiece(piece);
    }
  }
}

void Field::AddPiece(PieceIndex piece) {
  if (seen_[piece] == run_) return;
  seen_[piece] = run_;
  covered_scratch_.clear();
  stale_scratch_.clear();
  for (size_t mode = 0; mode < kModeCount; ++mode) {
    if (known_modes_ & 1u << mode) known_[mode]->AppendCovered(piece, &covered_scratch_);
    if (stale_modes_ & 1u << mode) stale_[mode]->AppendCovered(piece, &stale_scratch_);
  }
  Merge(&covered_scratch_);
  Merge(&stale_scratch_);

  PieceCover cover;
  cover.piece = piece;
  cover.covered_begin = static_cast<uint32_t>(intervals_.size());
  intervals_.insert(intervals_.end(), covered_scratch_.begin(), covered_scratch_.end());
  cover.unknown_begin = static_cast<uint32_t>(intervals_.size());
  AppendDifference(stale_scratch_.data(), stale_scratch_.data() + stale_scratch_.size(),
                   covered_scratch_.data(), covered_scratch_.data() + covered_scratch_.size(),
                   &intervals_);
  cover.end = static_cast<uint32_t>(intervals_.size());
  if (cover.end == cover.covered_begin) return;

  const double length_m = graphs_.network().piece(piece).length_m;
  const Interval whole{0, 1};
  cover.covered_um = ShareUm(length_m, LengthOf(covered(cover), whole));
  cover.unknown_um = std::min(ShareUm(length_m, LengthOf(unknown(cover), whole)),
                              ShareUm(length_m, 1) - cover.covered_um);
  pieces_.push_back(cover);
}

ArrivalUs Field::ArrivalAtShare(PieceIndex piece, double share) const {
  ArrivalUs best = kUnreached;
  for (size_t mode = 0; mode < kModeCount; ++mode) {
    if (known_modes_ & 1u << mode) {
      best = std::min(best, known_[mode]->ArrivalAtShare(piece, share).time_us);
    }
  }
  return best;
}

void Field::Sum(const AreaIndex& index, RoadLengths* town, std::vector<RoadLengths>* areas) const {
  *town = {.patrollable_um = index.town_patrollable_um()};
  areas->assign(index.areas().size(), {});
  for (size_t area = 0; area < areas->size(); ++area) {
    (*areas)[area].patrollable_um = index.patrollable_um(area);
  }
  for (const PieceCover& cover : pieces_) {
    const roadnet::Piece& piece = graphs_.network().piece(cover.piece);
    if (!piece.patrollable) continue;
    town->covered_um += cover.covered_um;
    town->unknown_um += cover.unknown_um;
    for (const tracks::AreaCuts::Part& part : index.cuts().parts(cover.piece)) {
      RoadLengths& area = (*areas)[part.area];
      const Interval share{part.begin_m / piece.length_m, part.end_m / piece.length_m};
      if (share == Interval{0, 1}) {
        area.covered_um += cover.covered_um;
        area.unknown_um += cover.unknown_um;
        continue;
      }
      // Rounded each for itself, the two must not make more than there is.
      const int64_t part_um = PartUm(part, piece.length_m);
      const int64_t covered_um =
          std::min(part_um, ShareUm(piece.length_m, LengthOf(covered(cover), share)));
      area.covered_um += covered_um;
      area.unknown_um +=
          std::min(part_um - covered_um, ShareUm(piece.length_m, LengthOf(unknown(cover), share)));
    }
  }
}

}  // namespace patrol::coverage
