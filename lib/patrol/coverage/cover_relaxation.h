#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/patrol/coverage/cover_search.h"
#include "lib/patrol/coverage/cover_subproblem.h"

namespace patrol::coverage {

// What no choice can gain more than: the Lagrangian relaxation of a covering problem.
//
// "A row's gain needs a chosen candidate" is not demanded but priced: row j pays price[j] to have
// each of its gains and gives price[j] to every candidate that covers it. For any prices 0..first,
//
//     bound = constant + sum_j [(first - price)+ + (second - price)+]
//             + the `count` largest of (sum of prices of a candidate's rows)
//
// is at least what any choice gains. The best prices give the bound of the linear programme
// (Geoffrion 1974); they are sought by a subgradient walk with Polyak's step, each direction joined
// with the last (Galvao & ReVelle 1996 for this problem; Camerini, Fratta & Maffioli 1975).
class CoverRelaxation {
 public:
  // `problem` outlives this.
  explicit CoverRelaxation(const CoverSubproblem& problem);

  // Starts from these prices; else every row shares its first gain among its candidates equally.
  void SetPrices(std::vector<float> prices);

  // Walks `steps` steps, or until the bound is at most `enough`. known_gain: of the best choice
  // known, which steers the length of a step.
  void Walk(int steps, int64_t known_gain, int64_t enough);

  // The least bound seen; whole, since gains are whole.
  int64_t bound() const;
  // Its prices.
  const std::vector<float>& prices() const { return best_prices_; }
  // The best of the choices that the relaxation itself made on the way.
  const CoverChoice& choice() const { return choice_; }

  // What can be decided from the least bound: a candidate whose choosing (leaving out) would bring
  // the bound to `gain` or below is left out (chosen), since better than `gain` is not to be had
  // with it (without it).
  std::vector<Decision> DecideAbove(int64_t gain) const;

  // [candidates] how large a part of the walk's later choices each was in, 0..1: about the
  // solution of the linear programme.
  const std::vector<float>& presence() const { return presence_; }

 private:
  double Evaluate();

  const CoverSubproblem& problem_;
  std::vector<float> prices_;     // [rows]
  std::vector<double> values_;    // [candidates] prices of its rows, summed
  std::vector<uint32_t> order_;   // [candidates] the `count` most valuable first
  std::vector<uint8_t> times_;    // [rows] how often the chosen cover it
  std::vector<float> direction_;  // [rows]
  std::vector<float> presence_;
  double step_scale_ = 1;
  int since_better_ = 0;

  double best_bound_;
  std::vector<float> best_prices_;
  std::vector<double> best_values_;
  CoverChoice choice_;
};

}  // namespace patrol::coverage
