#include "lib/video/media/refresh_proof.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "lib/base/status.h"
#include "lib/video/media/av_error.h"
#include "lib/video/media/av_free.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>
}

namespace patrol::media {

namespace {

constexpr int kPicturesKept = 16;  // by a decoder, for reference
constexpr int kDark = 64, kBright = 192;
// What is left of the difference between them: below what any picture's own noise is. An encoder
// whose prediction leaks from what is not renewed into what is comes near and never there (x265).
constexpr int kLeftMost = 4;

bool Is420(const AVFrame& picture) {
  return picture.format == AV_PIX_FMT_YUV420P || picture.format == AV_PIX_FMT_YUVJ420P;
}

int Rows(const AVFrame& picture, int plane) {
  return plane == 0 ? picture.height : (picture.height + 1) / 2;
}
int Columns(const AVFrame& picture, int plane) {
  return plane == 0 ? picture.width : (picture.width + 1) / 2;
}

// In the decoder's own memory.
void Paint(const AVFrame& picture, int value) {
  for (int plane = 0; plane < 3; ++plane) {
    for (int y = 0; y < Rows(picture, plane); ++y) {
      std::memset(picture.data[plane] + static_cast<ptrdiff_t>(y) * picture.linesize[plane], value,
                  static_cast<size_t>(Columns(picture, plane)));
    }
  }
}

bool Alike(const AVFrame& a, const AVFrame& b) {
  if (a.width != b.width || a.height != b.height) return false;
  for (int plane = 0; plane < 3; ++plane) {
    const int columns = Columns(a, plane);
    for (int y = 0; y < Rows(a, plane); ++y) {
      const uint8_t* of_a = a.data[plane] + static_cast<ptrdiff_t>(y) * a.linesize[plane];
      const uint8_t* of_b = b.data[plane] + static_cast<ptrdiff_t>(y) * b.linesize[plane];
      int most = 0;
      for (int x = 0; x < columns; ++x) most = std::max(most, std::abs(of_a[x] - of_b[x]));
      if (most > kLeftMost) return false;
    }
  }
  return true;
}

}  // namespace

struct RefreshProof::Impl {
  std::unique_ptr<AVCodecContext, Free> second;
  std::unique_ptr<AVFrame, Free> picture;
  int painted = 0;  // one after the other
};

RefreshProof::RefreshProof(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

RefreshProof::~RefreshProof() = default;

absl::StatusOr<std::unique_ptr<RefreshProof>> RefreshProof::Begin(const AVCodecContext& first) {
  auto impl = std::make_unique<Impl>();
  impl->second.reset(avcodec_alloc_context3(first.codec));
  impl->picture.reset(av_frame_alloc());
  if (impl->second == nullptr || impl->picture == nullptr) {
    return absl::ResourceExhaustedError("no memory for a decoder");
  }
  impl->second->thread_count = 1;
  impl->second->flags = first.flags;
  impl->second->max_pixels = first.max_pixels;
  PATROL_RETURN_IF_ERROR(StatusFromAv(avcodec_open2(impl->second.get(), first.codec, nullptr),
                                      "open a second decoder"));
  return std::unique_ptr<RefreshProof>(new RefreshProof(std::move(impl)));
}

bool RefreshProof::Follow(const AVPacket& packet, AVFrame* picture, bool intact) {
  AVFrame* other = impl_->picture.get();
  av_frame_unref(other);
  const bool second_gave = avcodec_send_packet(impl_->second.get(), &packet) >= 0 &&
                           avcodec_receive_frame(impl_->second.get(), other) >= 0;
  // Each picture at once and from both, or it is referred to before it is painted.
  if (!second_gave || picture == nullptr || picture->pts != packet.pts ||
      other->pts != packet.pts || !Is420(*picture) || !Is420(*other)) {
    impl_->painted = 0;
    return false;
  }
  if (!intact) impl_->painted = 0;
  if (impl_->painted == kPicturesKept) return Alike(*picture, *other);
  Paint(*picture, kDark);
  Paint(*other, kBright);
  ++impl_->painted;
  return false;
}

}  // namespace patrol::media
