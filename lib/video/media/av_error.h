#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace patrol::media {

// The one translation of FFmpeg's error numbers.
//
// error:   a negative AVERROR; zero and above give OK.
// context: what was tried on what, e.g. "decode h264 access unit".
// Returns: a status whose message is "<context>: <FFmpeg's text> (averror <number>)".
absl::Status StatusFromAv(int error, std::string_view context);

// Sends FFmpeg's own messages to our log, at debug level and at most kFfmpegLinesPerSecondMax a
// second (broken streams of hundreds of cameras would flood it); those held back are counted in the
// next line. Every maker of a codec or demuxer in this room calls it; later calls do nothing.
//
// Threads: any.
void RouteFfmpegLog();

// The same once more, after someone else (a test) has taken FFmpeg's messages for a while.
void RouteFfmpegLogAgain();

// How often FFmpeg's H.265 decoder has said on this thread that a reference picture is missing. It
// makes one up and sets no flag, so its message is the only sign (FFmpeg 5.1; decoder_test would
// notice a change). Counts only after RouteFfmpegLog.
uint64_t MissingReferencesOnThisThread();

}  // namespace patrol::media
