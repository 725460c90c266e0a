#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/video/media/picture.h"

namespace patrol::media {

// A closed line over a picture; corners are shares of its width and height, 0..1.
struct Outline {
  enum class Colour : uint8_t { kRed, kYellow, kBlue, kGrey };
  std::vector<std::pair<double, double>> corners;
  Colour colour = Colour::kRed;
};

// Writes pictures with lines drawn over them as an MP4: what an analysis saw, to be looked at.
// H.264 where FFmpeg here can code it, else MPEG-4 Part 2.
//
// Threads: one call at a time.
class AnnotatedClip {
 public:
  // Pictures of other sizes than the first are refused.
  // Errors: UNIMPLEMENTED without an encoder; UNAVAILABLE when the file can't be written.
  static absl::StatusOr<std::unique_ptr<AnnotatedClip>> Open(const std::string& path, int width,
                                                             int height);
  ~AnnotatedClip();
  AnnotatedClip(const AnnotatedClip&) = delete;
  AnnotatedClip& operator=(const AnnotatedClip&) = delete;

  // Pictures in order of their times; one that is not later than the last is left out.
  absl::Status Write(const Picture& picture, const std::vector<Outline>& outlines);
  // Writes what is still held back, and the file's end.
  absl::Status Finish();

 private:
  struct State;
  explicit AnnotatedClip(std::unique_ptr<State> state);
  absl::Status Drain();
  std::unique_ptr<State> state_;
};

}  // namespace patrol::media
