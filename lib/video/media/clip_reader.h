#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/video/media/access_unit.h"
#include "lib/video/media/picture.h"

namespace patrol::media {

// What a clip says of itself.
struct ClipInfo {
  std::optional<Codec> codec;    // unset: none of ours; pictures can be had, access units not
  int width = 0;                 // pixels
  int height = 0;                // pixels
  double frames_per_second = 0;  // 0 when unknown
  absl::Duration duration;       // zero when unknown
  int64_t frames = 0;            // 0 when unknown
};

// The first video of a file: mp4, mkv, avi, raw H.264/H.265, or a pattern of images such as
// "in%06d.jpg". Either its access units in decoding order, or its pictures in order of display; use
// one of the two on a reader (a Rewind lets you change).
//
// Threads: one call at a time.
class ClipReader {
 public:
  // start: the time given to the clip's first picture; the others keep their distance from it.
  // Errors: NOT_FOUND, INVALID_ARGUMENT (no video in it, or not a clip), each naming the path.
  static absl::StatusOr<std::unique_ptr<ClipReader>> Open(const std::string& path,
                                                          absl::Time start = absl::UnixEpoch());
  ~ClipReader();
  ClipReader(const ClipReader&) = delete;
  ClipReader& operator=(const ClipReader&) = delete;

  const ClipInfo& info() const;

  // The next coded picture as Annex B, with parameter sets before every keyframe; its time is that
  // of its display. nullopt at the end.
  //
  // Errors: UNIMPLEMENTED for a codec that is none of ours; DATA_LOSS where the file is broken.
  absl::StatusOr<std::optional<AccessUnit>> NextAccessUnit();

  // The next decoded picture in order of display; damaged ones are skipped and counted. nullopt at
  // the end.
  //
  // Errors: DATA_LOSS where the file itself cannot be read further.
  absl::StatusOr<std::optional<Picture>> NextPicture();

  // The same, decoding keyframes only.
  absl::StatusOr<std::optional<Picture>> NextKeyPicture();

  // Of the last picture returned: its number among all pictures of the clip (skipped ones count
  // too), from 0; -1 before the first.
  int64_t number() const;

  // Back to the first picture.
  absl::Status Rewind();

  uint64_t damaged() const;  // pictures skipped since the start or the last Rewind

 private:
  struct Impl;
  explicit ClipReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace patrol::media
