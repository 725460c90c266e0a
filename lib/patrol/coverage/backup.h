#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "lib/patrol/coverage/field.h"
#include "lib/patrol/coverage/reach_kernel.h"

namespace patrol::coverage {

// What at least two units reach within T that do not move together, exactly.
//
// Two different groups differ in some bit of their numbers. So a point is reached by two of them
// just when for some bit it is reached by a unit whose group has it and by one whose group has not:
// backup is the union over bits of the intersection of two coverages.
//
// Threads: one at a time; any number with one kernel.
// Cost:    for G groups 2 ceil(log2 G) fields of about half of the units each.
class BackupSearch {
 public:
  explicit BackupSearch(std::shared_ptr<ReachKernel> kernel);
  ~BackupSearch();

  // Replaces what is in `backup`: covered there is what has backup; nothing is unknown, and there
  // are no arrivals.
  //
  // groups: [units.size()], those of a group count once (GroupCompanions).
  void Compute(absl::Span<const UnitSource> units, absl::Span<const uint32_t> groups,
               Field* backup);

 private:
  struct Half;

  void Combine(size_t halves, Field* backup);

  const std::shared_ptr<ReachKernel> kernel_;
  std::vector<std::unique_ptr<Half>> halves_;  // of bit b: 2 b without it, 2 b + 1 with it
};

}  // namespace patrol::coverage
