#include "lib/video/motion/light_follower.h"

#include <algorithm>
#include <cmath>

#include <opencv2/core/hal/intrin.hpp>

namespace patrol::motion {

namespace {

// The model follows a gain beyond kGainSame once it has stayed for a while, if it is within
// kGainSmall and saturates little: then nothing is lost, and the old light can come back. Larger
// ones are only taken out of each picture, until they are beyond kGainKeptMax: what differs would
// be too coarse or too faint.
constexpr double kGainSmall = 1.3;
constexpr double kGainKeptMax = 3.0;
constexpr double kSaturatedShareMax = 0.02;
constexpr double kGainSame = 0.06;
constexpr absl::Duration kGainStaysAfter = absl::Seconds(1);
// From here on the picture's luma may be saturated.
constexpr int kSaturated = 250;

// picture * gain, rounded.
void Multiply(Plane& picture, double gain) {
  const cv::v_uint16x8 factor =
      cv::v_setall_u16(static_cast<uint16_t>(std::clamp(std::lround(gain * 256), 1L, 65535L)));
  for (int y = 0; y < picture.height(); ++y) {
    uint8_t* row = picture.row(y);
    for (int x = 0; x < picture.width(); x += 16) {
      cv::v_uint16x8 low, high;
      cv::v_expand(cv::v_load(row + x), low, high);
      low = cv::v_mul_hi(low << 8, factor);
      high = cv::v_mul_hi(high << 8, factor);
      cv::v_store(row + x, cv::v_pack(low, high));
    }
  }
}

bool ModelMayFollow(double gain, const Plane& picture) {
  const double factor = std::max(gain, 1 / gain);
  if (factor > kGainKeptMax) return true;
  if (factor > kGainSmall) return false;
  if (gain < 1) return true;
  int saturated = 0;
  for (int y = 0; y < picture.height(); y += 4) {
    const uint8_t* row = picture.row(y);
    for (int x = 0; x < picture.width(); x += 4) saturated += row[x] >= kSaturated ? 1 : 0;
  }
  return 16.0 * saturated < kSaturatedShareMax * picture.width() * picture.height();
}

}  // namespace

void LightFollower::Reset() {
  light_.Reset();
  since_.reset();
}

bool LightFollower::Compensate(Plane& picture, absl::Time time, SampleModel& model,
                               Moment& moment) {
  sample_ = (sample_ + 1) % SampleModel::kSamples;
  const double gain = light_.Estimate(picture, model.sample(sample_));
  model.set_saturated_from(256);
  if (gain == 1.0) {
    since_.reset();
    return false;
  }
  if (std::abs(gain - 1.0) > kGainSame) {
    if (!since_ || std::abs(gain / watched_ - 1.0) > kGainSame) {
      since_ = time;
      watched_ = gain;
    } else if (time - *since_ >= kGainStaysAfter && ModelMayFollow(gain, picture)) {
      model.Scale(gain);
      // What was remembered of a moment ago is in the old light as well.
      Multiply(moment.mutable_plane(), gain);
      Reset();
      return true;
    }
  } else {
    since_.reset();
  }
  Multiply(picture, 1.0 / gain);
  if (gain > 1.0) model.set_saturated_from(static_cast<int>(kSaturated / gain));
  return false;
}

}  // namespace patrol::motion
