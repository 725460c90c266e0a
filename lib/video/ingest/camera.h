#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "lib/base/asio.h"
#include "lib/base/clock.h"
#include "lib/video/ingest/activity.h"
#include "lib/video/ingest/back_off.h"
#include "lib/video/ingest/decode_pool.h"
#include "lib/video/ingest/fleet.h"
#include "lib/video/ingest/gop_ring.h"
#include "lib/video/ingest/subscribers.h"
#include "lib/video/media/access_unit.h"
#include "lib/video/media/privacy.h"
#include "lib/video/rtsp/session.h"

namespace patrol::ingest {

class Camera;

// What a camera needs of the fleet. Called on the loop's thread.
class CameraSurroundings {
 public:
  virtual ~CameraSurroundings() = default;
  // Lines up for connecting; Camera::OnTurn follows, unless ForgetTurn comes first.
  virtual void AskTurn(Camera& camera) = 0;
  virtual void ForgetTurn(Camera& camera) = 0;
  // The connect that OnTurn began is over, one way or the other.
  virtual void EndTurn(Camera& camera) = 0;
  virtual void OnStreaming(Camera& camera, bool streaming) = 0;
  // Every unit of a camera that streams, before it is in the ring. True: a keyframe whose turn it
  // is to be decoded. May call SetFullDecode.
  // age: since it was taken; infinite where the camera does not tell.
  virtual bool OnUnit(Camera& camera, const media::AccessUnit& unit,
                      const ActivityReading& activity, absl::Duration age) = 0;
  virtual void OnPhase(Camera& camera) = 0;
  // Ended as asked by End(); it may be destroyed after this returns.
  virtual void OnEnded(Camera& camera) = 0;
};

// One camera of the fleet: off, or waiting, connecting, streaming, and again.
//
//   kOff <--> kWaiting --turn--> kConnecting --first unit--> kStreaming
//                 ^------------------- session ends, back-off ---+
//
// Threads: the loop's thread, but for the members marked otherwise.
class Camera : public rtsp::SessionSink {
 public:
  struct Parts {
    asio::io_context& loop;
    const FleetOptions& options;
    const Clock& clock;
    std::span<uint8_t> read_buffer;
    const std::shared_ptr<rtsp::ReadTurns>& read_turns;
    const std::shared_ptr<rtsp::TlsContexts>& tls;
    RingBudget& ring_budget;
    DecodePool& pool;
    CameraSurroundings& surroundings;
  };
  Camera(CameraOptions camera, uint64_t ticket, const Parts& parts);
  ~Camera() override;

  void Begin();
  // Takes other options; reconnects where the source changed.
  void Change(CameraOptions camera);
  // Tears down; OnEnded follows, perhaps at once.
  void End();
  void OnTurn();
  // Whether every picture is decoded; begins at the last keyframe of the ring.
  void SetFullDecode(bool full);

  uint64_t ticket() const { return ticket_; }
  // What connects are counted by: "host:port"; empty where the address can't be read.
  const std::string& host() const { return host_; }
  int connects_per_host() const { return camera_.connects_per_host; }
  bool streaming() const { return streaming_; }
  bool full_decode() const { return full_; }

  // Any thread:
  const std::string& id() const { return id_; }
  void StopPictures() { parts_.pool.RemoveLane(lane_); }
  // What an analysed picture showed.
  void NotePixels(bool moving) {
    pixels_.store(moving ? Pixels::kMoving : Pixels::kStill, std::memory_order_relaxed);
    if (!pixels_moving_.exchange(moving, std::memory_order_relaxed) && moving) HoldRing();
  }
  // Something may begin to move: the ring keeps what lies before it.
  void HoldRing();
  CameraState State() const;
  std::vector<media::AccessUnitPtr> LastGop() const;
  // Errors: PERMISSION_DENIED where it has a privacy mask.
  absl::StatusOr<std::unique_ptr<media::AccessUnitSubscription>> Subscribe(
      std::shared_ptr<media::AccessUnitListener> listener, media::HandOver hand_over);
  // As Fleet::UpdateCamera promises; waits for the picture call under way.
  void SetPrivacy(const CameraOptions& camera);
  void OnViewMoved(std::string why);
  absl::StatusOr<media::Picture> LastPicture() const;

  // rtsp::SessionSink:
  void OnPlaying(media::Codec codec) override;
  void OnAccessUnit(media::AccessUnitPtr unit) override;
  bool OnReconnect() override;

 private:
  void Proceed(absl::Duration wait, std::string reason);
  void OnSessionEnd(const absl::Status& status);
  void FinishTurn();
  void SetPhase(CameraPhase phase, std::string reason);
  void PublishCounters(bool with_quirks);
  std::shared_ptr<media::PrivacyFilter> Privacy() const;
  absl::StatusOr<media::Picture> DecodeLast() const;

  enum class Pixels : uint8_t { kNothingNew, kStill, kMoving };

  const std::string id_;
  const uint64_t ticket_;
  const Parts parts_;
  const DecodeLanePtr lane_;
  const std::shared_ptr<Subscribers> subscribers_ = std::make_shared<Subscribers>();

  CameraOptions camera_;
  std::string host_;
  asio::steady_timer timer_;
  std::unique_ptr<rtsp::Session> session_;
  BackOff back_off_;
  Activity activity_;
  std::atomic<Pixels> pixels_ = Pixels::kNothingNew;  // for activity_, from the analysing thread
  std::atomic<bool> pixels_moving_ = false;           // what the last of them said
  uint64_t wait_generation_ = 0;
  bool asked_turn_ = false;
  bool in_turn_ = false;
  bool ending_ = false;
  bool changed_ = false;  // while the old session is torn down
  bool streaming_ = false;
  bool full_ = false;
  int64_t sessions_streamed_ = 0;
  absl::Duration streaming_since_;  // monotonic
  bool had_entry_ = false;          // a whole unit to decode from, in this session
  // Of the sessions before this one.
  rtsp::SessionStats past_;

  mutable std::mutex mutex_;
  // guarded by mutex_; what the decoders know comes from the lane
  CameraState state_;
  GopRing ring_;
  std::shared_ptr<media::PrivacyFilter> privacy_;  // null: all may be seen
};

}  // namespace patrol::ingest
