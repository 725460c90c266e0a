#include "lib/patrol/coverage/cover_relaxation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace patrol::coverage {
namespace {

// Sums of up to some 1e5 terms below 2^52 in doubles are off by less than this part of themselves.
constexpr double kSumError = 1e-11;

// Of Camerini, Fratta & Maffioli's direction: how much of the last one stays.
constexpr float kDirectionKept = 0.7f;
// Steps without a better bound after which they get shorter, and by how much.
constexpr int kPatience = 12;
constexpr double kShorter = 0.66;
// Exponential mean of the choices: the last hundred or so count.
constexpr float kPresenceNew = 0.03f;

}  // namespace

CoverRelaxation::CoverRelaxation(const CoverSubproblem& problem)
    : problem_(problem),
      prices_(problem.row_count()),
      values_(problem.candidates.size()),
      order_(problem.candidates.size()),
      times_(problem.row_count()),
      direction_(problem.row_count(), 0.0f),
      presence_(problem.candidates.size(),
                static_cast<float>(problem.count) /
                    static_cast<float>(std::max<size_t>(1, problem.candidates.size()))),
      best_bound_(std::numeric_limits<double>::infinity()) {
  std::iota(order_.begin(), order_.end(), 0);
  for (size_t r = 0; r < problem.row_count(); ++r) {
    prices_[r] = static_cast<float>(static_cast<double>(problem.first[r]) /
                                    static_cast<double>(problem.row(r).size()));
  }
}

void CoverRelaxation::SetPrices(std::vector<float> prices) { prices_ = std::move(prices); }

// Values, order and times of the present prices; the bound they give.
double CoverRelaxation::Evaluate() {
  std::fill(values_.begin(), values_.end(), 0.0);
  double bound = static_cast<double>(problem_.constant);
  for (size_t r = 0; r < problem_.row_count(); ++r) {
    const double price = prices_[r];
    bound += std::max(0.0, static_cast<double>(problem_.first[r]) - price) +
             std::max(0.0, static_cast<double>(problem_.second[r]) - price);
    for (const uint32_t c : problem_.row(r)) values_[c] += price;
  }
  const size_t count = std::min(problem_.count, order_.size());
  const auto more = [&](uint32_t a, uint32_t b) {
    return values_[a] != values_[b] ? values_[a] > values_[b] : a < b;
  };
  if (count > 0 && count < order_.size()) {
    std::nth_element(order_.begin(), order_.begin() + static_cast<ptrdiff_t>(count) - 1,
                     order_.end(), more);
  }
  std::fill(times_.begin(), times_.end(), 0);
  for (size_t i = 0; i < count; ++i) {
    bound += values_[order_[i]];
    for (const uint32_t r : problem_.covers(order_[i])) {
      times_[r] = std::min<uint8_t>(100, times_[r] + 1);
    }
  }
  return bound;
}

void CoverRelaxation::Walk(int steps, int64_t known_gain, int64_t enough) {
  const size_t rows = problem_.row_count();
  const size_t count = std::min(problem_.count, order_.size());
  for (int step = 0; step < steps; ++step) {
    const double value = Evaluate();
    int64_t gain = problem_.constant;
    for (size_t r = 0; r < rows; ++r) {
      gain += (times_[r] > 0 ? problem_.first[r] : 0) + (times_[r] > 1 ? problem_.second[r] : 0);
    }
    if (gain > choice_.gain) {
      choice_ = {{order_.begin(), order_.begin() + static_cast<ptrdiff_t>(count)}, gain};
      known_gain = std::max(known_gain, gain);
    }
    for (float& share : presence_) share *= 1 - kPresenceNew;
    for (size_t i = 0; i < count; ++i) presence_[order_[i]] += kPresenceNew;

    if (value < best_bound_) {
      // Only what is worth the name keeps the steps long.
      if (value < best_bound_ - 1e-6 * std::abs(best_bound_)) since_better_ = 0;
      best_bound_ = value;
      best_prices_ = prices_;
      best_values_ = values_;
    }
    if (++since_better_ > kPatience) {
      since_better_ = 0;
      step_scale_ *= kShorter;
    }
    if (bound() <= enough) return;

    double square = 0;
    for (size_t r = 0; r < rows; ++r) {
      const float price = prices_[r];
      const auto first = static_cast<float>(problem_.first[r]);
      const float have = times_[r];
      float want = (price < first ? 1.0f : 0.0f) +
                   (price < static_cast<float>(problem_.second[r]) ? 1.0f : 0.0f);
      // At the end of its range a price cannot go on: that part of the slope does not count.
      float slope = have - want;  // of the bound
      if ((slope > 0 && price <= 0) || (slope < 0 && price >= first)) slope = 0;
      direction_[r] = kDirectionKept * direction_[r] + slope;
      square += static_cast<double>(direction_[r]) * direction_[r];
    }
    if (square == 0) return;  // nothing to gain: these are the best prices
    const double length = step_scale_ * (value - static_cast<double>(known_gain)) / square;
    for (size_t r = 0; r < rows; ++r) {
      const double price = prices_[r] - length * direction_[r];
      prices_[r] =
          static_cast<float>(std::clamp(price, 0.0, static_cast<double>(problem_.first[r])));
    }
  }
}

int64_t CoverRelaxation::bound() const {
  return static_cast<int64_t>(std::floor(best_bound_ * (1 + kSumError) + 1e-6));
}

std::vector<Decision> CoverRelaxation::DecideAbove(int64_t gain) const {
  const size_t candidates = problem_.candidates.size();
  std::vector<Decision> decisions(candidates, Decision::kFree);
  const size_t count = problem_.count;
  if (count == 0 || count >= candidates) return decisions;
  std::vector<uint32_t> order(candidates);
  std::iota(order.begin(), order.end(), 0);
  std::nth_element(order.begin(), order.begin() + static_cast<ptrdiff_t>(count), order.end(),
                   [&](uint32_t a, uint32_t b) {
                     return best_values_[a] != best_values_[b] ? best_values_[a] > best_values_[b]
                                                               : a < b;
                   });
  const double most_outside = best_values_[order[count]];
  double least_inside = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < count; ++i) least_inside = std::min(least_inside, best_values_[order[i]]);
  // A bound below gain + 1 is at most gain, gains being whole.
  const double slack = (static_cast<double>(gain) + 1) * (1 - kSumError) - 1e-6 - best_bound_;
  for (size_t i = 0; i < candidates; ++i) {
    const double value = best_values_[order[i]];
    if (i < count) {
      if (most_outside - value < slack) decisions[order[i]] = Decision::kChosen;
    } else {
      if (value - least_inside < slack) decisions[order[i]] = Decision::kLeftOut;
    }
  }
  return decisions;
}

}  // namespace patrol::coverage
