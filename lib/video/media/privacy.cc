#include "lib/video/media/privacy.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"

extern "C" {
#include <libavutil/display.h>
#include <libavutil/frame.h>
#include <libavutil/pixdesc.h>
}

namespace patrol::media {

namespace {

constexpr int kBlock = limits::kPrivacyBlockPixels;

struct Point {
  double x = 0;
  double y = 0;
};

struct Box {
  double left = 0, top = 0, right = 0, bottom = 0;
};

// Whether the segment from a to b has a point in the box (Liang and Barsky 1984).
bool Touches(const Point& a, const Point& b, const Box& box) {
  const double p[4] = {a.x - b.x, b.x - a.x, a.y - b.y, b.y - a.y};
  const double q[4] = {a.x - box.left, box.right - a.x, a.y - box.top, box.bottom - a.y};
  double from = 0;
  double to = 1;
  for (int i = 0; i < 4; ++i) {
    if (p[i] == 0) {
      if (q[i] < 0) return false;
      continue;
    }
    const double t = q[i] / p[i];
    if (p[i] < 0) {
      from = std::max(from, t);
    } else {
      to = std::min(to, t);
    }
  }
  return from <= to;
}

// Inside by either rule, so that an outline that crosses itself leaves no hole.
bool Contains(const std::vector<Point>& polygon, const Point& place) {
  bool odd = false;
  int winding = 0;
  for (size_t i = 0, j = polygon.size() - 1; i < polygon.size(); j = i++) {
    const Point& a = polygon[j];
    const Point& b = polygon[i];
    if ((a.y > place.y) == (b.y > place.y)) continue;
    if (place.x >= a.x + (place.y - a.y) * (b.x - a.x) / (b.y - a.y)) continue;
    odd = !odd;
    winding += b.y > a.y ? 1 : -1;
  }
  return odd || winding != 0;
}

bool Hides(const std::vector<Point>& polygon, const Box& box) {
  for (size_t i = 0, j = polygon.size() - 1; i < polygon.size(); j = i++) {
    if (Touches(polygon[j], polygon[i], box)) return true;
  }
  return Contains(polygon, {(box.left + box.right) / 2, (box.top + box.bottom) / 2});
}

// By which the stream says its picture is to be turned, or 1000 where it is to be mirrored or
// turned by no quarter: then no mask fits.
int RotationOf(const AVFrame& frame) {
  const AVFrameSideData* side = av_frame_get_side_data(&frame, AV_FRAME_DATA_DISPLAYMATRIX);
  if (side == nullptr || side->size < 9 * sizeof(int32_t)) return 0;
  int32_t matrix[9];
  std::memcpy(matrix, side->data, sizeof matrix);
  const double determinant =
      static_cast<double>(matrix[0]) * matrix[4] - static_cast<double>(matrix[1]) * matrix[3];
  const double turn = -av_display_rotation_get(matrix);
  const double quarters = std::round(turn / 90);
  if (!(determinant > 0) || std::abs(turn - 90 * quarters) > 1) return 1000;
  return (static_cast<int>(quarters) % 4 + 4) % 4 * 90;
}

// Black of one component: 16 of 255 in limited range, the middle for colour.
int BlackOf(const AVPixFmtDescriptor& format, int component, bool full_range) {
  const int depth = format.comp[component].depth;
  const bool rgb = (format.flags & AV_PIX_FMT_FLAG_RGB) != 0;
  if (component == 0 || rgb) return rgb || full_range ? 0 : 16 << (depth - 8);
  return 1 << (depth - 1);
}

// Fills what lies in [x0, x1) x [y0, y1) of the picture in every plane.
void Blacken(AVFrame* frame, const AVPixFmtDescriptor& format, bool full_range, int x0, int x1,
             int y0, int y1) {
  const bool alpha = (format.flags & AV_PIX_FMT_FLAG_ALPHA) != 0;
  for (int c = 0; c < format.nb_components - (alpha ? 1 : 0); ++c) {
    const AVComponentDescriptor& component = format.comp[c];
    const bool chroma = c > 0 && (format.flags & AV_PIX_FMT_FLAG_RGB) == 0;
    const int across = chroma ? format.log2_chroma_w : 0;
    const int down = chroma ? format.log2_chroma_h : 0;
    const int left = x0 >> across;
    const int right = AV_CEIL_RSHIFT(x1, across);
    const int black = BlackOf(format, c, full_range) << component.shift;
    for (int y = y0 >> down; y < AV_CEIL_RSHIFT(y1, down); ++y) {
      uint8_t* row = frame->data[component.plane] +
                     static_cast<ptrdiff_t>(y) * frame->linesize[component.plane] +
                     component.offset;
      if (component.depth > 8) {
        const auto value = static_cast<uint16_t>(black);
        for (int x = left; x < right; ++x) std::memcpy(row + x * component.step, &value, 2);
      } else if (component.step == 1) {
        std::memset(row + left, black, static_cast<size_t>(right - left));
      } else {
        for (int x = left; x < right; ++x) row[x * component.step] = static_cast<uint8_t>(black);
      }
    }
  }
}

bool CanBlacken(const AVPixFmtDescriptor* format) {
  constexpr uint64_t kStrange = AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_BITSTREAM |
                                AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BAYER |
                                AV_PIX_FMT_FLAG_FLOAT | AV_PIX_FMT_FLAG_BE;
  if (format == nullptr || (format->flags & kStrange) != 0) return false;
  for (int c = 0; c < format->nb_components; ++c) {
    if (format->comp[c].depth < 8 || format->comp[c].depth > 16) return false;
  }
  return format->nb_components > 0;
}

}  // namespace

absl::Status CheckPrivacyMask(const PrivacyMask& mask) {
  const auto fault = [](const auto&... parts) {
    return absl::InvalidArgumentError(absl::StrCat(parts...));
  };
  if (mask.polygons.empty() || mask.polygons.size() > limits::kPrivacyPolygonsMax) {
    return fault("polygons: ", mask.polygons.size(), ", must be 1..", limits::kPrivacyPolygonsMax);
  }
  for (size_t i = 0; i < mask.polygons.size(); ++i) {
    const std::vector<MaskCorner>& polygon = mask.polygons[i];
    if (polygon.size() < 3 || polygon.size() > limits::kPrivacyCornersMax) {
      return fault("polygons[", i, "].corners: ", polygon.size(), ", must be 3..",
                   limits::kPrivacyCornersMax);
    }
    for (size_t j = 0; j < polygon.size(); ++j) {
      const MaskCorner& corner = polygon[j];
      // Negated, so that what is no number is refused too.
      if (!(corner.x >= 0 && corner.x <= 1 && corner.y >= 0 && corner.y <= 1)) {
        return fault("polygons[", i, "].corners[", j, "]: (", corner.x, ", ", corner.y,
                     ") is outside 0..1");
      }
    }
  }
  if ((mask.width == 0) != (mask.height == 0) || mask.width < 0 || mask.height < 0 ||
      mask.width > limits::kPictureWidthMax || mask.height > limits::kPictureHeightMax) {
    return fault("width, height: ", mask.width, "x", mask.height, ", must both be 0 or at most ",
                 limits::kPictureWidthMax, "x", limits::kPictureHeightMax);
  }
  if (mask.rotation_deg < 0 || mask.rotation_deg > 270 || mask.rotation_deg % 90 != 0) {
    return fault("rotation_deg: ", mask.rotation_deg, " is none of 0, 90, 180, 270");
  }
  return absl::OkStatus();
}

PrivacyFilter::PrivacyFilter(PrivacyMask mask)
    : mask_(std::move(mask)), size_(mask_.width, mask_.height) {
  if (mask_.unknown) {
    told_ = "its privacy mask is not known";
  } else if (const absl::Status checked = CheckPrivacyMask(mask_); !checked.ok()) {
    told_ = absl::StrCat("its privacy mask is faulty: ", checked.message());
  }
  why_ = told_;
}

bool PrivacyFilter::HideAll(std::string why) {
  std::lock_guard lock(mutex_);
  if (!told_.empty()) return false;
  told_ = std::move(why);
  why_ = told_;
  return true;
}

std::string PrivacyFilter::why_hidden() const {
  std::lock_guard lock(mutex_);
  return why_;
}

std::string PrivacyFilter::Misfit(const AVFrame& frame) {
  if (!told_.empty()) return told_;
  if (const int rotation = RotationOf(frame); rotation != mask_.rotation_deg) {
    return rotation == 1000
               ? "the stream says that its picture is to be mirrored"
               : absl::StrCat("the stream says that its picture is to be turned by ", rotation,
                              " degrees, the privacy mask was drawn for ", mask_.rotation_deg);
  }
  const std::pair<int, int> size(frame.width, frame.height);
  if (size_ == std::pair(0, 0)) size_ = size;
  if (size_ != size) {
    return absl::StrCat("its picture has ", frame.width, "x", frame.height,
                        " pixels, the privacy mask was drawn for ", size_.first, "x", size_.second);
  }
  return "";
}

PrivacyFilter::Runs PrivacyFilter::RunsFor(int width, int height) {
  if (runs_ == nullptr || runs_size_ != std::pair(width, height)) {
    runs_ = MakeRuns(width, height);
    runs_size_ = {width, height};
  }
  return runs_;
}

PrivacyFilter::Runs PrivacyFilter::MakeRuns(int width, int height) const {
  std::vector<std::vector<Point>> polygons;
  for (const std::vector<MaskCorner>& corners : mask_.polygons) {
    polygons.emplace_back();
    for (const MaskCorner& corner : corners) {
      polygons.back().push_back({corner.x * width, corner.y * height});
    }
  }
  auto runs = std::make_shared<std::vector<Run>>();
  constexpr double kMargin = limits::kPrivacyMarginPixels;
  for (int y = 0; y < height; y += kBlock) {
    bool open = false;
    for (int x = 0; x < width; x += kBlock) {
      const Box grown{x - kMargin, y - kMargin, x + kBlock + kMargin, y + kBlock + kMargin};
      const bool hidden =
          std::any_of(polygons.begin(), polygons.end(),
                      [&](const std::vector<Point>& polygon) { return Hides(polygon, grown); });
      if (hidden && !open) {
        runs->push_back({x, x, y, std::min(y + kBlock, height)});
      }
      open = hidden;
      if (hidden) runs->back().x1 = std::min(x + kBlock, width);
    }
  }
  return runs;
}

absl::StatusOr<bool> PrivacyFilter::Apply(AVFrame* frame) {
  const AVPixFmtDescriptor* format = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame->format));
  if (!CanBlacken(format)) {
    return absl::UnimplementedError(absl::StrCat("privacy mask: pixel format ",
                                                 format == nullptr ? "unknown" : format->name,
                                                 " cannot be blackened"));
  }
  const bool full_range = frame->color_range == AVCOL_RANGE_JPEG ||
                          std::strncmp(format->name, "yuvj", 4) == 0 ||
                          std::strncmp(format->name, "gray", 4) == 0;
  Runs runs;
  {
    std::lock_guard lock(mutex_);
    why_ = Misfit(*frame);
    if (why_.empty()) runs = RunsFor(frame->width, frame->height);
  }
  if (runs == nullptr) {
    Blacken(frame, *format, full_range, 0, frame->width, 0, frame->height);
    hidden_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  for (const Run& run : *runs) {
    Blacken(frame, *format, full_range, run.x0, run.x1, run.y0, run.y1);
  }
  masked_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

}  // namespace patrol::media
