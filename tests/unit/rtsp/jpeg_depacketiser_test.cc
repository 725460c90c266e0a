// Method: FFmpeg codes a picture with the standard Huffman tables, the test cuts it into packets as
// RFC 2435 says, and what comes out must decode to the same picture.
#include "lib/video/rtsp/jpeg_depacketiser.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "lib/video/media/decoder.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>
#include <libavutil/opt.h>
}

namespace patrol::rtsp {
namespace {

constexpr int kWidth = 320;
constexpr int kHeight = 240;

std::vector<uint8_t> Jpeg(AVPixelFormat format) {
  const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
  if (codec == nullptr) return {};
  AVCodecContext* context = avcodec_alloc_context3(codec);
  context->width = kWidth;
  context->height = kHeight;
  context->time_base = {1, 25};
  context->pix_fmt = format;
  context->flags |= AV_CODEC_FLAG_QSCALE;
  context->global_quality = FF_QP2LAMBDA * 3;
  av_opt_set(context->priv_data, "huffman", "default", 0);
  EXPECT_EQ(avcodec_open2(context, codec, nullptr), 0);
  AVFrame* frame = av_frame_alloc();
  frame->format = format;
  frame->width = kWidth;
  frame->height = kHeight;
  frame->quality = context->global_quality;
  EXPECT_EQ(av_frame_get_buffer(frame, 0), 0);
  const int chroma_height = format == AV_PIX_FMT_YUVJ420P ? kHeight / 2 : kHeight;
  for (int plane = 0; plane < 3; ++plane) {
    const int width = plane == 0 ? kWidth : kWidth / 2;
    for (int y = 0; y < (plane == 0 ? kHeight : chroma_height); ++y) {
      for (int x = 0; x < width; ++x) {
        frame->data[plane][y * frame->linesize[plane] + x] =
            static_cast<uint8_t>(x * (3 + plane) + y * 5 + (x * y) % 31);
      }
    }
  }
  AVPacket* packet = av_packet_alloc();
  EXPECT_EQ(avcodec_send_frame(context, frame), 0);
  avcodec_send_frame(context, nullptr);
  EXPECT_EQ(avcodec_receive_packet(context, packet), 0);
  std::vector<uint8_t> jpeg(packet->data, packet->data + packet->size);
  av_packet_free(&packet);
  av_frame_free(&frame);
  avcodec_free_context(&context);
  return jpeg;
}

// The first marker segment of this kind, without marker and length; behind SOS the scan begins.
size_t Find(const std::vector<uint8_t>& jpeg, uint8_t marker) {
  for (size_t at = 2; at + 4 < jpeg.size();) {
    if (jpeg[at + 1] == marker) return at + 4;
    at += 2 + (static_cast<size_t>(jpeg[at + 2]) << 8 | jpeg[at + 3]);
  }
  ADD_FAILURE() << "no marker " << static_cast<int>(marker);
  return 0;
}

struct Sender {
  std::vector<RtpPacket> Packets(const std::vector<uint8_t>& jpeg, uint8_t type, uint8_t quality,
                                 bool with_tables, size_t size = 700) {
    const size_t sos = Find(jpeg, 0xda);
    const std::vector<uint8_t> scan(jpeg.begin() + static_cast<ptrdiff_t>(sos) + 10, jpeg.end());
    const size_t dqt = Find(jpeg, 0xdb);
    for (size_t at = 0; at < scan.size(); at += size) {
      std::vector<uint8_t> payload = {0,
                                      static_cast<uint8_t>(at >> 16),
                                      static_cast<uint8_t>(at >> 8),
                                      static_cast<uint8_t>(at),
                                      type,
                                      quality,
                                      kWidth / 8,
                                      kHeight / 8};
      if (type >= 64) payload.insert(payload.end(), {0, 40, 0xff, 0xff});
      if (at == 0 && quality >= 128) {
        const uint8_t bytes = with_tables ? 64 : 0;
        payload.insert(payload.end(), {0, 0, 0, bytes});
        if (with_tables) {
          payload.insert(payload.end(), jpeg.begin() + static_cast<ptrdiff_t>(dqt) + 1,
                         jpeg.begin() + static_cast<ptrdiff_t>(dqt) + 65);
        }
      }
      const size_t end = std::min(at + size, scan.size());
      payload.insert(payload.end(), scan.begin() + static_cast<ptrdiff_t>(at),
                     scan.begin() + static_cast<ptrdiff_t>(end));
      kept.push_back(std::make_unique<std::vector<uint8_t>>(std::move(payload)));
      RtpPacket packet;
      packet.marker = end == scan.size();
      packet.timestamp = time;
      packet.payload = *kept.back();
      packets.push_back(packet);
    }
    time += 3600;
    return std::exchange(packets, {});
  }
  uint32_t time = 1;
  std::vector<RtpPacket> packets;
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
    if (Jpeg(AV_PIX_FMT_YUVJ420P).empty()) GTEST_SKIP() << "FFmpeg has no encoder mjpeg";
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
  const auto jpeg = Jpeg(AV_PIX_FMT_YUVJ420P);
  Send(sender_.Packets(jpeg, 1, 255, true));
  ASSERT_EQ(units_.size(), 1u);
  EXPECT_TRUE(units_[0].keyframe);
  EXPECT_FALSE(units_[0].damaged);
  EXPECT_EQ(Luma(units_[0].data), Luma(jpeg));
  EXPECT_TRUE(quirks_.empty());
}

TEST_F(JpegTest, TellsTheSamplingOfTheTwoTypes) {
  const auto jpeg = Jpeg(AV_PIX_FMT_YUVJ420P);
  for (const uint8_t type : {uint8_t{0}, uint8_t{1}}) {
    units_.clear();
    Send(sender_.Packets(jpeg, type, 255, true));
    ASSERT_EQ(units_.size(), 1u);
    const size_t frame = Find(units_[0].data, 0xc0);
    EXPECT_EQ(units_[0].data[frame + 7], type == 0 ? 0x21 : 0x22);
  }
}

TEST_F(JpegTest, RemembersTablesOfADynamicQuality) {
  const auto jpeg = Jpeg(AV_PIX_FMT_YUVJ420P);
  Send(sender_.Packets(jpeg, 1, 200, false));
  EXPECT_TRUE(units_.empty());
  EXPECT_EQ(quirks_["jpeg_tables_absent"], 1);
  Send(sender_.Packets(jpeg, 1, 200, true));
  Send(sender_.Packets(jpeg, 1, 200, false));
  ASSERT_EQ(units_.size(), 2u);
  EXPECT_EQ(Luma(units_[1].data), Luma(jpeg));
}

TEST_F(JpegTest, ScalesTheStandardTablesByQuality) {
  const auto jpeg = Jpeg(AV_PIX_FMT_YUVJ420P);
  Send(sender_.Packets(jpeg, 1, 50, false));
  ASSERT_EQ(units_.size(), 1u);
  // ITU-T T.81 table K.1 begins 16 11 12 14 12 10 in zigzag order.
  const std::vector<uint8_t> begin(units_[0].data.begin() + 7, units_[0].data.begin() + 13);
  EXPECT_EQ(begin, (std::vector<uint8_t>{16, 11, 12, 14, 12, 10}));
  EXPECT_EQ(Luma(units_[0].data).size(), static_cast<size_t>(kWidth * kHeight));
}

TEST_F(JpegTest, WritesTheRestartInterval) {
  Send(sender_.Packets(Jpeg(AV_PIX_FMT_YUVJ420P), 65, 255, true));
  ASSERT_EQ(units_.size(), 1u);
  const std::vector<uint8_t> wanted = {0xff, 0xdd, 0, 4, 0, 40};
  EXPECT_NE(std::search(units_[0].data.begin(), units_[0].data.end(), wanted.begin(), wanted.end()),
            units_[0].data.end());
}

TEST_F(JpegTest, MarksAPictureThatLostAPacketAndDropsOneThatLostItsFirst) {
  const auto jpeg = Jpeg(AV_PIX_FMT_YUVJ420P);
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
  const auto jpeg = Jpeg(AV_PIX_FMT_YUVJ420P);
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
