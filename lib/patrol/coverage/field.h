#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "lib/patrol/coverage/interval.h"
#include "lib/patrol/coverage/outreach.h"
#include "lib/patrol/coverage/reach.h"
#include "lib/patrol/coverage/reach_kernel.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/track.h"

namespace patrol::coverage {

// Where a unit's reach starts.
struct UnitSource {
  roadnet::Mode mode = roadnet::Mode::kCar;
  Source source;

  friend bool operator==(const UnitSource&, const UnitSource&) = default;
};

// The unit's place with the time for the straight way to it, rounded to microseconds.
UnitSource ToSource(roadnet::Mode mode, const tracks::UnitPosition& position);

// Coverage at one instant, over all modes, chain by chain: what known units reach within T is
// covered; what stale units' last positions reach of the rest is unknown. The one definition of
// both, for live coverage and for windows.
//
// Threads: const once filled by a FieldSearch; then any number.
// Cost:    4 bytes a slot and mode in use, a quarter of a byte a chain, 40 bytes a chain that is
//          partly covered.
class Field {
 public:
  // A chain of which some, or all by several units together, is covered or unknown. Chains not
  // listed are wholly covered, wholly unknown, or neither.
  struct Part {
    ChainIndex chain = 0;
    uint32_t covered_begin = 0;  // into the stretches; covered ones first
    uint32_t unknown_begin = 0;
    uint32_t end = 0;
  };
  // A piece; stretches are shares from the first node in the way's order, merged, disjoint.
  struct PieceCover {
    std::vector<Interval> covered;
    std::vector<Interval> unknown;
    int64_t covered_um = 0;
    int64_t unknown_um = 0;
  };

  // Nothing covered, nothing unknown.
  explicit Field(std::shared_ptr<const ReachKernel> kernel);

  const ReachKernel& kernel() const { return *kernel_; }
  const std::shared_ptr<const ReachKernel>& shared_kernel() const { return kernel_; }
  const Chains& chains() const { return kernel_->chains(); }

  // Bit c % 64 of word c / 64 is of chain c.
  const std::vector<uint64_t>& covered_chains() const { return covered_chains_; }
  const std::vector<uint64_t>& unknown_chains() const { return unknown_chains_; }
  // In order of chain; in neither of the sets above.
  const std::vector<Part>& parts() const { return parts_; }
  // Merged; disjoint from each other.
  absl::Span<const ChainStretch> covered(const Part& part) const {
    return {stretches_.data() + part.covered_begin, part.unknown_begin - part.covered_begin};
  }
  absl::Span<const ChainStretch> unknown(const Part& part) const {
    return {stretches_.data() + part.unknown_begin, part.end - part.unknown_begin};
  }

  // What a piece looks like; `cover` is replaced. Cost: O(log parts).
  void GetPiece(roadnet::PieceIndex piece, PieceCover* cover) const;

  // The earliest arrival of a known unit at a point, within T; kUnreached elsewhere.
  ArrivalUs ArrivalAtShare(roadnet::PieceIndex piece, double share) const;

 private:
  friend class FieldSearch;
  friend class BackupSearch;

  std::shared_ptr<const ReachKernel> kernel_;
  std::array<Outreach, roadnet::kModeCount> known_;
  std::vector<uint64_t> covered_chains_;
  std::vector<uint64_t> unknown_chains_;
  std::vector<Part> parts_;
  std::vector<ChainStretch> stretches_;
};

// Fills Fields.
//
// Threads: one at a time; any number with one kernel.
// Cost:    that of OutreachSearch for known units (for stale ones only when they changed), and one
//          pass over all chains. No allocation once grown.
class FieldSearch {
 public:
  static constexpr size_t kAnyNumber = static_cast<size_t>(-1);

  explicit FieldSearch(std::shared_ptr<ReachKernel> kernel);
  ~FieldSearch();

  // Replaces what is in `field` by the coverage of these units. lists_max: so many reach lists may
  // be made on this occasion; with few, an answer comes soon, with many, the next ones do.
  void Compute(absl::Span<const UnitSource> known, absl::Span<const UnitSource> stale,
               size_t lists_max, Field* field);

 private:
  struct ModeSearch;
  // What one mode says of chains, while parts are put together.
  struct Standing {
    const Outreach* outreach;
    const Outreach::Standing* next;
    const Outreach::Standing* end;
  };

  void Search(absl::Span<const UnitSource> units, size_t lists_max,
              std::array<Outreach, roadnet::kModeCount>* outreach);
  static void Mark(const std::array<Outreach, roadnet::kModeCount>& outreach,
                   std::vector<uint64_t>* full, std::vector<uint64_t>* some);
  void AddParts(Field* field);

  const std::shared_ptr<ReachKernel> kernel_;
  std::array<std::unique_ptr<ModeSearch>, roadnet::kModeCount> searches_;
  std::vector<UnitSource> stale_units_;  // of the last search among stale units
  std::array<Outreach, roadnet::kModeCount> stale_;
  std::vector<uint64_t> stale_full_;  // of stale_
  std::vector<uint64_t> stale_some_;
  // scratch
  std::vector<Source> sources_;
  std::vector<uint64_t> some_;
  std::vector<ChainStretch> covered_;
  std::vector<ChainStretch> reached_;
};

}  // namespace patrol::coverage
