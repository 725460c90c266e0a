#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace patrol::media {

class PrivacyFilter;

enum class Codec : uint8_t { kH264, kH265, kMjpeg };

// Where a stream without keyframes, which renews its picture piece by piece (intra refresh), may be
// entered. Its pictures are whole only once all of it has been renewed.
enum class Refresh : uint8_t {
  kNone,         // not here, or at a keyframe
  kAnnounced,    // a recovery point says from which picture on they are (ITU-T H.264 D.1.8)
  kUnannounced,  // nothing says, or not to be relied on: a decoder must find out
};

// Whether decoding may begin at a unit, now or some pictures on.
inline bool IsEntry(bool keyframe, Refresh refresh) {
  return keyframe || refresh != Refresh::kNone;
}

// One coded picture: all NAL units of one instant, Annex B (four-byte start codes).
struct AccessUnit {
  Codec codec = Codec::kH264;
  // IDR, CRA or BLA, or an H.264 intra picture that is a recovery point itself (open GOP): decoding
  // can start here and gives this picture.
  bool keyframe = false;
  Refresh refresh = Refresh::kNone;
  bool damaged = false;   // packets of it were lost
  absl::Time time;        // UTC instant of capture, as good as the source knows it
  uint32_t rtp_time = 0;  // as received
  std::vector<uint8_t> data;
  // What must not be seen of it: Decoder applies it, and `data` itself goes to nobody. Null: all
  // may be seen.
  std::shared_ptr<PrivacyFilter> privacy;

  bool is_entry() const { return IsEntry(keyframe, refresh); }
};
using AccessUnitPtr = std::shared_ptr<const AccessUnit>;

// Who takes access units. Called in decoding order from one thread at a time per camera.
class AccessUnitSink {
 public:
  virtual ~AccessUnitSink() = default;
  virtual void OnAccessUnit(const std::string& camera_id, AccessUnitPtr unit) = 0;
};

// Who listens to one camera. All but the first calls come on the source's receiving thread, one
// after the other: take what is given and return, never block, never call the source, never drop
// the subscription from within.
class AccessUnitListener {
 public:
  virtual ~AccessUnitListener() = default;
  virtual void OnAccessUnit(const AccessUnitPtr& unit) = 0;
  // What comes next does not continue what came: wait for a keyframe.
  virtual void OnBreak() = 0;
  // The camera was removed, nothing more comes.
  virtual void OnEnd() = 0;
  // What was given must not be seen: drop what is kept of it. Nothing more comes.
  virtual void OnWithdrawn() { OnEnd(); }
};

// Dropping it ends the calls to the listener: none is under way when its destructor returns.
class AccessUnitSubscription {
 public:
  virtual ~AccessUnitSubscription() = default;
};

// What of the past a subscriber is given first.
enum class HandOver : uint8_t {
  kLastGop,  // everything since the last keyframe
  kAllKept,  // everything kept, from a keyframe on
};

// Where coded pictures of cameras can be had without touching the camera: the GOP rings.
//
// Threads: every member may be called from any thread.
class AccessUnitSource {
 public:
  virtual ~AccessUnitSource() = default;

  // Hands over what is kept of the camera at once, on the calling thread, and then every unit as it
  // comes, none missing and none twice between the two. Units that the ring could not keep are
  // handed over too; damaged ones are, marked so.
  // Errors: NOT_FOUND (no such camera); PERMISSION_DENIED (it has a privacy mask: what it codes
  // shows what must not be seen).
  virtual absl::StatusOr<std::unique_ptr<AccessUnitSubscription>> Subscribe(
      const std::string& camera_id, std::shared_ptr<AccessUnitListener> listener,
      HandOver hand_over = HandOver::kLastGop) = 0;

  // Everything kept of the camera since its last keyframe, oldest first; empty when there is
  // nothing.
  virtual std::vector<AccessUnitPtr> LastGop(const std::string& camera_id) const = 0;
};

}  // namespace patrol::media
