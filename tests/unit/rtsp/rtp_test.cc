#include "lib/video/rtsp/rtp.h"

#include <vector>

#include "gtest/gtest.h"

namespace patrol::rtsp {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes Header(uint8_t first, uint8_t second = 96) {
  return {first, second, 0x12, 0x34, 0, 0, 0, 9, 0xde, 0xad, 0xbe, 0xef};
}

Bytes With(Bytes header, std::initializer_list<int> more) {
  for (int byte : more) header.push_back(static_cast<uint8_t>(byte));
  return header;
}

TEST(ParseRtp, ReadsHeaderAndPayload) {
  const Bytes bytes = With(Header(0x80, 0xe0), {1, 2, 3});
  const auto packet = ParseRtp(bytes);
  ASSERT_TRUE(packet.ok()) << packet.status();
  EXPECT_TRUE(packet->marker);
  EXPECT_EQ(packet->payload_type, 96);
  EXPECT_EQ(packet->sequence, 0x1234);
  EXPECT_EQ(packet->timestamp, 9u);
  EXPECT_EQ(packet->ssrc, 0xdeadbeefu);
  EXPECT_EQ(packet->payload.size(), 3u);
}

TEST(ParseRtp, TakesOffSourcesExtensionAndPadding) {
  const Bytes bytes =
      With(Header(0xb1), {7, 7, 7, 7, 0xbe, 0xde, 0, 1, 1, 2, 3, 4, 42, 43, 0, 0, 3});
  const auto packet = ParseRtp(bytes);
  ASSERT_TRUE(packet.ok()) << packet.status();
  ASSERT_EQ(packet->payload.size(), 2u);
  EXPECT_EQ(packet->payload[0], 42);
}

TEST(ParseRtp, RefusesWhatDoesNotFit) {
  EXPECT_FALSE(ParseRtp(Bytes()).ok());
  EXPECT_FALSE(ParseRtp(Bytes(11, 0x80)).ok());
  EXPECT_FALSE(ParseRtp(With(Header(0x40), {1})).ok());                 // version 1
  EXPECT_FALSE(ParseRtp(With(Header(0x8f), {1, 2, 3, 4})).ok());        // 15 sources
  EXPECT_FALSE(ParseRtp(With(Header(0x90), {0, 0, 0xff, 0xff})).ok());  // extension
  EXPECT_FALSE(ParseRtp(With(Header(0x90), {0, 0})).ok());
  EXPECT_FALSE(ParseRtp(With(Header(0xa0), {1, 2, 9})).ok());  // padding
  EXPECT_FALSE(ParseRtp(With(Header(0xa0), {1, 2, 0})).ok());
  EXPECT_FALSE(ParseRtp(Header(0xa0)).ok());
}

TEST(SequenceTracker, CountsGapsAcrossTheWrap) {
  SequenceTracker tracker;
  using Verdict = SequenceTracker::Verdict;
  EXPECT_EQ(tracker.OnPacket(65534, 1), Verdict::kInOrder);
  EXPECT_EQ(tracker.OnPacket(65535, 1), Verdict::kInOrder);
  EXPECT_EQ(tracker.OnPacket(0, 1), Verdict::kInOrder);
  EXPECT_EQ(tracker.OnPacket(3, 1), Verdict::kGap);
  EXPECT_EQ(tracker.lost(), 2);
  EXPECT_EQ(tracker.OnPacket(3, 1), Verdict::kOld);
  EXPECT_EQ(tracker.OnPacket(2, 1), Verdict::kOld);
  EXPECT_EQ(tracker.OnPacket(4, 1), Verdict::kInOrder);
  EXPECT_EQ(tracker.lost(), 2);
}

TEST(SequenceTracker, TakesAFarJumpOrANewSourceAsANewBeginning) {
  SequenceTracker tracker;
  using Verdict = SequenceTracker::Verdict;
  tracker.OnPacket(10, 1);
  EXPECT_EQ(tracker.OnPacket(40000, 1), Verdict::kRestart);
  EXPECT_EQ(tracker.OnPacket(5, 2), Verdict::kRestart);
  EXPECT_TRUE(tracker.ssrc_changed());
  EXPECT_EQ(tracker.OnPacket(6, 3), Verdict::kInOrder);  // numbering goes on: nothing was lost
  EXPECT_TRUE(tracker.ssrc_changed());
  EXPECT_EQ(tracker.lost(), 0);
}

TEST(ParseRtcp, ReadsSenderReportAndByeOfACompound) {
  Bytes bytes = {0x80, 200, 0, 6,    0xde, 0xad, 0xbe, 0xef, 0xe8, 0, 0, 1, 0x80, 0,
                 0,    0,   0, 0x01, 0x5f, 0x90, 0,    0,    0,    5, 0, 0, 0,    6};
  const Bytes bye = {0x81, 203, 0, 1, 0xde, 0xad, 0xbe, 0xef};
  bytes.insert(bytes.end(), bye.begin(), bye.end());
  const ParsedRtcp parsed = ParseRtcp(bytes);
  EXPECT_FALSE(parsed.truncated);
  ASSERT_TRUE(parsed.report.sender_report.has_value());
  EXPECT_EQ(parsed.report.sender_report->ntp, 0xe800000180000000u);
  EXPECT_EQ(parsed.report.sender_report->rtp_time, 90000u);
  ASSERT_EQ(parsed.report.bye.size(), 1u);
  EXPECT_EQ(parsed.report.bye[0], 0xdeadbeefu);
}

TEST(ParseRtcp, TakesWhatItCanOfATruncatedCompound) {
  const ParsedRtcp parsed = ParseRtcp(Bytes{0x80, 203, 0, 0, 0x80, 200, 0, 6, 1, 2});
  EXPECT_TRUE(parsed.truncated);
  EXPECT_TRUE(parsed.report.has_bye);
  EXPECT_TRUE(parsed.report.bye.empty());
  EXPECT_TRUE(ParseRtcp(Bytes{0x80}).truncated);
  EXPECT_TRUE(ParseRtcp(Bytes{0, 0, 0, 0}).truncated);
}

TEST(ParseRtcp, ReadsNoMoreSourcesThanABye) {
  EXPECT_EQ(ParseRtcp(Bytes{0x9f, 203, 0, 1, 0, 0, 0, 1}).report.bye.size(), 1u);
}

TEST(WriteReceiverReport, IsTheCompoundThatRfc3550AsksFor) {
  std::vector<uint8_t> bytes;
  ReceiverReport report;
  report.own_ssrc = 0x01020304;
  report.ssrc = 0x0a0b0c0d;
  report.fraction_lost = 25;
  report.lost = 258;
  report.extended_highest = 0x00010002;
  report.jitter = 7;
  report.last_sender_report = 0x11223344;
  report.since_sender_report = 65536;
  WriteReceiverReport(report, true, &bytes);
  const std::vector<uint8_t> expected = {0x81, 201,  0,    7,    1, 2, 3,   4, 0xa,  0xb, 0xc, 0xd,
                                         25,   0,    1,    2,    0, 1, 0,   2, 0,    0,   0,   7,
                                         0x11, 0x22, 0x33, 0x44, 0, 1, 0,   0, 0x81, 202, 0,   3,
                                         1,    2,    3,    4,    1, 1, 'p', 0, 0,    0,   0,   0};
  EXPECT_EQ(bytes, expected);
  EXPECT_FALSE(ParseRtcp(bytes).truncated);
  WriteReceiverReport(report, false, &bytes);
  EXPECT_EQ(bytes[0], 0x80);
  EXPECT_EQ(bytes[3], 1);
  EXPECT_FALSE(ParseRtcp(bytes).truncated);
}

TEST(SequenceTracker, CountsWrapsForReceiverReports) {
  SequenceTracker tracker;
  for (const int sequence : {65534, 65535, 0, 3, 60000, 60001}) {
    tracker.OnPacket(static_cast<uint16_t>(sequence), 1);
    if (sequence == 3) {
      EXPECT_EQ(tracker.extended_highest(), 0x10003u);
    }
  }
  // A restart is no wrap.
  EXPECT_EQ(tracker.extended_highest(), 0x10000u + 60001u);
}

}  // namespace
}  // namespace patrol::rtsp
