#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "lib/video/media/access_unit.h"
#include "lib/video/media/slice_headers.h"

namespace patrol::ingest {

// What one access unit told without being decoded.
struct ActivityReading {
  double level = 0;     // departure above the baseline, in its own spreads; 0: as usual
  bool active = false;  // clearly above it
  bool onset = false;   // the first unit of an active stretch
  // What departs: "complexity", "size" (slice QP tells nothing, or less), "keyframe".
  const char* cause = "";
  absl::Time time;  // of the unit
};

// How far a stream's coded size and complexity (bits x 2^(slice QP / 6)) depart from what is usual
// for it. It never proves stillness.
//
// Pictures are compared with their like: keyframes, other pictures that refresh, P, non-reference
// P, reference B and non-reference B have baselines of their own, and P pictures near the last
// keyframe each position its own, since rate control treats them alike in every GOP; so do the
// pictures of an intra refresh, which sweeps over the picture from one recovery point to the next.
// A baseline is a running median and a running 16 % quantile of log2(value + a share of the
// median): quantiles because single pictures are often odd (noise, an encoder's own refreshes), the
// share because what nearly empty pictures differ by means nothing. They move by a spread in half a
// minute or so: day and night, a new bit rate. Complexity is compared always, size only where slice
// QP is not below what is usual, for then rate control alone makes pictures larger; where slice QP
// says nothing (frozen, or varied within the picture) the two are one. The level is a mean over the
// last few pictures, or over some more, so that noise averages out; a single one that stands out as
// no single one did in the last minute counts at once.
//
// Threads: one call at a time. Memory: 0.7 KB and the parameter sets.
class Activity {
 public:
  ActivityReading OnUnit(const media::AccessUnit& unit);

  // What pixels said of a picture of late. Where they see movement the baselines nearly stand
  // still, so that they don't take it for usual; where they see none although the level is up, they
  // follow faster.
  void OnPixels(bool moving);

 private:
  // Median and 16 % quantile of log2(value + a share of its median).
  struct Baseline {
    float usual = 0;  // of log2(value): where that share comes from
    float median = 0;
    float low = 0;

    // How many spreads `value` is above; the first call sets it.
    double Compare(double value, int count) const;
    // follow: of a spread, a picture.
    void Learn(double value, int count, double follow);
  };
  struct Kind {
    Baseline complexity;
    Baseline size;
    float qp = 0;  // usual slice QP
    int count = 0;
  };
  enum KindIndex : uint8_t {
    kKeyframe,
    kRefresh,  // intra pictures that are no keyframes, and P that refer to a long-term picture
    kPredicted,
    kPredictedNonReference = kPredicted + 6,
    kBidirectionalReference,
    kBidirectional,
    kKinds
  };

  Kind& KindOf(const media::AccessUnit& unit, const media::CodedPicture& coded);
  // Spreads above usual.
  double Compare(const media::AccessUnit& unit, const media::CodedPicture& coded, Kind& kind);
  void Average(double spreads);

  std::optional<media::HeaderParser> parser_;
  media::Codec codec_ = media::Codec::kH264;
  std::array<Kind, kKinds> kinds_;
  // Of intra-refresh streams: P pictures by how far the refresh has come. Empty for others.
  std::vector<Kind> sweep_;
  int position_ = 0;  // units since the last keyframe or recovery point
  int period_ = 0;    // of recovery points, units
  bool after_keyframe_ = false;
  double recent_ = 0;  // mean of the last few pictures' spreads
  double longer_ = 0;  // of some more
  double level_ = 0;
  double odd_ = 0;        // the largest spreads of single pictures that nothing followed, fading
  double candidate_ = 0;  // such a picture, perhaps
  int candidate_units_ = 0;
  double pace_ = 1;  // of following, by what pixels said
  int pace_units_ = 0;
  bool active_ = false;
  int calm_ = 0;  // units below the level that keeps it active
  const char* cause_ = "";
};

}  // namespace patrol::ingest
