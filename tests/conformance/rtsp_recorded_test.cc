// Goal: what real cameras said can be read. Method: recorded dialogues and session descriptions
// from public collections, by file name; skipped where they are absent.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "lib/video/rtsp/dialogue.h"
#include "lib/video/rtsp/message.h"
#include "lib/video/rtsp/sdp.h"
#include "lib/video/rtsp/stream_receiver.h"

namespace patrol::rtsp {
namespace {

namespace fs = std::filesystem;

const fs::path kData = fs::path(PATROL_SHARED_DIR) / "data/rtsp";

std::string Read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::vector<fs::path> FilesOf(const fs::path& folder, std::string_view part) {
  std::vector<fs::path> files;
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().find(part) != std::string::npos) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

const fs::path kDialogues = kData / "retina/src/client/testdata";

TEST(RecordedReplies, AreReadWholeAndDescribeOurVideo) {
  const std::vector<fs::path> files = FilesOf(kDialogues, "describe");
  if (files.empty()) GTEST_SKIP() << kDialogues << " is absent";
  for (const fs::path& path : files) {
    SCOPED_TRACE(path.filename());
    const auto parsed = ParseMessage(Read(path));
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    ASSERT_TRUE(parsed->has_value());
    QuirkCounts quirks;
    Dialogue dialogue(*Url::Parse("rtsp://10.0.0.1/s"), "", "", "test", &quirks);
    const absl::Status status = dialogue.ReadDescribe((*parsed)->message);
    EXPECT_TRUE(status.ok()) << status;
    // None of them offers both.
    const bool h265 = absl::StrContains((*parsed)->message.body, "H265/90000");
    EXPECT_EQ(dialogue.track().codec, h265 ? media::Codec::kH265 : media::Codec::kH264);
    EXPECT_TRUE(absl::StartsWith(dialogue.Setup(), "SETUP rtsp://"));
  }
}

TEST(RecordedReplies, OfSetupNameChannelsAndSession) {
  const std::vector<fs::path> files = FilesOf(kDialogues, "setup");
  if (files.empty()) GTEST_SKIP() << kDialogues << " is absent";
  for (const fs::path& path : files) {
    SCOPED_TRACE(path.filename());
    const auto parsed = ParseMessage(Read(path));
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    ASSERT_TRUE(parsed->has_value());
    const Message& message = (*parsed)->message;
    EXPECT_FALSE(ParseSessionHeader(message.headers.Get("Session")).id.empty());
    const TransportHeader transport = ParseTransportHeader(message.headers.Get("Transport"));
    const bool udp = absl::StrContains(message.headers.Get("Transport").data(), "client_port");
    EXPECT_EQ(transport.tcp, !udp);
    EXPECT_EQ(transport.rtp_channel.has_value(), !udp);
    QuirkCounts quirks;
    Dialogue dialogue(*Url::Parse("rtsp://10.0.0.1/s"), "", "", "test", &quirks);
    EXPECT_EQ(dialogue.ReadSetup(message).ok(), !udp);
  }
}

TEST(RecordedReplies, OfOtherKindsAreReadWhole) {
  size_t seen = 0;
  for (const char* part : {"play", "options", "teardown", "unauthorized", "rtptime"}) {
    for (const fs::path& path : FilesOf(kDialogues, part)) {
      ++seen;
      SCOPED_TRACE(path.filename());
      const auto parsed = ParseMessage(Read(path));
      ASSERT_TRUE(parsed.ok()) << parsed.status();
      ASSERT_TRUE(parsed->has_value());
      EXPECT_GE((*parsed)->message.status, 200);
      EXPECT_TRUE((*parsed)->message.cseq().has_value());
    }
  }
  if (seen == 0) GTEST_SKIP() << kDialogues << " is absent";
}

TEST(RecordedDescriptions, NameTheirVideo) {
  std::vector<fs::path> files = FilesOf(kDialogues, "_sdp");
  for (const fs::path& path : FilesOf(kData / "sdp_from_issues", ".sdp")) files.push_back(path);
  if (files.empty()) GTEST_SKIP() << kData << " is absent";
  for (const fs::path& path : files) {
    SCOPED_TRACE(path.filename());
    std::string text = Read(path);
    // Some of the collection are whole replies.
    if (absl::StartsWith(text, "RTSP/")) {
      const auto parsed = ParseMessage(text);
      ASSERT_TRUE(parsed.ok() && parsed->has_value());
      text = (*parsed)->message.body;
    }
    const auto session = ParseSdp(text);
    ASSERT_TRUE(session.ok()) << session.status();
    const auto track = ChooseVideo(*session);
    ASSERT_TRUE(track.ok()) << track.status();
    EXPECT_FALSE(track->control.empty());
    if (absl::StrContains(path.filename().string(), "mjpeg")) {
      EXPECT_EQ(track->codec, media::Codec::kMjpeg);
    }
  }
}

struct Units : SessionSink {
  void OnPlaying(media::Codec) override {}
  void OnAccessUnit(media::AccessUnitPtr unit) override { damaged += unit->damaged ? 1 : 0; }
  int damaged = 0;
};

// UDP payloads of a capture of Ethernet frames with IPv4.
std::vector<std::string> Datagrams(const std::string& capture) {
  std::vector<std::string> datagrams;
  const auto byte = [&](size_t at) {
    return static_cast<size_t>(static_cast<uint8_t>(capture[at]));
  };
  for (size_t at = 24; at + 16 <= capture.size();) {
    const size_t size = byte(at + 8) | byte(at + 9) << 8 | byte(at + 10) << 16;
    at += 16;
    if (at + size > capture.size()) break;
    const size_t ip = at + 14;
    const size_t udp = ip + 4 * (byte(ip) & 15);
    if (size > 42 && byte(ip) >> 4 == 4 && byte(ip + 9) == 17) {
      const size_t length = byte(udp + 4) << 8 | byte(udp + 5);
      if (udp + length <= at + size) datagrams.push_back(capture.substr(udp + 8, length - 8));
    }
    at += size;
  }
  return datagrams;
}

TEST(RecordedCaptures, ComeThroughTheReceiverWithTheirKnownLoss) {
  const std::vector<fs::path> files = FilesOf(kData / "pcap", ".pcap");
  if (files.empty())
    GTEST_SKIP() << kData / "pcap"
                 << " is absent";
  for (const fs::path& path : files) {
    SCOPED_TRACE(path.filename());
    const bool h265 = absl::StrContains(absl::AsciiStrToLower(path.filename().string()), "265");
    const std::vector<std::string> datagrams = Datagrams(Read(path));
    ASSERT_FALSE(datagrams.empty());
    VideoTrack track;
    track.codec = h265 ? media::Codec::kH265 : media::Codec::kH264;
    track.payload_type = datagrams.front()[1] & 0x7f;
    SessionStats stats;
    Units units;
    StreamReceiver receiver(track, true, &stats, &units);
    absl::Duration now;
    for (const std::string& datagram : datagrams) {
      now += absl::Milliseconds(5);
      receiver.OnRtp({reinterpret_cast<const uint8_t*>(datagram.data()), datagram.size()},
                     {absl::UnixEpoch() + now, now});
    }
    receiver.OnTime(now + absl::Seconds(1));
    EXPECT_EQ(stats.packets, h265 ? 407 : 3896);
    EXPECT_EQ(stats.packets_lost, h265 ? 0 : 1);
    // The last picture may wait for its end.
    EXPECT_NEAR(static_cast<double>(stats.access_units), h265 ? 276 : 2036, 1);
    EXPECT_LE(units.damaged, h265 ? 0 : 2);
  }
}

}  // namespace
}  // namespace patrol::rtsp
