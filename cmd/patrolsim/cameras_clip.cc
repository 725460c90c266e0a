#include "cmd/patrolsim/cameras_clip.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/video/media/clip_reader.h"

namespace patrol::sim {
namespace {

// Of a picture that has no next one to tell how long it lasts.
constexpr double kFpsAssumed = 25;

// Counts times from the first picture and fills in what follows from the whole.
//
// Pictures are sent at the beat of their display times: with B-frames (which cameras do not make)
// the nth picture in decoding order goes out when the nth in display order is shown.
void Finish(double fps, Clip& clip) {
  std::vector<int64_t> beat;
  for (const ClipPicture& picture : clip.pictures) beat.push_back(picture.time_ticks);
  std::sort(beat.begin(), beat.end());
  size_t gop_bytes = 0;
  for (size_t i = 0; i < clip.pictures.size(); ++i) {
    ClipPicture& picture = clip.pictures[i];
    picture.send_ticks = beat[i] - beat[0];
    picture.time_ticks -= beat[0];
    gop_bytes = picture.keyframe ? picture.bytes : gop_bytes + picture.bytes;
    clip.gop_bytes_max = std::max(clip.gop_bytes_max, gop_bytes);
  }
  const double step = kRtpTicksPerSecond / (fps > 0 ? fps : kFpsAssumed);
  clip.duration_ticks = clip.pictures.back().send_ticks + std::max<int64_t>(std::llround(step), 1);
  const double seconds = static_cast<double>(clip.duration_ticks) / kRtpTicksPerSecond;
  clip.fps = static_cast<double>(clip.pictures.size()) / seconds;
  clip.kbps = static_cast<double>(clip.payload.size()) * 8 / 1000 / seconds;
}

}  // namespace

absl::StatusOr<ClipPtr> ReadClip(const std::string& path) {
  PATROL_ASSIGN_OR_RETURN(const auto reader, media::ClipReader::Open(path));
  const media::ClipInfo& info = reader->info();
  if (info.codec != media::Codec::kH264 && info.codec != media::Codec::kH265) {
    return absl::InvalidArgumentError(
        absl::StrCat("clip \"", path, "\": its video is neither H.264 nor H.265"));
  }
  auto clip = std::make_shared<Clip>();
  clip->name = std::filesystem::path(path).stem().string();
  clip->codec = *info.codec;
  clip->width = info.width;
  clip->height = info.height;
  while (true) {
    PATROL_ASSIGN_OR_RETURN(const auto unit, reader->NextAccessUnit());
    if (!unit) break;
    if (!unit->keyframe && clip->pictures.empty()) continue;
    const int64_t time_ticks =
        absl::ToInt64Microseconds(unit->time - absl::UnixEpoch()) * kRtpTicksPerSecond / 1'000'000;
    PacketisePicture(unit->data, unit->keyframe, time_ticks, *clip);
    if (clip->payload.size() > std::numeric_limits<uint32_t>::max() / 2) {
      return absl::InvalidArgumentError(
          absl::StrCat("clip \"", path, "\": over 2 GB of video, and clips are kept in memory"));
    }
  }
  if (clip->pictures.empty() || clip->parameter_sets.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("clip \"", path, "\": no keyframe with parameter sets"));
  }
  Finish(info.frames_per_second, *clip);
  return clip;
}

}  // namespace patrol::sim
