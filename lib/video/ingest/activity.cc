#include "lib/video/ingest/activity.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace patrol::ingest {
namespace {

// All tuned with benchmarks/ingest/gated (RESULTS.md, gated analysis).

// Baselines move by a spread in some 500 pictures of movement's kind, half a minute.
constexpr double kFollow = 0.002;
constexpr double kFollowMoving = 0.1;  // so many times that where pixels see movement
constexpr double kFollowStill = 5;     // and where they see none although the level is up
constexpr int kPaceUnits = 60;         // a verdict of pixels counts for so long
// The median and what is a standard deviation below it, were it a Gaussian.
constexpr double kLowQuantile = 0.16;
constexpr double kSpreadLeast = 0.2;  // log2: 15 %
constexpr double kSpreadFirst = 0.3;
// A share of the median, added to each: log2 of it.
constexpr double kShareLog2 = -2.3;
// Nothing is said of a kind of picture before so many of it.
constexpr int kLearn = 8;
// The level is a mean of the last four or so, each counted up to kSpreadsMost; or of the last ten,
// in which noise averages out further, so that it counts for more: faint movement that goes on.
constexpr double kRecent = 0.25;
constexpr double kSpreadsMost = 4;
constexpr double kLonger = 0.1;
constexpr double kLongerSpreadsMost = 2.5;
constexpr double kLongerWeight = 1.5;
// A picture that alone makes an onset: so many spreads, and so much more than odd ones had lately.
constexpr double kDecisive = 8;
constexpr double kDecisiveMost = 16;
constexpr double kOddFactor = 1.5;
constexpr double kOddFade = 0.999;
constexpr int kOddUnits = 5;
// Keyframes differ by how rate control does, more than by what moves.
constexpr double kKeyframeWeight = 0.5;
constexpr double kBeginLevel = 1.2;
constexpr double kKeepLevel = 0.8;
constexpr int kCalmUnits = 15;
constexpr int kPositionMost = 1000;
// A refresh is told apart in so many steps.
constexpr int kSweepSteps = 32;
// Slice QP this much below usual: a larger picture is rate control's doing.
constexpr double kQpBelow = 0.5;
// Six steps of QP double the quantiser (ITU-T H.264 8.5.8, H.265 8.6.2).
constexpr double kQpDoubles = 6;
constexpr double kQpMiddle = 26;

// A quantile moves up by its share, down by the rest.
void Step(float& quantile, double share, double value, double step) {
  quantile += static_cast<float>(step * (value > quantile ? share : share - 1));
}

double WithShare(double value, float usual) {
  return std::log2(std::exp2(value) + std::exp2(usual + kShareLog2));
}

}  // namespace

double Activity::Baseline::Compare(double value, int count) const {
  if (count <= kLearn) return 0;
  return (WithShare(value, usual) - median) / std::max<double>(median - low, kSpreadLeast);
}

void Activity::Baseline::Learn(double value, int count, double follow) {
  if (count == 1) usual = static_cast<float>(value);
  Step(usual, 0.5, value, 2 * follow);
  const double shared = WithShare(value, usual);
  if (count == 1) {
    median = static_cast<float>(shared);
    low = static_cast<float>(shared - kSpreadFirst);
  }
  const double step = 2 * follow * std::max<double>(median - low, kSpreadLeast);
  Step(median, 0.5, shared, step);
  Step(low, kLowQuantile, shared, step);
  low = std::min(low, median);
}

Activity::Kind& Activity::KindOf(const media::AccessUnit& unit, const media::CodedPicture& coded) {
  const bool refresh = coded.recovery_point && !unit.keyframe;
  if (refresh) {
    // A refresh begins. Where intra pictures do that at once there is no sweep.
    if (coded.type == media::PictureType::kPredicted && position_ > 0) period_ = position_ + 1;
    if (period_ > 0 && sweep_.empty()) sweep_.resize(kSweepSteps);
  }
  position_ = unit.keyframe || refresh ? 0 : std::min(position_ + 1, kPositionMost);
  if (unit.keyframe) return kinds_[kKeyframe];
  switch (coded.type) {
    case media::PictureType::kIntra:
      return kinds_[kRefresh];
    case media::PictureType::kBidirectional:
      return kinds_[coded.reference ? kBidirectionalReference : kBidirectional];
    case media::PictureType::kPredicted:
    case media::PictureType::kUnknown:
      break;
  }
  if (coded.long_term) return kinds_[kRefresh];
  if (coded.type == media::PictureType::kPredicted && !coded.reference) {
    return kinds_[kPredictedNonReference];
  }
  if (!sweep_.empty()) {
    const int step = position_ * kSweepSteps / period_;
    return sweep_[static_cast<size_t>(std::min(step, kSweepSteps - 1))];
  }
  // 1, 2, 3-4, 5-8, 9-16, 17 and later: after a keyframe rate control pays back what it cost.
  const int place =
      std::min<int>(std::bit_width(static_cast<unsigned>(std::max(position_, 1) - 1)), 5);
  return kinds_[static_cast<size_t>(kPredicted + place)];
}

double Activity::Compare(const media::AccessUnit& unit, const media::CodedPicture& coded,
                         Kind& kind) {
  ++kind.count;
  const double size = std::log2(static_cast<double>(unit.data.size()) + 1);
  const double qp = coded.qp.value_or(kQpMiddle);
  const double complexity = size + (qp - kQpMiddle) / kQpDoubles;
  if (kind.count == 1) kind.qp = static_cast<float>(qp);
  const double by_complexity = kind.complexity.Compare(complexity, kind.count);
  const double by_size =
      qp >= kind.qp - kQpBelow ? kind.size.Compare(size, kind.count) : by_complexity;
  cause_ = !coded.qp.has_value() || by_size > by_complexity ? "size" : "complexity";

  if (pace_units_ > 0 && --pace_units_ == 0) pace_ = 1;
  const double pace = pace_ > 1 && level_ < kKeepLevel ? 1 : pace_;
  // The first pictures tell where it is.
  const double follow = std::max(kFollow * pace, std::min(pace, 1.0) / kind.count);
  kind.complexity.Learn(complexity, kind.count, follow);
  kind.size.Learn(size, kind.count, follow);
  kind.qp += static_cast<float>(std::clamp(qp - kind.qp, -1.0, 1.0) * 2 * follow);
  return std::max(by_complexity, by_size);
}

// A single picture counts at once where it stands out as none that stayed alone did.
void Activity::Average(double spreads) {
  odd_ *= kOddFade;
  const bool decisive = spreads >= kDecisive && spreads >= kOddFactor * odd_;
  const double most = decisive ? kDecisiveMost : kSpreadsMost;
  recent_ += kRecent * (std::clamp(spreads, -kSpreadsMost, most) - recent_);
  longer_ += kLonger * (std::clamp(spreads, -kLongerSpreadsMost, kLongerSpreadsMost) - longer_);
  level_ = std::max({recent_, kLongerWeight * longer_, 0.0});
  if (candidate_ == 0 && spreads >= kDecisive) {
    candidate_ = spreads;
    candidate_units_ = kOddUnits;
  } else if (candidate_ > 0) {
    // Something followed: it was not alone.
    if (spreads >= kSpreadsMost / 2) candidate_ = 0;
    if (candidate_ > 0 && --candidate_units_ == 0) {
      odd_ = std::max(odd_, candidate_);
      candidate_ = 0;
    }
  }
}

ActivityReading Activity::OnUnit(const media::AccessUnit& unit) {
  if (!parser_ || codec_ != unit.codec) {
    *this = Activity();
    parser_.emplace(unit.codec);
    codec_ = unit.codec;
  }
  const media::CodedPicture coded = parser_->Read(unit.data);
  Kind& kind = KindOf(unit, coded);
  const double spreads = Compare(unit, coded, kind);
  ActivityReading reading{.time = unit.time};
  // Where there is nothing but keyframes they are what is averaged.
  if (!unit.keyframe || after_keyframe_) Average(spreads);
  after_keyframe_ = unit.keyframe;
  reading.level = level_;
  if (unit.keyframe && kKeyframeWeight * spreads > reading.level) {
    reading.level = kKeyframeWeight * spreads;
    cause_ = "keyframe";
  }
  reading.cause = cause_;
  if (!active_ && reading.level >= kBeginLevel) {
    active_ = reading.onset = true;
    calm_ = 0;
  } else if (active_) {
    calm_ = reading.level < kKeepLevel ? calm_ + 1 : 0;
    if (calm_ >= kCalmUnits) active_ = false;
  }
  reading.active = active_;
  return reading;
}

void Activity::OnPixels(bool moving) {
  pace_ = moving ? kFollowMoving : kFollowStill;
  pace_units_ = kPaceUnits;
}

}  // namespace patrol::ingest
