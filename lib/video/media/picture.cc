#include "lib/video/media/picture.h"

#include "lib/base/check.h"

extern "C" {
#include <libavutil/frame.h>
}

namespace patrol::media {

namespace {

bool IsPlanar420(const AVFrame& frame) {
  return frame.format == AV_PIX_FMT_YUV420P || frame.format == AV_PIX_FMT_YUVJ420P;
}

std::shared_ptr<const AVFrame> Share(const AVFrame& frame) {
  AVFrame* reference = av_frame_clone(&frame);
  PATROL_CHECK(reference != nullptr);  // out of memory for a few hundred bytes
  return {reference, [](const AVFrame* shared) {
            AVFrame* owned = const_cast<AVFrame*>(shared);
            av_frame_free(&owned);
          }};
}

}  // namespace

Picture::Picture(const AVFrame& frame, absl::Time time, bool keyframe, bool hidden)
    : time_(time), keyframe_(keyframe), hidden_(hidden) {
  PATROL_CHECK(IsPlanar420(frame) && frame.width > 0 && frame.height > 0);
  frame_ = Share(frame);
}

Picture Picture::At(absl::Time time) const {
  Picture moved = *this;
  moved.time_ = time;
  return moved;
}

int Picture::width() const { return frame_ == nullptr ? 0 : frame_->width; }

int Picture::height() const { return frame_ == nullptr ? 0 : frame_->height; }

const uint8_t* Picture::plane(int index) const {
  PATROL_CHECK(frame_ != nullptr && index >= 0 && index < 3);
  return frame_->data[index];
}

int Picture::stride(int index) const {
  PATROL_CHECK(frame_ != nullptr && index >= 0 && index < 3);
  return frame_->linesize[index];
}

}  // namespace patrol::media
