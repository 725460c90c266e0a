#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/patrol/coverage/cover_problem.h"
#include "lib/patrol/coverage/cover_search.h"

namespace patrol::coverage {

struct MaxCoverOptions {
  size_t count = 1;  // posts to choose; more than there are candidates: all
  // What a second post on the same demand gains, as a share 0..1 of the first: 0 is maximal
  // covering, more is backup covering.
  double backup_share = 0;
  // The search may end once the best choice is proven to be within this share of the best possible.
  double gap = 0;
  // Asked often; true ends the search with what is known by then. Unset: never.
  Stop stop;
};

// A choice of posts and what is proven of it.
struct MaxCoverSolution {
  std::vector<CoverProblem::Candidate> chosen;  // in the order in which each gains the most
  int64_t gain = 0;     // weight covered, and backup_share of what is covered twice
  int64_t bound = 0;    // no choice gains more than this: proven
  bool proven = false;  // gap() is at most the gap asked for, or equal but for rounding (1e-9)
  uint64_t nodes = 0;   // of the search tree

  // How much better another choice could be at most: (bound - gain) / bound.
  double gap() const {
    return bound > gain ? static_cast<double>(bound - gain) / static_cast<double>(bound) : 0.0;
  }
};

// Chooses `count` candidates so that the weight they cover is the most (Church & ReVelle 1974; with
// a gain for second posts Hogan & ReVelle 1986).
//
// How: candidates that others make superfluous are dropped; greedy and swaps give a first choice;
// the Lagrangian relaxation (cover_relaxation.h) bounds what is possible and decides most
// candidates; what is left is branched on, the most promising node first, each node solved as a
// smaller problem of its own.
//
// The same problem and options give the same choice, unless `stop` ends the search.
// Cost: 300 candidates of a 32,000-node network: milliseconds to a second (benchmarks/RESULTS.md).
MaxCoverSolution SolveMaxCover(const CoverProblem& problem, const MaxCoverOptions& options);

// The candidates in the order in which each gains the most on top of those before it.
std::vector<CoverProblem::Candidate> OrderByGain(const CoverProblem& problem,
                                                 std::vector<CoverProblem::Candidate> chosen,
                                                 double backup_share);

}  // namespace patrol::coverage
