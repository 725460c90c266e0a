#pragma once

#include <istream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/patrol/coverage/cover_problem.h"

namespace patrol::coverage {

// Names of the columns of a cost matrix.
struct MatrixColumns {
  std::string candidate = "candidate_id";
  std::string demand = "demand_id";
  std::string cost = "cost";
  std::string weight = "weight";  // of the demand, repeated in each of its rows
};

// A covering problem given as a table of costs, a row per candidate and demand: travel times or
// distances that somebody else has computed.
struct CoverMatrix {
  CoverProblem problem{0};              // weights in millionths
  std::vector<std::string> candidates;  // ids, in order of first appearance
  std::vector<std::string> demands;
};

// Reads such a table (CSV with a header; other columns are allowed). A demand is covered by the
// candidates whose cost is at most `within`.
//
// Errors: INVALID_ARGUMENT naming all rows at fault: a number that is none, a weight below 0 or
//         other than in the demand's first row, a pair given twice; or no rows.
absl::StatusOr<CoverMatrix> ReadCoverMatrix(std::istream& in, const MatrixColumns& columns,
                                            double within);

}  // namespace patrol::coverage
