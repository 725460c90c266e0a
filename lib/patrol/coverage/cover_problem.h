#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"

namespace patrol::coverage {

// Weighted demand and the candidates that cover it: the one form in which all questions about
// posts are put to the solvers (cover_solver.h, set_cover_solver.h). Demand that the very same
// candidates cover is one row: a town's roads, cut wherever the set of candidates changes, come
// down from hundreds of thousands of stretches to some ten thousand rows.
//
// Use: CoverProblem problem(2); problem.Add({0, 1}, 500); problem.Add({1}, 20);
//      problem.Finish();
//
// Threads: const after Finish; safe from any number of threads.
// Cost:    8 bytes an entry (a candidate of a row), about 60 a row.
class CoverProblem {
 public:
  using Candidate = uint32_t;
  using Row = uint32_t;

  explicit CoverProblem(size_t candidate_count) : candidate_count_(candidate_count) {}

  // covered_by: candidates in ascending order, without repeats; empty: demand that none covers.
  // weight: in whole units, at least 0; the sum of all must stay below 2^52, so that sums are exact
  //         in doubles too.
  void Add(absl::Span<const Candidate> covered_by, int64_t weight);

  // Builds the lists by candidate. No Add after this.
  void Finish();

  size_t candidate_count() const { return candidate_count_; }
  size_t row_count() const { return weights_.size(); }
  size_t entry_count() const { return row_entries_.size(); }

  int64_t weight(Row row) const { return weights_[row]; }
  absl::Span<const Candidate> covered_by(Row row) const {
    return {row_entries_.data() + row_offsets_[row], row_offsets_[row + 1] - row_offsets_[row]};
  }
  absl::Span<const Row> covers(Candidate candidate) const {
    return {candidate_entries_.data() + candidate_offsets_[candidate],
            candidate_offsets_[candidate + 1] - candidate_offsets_[candidate]};
  }

  int64_t total_weight() const { return covered_weight_ + uncoverable_weight_; }
  // Weight that at least one candidate covers, and that none does (which has no row).
  int64_t coverable_weight() const { return covered_weight_; }
  int64_t uncoverable_weight() const { return uncoverable_weight_; }
  // Weight that `candidate` covers alone.
  int64_t own_weight(Candidate candidate) const;

 private:
  size_t candidate_count_;
  std::vector<size_t> row_offsets_ = {0};
  std::vector<Candidate> row_entries_;
  std::vector<int64_t> weights_;
  std::vector<size_t> candidate_offsets_;
  std::vector<Row> candidate_entries_;
  int64_t covered_weight_ = 0;
  int64_t uncoverable_weight_ = 0;

  // while adding: rows by the hash of their candidates
  absl::flat_hash_map<uint64_t, Row> first_of_hash_;
  std::vector<Row> next_of_hash_;
};

// Candidates that another one makes superfluous: it covers all they cover (of equals, the first
// stays). A best choice of posts exists without them as long as nothing counts twice.
//
// Returns: [candidate_count] true where the candidate can be left out.
std::vector<bool> DominatedCandidates(const CoverProblem& problem);

// The problem with some candidates left out, and rows that have become alike joined.
//
// kept: in ascending order; candidate i of the result is kept[i].
CoverProblem KeepCandidates(const CoverProblem& problem,
                            absl::Span<const CoverProblem::Candidate> kept);

}  // namespace patrol::coverage
