#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "lib/patrol/coverage/cover_problem.h"

namespace patrol::coverage {

// What is left of a maximal-covering problem once some candidates are decided: `count` more of
// `candidates` are to be chosen, so that the gains of the rows add up to the most.
//
// The first chosen candidate of a row gains first[row], the second second[row] <= first[row],
// further ones nothing: plain covering has second = 0, backup covering counts a second post too.
// Deciding shrinks the problem: a row whose gains are spent, or that no free candidate covers, is
// gone, and rows that have become alike are one, so that it is solved faster the deeper one is in a
// search tree.
struct CoverSubproblem {
  size_t count = 0;
  int64_t constant = 0;  // gained by what is decided

  std::vector<CoverProblem::Candidate> candidates;  // of the whole problem, ascending
  // rows; their entries are indices into `candidates`
  std::vector<size_t> row_offsets = {0};
  std::vector<uint32_t> row_entries;
  std::vector<int64_t> first;
  std::vector<int64_t> second;
  // [candidates]: their rows
  std::vector<size_t> candidate_offsets;
  std::vector<uint32_t> candidate_entries;
  // [rows of the subproblem this was made from] the row it went into, or kGone
  std::vector<uint32_t> row_of;
  static constexpr uint32_t kGone = 0xffffffff;

  size_t row_count() const { return first.size(); }
  absl::Span<const uint32_t> row(size_t r) const {
    return {row_entries.data() + row_offsets[r], row_offsets[r + 1] - row_offsets[r]};
  }
  absl::Span<const uint32_t> covers(size_t c) const {
    return {candidate_entries.data() + candidate_offsets[c],
            candidate_offsets[c + 1] - candidate_offsets[c]};
  }
};

// The whole problem, nothing decided. backup_share: what a second post on a row gains, as a share
// 0..1 of the first.
CoverSubproblem WholeProblem(const CoverProblem& problem, size_t count, double backup_share);

enum class Decision : uint8_t { kFree, kChosen, kLeftOut };

// `from` with more decided. decisions: [from.candidates]; at most from.count chosen.
// Cost: O(entries).
CoverSubproblem Decide(const CoverSubproblem& from, absl::Span<const Decision> decisions);

// What choosing `chosen` (indices into candidates, without repeats) gains, with the constant.
int64_t GainOf(const CoverSubproblem& problem, absl::Span<const uint32_t> chosen);

}  // namespace patrol::coverage
