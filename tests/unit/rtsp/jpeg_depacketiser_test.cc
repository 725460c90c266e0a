// Method: FFmpeg codes a picture with the standard Huffman tables, the test cuts it into packets as
// RFC 2435 says, and what comes out must decode to the same picture.
#include "lib/video/rtsp/jpeg_depacketiser.h"

#include <memory>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "lib/video/media/decoder.h"
#include "tests/unit/rtsp/coded_jpeg.h"

namespace patrol::rtsp {
namespace {

using test::CodedJpeg;
using test::FindMarker;

constexpr int kWidth = test::kJpegWidth;
constexpr int kHeight = test::kJpegHeight;

struct Sender {
  std::vector<RtpPacket> Packets(const std::vector<uint8_t>& jpeg, uint8_t type, uint8_t quality,
                                 bool with_tables, size_t size = 700) {
    std::vector<RtpPacket> packets;
    for (std::vector<uint8_t>& payload :
         test::JpegPayloads(jpeg, type, quality, with_tables, size)) {
      kept.push_back(std::make_unique<std::vector<uint8_t>>(std::move(payload)));
      RtpPacket packet;
      packet.timestamp = time;
      packet.payload = *kept.back();
      packets.push_back(packet);
    }
    packets.back().marker = true;
    time += 3600;
    return packets;
  }
  uint32_t time = 1;
  std::vector<std::unique_ptr<std::vector<uint8_t>>> kept;
};

std::vector<uint8_t> Luma(const std::vector<uint8_t>& jpeg) {
  auto decoder = media::Decoder::Create(media::Codec::kMjpeg);
  EXPECT_TRUE(decoder.ok()) << decoder.status();
  media::AccessUnit unit;
  unit.codec = media::Codec::kMjpeg;
  unit.data = jpeg;
  const auto picture = (*decoder)->Decode(unit);
  EXPECT_TRUE(picture.ok()) << picture.status();
  if (!picture.ok() || !picture->has_value()) return {};
  EXPECT_EQ((*picture)->width(), kWidth);
  EXPECT_EQ((*picture)->height(), kHeight);
  std::vector<uint8_t> luma;
  const uint8_t* plane = (*picture)->plane(0);
  const int stride = (*picture)->stride(0);
  for (int y = 0; y < kHeight; ++y) {
    luma.insert(luma.end(), plane + y * stride, plane + y * stride + kWidth);
  }
  return luma;
}

class JpegTest : public testing::Test {
 protected:
  void SetUp() override {
    if (CodedJpeg(AV_PIX_FMT_YUVJ420P).empty()) GTEST_SKIP() << "FFmpeg has no encoder mjpeg";
  }
  void Send(const std::vector<RtpPacket>& packets, int without = -1) {
    for (int i = 0; i < static_cast<int>(packets.size()); ++i) {
      if (i == without) continue;
      depacketiser_.OnPacket(packets[static_cast<size_t>(i)], without >= 0 && i == without + 1,
                             &units_);
    }
  }
  Sender sender_;
  QuirkCounts quirks_;
  JpegDepacketiser depacketiser_{&quirks_};
  std::vector<AssembledUnit> units_;
};

TEST_F(JpegTest, MakesTheSamePictureOfTablesThatWereSent) {
  const auto jpeg = CodedJpeg(AV_PIX_FMT_YUVJ420P);
  Send(sender_.Packets(jpeg, 1, 255, true));
  ASSERT_EQ(units_.size(), 1u);
  EXPECT_TRUE(units_[0].keyframe);
  EXPECT_FALSE(units_[0].damaged);
  EXPECT_EQ(Luma(units_[0].data), Luma(jpeg));
  EXPECT_TRUE(quirks_.empty());
}

TEST_F(JpegTest, TellsTheSamplingOfTheTwoTypes) {
  const auto jpeg = CodedJpeg(AV_PIX_FMT_YUVJ420P);
  for (const uint8_t type : {uint8_t{0}, uint8_t{1}}) {
    units_.clear();
    Send(sender_.Packets(jpeg, type, 255, true));
    ASSERT_EQ(units_.size(), 1u);
    const size_t frame = FindMarker(units_[0].data, 0xc0);
    EXPECT_EQ(units_[0].data[frame + 7], type == 0 ? 0x21 : 0x22);
  }
}

TEST_F(JpegTest, RemembersTablesOfADynamicQuality) {
  const auto jpeg = CodedJpeg(AV_PIX_FMT_YUVJ420P);
  Send(sender_.Packets(jpeg, 1, 200, false));
  EXPECT_TRUE(units_.empty());
  EXPECT_EQ(quirks_["jpeg_tables_absent"], 1);
  Send(sender_.Packets(jpeg, 1, 200, true));
  Send(sender_.Packets(jpeg, 1, 200, false));
  ASSERT_EQ(units_.size(), 2u);
  EXPECT_EQ(Luma(units_[1].data), Luma(jpeg));
}

TEST_F(JpegTest, ScalesTheStandardTablesByQuality) {
  const auto jpeg = CodedJpeg(AV_PIX_FMT_YUVJ420P);
  Send(sender_.Packets(jpeg, 1, 50, false));
  ASSERT_EQ(units_.size(), 1u);
  // ITU-T T.81 table K.1 begins 16 11 12 14 12 10 in zigzag order.
  const std::vector<uint8_t> begin(units_[0].data.begin() + 7, units_[0].data.begin() + 13);
  EXPECT_EQ(begin, (std::vector<uint8_t>{16, 11, 12, 14, 12, 10}));
  EXPECT_EQ(Luma(units_[0].data).size(), static_cast<size_t>(kWidth * kHeight));
}

TEST_F(JpegTest, WritesTheRestartInterval) {
  Send(sender_.Packets(CodedJpeg(AV_PIX_FMT_YUVJ420P), 65, 255, true));
  ASSERT_EQ(units_.size(), 1u);
  const std::vector<uint8_t> wanted = {0xff, 0xdd, 0, 4, 0, 40};
  EXPECT_NE(std::search(units_[0].data.begin(), units_[0].data.end(), wanted.begin(), wanted.end()),
            units_[0].data.end());
}

TEST_F(JpegTest, MarksAPictureThatLostAPacketAndDropsOneThatLostItsFirst) {
  const auto jpeg = CodedJpeg(AV_PIX_FMT_YUVJ420P);
  Send(sender_.Packets(jpeg, 1, 255, true), 2);
  ASSERT_EQ(units_.size(), 1u);
  EXPECT_TRUE(units_[0].damaged);
  Send(sender_.Packets(jpeg, 1, 255, true), 0);
  EXPECT_EQ(units_.size(), 1u);
  Send(sender_.Packets(jpeg, 1, 255, true));
  ASSERT_EQ(units_.size(), 2u);
  EXPECT_FALSE(units_[1].damaged);
}

TEST_F(JpegTest, EndsAPictureWithoutMarkerWhereTheTimeChanges) {
  const auto jpeg = CodedJpeg(AV_PIX_FMT_YUVJ420P);
  auto packets = sender_.Packets(jpeg, 1, 255, true);
  packets.back().marker = false;
  Send(packets);
  EXPECT_TRUE(units_.empty());
  Send(sender_.Packets(jpeg, 1, 255, true));
  EXPECT_EQ(units_.size(), 2u);
  EXPECT_EQ(quirks_["jpeg_marker_absent"], 1);
}

TEST_F(JpegTest, RefusesWhatItCannotRead) {
  const std::vector<std::vector<uint8_t>> payloads = {{},
                                                      {0, 0, 0},
                                                      {0, 0, 0, 0, 1, 255, 0, 0, 0},
                                                      {0, 0, 0, 0, 7, 50, 4, 4, 1, 2},
                                                      {0, 0, 0, 0, 64, 50, 4, 4, 1},
                                                      {0, 0, 0, 0, 1, 255, 4, 4, 0, 0, 0, 64, 1, 2},
                                                      {0, 0, 0, 0, 1, 255, 4, 4, 0, 3, 0, 128},
                                                      {0, 0xff, 0xff, 0xff, 1, 50, 4, 4, 9}};
  for (const std::vector<uint8_t>& payload : payloads) {
    RtpPacket packet;
    packet.payload = payload;
    packet.marker = true;
    depacketiser_.OnPacket(packet, false, &units_);
    EXPECT_TRUE(units_.empty());
  }
  EXPECT_FALSE(quirks_.empty());
}

}  // namespace
}  // namespace patrol::rtsp
