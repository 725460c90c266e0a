#include "lib/video/ingest/decode_budget.h"

#include <algorithm>
#include <cmath>

namespace patrol::ingest {
namespace {

// Beyond this intervals of minutes tell nothing of a place.
constexpr double kStretchMost = 16;
constexpr double kStretchStep = 1.25;
// Below this share of the budget quiet cameras are looked at twice as often, which finds what coded
// size does not tell (RESULTS.md, gated analysis); above the other no more. Twice the one is less
// than the other.
constexpr double kBudgetSpare = 0.28;
constexpr double kBudgetNeeded = 0.65;
constexpr double kStretchLeast = 0.5;
// Room for what a few more full decodes would cost, before they are allowed.
constexpr double kBudgetLow = 0.85;
constexpr absl::Duration kSteerEvery = absl::Seconds(1);
constexpr double kCpuSmoothingSeconds = 2;
constexpr double kCpuSlowSeconds = 20;  // many GOPs

// One step of so many full decodes, up or down.
int Step(int full_decodes) { return std::max(1, full_decodes / 8); }

}  // namespace

DecodeBudget::DecodeBudget(double cores, int full_decodes_max)
    : cores_(cores),
      full_max_(std::max(full_decodes_max, 0)),
      used_cores_slowly_(cores),
      full_allowed_(full_max_) {}

bool DecodeBudget::Spare() const {
  return full_allowed_ >= full_max_ && used_cores_ <= cores_ * kBudgetLow;
}

bool DecodeBudget::RoomForOneMore(int full_decodes) const {
  return full_allowed_ >= full_max_ && full_decodes < full_allowed_;
}

DecodeBudget::Steered DecodeBudget::OnCpu(absl::Duration total, int full_decodes,
                                          absl::Duration now) {
  if (total_at_ != -absl::InfiniteDuration() && now > total_at_) {
    const double seconds = absl::ToDoubleSeconds(now - total_at_);
    const double cores = absl::ToDoubleSeconds(total - total_) / seconds;
    used_cores_ += (1 - std::exp(-seconds / kCpuSmoothingSeconds)) * (cores - used_cores_);
    used_cores_slowly_ += (1 - std::exp(-seconds / kCpuSlowSeconds)) * (cores - used_cores_slowly_);
  }
  total_ = total;
  total_at_ = now;
  if (now - steered_at_ < kSteerEvery) return {};
  steered_at_ = now;
  const bool oftener = stretch_ < 1;
  Steer(full_decodes);
  return {.over = used_cores_ > cores_, .oftener_ended = oftener && stretch_ == 1};
}

void DecodeBudget::Steer(int full_decodes) {
  const bool oftener = stretch_ < 1;
  if (used_cores_ > cores_) {
    if (oftener) {
      stretch_ = 1;
    } else if (full_decodes > 0) {
      full_allowed_ = std::max(0, std::min(full_allowed_, full_decodes) - Step(full_decodes));
    } else {
      full_allowed_ = 0;
      stretch_ = std::min(stretch_ * kStretchStep, kStretchMost);
    }
  } else if (used_cores_ < cores_ * kBudgetLow) {
    if (stretch_ > 1) {
      stretch_ = std::max(stretch_ / kStretchStep, 1.0);
    } else if (full_allowed_ < full_max_) {
      full_allowed_ = std::min(full_max_, full_allowed_ + Step(full_allowed_));
    } else if (used_cores_slowly_ < cores_ * kBudgetSpare) {
      stretch_ = kStretchLeast;
    }
  }
  if (oftener && used_cores_slowly_ > cores_ * kBudgetNeeded) stretch_ = 1;
}

}  // namespace patrol::ingest
