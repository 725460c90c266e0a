#include "lib/patrol/coverage/cover_search.h"

#include <algorithm>
#include <random>
#include <utility>

namespace patrol::coverage {
namespace {

// How often each row is covered, up to three times (more makes no difference).
std::vector<uint8_t> TimesCovered(const CoverSubproblem& problem,
                                  absl::Span<const uint32_t> chosen) {
  std::vector<uint8_t> times(problem.row_count(), 0);
  for (const uint32_t c : chosen) {
    for (const uint32_t r : problem.covers(c)) times[r] = std::min<uint8_t>(3, times[r] + 1);
  }
  return times;
}

// What one more candidate on a row gains that `times` cover already.
int64_t NextGain(const CoverSubproblem& problem, size_t row, uint8_t times) {
  return times == 0 ? problem.first[row] : times == 1 ? problem.second[row] : 0;
}

struct Swap {
  uint32_t in = 0;
  size_t out = 0;  // index into chosen
  int64_t gain = 0;
};

// The best swap; gain 0 when none gains anything.
Swap BestSwap(const CoverSubproblem& problem, const std::vector<uint32_t>& chosen) {
  const size_t candidates = problem.candidates.size();
  const size_t count = chosen.size();
  std::vector<uint32_t> place(candidates, CoverSubproblem::kGone);  // in chosen
  for (size_t i = 0; i < count; ++i) place[chosen[i]] = static_cast<uint32_t>(i);
  const std::vector<uint8_t> times = TimesCovered(problem, chosen);
  std::vector<int64_t> gain(candidates, 0);  // of putting it in, all others staying
  std::vector<int64_t> loss(count, 0);       // of taking it out
  // What both together are better than the sum: rows that one loses and the other one keeps.
  std::vector<int64_t> kept(candidates * count, 0);
  for (size_t r = 0; r < problem.row_count(); ++r) {
    const auto entries = problem.row(r);
    const int64_t next = NextGain(problem, r, times[r]);
    if (next > 0) {
      for (const uint32_t c : entries) gain[c] += next;
    }
    if (times[r] == 0 || times[r] > 2) continue;
    const int64_t last = NextGain(problem, r, static_cast<uint8_t>(times[r] - 1));
    if (last == 0) continue;
    for (const uint32_t out : entries) {
      if (place[out] == CoverSubproblem::kGone) continue;
      loss[place[out]] += last;
      for (const uint32_t in : entries) kept[in * count + place[out]] += last - next;
    }
  }
  Swap best;
  for (uint32_t in = 0; in < candidates; ++in) {
    if (place[in] != CoverSubproblem::kGone) continue;
    const int64_t* const row = kept.data() + in * count;
    for (size_t out = 0; out < count; ++out) {
      const int64_t total = gain[in] - loss[out] + row[out];
      if (total > best.gain) best = {in, out, total};
    }
  }
  return best;
}

}  // namespace

CoverChoice Greedy(const CoverSubproblem& problem, std::vector<uint32_t> chosen) {
  std::vector<uint8_t> times = TimesCovered(problem, chosen);
  std::vector<bool> taken(problem.candidates.size(), false);
  for (const uint32_t c : chosen) taken[c] = true;
  const auto gain_of = [&](uint32_t c) {
    int64_t gain = 0;
    for (const uint32_t r : problem.covers(c)) gain += NextGain(problem, r, times[r]);
    return gain;
  };
  // Gains only shrink: an old gain is an upper bound, and most need not be computed anew
  // (Minoux 1978).
  std::vector<std::pair<int64_t, uint32_t>> heap;
  const auto below = [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : a.second > b.second;
  };
  for (uint32_t c = 0; c < problem.candidates.size(); ++c) {
    if (!taken[c]) heap.emplace_back(gain_of(c), c);
  }
  std::make_heap(heap.begin(), heap.end(), below);
  while (chosen.size() < problem.count && !heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), below);
    auto [bound, c] = heap.back();
    heap.pop_back();
    const int64_t gain = gain_of(c);
    if (gain < bound) {
      heap.emplace_back(gain, c);
      std::push_heap(heap.begin(), heap.end(), below);
      continue;
    }
    chosen.push_back(c);
    for (const uint32_t r : problem.covers(c)) times[r] = std::min<uint8_t>(3, times[r] + 1);
  }
  const int64_t gain = GainOf(problem, chosen);
  return {std::move(chosen), gain};
}

void ImproveBySwaps(const CoverSubproblem& problem, const Stop& stop, CoverChoice* choice) {
  if (choice->chosen.size() >= problem.candidates.size()) return;
  while (!stop || !stop()) {
    const Swap swap = BestSwap(problem, choice->chosen);
    if (swap.gain <= 0) return;
    choice->chosen[swap.out] = swap.in;
    choice->gain += swap.gain;
  }
}

CoverChoice SearchChoice(const CoverSubproblem& problem, int rounds, uint64_t seed,
                         const Stop& stop) {
  CoverChoice best = Greedy(problem, {});
  ImproveBySwaps(problem, stop, &best);
  const size_t count = best.chosen.size();
  if (count == 0 || count >= problem.candidates.size()) return best;
  std::mt19937_64 random(seed);
  for (int round = 0; round < rounds && !(stop && stop()); ++round) {
    // Between one and a third are drawn by lot; the greedy fills up.
    const size_t dropped = 1 + random() % std::max<size_t>(1, (count + 2) / 3);
    std::vector<uint32_t> kept = best.chosen;
    for (size_t i = 0; i < dropped && !kept.empty(); ++i) {
      std::swap(kept[random() % kept.size()], kept.back());
      kept.pop_back();
    }
    // One by lot, so that the greedy does not walk straight back.
    for (int tries = 0; tries < 8; ++tries) {
      const auto c = static_cast<uint32_t>(random() % problem.candidates.size());
      if (std::find(kept.begin(), kept.end(), c) == kept.end()) {
        kept.push_back(c);
        break;
      }
    }
    CoverChoice next = Greedy(problem, std::move(kept));
    ImproveBySwaps(problem, stop, &next);
    if (next.gain > best.gain) best = std::move(next);
  }
  return best;
}

}  // namespace patrol::coverage
