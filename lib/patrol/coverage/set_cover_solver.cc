#include "lib/patrol/coverage/set_cover_solver.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <utility>

#include <Cbc_C_Interface.h>

namespace patrol::coverage {
namespace {

using Candidate = CoverProblem::Candidate;
using Row = CoverProblem::Row;

// Each step takes what covers the most rows still open; in the end whatever the others cover
// without it is taken out again.
std::vector<Candidate> GreedyCover(const CoverProblem& problem) {
  std::vector<int> times(problem.row_count(), 0);
  std::vector<size_t> open(problem.candidate_count());
  for (Candidate c = 0; c < open.size(); ++c) open[c] = problem.covers(c).size();
  std::vector<Candidate> chosen;
  size_t rows_open = problem.row_count();
  while (rows_open > 0) {
    const auto best =
        static_cast<Candidate>(std::max_element(open.begin(), open.end()) - open.begin());
    chosen.push_back(best);
    for (const Row row : problem.covers(best)) {
      if (times[row]++ > 0) continue;
      --rows_open;
      for (const Candidate other : problem.covered_by(row)) --open[other];
    }
  }
  for (size_t i = chosen.size(); i-- > 0;) {
    const auto rows = problem.covers(chosen[i]);
    if (!std::all_of(rows.begin(), rows.end(), [&](Row row) { return times[row] > 1; })) continue;
    for (const Row row : rows) --times[row];
    chosen.erase(chosen.begin() + static_cast<ptrdiff_t>(i));
  }
  return chosen;
}

bool CoversAll(const CoverProblem& problem, const std::vector<Candidate>& chosen) {
  std::vector<bool> covered(problem.row_count(), false);
  for (const Candidate c : chosen) {
    for (const Row row : problem.covers(c)) covered[row] = true;
  }
  return std::find(covered.begin(), covered.end(), false) == covered.end();
}

// The problem with only its minimal rows, without superfluous candidates.
struct Presolved {
  CoverProblem problem{0};
  std::vector<Candidate> candidates;  // of the problem given
};

Presolved Presolve(const CoverProblem& problem) {
  CoverProblem rows(problem.candidate_count());
  // Weights are all one: every row must be covered.
  for (const Row row : MinimalRows(problem)) rows.Add(problem.covered_by(row), 1);
  rows.Finish();
  Presolved result;
  const std::vector<bool> dominated = DominatedCandidates(rows);
  for (Candidate c = 0; c < dominated.size(); ++c) {
    if (!dominated[c]) result.candidates.push_back(c);
  }
  const CoverProblem fewer = KeepCandidates(rows, result.candidates);
  // With fewer candidates more rows are alike or include one another.
  result.problem = CoverProblem(result.candidates.size());
  for (const Row row : MinimalRows(fewer)) result.problem.Add(fewer.covered_by(row), 1);
  result.problem.Finish();
  return result;
}

struct DeleteModel {
  void operator()(Cbc_Model* model) const { Cbc_deleteModel(model); }
};

// min sum of x, each row's x at least 1, x whole.
std::unique_ptr<Cbc_Model, DeleteModel> MakeModel(const CoverProblem& problem) {
  std::unique_ptr<Cbc_Model, DeleteModel> model(Cbc_newModel());
  const auto columns = static_cast<int>(problem.candidate_count());
  const auto rows = static_cast<int>(problem.row_count());
  std::vector<int> starts = {0};
  std::vector<int> indices;
  for (Candidate c = 0; c < problem.candidate_count(); ++c) {
    for (const Row row : problem.covers(c)) indices.push_back(static_cast<int>(row));
    starts.push_back(static_cast<int>(indices.size()));
  }
  const std::vector<double> ones(std::max<size_t>(indices.size(), problem.candidate_count()) + 1,
                                 1.0);
  const std::vector<double> zeros(problem.candidate_count() + 1, 0.0);
  const std::vector<double> row_lower(problem.row_count() + 1, 1.0);
  const std::vector<double> row_upper(problem.row_count() + 1, 1e30);
  Cbc_loadProblem(model.get(), columns, rows, starts.data(), indices.data(), ones.data(),
                  zeros.data(), ones.data(), ones.data(), row_lower.data(), row_upper.data());
  for (int c = 0; c < columns; ++c) Cbc_setInteger(model.get(), c);
  Cbc_setObjSense(model.get(), 1);
  return model;
}

}  // namespace

std::vector<Row> MinimalRows(const CoverProblem& problem) {
  std::vector<Row> order(problem.row_count());
  std::iota(order.begin(), order.end(), 0);
  // A row can only include a shorter one, rows being different.
  std::stable_sort(order.begin(), order.end(), [&](Row a, Row b) {
    return problem.covered_by(a).size() < problem.covered_by(b).size();
  });
  std::vector<bool> included(problem.row_count(), false);
  std::vector<Row> minimal;
  for (const Row row : order) {
    if (included[row]) continue;
    minimal.push_back(row);
    const auto own = problem.covered_by(row);
    const Candidate rarest =
        *std::min_element(own.begin(), own.end(), [&](Candidate a, Candidate b) {
          return problem.covers(a).size() < problem.covers(b).size();
        });
    for (const Row other : problem.covers(rarest)) {
      if (included[other] || other == row) continue;
      const auto others = problem.covered_by(other);
      if (others.size() <= own.size()) continue;
      if (std::includes(others.begin(), others.end(), own.begin(), own.end())) {
        included[other] = true;
      }
    }
  }
  std::sort(minimal.begin(), minimal.end());
  return minimal;
}

absl::StatusOr<SetCoverSolution> SolveSetCover(const CoverProblem& problem,
                                               const SetCoverOptions& options) {
  const Presolved presolved = Presolve(problem);
  SetCoverSolution solution;
  solution.rows_solved = presolved.problem.row_count();
  solution.candidates_solved = presolved.problem.candidate_count();
  std::vector<Candidate> best = GreedyCover(presolved.problem);
  if (best.size() > 1) {
    const auto model = MakeModel(presolved.problem);
    Cbc_setLogLevel(model.get(), 0);
    Cbc_setParameter(model.get(), "log", "0");
    Cbc_setParameter(model.get(), "timeMode", "elapsed");
    Cbc_setMaximumSeconds(model.get(), absl::ToDoubleSeconds(options.time_limit));
    Cbc_setAllowableFractionGap(model.get(), options.gap);
    // Posts are whole: less than one fewer is none fewer.
    Cbc_setAllowableGap(model.get(), 0.999);
    std::vector<int> start_columns(presolved.problem.candidate_count());
    std::vector<double> start(presolved.problem.candidate_count(), 0.0);
    std::iota(start_columns.begin(), start_columns.end(), 0);
    for (const Candidate c : best) start[c] = 1;
    Cbc_setMIPStartI(model.get(), static_cast<int>(start.size()), start_columns.data(),
                     start.data());
    Cbc_solve(model.get());
    if (Cbc_isAbandoned(model.get()) != 0 || Cbc_isProvenInfeasible(model.get()) != 0) {
      return absl::InternalError("CBC gave up a set-covering problem that has a solution");
    }
    if (Cbc_numberSavedSolutions(model.get()) > 0 || Cbc_bestSolution(model.get()) != nullptr) {
      if (const double* x = Cbc_bestSolution(model.get()); x != nullptr) {
        std::vector<Candidate> chosen;
        for (Candidate c = 0; c < start.size(); ++c) {
          if (x[c] > 0.5) chosen.push_back(c);
        }
        if (chosen.size() < best.size() && CoversAll(presolved.problem, chosen)) {
          best = std::move(chosen);
        }
      }
    }
    // A sum of whole numbers: its bound can be rounded up.
    const double bound = std::ceil(Cbc_getBestPossibleObjValue(model.get()) - 1e-6);
    solution.bound = bound > 0 ? static_cast<size_t>(std::min(bound, 1e9)) : 0;
  }
  // One post is needed for any demand at all.
  if (!best.empty()) solution.bound = std::max<size_t>(1, solution.bound);
  solution.bound = std::min(solution.bound, best.size());
  for (const Candidate c : best) solution.chosen.push_back(presolved.candidates[c]);
  std::sort(solution.chosen.begin(), solution.chosen.end());
  solution.proven = solution.gap() <= options.gap;
  return solution;
}

}  // namespace patrol::coverage
