#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/patrol/coverage/cover_problem.h"

namespace patrol::coverage {

struct SetCoverOptions {
  absl::Duration time_limit = absl::Seconds(10);
  // The search may end once the best choice is proven to be within this share of the best possible.
  double gap = 0;
};

struct SetCoverSolution {
  std::vector<CoverProblem::Candidate> chosen;  // in ascending order
  size_t bound = 0;        // no choice of fewer posts covers everything: proven
  bool proven = false;     // gap() is at most the gap asked for
  size_t rows_solved = 0;  // of the problem after presolve, and its candidates
  size_t candidates_solved = 0;

  double gap() const {
    return chosen.size() > bound
               ? static_cast<double>(chosen.size() - bound) / static_cast<double>(chosen.size())
               : 0.0;
  }
};

// The fewest candidates that cover all demand that can be covered at all (location set covering,
// Toregas et al. 1971).
//
// How: a row that includes another row's candidates is covered with it, a candidate that covers
// less than another is not needed; what is left is solved by COIN-OR's CBC, started from a greedy
// choice. What CBC says is not believed but checked: its choice must cover everything, and what it
// calls optimal after a time limit has the bound it has.
//
// Errors: INTERNAL when CBC fails in a way that leaves no bound.
absl::StatusOr<SetCoverSolution> SolveSetCover(const CoverProblem& problem,
                                               const SetCoverOptions& options);

// The rows without those that include another row: whoever covers the rest covers them too.
std::vector<CoverProblem::Row> MinimalRows(const CoverProblem& problem);

}  // namespace patrol::coverage
