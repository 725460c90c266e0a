#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct AVFrame;

namespace patrol::media {

// Shares of a picture's width and height from its top left, 0..1.
struct MaskCorner {
  double x = 0;
  double y = 0;

  friend bool operator==(const MaskCorner&, const MaskCorner&) = default;
};

// What must not be seen of a camera's picture.
struct PrivacyMask {
  // Where an outline crosses itself all of it is hidden.
  std::vector<std::vector<MaskCorner>> polygons;
  // Of the coded picture that it was drawn on, pixels; both 0: that of the first picture decoded.
  int width = 0;
  int height = 0;
  // By which the stream said then that its picture is to be turned when shown.
  int rotation_deg = 0;
  // Nobody knows what to hide: everything.
  bool unknown = false;
  // Where it differs, somebody drew the mask anew.
  int64_t revision = 0;

  friend bool operator==(const PrivacyMask&, const PrivacyMask&) = default;
};

// Errors: INVALID_ARGUMENT naming polygon and corner: none at all, over
//   limits::kPrivacyPolygonsMax, outside 0..1, fewer than three corners; or size and rotation.
absl::Status CheckPrivacyMask(const PrivacyMask& mask);

// One camera's mask at work. It rides on the camera's access units (AccessUnit::privacy), so that
// there is no way to decode one of them past it: Decoder applies it to whatever leaves it, and what
// hands on coded pictures refuses them.
//
// It fails closed. The whole picture is black where the mask is unknown or faulty, the picture has
// another size or rotation than the mask was drawn for, or somebody said that the view has changed.
//
// Threads: every member may be called from any thread.
class PrivacyFilter {
 public:
  explicit PrivacyFilter(PrivacyMask mask);

  // Blackens luma and chroma of what the mask hides, grown by limits::kPrivacyMarginPixels and then
  // to whole blocks of limits::kPrivacyBlockPixels.
  //
  // frame: writable, in system memory, as the decoder gave it (not scaled).
  // Returns: whether the whole picture was blackened.
  // Errors: UNIMPLEMENTED for a pixel format it does not know how to blacken: the picture must not
  //   be used.
  // Cost: the hidden pixels' memory; about 10 us at 640x360.
  absl::StatusOr<bool> Apply(AVFrame* frame);

  // From now on the whole picture is black: the camera turns or was moved. For good: whoever has
  // looked at the new view draws the mask anew, which makes another filter. False where it was so
  // already.
  bool HideAll(std::string why);

  const PrivacyMask& mask() const { return mask_; }
  // Why the last picture was wholly black, or all will be; empty while the mask fits.
  std::string why_hidden() const;
  int64_t masked() const { return masked_.load(std::memory_order_relaxed); }  // pictures, in part
  int64_t hidden() const { return hidden_.load(std::memory_order_relaxed); }  // and wholly

 private:
  // Rows of blocks that lie side by side.
  struct Run {
    int x0 = 0, x1 = 0, y0 = 0, y1 = 0;  // pixels, ends not included
  };
  using Runs = std::shared_ptr<const std::vector<Run>>;

  // Why the mask does not fit the picture; empty where it does.
  std::string Misfit(const AVFrame& frame);
  Runs RunsFor(int width, int height);
  Runs MakeRuns(int width, int height) const;

  const PrivacyMask mask_;
  std::atomic<int64_t> masked_ = 0;
  std::atomic<int64_t> hidden_ = 0;

  mutable std::mutex mutex_;
  // guarded by mutex_
  std::string told_;  // HideAll's reason
  std::string why_;
  std::pair<int, int> size_;  // that the mask is for; 0, 0 until known
  std::pair<int, int> runs_size_;
  Runs runs_;
};

}  // namespace patrol::media
