#include "lib/patrol/coverage/backup.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <utility>

#include "lib/base/check.h"

namespace patrol::coverage {
namespace {

// Appends what is in both; each merged.
void AppendIntersection(absl::Span<const ChainStretch> a, absl::Span<const ChainStretch> b,
                        std::vector<ChainStretch>* out) {
  for (auto i = a.begin(), j = b.begin(); i != a.end() && j != b.end();) {
    const int64_t begin_um = std::max(i->begin_um, j->begin_um);
    const int64_t end_um = std::min(i->end_um, j->end_um);
    if (begin_um < end_um) out->push_back({begin_um, end_um});
    if (i->end_um < j->end_um) {
      ++i;
    } else {
      ++j;
    }
  }
}

}  // namespace

// The units of which the group has, or has not, one bit.
struct BackupSearch::Half {
  explicit Half(const std::shared_ptr<ReachKernel>& kernel) : search(kernel), field(kernel) {}

  // What is covered of a chain; chains are asked for in order.
  absl::Span<const ChainStretch> Covered(ChainIndex chain, const ChainStretch* whole) {
    if (field.covered_chains()[chain / 64] >> (chain % 64) & 1) return {whole, 1};
    const std::vector<Field::Part>& parts = field.parts();
    while (next < parts.size() && parts[next].chain < chain) ++next;
    if (next == parts.size() || parts[next].chain != chain) return {};
    return field.covered(parts[next]);
  }

  FieldSearch search;
  Field field;
  std::vector<UnitSource> units;
  std::vector<uint64_t> touched;  // chains of which something is covered
  size_t next = 0;                // into the field's parts
};

BackupSearch::BackupSearch(std::shared_ptr<ReachKernel> kernel) : kernel_(std::move(kernel)) {}

BackupSearch::~BackupSearch() = default;

void BackupSearch::Compute(absl::Span<const UnitSource> units, absl::Span<const uint32_t> groups,
                           Field* backup) {
  PATROL_CHECK(units.size() == groups.size());
  uint32_t last = 0;
  for (const uint32_t group : groups) last = std::max(last, group);
  const auto bits = static_cast<size_t>(std::bit_width(last));
  while (halves_.size() < 2 * bits) halves_.push_back(std::make_unique<Half>(kernel_));
  for (size_t h = 0; h < 2 * bits; ++h) {
    Half& half = *halves_[h];
    half.units.clear();
    for (size_t i = 0; i < units.size(); ++i) {
      if ((groups[i] >> (h / 2) & 1) == h % 2) half.units.push_back(units[i]);
    }
    half.search.Compute(half.units, {}, FieldSearch::kAnyNumber, &half.field);
    half.touched = half.field.covered_chains();
    for (const Field::Part& part : half.field.parts()) {
      half.touched[part.chain / 64] |= uint64_t{1} << (part.chain % 64);
    }
    half.next = 0;
  }
  Combine(2 * bits, backup);
}

void BackupSearch::Combine(size_t halves, Field* backup) {
  const size_t words = backup->covered_chains_.size();
  std::fill(backup->unknown_chains_.begin(), backup->unknown_chains_.end(), 0);
  backup->parts_.clear();
  backup->stretches_.clear();
  std::vector<ChainStretch> both;
  for (size_t word = 0; word < words; ++word) {
    uint64_t full = 0;
    uint64_t some = 0;
    for (size_t h = 0; h < halves; h += 2) {
      full |=
          halves_[h]->field.covered_chains()[word] & halves_[h + 1]->field.covered_chains()[word];
      some |= halves_[h]->touched[word] & halves_[h + 1]->touched[word];
    }
    backup->covered_chains_[word] = full;
    for (uint64_t parts = some & ~full; parts != 0; parts &= parts - 1) {
      const auto chain = static_cast<ChainIndex>(64 * word + std::countr_zero(parts));
      const ChainStretch whole{0, kernel_->chains().chain_um(chain)};
      both.clear();
      for (size_t h = 0; h < halves; h += 2) {
        AppendIntersection(halves_[h]->Covered(chain, &whole),
                           halves_[h + 1]->Covered(chain, &whole), &both);
      }
      MergeStretches(&both);
      if (both.empty()) continue;
      const auto begin = static_cast<uint32_t>(backup->stretches_.size());
      backup->stretches_.insert(backup->stretches_.end(), both.begin(), both.end());
      const auto end = static_cast<uint32_t>(backup->stretches_.size());
      backup->parts_.push_back({chain, begin, end, end});
    }
  }
}

}  // namespace patrol::coverage
