#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>
#include <libavutil/opt.h>
}

namespace patrol::test {

// A JPEG coded with the standard Huffman tables, as RTP carries it, and cut into payloads as
// RFC 2435 says.

inline constexpr int kJpegWidth = 320;
inline constexpr int kJpegHeight = 240;

// Empty where FFmpeg has no encoder for it. shift: of the pattern, pixels.
inline std::vector<uint8_t> CodedJpeg(AVPixelFormat format, int shift = 0) {
  const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
  if (codec == nullptr) return {};
  AVCodecContext* context = avcodec_alloc_context3(codec);
  context->width = kJpegWidth;
  context->height = kJpegHeight;
  context->time_base = {1, 25};
  context->pix_fmt = format;
  context->flags |= AV_CODEC_FLAG_QSCALE;
  context->global_quality = FF_QP2LAMBDA * 3;
  av_opt_set(context->priv_data, "huffman", "default", 0);
  EXPECT_EQ(avcodec_open2(context, codec, nullptr), 0);
  AVFrame* frame = av_frame_alloc();
  frame->format = format;
  frame->width = kJpegWidth;
  frame->height = kJpegHeight;
  frame->quality = context->global_quality;
  EXPECT_EQ(av_frame_get_buffer(frame, 0), 0);
  const int chroma_height = format == AV_PIX_FMT_YUVJ420P ? kJpegHeight / 2 : kJpegHeight;
  for (int plane = 0; plane < 3; ++plane) {
    const int width = plane == 0 ? kJpegWidth : kJpegWidth / 2;
    for (int y = 0; y < (plane == 0 ? kJpegHeight : chroma_height); ++y) {
      for (int x = 0; x < width; ++x) {
        frame->data[plane][y * frame->linesize[plane] + x] =
            static_cast<uint8_t>((x + shift) * (3 + plane) + y * 5 + (x * y) % 31);
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
inline size_t FindMarker(const std::vector<uint8_t>& jpeg, uint8_t marker) {
  for (size_t at = 2; at + 4 < jpeg.size();) {
    if (jpeg[at + 1] == marker) return at + 4;
    at += 2 + (static_cast<size_t>(jpeg[at + 2]) << 8 | jpeg[at + 3]);
  }
  ADD_FAILURE() << "no marker " << static_cast<int>(marker);
  return 0;
}

// The payload of each packet. quality 128 and more: tables are sent along, or said to be as before.
inline std::vector<std::vector<uint8_t>> JpegPayloads(const std::vector<uint8_t>& jpeg,
                                                      uint8_t type, uint8_t quality,
                                                      bool with_tables, size_t size = 700) {
  const size_t sos = FindMarker(jpeg, 0xda);
  const std::vector<uint8_t> scan(jpeg.begin() + static_cast<ptrdiff_t>(sos) + 10, jpeg.end());
  const size_t dqt = FindMarker(jpeg, 0xdb);
  std::vector<std::vector<uint8_t>> payloads;
  for (size_t at = 0; at < scan.size(); at += size) {
    std::vector<uint8_t> payload = {0,
                                    static_cast<uint8_t>(at >> 16),
                                    static_cast<uint8_t>(at >> 8),
                                    static_cast<uint8_t>(at),
                                    type,
                                    quality,
                                    kJpegWidth / 8,
                                    kJpegHeight / 8};
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
    payloads.push_back(std::move(payload));
  }
  return payloads;
}

}  // namespace patrol::test
