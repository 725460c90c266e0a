#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/types/span.h"
#include "lib/patrol/coverage/cover_subproblem.h"

namespace patrol::coverage {

// Asked between steps of long work; true ends it with what there is by then. Empty: never.
using Stop = std::function<bool()>;

// A choice of candidates: indices into CoverSubproblem::candidates, in no particular order.
struct CoverChoice {
  std::vector<uint32_t> chosen;
  int64_t gain = -1;  // with the constant
};

// Adds to `chosen`, one by one, the candidate that gains the most (of equals the first), until
// problem.count are chosen or there are no more. Within 1 - 1/e of the best (Nemhauser et al.
// 1978).
CoverChoice Greedy(const CoverSubproblem& problem, std::vector<uint32_t> chosen);

// Swaps one chosen candidate for one that is not, the pair that gains the most first, until no swap
// gains anything (Teitz & Bart 1968; gains, losses and pairs kept as in Resende & Werneck 2007).
// Cost: O(entries + candidates x chosen) a swap.
void ImproveBySwaps(const CoverSubproblem& problem, const Stop& stop, CoverChoice* choice);

// Greedy and swaps, and then `rounds` times: some chosen candidates drawn by lot are replaced, and
// swapped again; the best stays. The same seed gives the same choice.
CoverChoice SearchChoice(const CoverSubproblem& problem, int rounds, uint64_t seed,
                         const Stop& stop);

}  // namespace patrol::coverage
