#include "lib/patrol/coverage/cover_matrix.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/patrol/tracks/csv_table.h"

namespace patrol::coverage {
namespace {

constexpr double kWeightsMax = 4.5e9;  // times a million is below 2^52

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// Numbers ids in order of first appearance.
class Ids {
 public:
  uint32_t Of(std::string_view id) {
    const auto [at, is_new] = index_.try_emplace(std::string(id), names_.size());
    if (is_new) names_.emplace_back(id);
    return at->second;
  }
  std::vector<std::string> Take() { return std::move(names_); }
  size_t size() const { return names_.size(); }

 private:
  absl::flat_hash_map<std::string, uint32_t> index_;
  std::vector<std::string> names_;
};

}  // namespace

absl::StatusOr<CoverMatrix> ReadCoverMatrix(std::istream& in, const MatrixColumns& columns,
                                            double within) {
  Ids candidates;
  Ids demands;
  std::vector<double> weights;                                   // [demands]
  std::vector<std::vector<CoverProblem::Candidate>> covered_by;  // [demands]
  absl::flat_hash_set<uint64_t> pairs;
  double weight_sum = 0;
  const auto read_row = [&](const tracks::CsvTable& table) -> std::string {
    double cost = 0;
    double weight = 0;
    if (!absl::SimpleAtod(View(table.field(2)), &cost) || std::isnan(cost)) {
      return absl::StrCat("cost \"", View(table.field(2)), "\": not a number");
    }
    if (!absl::SimpleAtod(View(table.field(3)), &weight) || !(weight >= 0) ||
        weight > kWeightsMax) {
      return absl::StrCat("weight \"", View(table.field(3)), "\": not a number 0..4.5e9");
    }
    const uint32_t candidate = candidates.Of(table.field(0));
    const uint32_t demand = demands.Of(table.field(1));
    if (demand == weights.size()) {
      weights.push_back(weight);
      covered_by.emplace_back();
      weight_sum += weight;
    } else if (weights[demand] != weight) {
      return absl::StrCat("demand \"", View(table.field(1)), "\" weighs ", weight, " here and ",
                          weights[demand], " before");
    }
    if (!pairs.insert(uint64_t{candidate} << 32 | demand).second) {
      return absl::StrCat("candidate \"", View(table.field(0)), "\" and demand \"",
                          View(table.field(1)), "\" are given twice");
    }
    if (cost <= within) covered_by[demand].push_back(candidate);
    return "";
  };
  PATROL_RETURN_IF_ERROR(tracks::ReadStrictCsv(
      in, {columns.candidate, columns.demand, columns.cost, columns.weight}, {}, read_row));
  if (demands.size() == 0) return absl::InvalidArgumentError("has no rows");
  if (weight_sum > kWeightsMax) {
    return absl::InvalidArgumentError("the weights add up to more than 4.5e9");
  }
  CoverMatrix matrix;
  matrix.problem = CoverProblem(candidates.size());
  for (size_t demand = 0; demand < weights.size(); ++demand) {
    std::sort(covered_by[demand].begin(), covered_by[demand].end());
    matrix.problem.Add(covered_by[demand], std::llround(weights[demand] * 1e6));
  }
  matrix.problem.Finish();
  matrix.candidates = candidates.Take();
  matrix.demands = demands.Take();
  return matrix;
}

}  // namespace patrol::coverage
