#include "lib/patrol/coverage/cover_subproblem.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace patrol::coverage {
namespace {

void ListByCandidate(CoverSubproblem* problem) {
  const size_t count = problem->candidates.size();
  problem->candidate_offsets.assign(count + 1, 0);
  for (const uint32_t c : problem->row_entries) ++problem->candidate_offsets[c + 1];
  std::partial_sum(problem->candidate_offsets.begin(), problem->candidate_offsets.end(),
                   problem->candidate_offsets.begin());
  problem->candidate_entries.resize(problem->row_entries.size());
  std::vector<size_t> next(problem->candidate_offsets.begin(),
                           problem->candidate_offsets.end() - 1);
  for (uint32_t r = 0; r < problem->row_count(); ++r) {
    for (const uint32_t c : problem->row(r)) problem->candidate_entries[next[c]++] = r;
  }
}

// Rows found again by their entries: open addressing over the subproblem's own rows.
class RowTable {
 public:
  explicit RowTable(size_t rows) {
    size_t size = 16;
    while (size < rows * 2) size *= 2;
    slots_.assign(size, CoverSubproblem::kGone);
  }

  // The row of `problem` that equals its last one, which is not counted in yet; else the last.
  uint32_t FindOrKeepLast(const CoverSubproblem& problem, absl::Span<const uint32_t> entries) {
    uint64_t hash = 0xcbf29ce484222325;
    for (const uint32_t c : entries) hash = (hash ^ c) * 0x100000001b3;
    hash ^= hash >> 29;
    const size_t mask = slots_.size() - 1;
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
      uint32_t& slot = slots_[at];
      if (slot == CoverSubproblem::kGone) {
        slot = static_cast<uint32_t>(problem.row_count());
        return slot;
      }
      if (problem.row(slot) == entries) return slot;
    }
  }

 private:
  std::vector<uint32_t> slots_;
};

}  // namespace

CoverSubproblem WholeProblem(const CoverProblem& problem, size_t count, double backup_share) {
  CoverSubproblem whole;
  whole.count = count;
  whole.candidates.resize(problem.candidate_count());
  std::iota(whole.candidates.begin(), whole.candidates.end(), 0);
  whole.row_entries.reserve(problem.entry_count());
  for (CoverProblem::Row row = 0; row < problem.row_count(); ++row) {
    const auto covered_by = problem.covered_by(row);
    whole.row_entries.insert(whole.row_entries.end(), covered_by.begin(), covered_by.end());
    whole.row_offsets.push_back(whole.row_entries.size());
    whole.first.push_back(problem.weight(row));
    whole.second.push_back(std::llround(static_cast<double>(problem.weight(row)) * backup_share));
  }
  ListByCandidate(&whole);
  return whole;
}

CoverSubproblem Decide(const CoverSubproblem& from, absl::Span<const Decision> decisions) {
  CoverSubproblem result;
  result.count = from.count;
  result.constant = from.constant;
  std::vector<uint32_t> renumbered(from.candidates.size(), CoverSubproblem::kGone);
  for (size_t c = 0; c < from.candidates.size(); ++c) {
    if (decisions[c] == Decision::kFree) {
      renumbered[c] = static_cast<uint32_t>(result.candidates.size());
      result.candidates.push_back(from.candidates[c]);
    } else if (decisions[c] == Decision::kChosen) {
      --result.count;
    }
  }
  result.row_of.assign(from.row_count(), CoverSubproblem::kGone);
  result.row_entries.reserve(from.row_entries.size());
  RowTable table(from.row_count());
  std::vector<uint32_t> entries;
  for (size_t r = 0; r < from.row_count(); ++r) {
    entries.clear();
    int chosen = 0;
    for (const uint32_t c : from.row(r)) {
      if (renumbered[c] != CoverSubproblem::kGone) entries.push_back(renumbered[c]);
      chosen += decisions[c] == Decision::kChosen ? 1 : 0;
    }
    int64_t first = from.first[r];
    int64_t second = from.second[r];
    if (chosen > 0) {
      result.constant += first;
      first = second;
      second = 0;
    }
    if (chosen > 1) {
      result.constant += first;
      first = 0;
    }
    if (first == 0 || entries.empty()) continue;
    const uint32_t row = table.FindOrKeepLast(result, entries);
    if (row == result.row_count()) {
      result.row_entries.insert(result.row_entries.end(), entries.begin(), entries.end());
      result.row_offsets.push_back(result.row_entries.size());
      result.first.push_back(first);
      result.second.push_back(second);
    } else {
      result.first[row] += first;
      result.second[row] += second;
    }
    result.row_of[r] = row;
  }
  ListByCandidate(&result);
  return result;
}

int64_t GainOf(const CoverSubproblem& problem, absl::Span<const uint32_t> chosen) {
  std::vector<uint8_t> times(problem.row_count(), 0);
  int64_t gain = problem.constant;
  for (const uint32_t c : chosen) {
    for (const uint32_t r : problem.covers(c)) {
      if (times[r] == 0) gain += problem.first[r];
      if (times[r] == 1) gain += problem.second[r];
      if (times[r] < 2) ++times[r];
    }
  }
  return gain;
}

}  // namespace patrol::coverage
