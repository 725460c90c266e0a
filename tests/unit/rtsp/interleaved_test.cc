#include "lib/video/rtsp/interleaved.h"

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace patrol::rtsp {
namespace {

using Bytes = std::vector<uint8_t>;

class Recorder : public InterleavedSink {
 public:
  void OnFrame(uint8_t channel, std::span<const uint8_t> payload) override {
    frames.emplace_back(channel, Bytes(payload.begin(), payload.end()));
  }
  void OnMessage(Message message) override { messages.push_back(std::move(message)); }
  void OnJunk(size_t bytes) override { junk += bytes; }

  std::vector<std::pair<uint8_t, Bytes>> frames;
  std::vector<Message> messages;
  size_t junk = 0;
};

Bytes Payload(size_t size, uint8_t fill) {
  Bytes payload(size, fill);
  payload[0] = 0x80;
  return payload;
}

void AddFrame(Bytes* bytes, uint8_t channel, const Bytes& payload) {
  bytes->push_back('$');
  bytes->push_back(channel);
  bytes->push_back(static_cast<uint8_t>(payload.size() >> 8));
  bytes->push_back(static_cast<uint8_t>(payload.size()));
  bytes->insert(bytes->end(), payload.begin(), payload.end());
}

void AddText(Bytes* bytes, std::string_view text) {
  bytes->insert(bytes->end(), text.begin(), text.end());
}

Bytes Mixed() {
  Bytes bytes;
  AddText(&bytes, "RTSP/1.0 200 OK\r\nCSeq: 4\r\n\r\n");
  AddFrame(&bytes, 0, Payload(1400, 'a'));
  AddFrame(&bytes, 1, Payload(28, 'b'));
  AddText(&bytes, "RTSP/1.0 200 OK\r\nCSeq: 5\r\nContent-Length: 3\r\n\r\n$$$");
  AddFrame(&bytes, 0, Payload(20, '$'));
  AddText(&bytes, "OPTIONS rtsp://h RTSP/1.0\r\nCSeq: 1\r\n\r\n\r\n");
  AddFrame(&bytes, 0, Bytes());
  AddFrame(&bytes, 0, Payload(65535, 'R'));
  return bytes;
}

void ExpectMixed(const Recorder& recorder) {
  ASSERT_EQ(recorder.frames.size(), 5u);
  EXPECT_EQ(recorder.frames[0].second, Payload(1400, 'a'));
  EXPECT_EQ(recorder.frames[1].first, 1);
  EXPECT_EQ(recorder.frames[2].second, Payload(20, '$'));
  EXPECT_TRUE(recorder.frames[3].second.empty());
  EXPECT_EQ(recorder.frames[4].second.size(), 65535u);
  ASSERT_EQ(recorder.messages.size(), 3u);
  EXPECT_EQ(recorder.messages[1].body, "$$$");
  EXPECT_EQ(recorder.messages[2].method, "OPTIONS");
  EXPECT_EQ(recorder.junk, 0u);
}

TEST(Deinterleaver, TakesFramesAndMessagesInAnySplit) {
  const Bytes bytes = Mixed();
  for (const size_t piece : {size_t{1}, size_t{2}, size_t{3}, size_t{5}, size_t{7}, size_t{64},
                             size_t{1403}, size_t{1404}, size_t{1405}, bytes.size()}) {
    Recorder recorder;
    Deinterleaver deinterleaver(recorder);
    deinterleaver.ExpectChannels(0, 1);
    for (size_t at = 0; at < bytes.size(); at += piece) {
      const auto part =
          std::span<const uint8_t>(bytes).subspan(at, std::min(piece, bytes.size() - at));
      ASSERT_TRUE(deinterleaver.Feed(part).ok()) << "piece " << piece << " at " << at;
    }
    SCOPED_TRACE(piece);
    ExpectMixed(recorder);
    EXPECT_EQ(deinterleaver.offset(), bytes.size());
  }
}

TEST(Deinterleaver, FindsTheStreamAgainBehindJunk) {
  Bytes bytes;
  AddFrame(&bytes, 0, Payload(100, 'a'));
  // Looks like a frame of an unknown channel, of no RTP, and the beginning of a message.
  AddText(&bytes, "junk $\x09\x01\x01 $ RTS OPT \r\n $");
  bytes.push_back(0);
  AddFrame(&bytes, 0, Payload(50, 'b'));
  AddText(&bytes, "more junkRTSP/1.0 200 OK\r\nCSeq: 8\r\n\r\n");
  AddFrame(&bytes, 1, Payload(30, 'c'));
  for (const size_t piece : {size_t{1}, size_t{4}, size_t{13}, bytes.size()}) {
    Recorder recorder;
    Deinterleaver deinterleaver(recorder);
    deinterleaver.ExpectChannels(0, 1);
    for (size_t at = 0; at < bytes.size(); at += piece) {
      ASSERT_TRUE(
          deinterleaver
              .Feed(std::span<const uint8_t>(bytes).subspan(at, std::min(piece, bytes.size() - at)))
              .ok());
    }
    SCOPED_TRACE(piece);
    ASSERT_EQ(recorder.frames.size(), 3u);
    EXPECT_EQ(recorder.frames[1].second, Payload(50, 'b'));
    EXPECT_EQ(recorder.frames[2].second, Payload(30, 'c'));
    EXPECT_EQ(recorder.messages.size(), 1u);
    EXPECT_GT(recorder.junk, 20u);
  }
}

TEST(Deinterleaver, LosesHardlyAFrameToJunkThatBeginsLikeOne) {
  std::mt19937 random(11);
  constexpr int kPieces = 400;
  Bytes bytes;
  for (int i = 0; i < kPieces; ++i) {
    for (int j = 0; j < 5; ++j) AddFrame(&bytes, 0, Payload(200 + random() % 1200, 'a'));
    bytes.push_back('$');
    for (size_t j = 1 + random() % 200; j > 0; --j) {
      bytes.push_back(static_cast<uint8_t>(random()));
    }
    bytes.back() &= 0x7f;
  }
  // More than the longest frame that the last of it may promise.
  for (int i = 0; i < 60; ++i) AddFrame(&bytes, 1, Payload(1200, 'b'));
  AddText(&bytes, "RTSP/1.0 200 OK\r\n\r\n");
  Recorder recorder;
  Deinterleaver deinterleaver(recorder);
  deinterleaver.ExpectChannels(0, 1);
  for (size_t at = 0; at < bytes.size(); at += 4000) {
    const size_t size = std::min<size_t>(4000, bytes.size() - at);
    ASSERT_TRUE(deinterleaver.Feed(std::span<const uint8_t>(bytes).subspan(at, size)).ok());
  }
  size_t ours = 0;
  for (const auto& [channel, payload] : recorder.frames) ours += channel == 0 ? 1 : 0;
  // Some of it looks like a frame of ours, with a length of its own.
  EXPECT_GE(ours, kPieces * 5 * 95 / 100);
  EXPECT_EQ(recorder.messages.size(), 1u);
}

TEST(Deinterleaver, GivesUpOnEndlessJunkAndSaysWhere) {
  Recorder recorder;
  Deinterleaver deinterleaver(recorder);
  deinterleaver.ExpectChannels(0, 1);
  const Bytes junk(Deinterleaver::kJunkBytesMax + 10, 0xff);
  const absl::Status status = deinterleaver.Feed(junk);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(status.message().find("byte"), absl::string_view::npos);
}

TEST(Deinterleaver, NamesThePlaceOfABrokenMessage) {
  Recorder recorder;
  Deinterleaver deinterleaver(recorder);
  Bytes bytes;
  AddFrame(&bytes, 0, Payload(6, 'a'));
  AddText(&bytes, "RTSP/1.0 what\r\n\r\n");
  const absl::Status status = deinterleaver.Feed(bytes);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(status.message().find("byte 10 "), absl::string_view::npos) << status;
}

}  // namespace
}  // namespace patrol::rtsp
