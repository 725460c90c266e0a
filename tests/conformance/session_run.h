#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "lib/base/asio.h"
#include "lib/base/limits.h"
#include "lib/video/media/decoder.h"
#include "lib/video/rtsp/session.h"
#include "tests/conformance/scripted_camera.h"

namespace patrol::rtsp {

// Runs one session on a loop of its own.
class SessionRun : public SessionSink {
 public:
  explicit SessionRun(SessionOptions options)
      : buffer_(limits::kReceiveBufferBytes),
        session_(std::make_unique<Session>(loop_, std::move(options), SystemClock::Get(), buffer_,
                                           *this)) {
    session_->Start([this](absl::Status status) { end = std::move(status); });
  }

  // Until the condition holds; false after 20 s.
  bool Until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      if (loop_.stopped()) loop_.restart();
      loop_.run_one_for(std::chrono::milliseconds(20));
    }
    return true;
  }
  absl::Status UntilEnd() {
    if (!Until([this] { return end.has_value(); })) return absl::UnknownError("it did not end");
    return *end;
  }
  bool UntilUnits(size_t count) {
    return Until([&] { return units.size() >= count || end; }) && units.size() >= count;
  }
  void Stop() { session_->Stop(); }
  void Destroy() { session_.reset(); }
  SessionStats stats() const { return session_->stats(); }
  int64_t Quirk(std::string_view name) const {
    const auto found = session_->stats().quirks.find(name);
    return found == session_->stats().quirks.end() ? 0 : found->second;
  }

  void OnPlaying(media::Codec played) override { codec = played; }
  void OnAccessUnit(media::AccessUnitPtr unit) override { units.push_back(std::move(unit)); }

  std::optional<media::Codec> codec;
  std::vector<media::AccessUnitPtr> units;
  std::optional<absl::Status> end;

 private:
  asio::io_context loop_;
  std::vector<uint8_t> buffer_;
  std::unique_ptr<Session> session_;
};

inline SessionOptions OptionsFor(const test::ScriptedRtspServer& server) {
  SessionOptions options;
  options.url = server.Url();
  return options;
}

inline int DecodedWithoutError(const std::vector<media::AccessUnitPtr>& units) {
  auto decoder = media::Decoder::Create(units.front()->codec);
  EXPECT_TRUE(decoder.ok()) << decoder.status();
  int pictures = 0;
  for (const media::AccessUnitPtr& unit : units) {
    const auto picture = (*decoder)->Decode(*unit);
    EXPECT_TRUE(picture.ok()) << picture.status();
    if (picture.ok() && picture->has_value()) ++pictures;
  }
  return pictures;
}

}  // namespace patrol::rtsp

#define SKIP_WITHOUT_ENCODER() \
  if (test::CodedClip().empty()) GTEST_SKIP() << "FFmpeg has no encoder libx264"
