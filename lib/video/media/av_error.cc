#include "lib/video/media/av_error.h"

#include <atomic>
#include <cstdarg>
#include <cstring>
#include <ctime>
#include <mutex>
#include <string>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"

extern "C" {
#include <libavutil/error.h>
#include <libavutil/log.h>
}

namespace patrol::media {

namespace {

absl::StatusCode CodeOf(int error) {
  switch (error) {
    // what the bytes are
    case AVERROR_INVALIDDATA:  // does not parse
    case AVERROR_EOF:          // ends before it should
      return absl::StatusCode::kDataLoss;
    // what this FFmpeg can do
    case AVERROR_DECODER_NOT_FOUND:  // built without it
    case AVERROR_ENCODER_NOT_FOUND:
    case AVERROR_DEMUXER_NOT_FOUND:
    case AVERROR_BSF_NOT_FOUND:
    case AVERROR_PATCHWELCOME:  // a feature of the codec FFmpeg lacks
    case AVERROR(ENOSYS):
      return absl::StatusCode::kUnimplemented;
    // what the machine has
    case AVERROR(ENOMEM):
      return absl::StatusCode::kResourceExhausted;
    case AVERROR(ENOENT):
      return absl::StatusCode::kNotFound;
    case AVERROR(EACCES):
    case AVERROR(EPERM):
      return absl::StatusCode::kPermissionDenied;
    case AVERROR(EIO):
    case AVERROR(ETIMEDOUT):
      return absl::StatusCode::kUnavailable;
    // what we asked for
    case AVERROR(EINVAL):
    case AVERROR_STREAM_NOT_FOUND:
    case AVERROR_OPTION_NOT_FOUND:
      return absl::StatusCode::kInvalidArgument;
    // AVERROR_BUG, AVERROR_BUG2, AVERROR_EXTERNAL, AVERROR_UNKNOWN and what is new to us
    default:
      return absl::StatusCode::kInternal;
  }
}

// Lines of the current second, and those held back since the last line.
std::atomic<int64_t> log_second{0};
std::atomic<int> log_lines{0};
std::atomic<int64_t> log_held_back{0};

thread_local uint64_t missing_references = 0;

void OnFfmpegLog(void* source, int level, const char* format, va_list arguments) {
  // libavcodec/hevc_refs.c says it here and nowhere else.
  if (level <= AV_LOG_ERROR && std::strstr(format, "Could not find ref with POC") != nullptr) {
    ++missing_references;
  }
  if (level > AV_LOG_WARNING || !spdlog::should_log(spdlog::level::debug)) return;
  const int64_t now = std::time(nullptr);
  if (log_second.exchange(now, std::memory_order_relaxed) != now) log_lines = 0;
  if (log_lines.fetch_add(1, std::memory_order_relaxed) >= limits::kFfmpegLinesPerSecondMax) {
    log_held_back.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  char line[512];
  int print_prefix = 1;
  av_log_format_line2(source, level, format, arguments, line, sizeof(line), &print_prefix);
  std::string text(line);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const int64_t held_back = log_held_back.exchange(0, std::memory_order_relaxed);
  if (held_back > 0) {
    PATROL_LOG_DEBUG("ffmpeg: {} ({} messages held back before)", text, held_back);
  } else {
    PATROL_LOG_DEBUG("ffmpeg: {}", text);
  }
}

}  // namespace

absl::Status StatusFromAv(int error, std::string_view context) {
  if (error >= 0) return absl::OkStatus();
  char text[AV_ERROR_MAX_STRING_SIZE] = "unknown";
  av_strerror(error, text, sizeof(text));
  return absl::Status(CodeOf(error), absl::StrCat(absl::string_view(context.data(), context.size()),
                                                  ": ", text, " (averror ", error, ")"));
}

void RouteFfmpegLog() {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_callback(OnFfmpegLog); });
}

void RouteFfmpegLogAgain() { av_log_set_callback(OnFfmpegLog); }

uint64_t MissingReferencesOnThisThread() { return missing_references; }

}  // namespace patrol::media
