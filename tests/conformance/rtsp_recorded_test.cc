// Goal: what real cameras said can be read. Method: recorded dialogues and session descriptions
// from public collections, by file name; skipped where they are absent.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "lib/video/rtsp/dialogue.h"
#include "lib/video/rtsp/message.h"
#include "lib/video/rtsp/sdp.h"

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

}  // namespace
}  // namespace patrol::rtsp
