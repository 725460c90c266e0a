#include "lib/video/rtsp/interleaved.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

namespace patrol::rtsp {
namespace {

constexpr size_t kFrameHeaderBytes = 4;

constexpr std::array<std::string_view, 12> kMessageStarts = {
    "RTSP/",  "OPTIONS ",  "DESCRIBE ",      "ANNOUNCE ", "SETUP ",    "PLAY ",
    "PAUSE ", "TEARDOWN ", "GET_PARAMETER ", "RECORD ",   "REDIRECT ", "SET_PARAMETER ",
};

std::string_view Text(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

size_t FrameBytes(std::span<const uint8_t> bytes) {
  return kFrameHeaderBytes + (static_cast<size_t>(bytes[2]) << 8 | bytes[3]);
}

// Whether a message begins here; nullopt when more bytes are needed to tell.
std::optional<bool> BeginsMessage(std::span<const uint8_t> bytes) {
  const std::string_view text = Text(bytes);
  bool perhaps = false;
  for (std::string_view start : kMessageStarts) {
    const size_t common = std::min(start.size(), text.size());
    if (text.substr(0, common) != start.substr(0, common)) continue;
    if (common == start.size()) return true;
    perhaps = true;
  }
  if (perhaps) return std::nullopt;
  return false;
}

// Whether a frame or a message begins here; nullopt when more bytes are needed to tell.
std::optional<bool> GoesOn(std::span<const uint8_t> bytes) {
  if (bytes.empty()) return std::nullopt;
  if (bytes[0] == '$') return true;
  return BeginsMessage(bytes);
}

}  // namespace

void Deinterleaver::ExpectChannels(uint8_t rtp, uint8_t rtcp) {
  channels_known_ = true;
  rtp_channel_ = rtp;
  rtcp_channel_ = rtcp;
}

absl::Status Deinterleaver::Feed(std::span<const uint8_t> bytes) {
  // The unfinished frame first: only what it lacks is copied, the rest is read where it lies.
  while (!rest_.empty() && !bytes.empty()) {
    size_t take = bytes.size();
    if (rest_.front() == '$') {
      const size_t want = rest_.size() < kFrameHeaderBytes + 1
                              ? kFrameHeaderBytes + 1
                              : std::max(FrameBytes(rest_), kFrameHeaderBytes + 1);
      take = std::min(take, want > rest_.size() ? want - rest_.size() : 1);
    }
    rest_.insert(rest_.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(take));
    bytes = bytes.subspan(take);
    size_t used = 0;
    while (used < rest_.size()) {
      absl::StatusOr<size_t> took = TakeOne(std::span<const uint8_t>(rest_).subspan(used));
      if (!took.ok()) return took.status();
      if (*took == 0) break;
      used += *took;
    }
    rest_.erase(rest_.begin(), rest_.begin() + static_cast<ptrdiff_t>(used));
  }
  while (!bytes.empty()) {
    absl::StatusOr<size_t> took = TakeOne(bytes);
    if (!took.ok()) return took.status();
    if (*took == 0) break;
    bytes = bytes.subspan(*took);
  }
  if (!bytes.empty()) rest_.assign(bytes.begin(), bytes.end());
  // A large frame or message must not keep its memory for the life of the session.
  if (rest_.empty() && rest_.capacity() > 16 * 1024) std::vector<uint8_t>().swap(rest_);
  return absl::OkStatus();
}

absl::StatusOr<size_t> Deinterleaver::TakeOne(std::span<const uint8_t> bytes) {
  if (bytes[0] == '$') return TakeFrame(bytes);
  if (!in_junk_ && (bytes[0] == '\r' || bytes[0] == '\n')) {
    ++offset_;
    return 1;
  }
  const std::optional<bool> message = BeginsMessage(bytes);
  if (!message) return 0;
  if (*message) return TakeMessage(bytes);
  return SkipJunk(bytes);
}

absl::StatusOr<size_t> Deinterleaver::TakeFrame(std::span<const uint8_t> bytes) {
  if (bytes.size() < kFrameHeaderBytes) return 0;
  const uint8_t channel = bytes[1];
  const size_t size = FrameBytes(bytes);
  if (in_junk_) {
    if (bytes.size() < kFrameHeaderBytes + 1) return 0;
    const bool believable = channels_known_ &&
                            (channel == rtp_channel_ || channel == rtcp_channel_) &&
                            size >= kFrameHeaderBytes + 8 && bytes[4] >> 6 == 2;
    if (!believable) return SkipJunk(bytes);
  }
  if (bytes.size() < size) return 0;
  if (!in_junk_ && channels_known_ && channel != rtp_channel_ && channel != rtcp_channel_) {
    // Junk may begin with "$" as well: what follows tells.
    const std::optional<bool> goes_on = GoesOn(bytes.subspan(size));
    if (!goes_on) return 0;
    if (!*goes_on) return SkipJunk(bytes);
  }
  in_junk_ = false;
  junk_bytes_ = 0;
  offset_ += size;
  sink_.OnFrame(channel, bytes.subspan(kFrameHeaderBytes, size - kFrameHeaderBytes));
  return size;
}

absl::StatusOr<size_t> Deinterleaver::TakeMessage(std::span<const uint8_t> bytes) {
  absl::StatusOr<std::optional<ParsedMessage>> parsed = ParseMessage(Text(bytes));
  if (!parsed.ok()) {
    return absl::Status(parsed.status().code(),
                        absl::StrCat("rtsp message at byte ", offset_,
                                     " of the connection: ", parsed.status().message()));
  }
  if (!*parsed) return 0;
  in_junk_ = false;
  junk_bytes_ = 0;
  offset_ += (*parsed)->bytes;
  const size_t size = (*parsed)->bytes;
  sink_.OnMessage(std::move((*parsed)->message));
  return size;
}

absl::StatusOr<size_t> Deinterleaver::SkipJunk(std::span<const uint8_t> bytes) {
  size_t skip = 1;
  while (skip < bytes.size() && bytes[skip] != '$' &&
         BeginsMessage(bytes.subspan(skip)) == std::optional<bool>(false)) {
    ++skip;
  }
  in_junk_ = true;
  junk_bytes_ += skip;
  offset_ += skip;
  sink_.OnJunk(skip);
  if (junk_bytes_ > kJunkBytesMax) {
    return absl::DataLossError(absl::StrCat("no frame and no message in ", junk_bytes_,
                                            " bytes up to byte ", offset_, " of the connection"));
  }
  return skip;
}

}  // namespace patrol::rtsp
