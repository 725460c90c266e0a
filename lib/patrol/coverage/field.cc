#include "lib/patrol/coverage/field.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "lib/base/check.h"
#include "lib/patrol/coverage/lanes.h"
#include "lib/patrol/tracks/attach.h"

namespace patrol::coverage {
namespace {

using roadnet::kModeCount;
using roadnet::Mode;
using roadnet::PieceIndex;

size_t WordsFor(size_t chains) { return (chains + 63) / 64; }

// Appends what of `from` is not in `taken`; both merged.
void AppendDifference(const std::vector<ChainStretch>& from, const std::vector<ChainStretch>& taken,
                      std::vector<ChainStretch>* out) {
  auto next = taken.begin();
  for (const ChainStretch& stretch : from) {
    int64_t begin_um = stretch.begin_um;
    while (next != taken.end() && next->end_um <= begin_um) ++next;
    for (auto t = next; t != taken.end() && t->begin_um < stretch.end_um; ++t) {
      if (t->begin_um > begin_um) out->push_back({begin_um, t->begin_um});
      begin_um = std::max(begin_um, t->end_um);
    }
    if (begin_um < stretch.end_um) out->push_back({begin_um, stretch.end_um});
  }
}

// The part of merged stretches of a chain that lies on a link, as shares of its piece.
void AppendShares(const Chains& chains, uint32_t link, absl::Span<const ChainStretch> stretches,
                  std::vector<Interval>* out, int64_t* um) {
  const int64_t begin_um = chains.begin_um(link);
  const int64_t end_um = chains.end_um(link);
  const auto length_um = static_cast<double>(end_um - begin_um);
  for (const ChainStretch& stretch : stretches) {
    const int64_t from_um = std::max(stretch.begin_um, begin_um) - begin_um;
    const int64_t to_um = std::min(stretch.end_um, end_um) - begin_um;
    if (to_um <= from_um) continue;
    *um += to_um - from_um;
    out->push_back(
        {static_cast<double>(from_um) / length_um, static_cast<double>(to_um) / length_um});
  }
  if (!roadnet::IsBackward(chains.arc(link))) return;
  std::reverse(out->begin(), out->end());
  for (Interval& share : *out) share = {1 - share.end, 1 - share.begin};
}

}  // namespace

UnitSource ToSource(Mode mode, const tracks::UnitPosition& position) {
  return {mode, {position.at, static_cast<ArrivalUs>(tracks::WalkUs(position.attach_distance_m))}};
}

Field::Field(std::shared_ptr<const ReachKernel> kernel)
    : kernel_(std::move(kernel)),
      covered_chains_(WordsFor(chains().count()), 0),
      unknown_chains_(WordsFor(chains().count()), 0) {}

void Field::GetPiece(PieceIndex piece, PieceCover* cover) const {
  *cover = {};
  const ChainIndex chain = chains().chain_of(piece);
  if (chain == kNoChain) return;
  const uint32_t link = chains().link_of(piece);
  const ChainStretch whole{0, chains().chain_um(chain)};
  if (covered_chains_[chain / 64] >> (chain % 64) & 1) {
    AppendShares(chains(), link, {&whole, 1}, &cover->covered, &cover->covered_um);
    return;
  }
  if (unknown_chains_[chain / 64] >> (chain % 64) & 1) {
    AppendShares(chains(), link, {&whole, 1}, &cover->unknown, &cover->unknown_um);
    return;
  }
  const auto part = std::lower_bound(parts_.begin(), parts_.end(), chain,
                                     [](const Part& a, ChainIndex b) { return a.chain < b; });
  if (part == parts_.end() || part->chain != chain) return;
  AppendShares(chains(), link, covered(*part), &cover->covered, &cover->covered_um);
  AppendShares(chains(), link, unknown(*part), &cover->unknown, &cover->unknown_um);
}

ArrivalUs Field::ArrivalAtShare(PieceIndex piece, double share) const {
  uint32_t left_us = 0;
  for (const Outreach& outreach : known_) {
    left_us = std::max(left_us, outreach.LeftAt(piece, share));
  }
  return left_us > 0 ? kernel_->reach_us() - left_us : kUnreached;
}

struct FieldSearch::ModeSearch {
  ModeSearch(const roadnet::Network& network, ReachKernel::ModePart* part)
      : search(network, part->chains, &part->lists) {}

  OutreachSearch search;
};

FieldSearch::FieldSearch(std::shared_ptr<ReachKernel> kernel) : kernel_(std::move(kernel)) {
  PATROL_CHECK(kernel_->reach_us() < kUnreached);
  const size_t words = WordsFor(kernel_->chains().count());
  stale_full_.assign(words, 0);
  stale_some_.assign(words, 0);
}

FieldSearch::~FieldSearch() = default;

void FieldSearch::Search(absl::Span<const UnitSource> units, size_t lists_max,
                         std::array<Outreach, kModeCount>* outreach) {
  for (size_t m = 0; m < kModeCount; ++m) {
    const auto mode = static_cast<Mode>(m);
    sources_.clear();
    for (const UnitSource& unit : units) {
      if (unit.mode == mode) sources_.push_back(unit.source);
    }
    if (sources_.empty() && (*outreach)[m].empty()) continue;
    std::unique_ptr<ModeSearch>& own = searches_[m];
    if (own == nullptr) {
      own = std::make_unique<ModeSearch>(kernel_->graphs().network(), &kernel_->mode(mode));
    }
    own->search.Compute(sources_, lists_max, &(*outreach)[m]);
  }
}

void FieldSearch::Mark(const std::array<Outreach, kModeCount>& outreach,
                       std::vector<uint64_t>* full, std::vector<uint64_t>* some) {
  static_assert(std::endian::native == std::endian::little, "bytes of words are used as bits");
  std::fill(full->begin(), full->end(), 0);
  std::fill(some->begin(), some->end(), 0);
  for (const Outreach& own : outreach) {
    if (own.empty()) continue;
    const ModeChains& chains = own.chains();
    MarkChains(chains.head_slots().data(), chains.tail_slots().data(), chains.full_us().data(),
               chains.chains().count(), own.left(), reinterpret_cast<uint8_t*>(full->data()),
               reinterpret_cast<uint8_t*>(some->data()));
    for (const Outreach::Standing& unit : own.standing()) {
      (*some)[unit.chain / 64] |= uint64_t{1} << (unit.chain % 64);
    }
  }
}

void FieldSearch::Compute(absl::Span<const UnitSource> known, absl::Span<const UnitSource> stale,
                          size_t lists_max, Field* field) {
  const size_t words = WordsFor(kernel_->chains().count());
  Search(known, lists_max, &field->known_);
  some_.resize(words);
  field->covered_chains_.resize(words);
  field->unknown_chains_.resize(words);
  Mark(field->known_, &field->covered_chains_, &some_);
  if (stale != absl::MakeConstSpan(stale_units_)) {
    stale_units_.assign(stale.begin(), stale.end());
    Search(stale, lists_max, &stale_);
    Mark(stale_, &stale_full_, &stale_some_);
  }
  AddParts(field);
}

void FieldSearch::AddParts(Field* field) {
  field->parts_.clear();
  field->stretches_.clear();
  std::array<Standing, 2 * kModeCount> modes;  // known ones first
  size_t known_count = 0;
  size_t count = 0;
  for (const auto* outreach : {&std::as_const(field->known_), &std::as_const(stale_)}) {
    for (const Outreach& own : *outreach) {
      if (own.empty()) continue;
      const std::vector<Outreach::Standing>& standing = own.standing();
      modes[count++] = {&own, standing.data(), standing.data() + standing.size()};
    }
    if (outreach == &field->known_) known_count = count;
  }
  const auto append = [](Standing* mode, ChainIndex chain, std::vector<ChainStretch>* out) {
    while (mode->next != mode->end && mode->next->chain < chain) ++mode->next;
    const Outreach::Standing* const first = mode->next;
    while (mode->next != mode->end && mode->next->chain == chain) ++mode->next;
    mode->outreach->AppendReached(chain, first, mode->next, out);
  };
  for (size_t word = 0; word < some_.size(); ++word) {
    const uint64_t full = field->covered_chains_[word];
    const uint64_t some = some_[word] & ~full;
    field->unknown_chains_[word] = stale_full_[word] & ~full & ~some;
    uint64_t parts = some | (stale_some_[word] & ~stale_full_[word] & ~full);
    for (; parts != 0; parts &= parts - 1) {
      const auto chain = static_cast<ChainIndex>(64 * word + std::countr_zero(parts));
      covered_.clear();
      for (size_t i = 0; i < known_count; ++i) append(&modes[i], chain, &covered_);
      MergeStretches(&covered_);
      Field::Part part{chain, static_cast<uint32_t>(field->stretches_.size()), 0, 0};
      field->stretches_.insert(field->stretches_.end(), covered_.begin(), covered_.end());
      part.unknown_begin = static_cast<uint32_t>(field->stretches_.size());
      if (stale_some_[word] >> (chain % 64) & 1) {
        reached_.clear();
        for (size_t i = known_count; i < count; ++i) append(&modes[i], chain, &reached_);
        MergeStretches(&reached_);
        AppendDifference(reached_, covered_, &field->stretches_);
      }
      part.end = static_cast<uint32_t>(field->stretches_.size());
      if (part.end > part.covered_begin) field->parts_.push_back(part);
    }
  }
}

}  // namespace patrol::coverage
