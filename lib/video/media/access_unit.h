#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace patrol::media {

enum class Codec : uint8_t { kH264, kH265, kMjpeg };

// One coded picture: all NAL units of one instant, Annex B (four-byte start codes).
struct AccessUnit {
  Codec codec = Codec::kH264;
  bool keyframe = false;  // IDR, CRA or BLA: decoding can start here
  bool damaged = false;   // packets of it were lost
  absl::Time time;        // UTC instant of capture, as good as the source knows it
  uint32_t rtp_time = 0;  // as received
  std::vector<uint8_t> data;
};
using AccessUnitPtr = std::shared_ptr<const AccessUnit>;

// Who takes access units. Called in decoding order from one thread at a time per camera.
class AccessUnitSink {
 public:
  virtual ~AccessUnitSink() = default;
  virtual void OnAccessUnit(const std::string& camera_id, AccessUnitPtr unit) = 0;
};

// Where coded pictures of cameras can be had without touching the camera: the GOP rings.
//
// Threads: every member may be called from any thread.
class AccessUnitSource {
 public:
  virtual ~AccessUnitSource() = default;

  // Everything kept of the camera since its last keyframe, oldest first; empty when there is
  // nothing.
  virtual std::vector<AccessUnitPtr> LastGop(const std::string& camera_id) const = 0;
};

}  // namespace patrol::media
