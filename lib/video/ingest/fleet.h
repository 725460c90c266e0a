#pragma once

#include <prometheus/client_metric.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/base/clock.h"
#include "lib/base/limits.h"
#include "lib/video/ingest/attention.h"
#include "lib/video/media/access_unit.h"
#include "lib/video/media/hardware.h"
#include "lib/video/media/picture.h"
#include "lib/video/media/privacy.h"
#include "lib/video/rtsp/session.h"

namespace patrol::ingest {

// Where a camera's stream comes from.
struct CameraOptions {
  std::string id;   // 1..64 of [A-Za-z0-9._-]
  std::string url;  // rtsp[s]://[user:password@]host[:port]/path
  // What stands here wins over what the address has.
  std::string user;
  std::string password;
  bool disabled = false;  // not connected to
  rtsp::Transport transport = rtsp::Transport::kAuto;
  rtsp::TlsTrust tls;  // of rtsps
  // It connects only while fewer connects than this are in flight to its host and port; 0:
  // FleetOptions::connects_per_host. To be raised for recorders with many channels.
  int connects_per_host = 0;
  // What must not be seen of its picture. It rides on every access unit, so it holds on every way
  // to a decoded picture, and coded ones are given to nobody.
  std::optional<media::PrivacyMask> privacy;
  // The mask no longer fits what the camera shows: all is black until another mask is set.
  bool view_moved = false;

  friend bool operator==(const CameraOptions&, const CameraOptions&) = default;
};

// What a camera's session is doing; as CameraPhase of camera_service.proto.
enum class CameraPhase {
  kOff,         // switched off by configuration
  kWaiting,     // for its turn to connect, or for its back-off to pass
  kConnecting,  // connecting, authenticating, setting up
  kStreaming,   // access units are coming in
};

// "off", "waiting", "connecting", "streaming".
std::string_view PhaseName(CameraPhase phase);

// What is known of a camera's stream; as CameraState of camera_service.proto. Counters count since
// the camera was added.
struct CameraState {
  CameraPhase phase = CameraPhase::kOff;
  std::string reason;  // why it is not streaming, without credentials; empty while streaming
  absl::Time since;    // in this phase since
  std::string codec;   // "H.264", "H.265" or "MJPEG"; empty until known
  int width = 0;       // pixels; 0 until a picture was decoded
  int height = 0;
  int64_t access_units = 0;
  int64_t bytes = 0;    // of media received
  int64_t packets = 0;  // RTP packets of its video
  int64_t packets_lost = 0;
  int64_t packets_reordered = 0;  // of UDP: put back in order
  int64_t packets_late = 0;       // of UDP: came after they were given up; among packets_lost
  int64_t damaged_units = 0;      // access units that packets were lost of
  absl::Duration jitter;          // of arrivals, RFC 3550 section 6.4.1; of its last session
  int64_t pictures_decoded = 0;   // without error
  int64_t decode_errors = 0;      // decodes that failed or gave a damaged picture
  // Dropped because decoding fell behind or packets were lost, always to the end of their GOP.
  int64_t access_units_dropped = 0;
  int64_t reconnects = 0;        // sessions that streamed, less the first
  int64_t ring_shortenings = 0;  // times the GOP ring lost pre-roll to a byte limit
  size_t ring_bytes = 0;         // of the GOP ring now
  bool full_decode = false;      // every picture is decoded, not only keyframes
  bool blind = true;             // no decoded, error-free picture within blind_after
  std::string blind_reason;      // in words; empty while it is not blind
  absl::Time blind_since = absl::InfinitePast();      // while it is blind
  absl::Duration blind_total = absl::ZeroDuration();  // since it was added, now included
  bool sparse = false;  // its GOP is longer than blind_after, or it sends no keyframes
  absl::Duration gop = absl::ZeroDuration();              // between keyframes; zero until known
  absl::Duration picture_age = absl::InfiniteDuration();  // since the last picture was decoded
  // What is decoded of it, since when and why, in one sentence.
  AttentionLevel attention = AttentionLevel::kNone;
  std::string attention_reason;
  absl::Time attention_since = absl::InfinitePast();
  double activity = 0;  // of the last unit: spreads above what is usual
  CandidateCounts candidates;
  // CPU time of decoding it and analysing its pictures.
  absl::Duration decode_cpu = absl::ZeroDuration();
  absl::Time picture_time = absl::InfinitePast();  // of the last decoded picture
  // Faults of the camera that were survived, by name.
  std::map<std::string, int64_t, std::less<>> quirks;
  // "masked"; "hidden: " and why the whole picture is black. Empty without a privacy mask.
  std::string privacy;
  // What decodes it in full: "software", "vaapi" or "cuda". Empty until it was.
  std::string decoder;
};

// How the fleet as a whole does.
struct FleetState {
  absl::Duration loop_lag_p99 = absl::ZeroDuration();  // of the last minute: timers came so late
  double budget_cores = 0;
  double used_cores = 0;  // by decoding and analysis, over the last seconds
  absl::Duration decode_cpu = absl::ZeroDuration();  // the same in all
  int decode_threads = 0;
  int cameras = 0;
  int streaming = 0;
  int full_decodes = 0;
  int full_decodes_allowed = 0;  // by the budget and full_decodes_max
  int full_decodes_waiting = 0;  // wanted and not to be had
  int blind = 0;                 // of those that are not switched off
  int sparse = 0;
  // Keyframes of quiet cameras come so many times later than wanted, for want of CPU; 1: in time.
  double stretch = 1;
  std::string hardware;            // what decodes, and why, in words
  int64_t hardware_fallbacks = 0;  // decoders that were to use it and could not
  size_t queue_units = 0;          // access units that wait for decoding
  size_t queue_units_max = 0;      // most there ever were
  int64_t queue_drops = 0;
  size_t ring_bytes = 0;
  size_t ring_bytes_max = 0;
  // Since the fleet was made, seconds: how late the loop ran its timers, and how old access units
  // were when they had come, of cameras that tell (rtsp::SessionStats::unit_age).
  prometheus::ClientMetric::Histogram loop_lag;
  prometheus::ClientMetric::Histogram unit_age;
};

// How a picture came to be decoded.
enum class PictureOrigin : uint8_t {
  kStream,  // as it came
  kRing,    // caught up with: from the GOP ring, because of what came after it
};

// Who takes decoded, error-free pictures. Called on the decoding threads, in capture order, never
// twice at once for one camera. A slow sink slows its own camera first, then the pool: pictures are
// then dropped to the end of the GOP and counted.
class PictureSink {
 public:
  virtual ~PictureSink() = default;
  virtual void OnPicture(const std::string& camera_id, const media::Picture& picture,
                         PictureOrigin origin) = 0;
};

// Who is told when a camera's phase changes. Called on the loop's thread, never twice at once; must
// not block and must not call back into the fleet.
class CameraStateSink {
 public:
  virtual ~CameraStateSink() = default;
  virtual void OnCameraState(const std::string& camera_id, const CameraState& state) = 0;
};

struct FleetOptions {
  // False: cameras are received and kept for live view, stills and clips, and no more. Nothing is
  // decoded of its own accord, and every camera is blind and says why.
  bool analysis = true;
  int decode_threads = 2;
  // What decodes in full where there is such a device; software where there is none.
  media::HardwareChoice hardware = media::HardwareChoice::kAuto;
  // At most so many cameras are decoded in full at a time: those where attention is due.
  int full_decodes_max = limits::kFullDecodesMaxDefault;
  // What decoding and analysis may use; see AttentionOptions.
  double budget_cores = 1.0;
  // A camera without a decoded, error-free picture for this long is blind.
  absl::Duration blind_after = absl::Seconds(10);
  // A keyframe of a quiet camera is decoded this often in the mean, oftener where there is CPU to
  // spare; see AttentionOptions.
  absl::Duration quiet_picture_every = absl::Seconds(4);
  // Of a camera in full decode so many pictures a second are handed on.
  int analysed_per_second = 5;
  // Every camera is to be decoded in full, up to full_decodes_max.
  bool decode_everything = false;
  // So it is while no more than full_decodes_max stream and the CPU budget has not been exceeded.
  bool decode_all_while_room = true;
  // How far back the GOP ring reaches, byte limits permitting.
  absl::Duration pre_roll = absl::Seconds(5);
  size_t ring_bytes_per_camera = limits::kGopRingBytesPerCamera;
  size_t ring_bytes_total = limits::kGopRingBytesTotal;
  int connects_per_second = limits::kConnectsPerSecondMax;
  // Connects in flight to one host and port, for cameras that name no number of their own.
  int connects_per_host = limits::kConnectsPerHostMax;
  absl::Duration connect_timeout = limits::kConnectTimeout;
  absl::Duration request_timeout = limits::kRequestTimeout;
  absl::Duration silence_max = limits::kStreamSilenceMax;
  absl::Duration back_off_min = limits::kBackOffMin;
  absl::Duration back_off_max = limits::kBackOffMax;
  // Seeds the jitter of the back-off, so that a test can repeat itself.
  uint64_t jitter_seed = 1;
};

// All cameras: keeps a session with each, keeps the last seconds of each as coded pictures, decodes
// what it may and hands the pictures on. One loop thread receives for all; a small fixed pool
// decodes.
//
//   Fleet fleet(options, SystemClock::Get(), pictures, states);
//   status = fleet.AddCamera({.id = "n-042", .url = "rtsp://10.0.4.2/1"});
//
// Threads: every member may be called from any thread, but not from within a sink.
class Fleet : public media::AccessUnitSource {
 public:
  // clock and sinks must outlive the fleet.
  Fleet(FleetOptions options, const Clock& clock, PictureSink& pictures, CameraStateSink& states);
  // Shuts down first.
  ~Fleet() override;
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  // It is connected to when its turn comes.
  // Errors: INVALID_ARGUMENT (id or address, naming the field), ALREADY_EXISTS, RESOURCE_EXHAUSTED
  //         (limits::kCamerasMax), FAILED_PRECONDITION after Shutdown.
  absl::Status AddCamera(CameraOptions camera);
  // Reconnects it when its source changed; counters stay. When it returns, another privacy mask
  // than before holds for every picture that is still handed on, and what was kept of the camera
  // before is gone: ring, last picture, what subscribers had not taken yet; their subscriptions
  // end. Errors: INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION after Shutdown.
  absl::Status UpdateCamera(CameraOptions camera);
  // Tears its session down. A picture call that is under way may still end after this returns.
  // Errors: NOT_FOUND.
  absl::Status RemoveCamera(std::string_view camera_id);

  // Errors: NOT_FOUND.
  absl::StatusOr<CameraState> State(std::string_view camera_id) const;
  // Of all cameras, by id.
  std::map<std::string, CameraState> States() const;

  FleetState Totals() const;

  // What raises a camera's turn. May be called from within a PictureSink; unknown cameras are
  // passed over.
  // An operator looks at it from now on for so long.
  void SetFocus(std::string_view camera_id, absl::Duration how_long);
  // No unit can be there within the reach.
  void SetUnattended(std::string_view camera_id, bool unattended);
  // An event began, or ended.
  void OnMotion(std::string_view camera_id, bool moving);
  // An analysed picture shows something moving, or nothing; for each where the analyser can say.
  void OnPixels(std::string_view camera_id, absl::Time picture_time, bool moving);

  // The camera turns or was moved: where it has a privacy mask, its whole picture is black from now
  // on, until another mask is set. May be called from within a PictureSink.
  void OnViewMoved(std::string_view camera_id, std::string why);

  // The last decoded, error-free picture.
  // Errors: NOT_FOUND (no such camera), UNAVAILABLE (no picture yet).
  absl::StatusOr<media::Picture> LastPicture(std::string_view camera_id) const;

  // AccessUnitSource. Can always be decoded from its first unit without a gap; where a byte limit
  // bit, its end is missing (ring_shortenings).
  std::vector<media::AccessUnitPtr> LastGop(const std::string& camera_id) const override;
  absl::StatusOr<std::unique_ptr<media::AccessUnitSubscription>> Subscribe(
      const std::string& camera_id, std::shared_ptr<media::AccessUnitListener> listener,
      media::HandOver hand_over = media::HandOver::kLastGop) override;

  // Tears all sessions down and ends the threads; no sink is called after it returns. At most about
  // limits::kTeardownTimeout plus the picture calls under way. Calling it again does nothing.
  void Shutdown();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patrol::ingest
