#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

namespace patrol::media {

// Frees what FFmpeg allocated; for std::unique_ptr. In .cc files only.
struct Free {
  void operator()(AVBSFContext* filter) const { av_bsf_free(&filter); }
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
  void operator()(AVCodecParserContext* parser) const { av_parser_close(parser); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(SwsContext* scaler) const { sws_freeContext(scaler); }
};

}  // namespace patrol::media
