#include "lib/patrol/coverage/cover_solver.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <utility>

#include "lib/base/limits.h"
#include "lib/patrol/coverage/cover_relaxation.h"
#include "lib/patrol/coverage/cover_search.h"
#include "lib/patrol/coverage/cover_subproblem.h"

namespace patrol::coverage {
namespace {

using Candidate = CoverProblem::Candidate;

constexpr uint64_t kSeed = 1;
// Rounds of the first search: tens of milliseconds at 300 candidates, and seldom in vain.
constexpr size_t kSearchRounds = 40;
// Steps of the walk to good prices: the first from scratch, the others from their parent's.
constexpr size_t kRootSteps = 600;
constexpr size_t kNodeSteps = 80;
// Between two looks at the clock, and between two tries to decide candidates.
constexpr size_t kStepsAtOnce = 20;
// Entries that a second's fraction of work may touch: fewer steps and rounds at once of problems
// that are larger.
constexpr size_t kEntriesAtOnce = 10'000'000;

// A node of the search tree, not looked at yet.
struct Node {
  int64_t bound = 0;                                 // of its parent
  uint64_t number = 0;                               // in order of making
  std::vector<Decision> decisions;                   // [candidates of the root]
  std::shared_ptr<const std::vector<float>> prices;  // [rows of the root]; null: none kept
};

// Whether `a` comes later: the greatest bound first; of equals the younger, which is deeper.
bool Later(const Node& a, const Node& b) {
  return a.bound != b.bound ? a.bound < b.bound : a.number < b.number;
}

class BranchAndBound {
 public:
  BranchAndBound(const CoverSubproblem& whole, const MaxCoverOptions& options)
      : options_(options), root_(whole) {}

  // The best choice, as candidates of the whole problem.
  MaxCoverSolution Run() {
    const auto rounds = static_cast<int>(AtOnce(root_, kSearchRounds));
    Take(root_, SearchChoice(root_, rounds, kSeed, options_.stop));
    SolveRoot();
    while (!Stopped() && !open_.empty()) {
      std::pop_heap(open_.begin(), open_.end(), Later);
      const Node node = std::move(open_.back());
      open_.pop_back();
      if (!Drop(node.bound)) Process(node);
    }
    MaxCoverSolution solution;
    solution.chosen = best_;
    solution.gain = best_gain_;
    // No choice is better than the best known, than what was dropped, or than what is still open.
    solution.bound = std::max(best_gain_, dropped_bound_);
    if (!open_.empty()) solution.bound = std::max(solution.bound, open_.front().bound);
    solution.bound = std::max(best_gain_, std::min(solution.bound, root_bound_));
    solution.proven = solution.gap() <= std::max(options_.gap, 1e-9);
    solution.nodes = nodes_;
    return solution;
  }

 private:
  bool Stopped() const { return options_.stop && options_.stop(); }

  // A bound this low is enough: what is left out is no better than the gap asked for allows.
  int64_t Enough() const {
    if (options_.gap <= 0) return best_gain_;
    return std::max(best_gain_, static_cast<int64_t>(static_cast<double>(best_gain_) /
                                                     (1 - std::min(options_.gap, 0.99))));
  }

  // Whether a part of the tree with this bound need not be looked at; it is counted then.
  bool Drop(int64_t bound) {
    if (bound > Enough()) return false;
    dropped_bound_ = std::max(dropped_bound_, bound);
    return true;
  }

  // What can be decided because of Enough(): the rest is dropped, and counted.
  std::vector<Decision> DecideBy(const CoverRelaxation& relaxation) {
    dropped_bound_ = std::max(dropped_bound_, Enough());
    return relaxation.DecideAbove(Enough());
  }

  static size_t AtOnce(const CoverSubproblem& problem, size_t most) {
    return std::clamp<size_t>(kEntriesAtOnce / (problem.row_entries.size() + 1), 1, most);
  }

  // Up to `steps` steps, in parts, until the bound is enough or there is no time.
  void Walk(const CoverSubproblem& problem, size_t steps, CoverRelaxation* relaxation) {
    const size_t at_once = AtOnce(problem, kStepsAtOnce);
    for (size_t done = 0; done < steps; done += at_once) {
      relaxation->Walk(static_cast<int>(at_once), best_gain_, Enough());
      if (relaxation->bound() <= Enough() || Stopped()) return;
    }
  }

  void Take(const CoverSubproblem& problem, const CoverChoice& choice) {
    if (choice.gain <= best_gain_) return;
    best_gain_ = choice.gain;
    best_ = base_chosen_;
    best_.insert(best_.end(), decided_chosen_.begin(), decided_chosen_.end());
    for (const uint32_t c : choice.chosen) best_.push_back(problem.candidates[c]);
  }

  // The choices that the relaxation stumbles on, a little improved.
  void TakeFrom(const CoverSubproblem& problem, const CoverRelaxation& relaxation) {
    CoverChoice choice = relaxation.choice();
    if (choice.gain < 0) return;
    ImproveBySwaps(problem, options_.stop, &choice);
    Take(problem, choice);
  }

  // Decides at the root whatever can be, until little more can; then opens the tree's first node.
  void SolveRoot() {
    std::vector<float> prices;
    for (;;) {
      if (Trivial(root_)) return TakeAll(root_);
      CoverRelaxation relaxation(root_);
      if (!prices.empty()) relaxation.SetPrices(std::move(prices));
      Walk(root_, kRootSteps, &relaxation);
      TakeFrom(root_, relaxation);
      root_bound_ = std::min(root_bound_, relaxation.bound());
      if (Drop(root_bound_)) return;
      const std::vector<Decision> decisions = DecideBy(relaxation);
      const auto decided = static_cast<size_t>(
          std::count_if(decisions.begin(), decisions.end(),
                        [](Decision decision) { return decision != Decision::kFree; }));
      if (decided * 20 < root_.candidates.size() || Stopped()) {
        return Push(root_bound_, std::vector<Decision>(root_.candidates.size(), Decision::kFree),
                    std::make_shared<const std::vector<float>>(relaxation.prices()));
      }
      for (size_t c = 0; c < decisions.size(); ++c) {
        if (decisions[c] == Decision::kChosen) base_chosen_.push_back(root_.candidates[c]);
      }
      CoverSubproblem smaller = Decide(root_, decisions);
      prices = PricesOf(relaxation.prices(), smaller);
      root_ = std::move(smaller);
    }
  }

  // Nothing to choose, or no choice.
  static bool Trivial(const CoverSubproblem& problem) {
    return problem.count == 0 || problem.candidates.size() <= problem.count ||
           problem.row_count() == 0;
  }
  void TakeAll(const CoverSubproblem& problem) {
    CoverChoice all;
    for (uint32_t c = 0; c < std::min(problem.count, problem.candidates.size()); ++c) {
      all.chosen.push_back(c);
    }
    all.gain = GainOf(problem, all.chosen);
    Take(problem, all);
  }

  void Push(int64_t bound, std::vector<Decision> decisions,
            std::shared_ptr<const std::vector<float>> prices) {
    // Prices are most of a node's memory; without them it starts from scratch.
    if (open_.size() >= limits::kCoverNodesWithPricesMax) prices = nullptr;
    open_.push_back({bound, next_number_++, std::move(decisions), std::move(prices)});
    std::push_heap(open_.begin(), open_.end(), Later);
  }

  // Prices of `from`'s rows joined as its rows were: alike rows' prices add up.
  static std::vector<float> PricesOf(const std::vector<float>& prices, const CoverSubproblem& to) {
    std::vector<float> joined(to.row_count(), 0.0f);
    for (size_t r = 0; r < prices.size(); ++r) {
      if (to.row_of[r] != CoverSubproblem::kGone) joined[to.row_of[r]] += prices[r];
    }
    for (size_t r = 0; r < joined.size(); ++r) {
      joined[r] = std::min(joined[r], static_cast<float>(to.first[r]));
    }
    return joined;
  }

  // And apart again, by the rows' gains.
  std::vector<float> RootPrices(const std::vector<float>& prices,
                                const CoverSubproblem& problem) const {
    std::vector<float> apart(root_.row_count(), 0.0f);
    for (size_t r = 0; r < apart.size(); ++r) {
      const uint32_t row = problem.row_of[r];
      if (row == CoverSubproblem::kGone) continue;
      apart[r] = static_cast<float>(prices[row] * static_cast<double>(root_.first[r]) /
                                    static_cast<double>(problem.first[row]));
    }
    return apart;
  }

  void Process(const Node& node) {
    ++nodes_;
    const CoverSubproblem problem = Decide(root_, node.decisions);
    decided_chosen_.clear();
    for (size_t c = 0; c < node.decisions.size(); ++c) {
      if (node.decisions[c] == Decision::kChosen) decided_chosen_.push_back(root_.candidates[c]);
    }
    if (Trivial(problem)) {
      TakeAll(problem);
      return;
    }
    CoverRelaxation relaxation(problem);
    if (node.prices != nullptr) relaxation.SetPrices(PricesOf(*node.prices, problem));
    Walk(problem, node.prices != nullptr ? kNodeSteps : kRootSteps, &relaxation);
    TakeFrom(problem, relaxation);
    const int64_t bound = std::min(node.bound, relaxation.bound());
    if (!Drop(bound)) Branch(node, problem, relaxation, bound);
  }

  // Two children: with and without the candidate that the relaxation is least sure of; and in both
  // what can be decided already.
  void Branch(const Node& node, const CoverSubproblem& problem, const CoverRelaxation& relaxation,
              int64_t bound) {
    const std::vector<Decision> decided = DecideBy(relaxation);
    std::vector<Decision> decisions = node.decisions;
    size_t next = 0;  // free candidates of the node in order: those of `problem`
    size_t branch_on = decisions.size();
    float least_sure = -1;
    size_t chosen = 0;
    for (size_t c = 0; c < decisions.size(); ++c) {
      if (decisions[c] == Decision::kFree) {
        decisions[c] = decided[next];
        const float presence = relaxation.presence()[next++];
        const float unsure = std::min(presence, 1 - presence);
        if (decisions[c] == Decision::kFree && unsure > least_sure) {
          least_sure = unsure;
          branch_on = c;
        }
      }
      chosen += decisions[c] == Decision::kChosen ? 1 : 0;
    }
    if (chosen > root_.count) return;  // more are needed than may be: nothing better is here
    const auto prices =
        std::make_shared<const std::vector<float>>(RootPrices(relaxation.prices(), problem));
    if (branch_on == decisions.size() || chosen == root_.count) {
      Push(bound, std::move(decisions), prices);
      return;
    }
    std::vector<Decision> without = decisions;
    without[branch_on] = Decision::kLeftOut;
    Push(bound, std::move(without), prices);
    decisions[branch_on] = Decision::kChosen;
    Push(bound, std::move(decisions), prices);
  }

  const MaxCoverOptions& options_;
  CoverSubproblem root_;
  std::vector<Candidate> base_chosen_;     // decided before root_
  std::vector<Candidate> decided_chosen_;  // decided between root_ and the node being processed
  std::vector<Candidate> best_;
  int64_t best_gain_ = -1;
  int64_t root_bound_ = std::numeric_limits<int64_t>::max();
  int64_t dropped_bound_ = -1;  // the greatest of what was not looked at
  std::vector<Node> open_;      // a heap by Later
  uint64_t next_number_ = 0;
  uint64_t nodes_ = 0;
};

}  // namespace

std::vector<Candidate> OrderByGain(const CoverProblem& problem, std::vector<Candidate> chosen,
                                   double backup_share) {
  std::sort(chosen.begin(), chosen.end());
  CoverSubproblem few = WholeProblem(KeepCandidates(problem, chosen), chosen.size(), backup_share);
  std::vector<Candidate> ordered;
  for (const uint32_t c : Greedy(few, {}).chosen) ordered.push_back(chosen[c]);
  return ordered;
}

MaxCoverSolution SolveMaxCover(const CoverProblem& problem, const MaxCoverOptions& options) {
  const size_t count = std::min(options.count, problem.candidate_count());
  std::vector<Candidate> kept(problem.candidate_count());
  std::iota(kept.begin(), kept.end(), 0);
  if (options.backup_share <= 0) {
    const std::vector<bool> dominated = DominatedCandidates(problem);
    std::erase_if(kept, [&](Candidate candidate) { return dominated[candidate]; });
  }
  const CoverProblem reduced = KeepCandidates(problem, kept);
  const CoverSubproblem whole =
      WholeProblem(reduced, std::min(count, kept.size()), options.backup_share);
  MaxCoverSolution solution = BranchAndBound(whole, options).Run();
  for (Candidate& candidate : solution.chosen) candidate = kept[candidate];
  // Where fewer than asked for cover everything the others gain nothing, but are asked for.
  std::vector<bool> taken(problem.candidate_count(), false);
  for (const Candidate candidate : solution.chosen) taken[candidate] = true;
  for (Candidate candidate = 0; solution.chosen.size() < count; ++candidate) {
    if (!taken[candidate]) solution.chosen.push_back(candidate);
  }
  solution.chosen = OrderByGain(problem, std::move(solution.chosen), options.backup_share);
  return solution;
}

}  // namespace patrol::coverage
