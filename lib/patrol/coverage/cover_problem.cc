#include "lib/patrol/coverage/cover_problem.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "lib/base/check.h"

namespace patrol::coverage {
namespace {

using Candidate = CoverProblem::Candidate;
using Row = CoverProblem::Row;

constexpr Row kNoRow = std::numeric_limits<Row>::max();

// FNV-1a over the candidates, mixed at the end (splitmix64's finaliser).
uint64_t HashOf(absl::Span<const Candidate> candidates) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const Candidate candidate : candidates) hash = (hash ^ candidate) * 0x100000001b3;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
  return hash ^ (hash >> 31);
}

}  // namespace

void CoverProblem::Add(absl::Span<const Candidate> covered_by, int64_t weight) {
  PATROL_CHECK(weight >= 0);
  if (weight == 0) return;
  if (covered_by.empty()) {
    uncoverable_weight_ += weight;
    return;
  }
  covered_weight_ += weight;
  const auto [at, is_new] = first_of_hash_.try_emplace(HashOf(covered_by), kNoRow);
  for (Row row = at->second; row != kNoRow; row = next_of_hash_[row]) {
    if (this->covered_by(row) == covered_by) {
      weights_[row] += weight;
      return;
    }
  }
  const Row row = static_cast<Row>(weights_.size());
  next_of_hash_.push_back(at->second);
  at->second = row;
  weights_.push_back(weight);
  row_entries_.insert(row_entries_.end(), covered_by.begin(), covered_by.end());
  row_offsets_.push_back(row_entries_.size());
}

void CoverProblem::Finish() {
  first_of_hash_ = {};
  next_of_hash_ = {};
  row_entries_.shrink_to_fit();
  candidate_offsets_.assign(candidate_count_ + 1, 0);
  for (const Candidate candidate : row_entries_) ++candidate_offsets_[candidate + 1];
  std::partial_sum(candidate_offsets_.begin(), candidate_offsets_.end(),
                   candidate_offsets_.begin());
  candidate_entries_.resize(row_entries_.size());
  std::vector<size_t> next(candidate_offsets_.begin(), candidate_offsets_.end() - 1);
  for (Row row = 0; row < row_count(); ++row) {
    for (const Candidate candidate : covered_by(row)) candidate_entries_[next[candidate]++] = row;
  }
}

int64_t CoverProblem::own_weight(Candidate candidate) const {
  int64_t sum = 0;
  for (const Row row : covers(candidate)) sum += weights_[row];
  return sum;
}

std::vector<bool> DominatedCandidates(const CoverProblem& problem) {
  const auto count = static_cast<Candidate>(problem.candidate_count());
  std::vector<bool> dominated(count, false);
  for (Candidate candidate = 0; candidate < count; ++candidate) {
    const absl::Span<const Row> own = problem.covers(candidate);
    if (own.empty()) {
      dominated[candidate] = true;
      continue;
    }
    // Whoever covers all of it covers its rarest row.
    const Row rarest = *std::min_element(own.begin(), own.end(), [&](Row a, Row b) {
      return problem.covered_by(a).size() < problem.covered_by(b).size();
    });
    for (const Candidate other : problem.covered_by(rarest)) {
      if (other == candidate || dominated[other]) continue;
      const absl::Span<const Row> others = problem.covers(other);
      if (others.size() < own.size() || (others.size() == own.size() && other > candidate)) {
        continue;
      }
      if (std::includes(others.begin(), others.end(), own.begin(), own.end())) {
        dominated[candidate] = true;
        break;
      }
    }
  }
  return dominated;
}

CoverProblem KeepCandidates(const CoverProblem& problem, absl::Span<const Candidate> kept) {
  std::vector<Candidate> renumbered(problem.candidate_count(),
                                    static_cast<Candidate>(problem.candidate_count()));
  for (size_t i = 0; i < kept.size(); ++i) renumbered[kept[i]] = static_cast<Candidate>(i);
  CoverProblem reduced(kept.size());
  std::vector<Candidate> covered_by;
  for (Row row = 0; row < problem.row_count(); ++row) {
    covered_by.clear();
    for (const Candidate candidate : problem.covered_by(row)) {
      if (renumbered[candidate] < problem.candidate_count()) {
        covered_by.push_back(renumbered[candidate]);
      }
    }
    reduced.Add(covered_by, problem.weight(row));
  }
  reduced.Finish();
  return reduced;
}

}  // namespace patrol::coverage
