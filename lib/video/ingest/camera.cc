#include "lib/video/ingest/camera.h"

#include <functional>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/log.h"
#include "lib/video/rtsp/url.h"

namespace patrol::ingest {
namespace {

// A session that streamed this long has shown that the camera is well.
constexpr absl::Duration kStreamedWell = absl::Seconds(10);

std::string HostOf(const CameraOptions& camera) {
  const absl::StatusOr<rtsp::Url> url = rtsp::Url::Parse(camera.url);
  return url.ok() ? url->Authority() : std::string();
}

// Whether trying again soon can help: not where the camera said no to what is configured.
Ending EndingOf(const absl::Status& status, bool streamed_well) {
  if (streamed_well) return Ending::kAfterStreaming;
  switch (status.code()) {
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kInvalidArgument:
      return Ending::kRefused;
    default:
      return Ending::kFailed;
  }
}

bool SameSource(const CameraOptions& a, const CameraOptions& b) {
  return a.url == b.url && a.user == b.user && a.password == b.password &&
         a.disabled == b.disabled && a.transport == b.transport && a.tls == b.tls;
}

constexpr char kViewMoved[] = "the camera was flagged as moved: its privacy mask must be set anew";

std::shared_ptr<media::PrivacyFilter> FilterOf(const CameraOptions& camera) {
  if (!camera.privacy) return nullptr;
  auto filter = std::make_shared<media::PrivacyFilter>(*camera.privacy);
  if (camera.view_moved) filter->HideAll(kViewMoved);
  return filter;
}

const char* CodecName(media::Codec codec) {
  switch (codec) {
    case media::Codec::kH264:
      return "H.264";
    case media::Codec::kH265:
      return "H.265";
    case media::Codec::kMjpeg:
      return "MJPEG";
  }
  return "";
}

std::string Seconds(absl::Duration duration) {
  return absl::StrCat(absl::ToInt64Milliseconds(duration) / 1000, ".",
                      absl::ToInt64Milliseconds(duration) % 1000 / 100, " s");
}

}  // namespace

Camera::Camera(CameraOptions camera, uint64_t ticket, const Parts& parts)
    : id_(camera.id),
      ticket_(ticket),
      parts_(parts),
      lane_(parts.pool.AddLane(camera.id)),
      camera_(std::move(camera)),
      host_(HostOf(camera_)),
      timer_(parts.loop),
      back_off_(parts.options.back_off_min, parts.options.back_off_max,
                parts.options.jitter_seed ^ std::hash<std::string>()(id_)),
      ring_(parts.options.ring_bytes_per_camera, parts.options.pre_roll, &parts.ring_budget) {
  state_.since = parts_.clock.Now();
  privacy_ = FilterOf(camera_);
}

Camera::~Camera() {
  subscribers_->End();
  parts_.pool.RemoveLane(lane_);
}

void Camera::Begin() {
  if (camera_.disabled) {
    SetPhase(CameraPhase::kOff, "switched off by configuration");
  } else {
    Proceed(absl::ZeroDuration(), "waiting for its turn to connect");
  }
}

void Camera::Change(CameraOptions camera) {
  const bool same = SameSource(camera_, camera);
  camera_ = std::move(camera);
  if (same || ending_) return;
  changed_ = true;
  if (session_) {
    session_->Stop();
    return;  // OnSessionEnd goes on
  }
  OnSessionEnd(absl::OkStatus());
}

void Camera::End() {
  if (ending_) return;
  ending_ = true;
  if (session_) {
    session_->Stop();
    return;
  }
  OnSessionEnd(absl::OkStatus());
}

// Waits, then lines up for a connect.
void Camera::Proceed(absl::Duration wait, std::string reason) {
  SetPhase(CameraPhase::kWaiting, std::move(reason));
  const uint64_t generation = ++wait_generation_;
  timer_.expires_after(absl::ToChronoNanoseconds(wait));
  const auto on_waited = [this, generation](const boost::system::error_code& error) {
    // A cancelled wait may run after the camera is gone: look at the error alone first.
    if (error || generation != wait_generation_) return;
    asked_turn_ = true;
    parts_.surroundings.AskTurn(*this);
  };
  timer_.async_wait(on_waited);
}

void Camera::OnTurn() {
  asked_turn_ = false;
  in_turn_ = true;
  if (session_) {
    session_->Continue();
    return;
  }
  had_entry_ = false;
  rtsp::SessionOptions options;
  options.url = camera_.url;
  options.user = camera_.user;
  options.password = camera_.password;
  options.transport = camera_.transport;
  options.tls = camera_.tls;
  options.tls_contexts = parts_.tls;
  options.read_turns = parts_.read_turns;
  options.connect_timeout = parts_.options.connect_timeout;
  options.request_timeout = parts_.options.request_timeout;
  options.silence_max = parts_.options.silence_max;
  {
    std::lock_guard lock(mutex_);
    ring_.Break();
    subscribers_->OnBreak();
  }
  parts_.pool.Break(lane_);
  session_ = std::make_unique<rtsp::Session>(parts_.loop, std::move(options), parts_.clock,
                                             parts_.read_buffer, *this);
  SetPhase(CameraPhase::kConnecting, state_.reason);
  session_->Start([this](const absl::Status& status) { OnSessionEnd(status); });
}

void Camera::FinishTurn() {
  if (!in_turn_) return;
  in_turn_ = false;
  parts_.surroundings.EndTurn(*this);
}

// A further connection is a connect like any other: it waits for its turn.
bool Camera::OnReconnect() {
  FinishTurn();
  asked_turn_ = true;
  parts_.surroundings.AskTurn(*this);
  return false;
}

void Camera::OnPlaying(media::Codec codec) {
  FinishTurn();
  std::lock_guard lock(mutex_);
  state_.codec = CodecName(codec);
}

void Camera::OnAccessUnit(media::AccessUnitPtr unit) {
  if (!streaming_) {
    streaming_ = true;
    ++sessions_streamed_;
    streaming_since_ = parts_.clock.Monotonic();
    SetPhase(CameraPhase::kStreaming, "");
    parts_.surroundings.OnStreaming(*this, true);
  }
  had_entry_ = had_entry_ || (unit->is_entry() && !unit->damaged);
  PublishCounters(unit->keyframe);
  const std::shared_ptr<media::PrivacyFilter> privacy = Privacy();
  if (privacy) {
    auto masked = std::make_shared<media::AccessUnit>(*unit);
    masked->privacy = privacy;
    unit = std::move(masked);
  }
  const Pixels pixels = pixels_.exchange(Pixels::kNothingNew, std::memory_order_relaxed);
  if (pixels != Pixels::kNothingNew) activity_.OnPixels(pixels == Pixels::kMoving);
  // Coded size tells of movement under a mask: where there is one it tells nobody anything.
  const ActivityReading activity =
      privacy || !parts_.options.analysis ? ActivityReading() : activity_.OnUnit(*unit);
  const bool turn = parts_.surroundings.OnUnit(*this, *unit, activity, session_->stats().unit_age);
  std::lock_guard lock(mutex_);
  // Set this instant: the stream begins anew with the next keyframe.
  if (privacy_ != privacy) return;
  ring_.Add(unit);
  // Under the same lock: a new subscriber gets each unit once, from the ring or from here; and
  // nothing unmasked goes to the decoders once a mask was set.
  subscribers_->OnAccessUnit(unit);
  if (full_ || turn) parts_.pool.Push(lane_, std::move(unit));
}

std::shared_ptr<media::PrivacyFilter> Camera::Privacy() const {
  std::lock_guard lock(mutex_);
  return privacy_;
}

void Camera::SetPrivacy(const CameraOptions& camera) {
  {
    std::lock_guard lock(mutex_);
    const bool same = camera.privacy.has_value() == (privacy_ != nullptr) &&
                      (privacy_ == nullptr || *camera.privacy == privacy_->mask());
    if (same) {
      if (privacy_ && camera.view_moved && privacy_->HideAll(kViewMoved)) {
        parts_.pool.Forget(lane_);
      }
      return;
    }
    privacy_ = FilterOf(camera);
    ring_.Clear();
    subscribers_->Withdraw();
    parts_.pool.Forget(lane_);
  }
  parts_.pool.AwaitCall(lane_);
}

void Camera::OnViewMoved(std::string why) {
  if (const std::shared_ptr<media::PrivacyFilter> privacy = Privacy()) {
    if (!privacy->HideAll(why)) return;
    // What was masked for the old view may show of the new one what it should not.
    parts_.pool.Forget(lane_);
    PATROL_LOG_WARNING("camera \"{}\": its whole picture is black: {}", id_, why);
  }
}

void Camera::OnSessionEnd(const absl::Status& status) {
  FinishTurn();
  const bool streamed = streaming_;
  const bool streamed_well =
      streamed && had_entry_ &&
      (absl::IsOutOfRange(status) || parts_.clock.Monotonic() - streaming_since_ >= kStreamedWell);
  if (session_) {
    PublishCounters(true);
    const rtsp::SessionStats& stats = session_->stats();
    past_.access_units += stats.access_units;
    past_.bytes += stats.bytes;
    past_.packets += stats.packets;
    past_.packets_lost += stats.packets_lost;
    past_.packets_reordered += stats.packets_reordered;
    past_.packets_late += stats.packets_late;
    past_.damaged_units += stats.damaged_units;
    for (const auto& [name, count] : stats.quirks) past_.quirks[name] += count;
    session_.reset();
  }
  ++wait_generation_;
  timer_.cancel();
  if (asked_turn_) {
    asked_turn_ = false;
    parts_.surroundings.ForgetTurn(*this);
  }
  if (streamed) {
    streaming_ = false;
    parts_.surroundings.OnStreaming(*this, false);
  }
  if (ending_) {
    SetPhase(CameraPhase::kOff, "removed");
    subscribers_->End();
    parts_.surroundings.OnEnded(*this);
    return;
  }
  if (changed_) {
    changed_ = false;
    host_ = HostOf(camera_);
    back_off_.Reset();
    activity_ = Activity();
    if (camera_.disabled) {
      // What it last showed is not what it shows.
      std::lock_guard lock(mutex_);
      ring_.Clear();
    }
    Begin();
    return;
  }
  const absl::Duration wait = back_off_.Next(EndingOf(status, streamed_well));
  PATROL_LOG_INFO("camera \"{}\": {}; next attempt in {}", id_, std::string(status.message()),
                  Seconds(wait));
  Proceed(wait, std::string(status.message()));
}

void Camera::SetFullDecode(bool full) {
  if (full_ == full) return;
  full_ = full;
  std::vector<media::AccessUnitPtr> gop;
  {
    std::lock_guard lock(mutex_);
    state_.full_decode = full;
    // What is of an earlier session, or has a gap at its end, leads nowhere.
    if (full && ring_.accepting()) gop = ring_.LastGop();
    // Under the lock: no mask is set between.
    if (full) parts_.pool.BeginFull(lane_, std::move(gop));
  }
  if (!full) parts_.pool.EndFull(lane_);
}

void Camera::HoldRing() {
  std::lock_guard lock(mutex_);
  ring_.Hold();
}

void Camera::SetPhase(CameraPhase phase, std::string reason) {
  {
    std::lock_guard lock(mutex_);
    const bool same = state_.phase == phase;
    state_.reason = std::move(reason);
    if (!same) state_.since = parts_.clock.Now();
    state_.phase = phase;
  }
  parts_.surroundings.OnPhase(*this);
}

void Camera::PublishCounters(bool with_quirks) {
  const rtsp::SessionStats& now = session_->stats();
  std::lock_guard lock(mutex_);
  state_.access_units = past_.access_units + now.access_units;
  state_.bytes = past_.bytes + now.bytes;
  state_.packets = past_.packets + now.packets;
  state_.packets_lost = past_.packets_lost + now.packets_lost;
  state_.packets_reordered = past_.packets_reordered + now.packets_reordered;
  state_.packets_late = past_.packets_late + now.packets_late;
  state_.damaged_units = past_.damaged_units + now.damaged_units;
  state_.jitter = now.jitter;
  state_.reconnects = sessions_streamed_ > 0 ? sessions_streamed_ - 1 : 0;
  if (!with_quirks) return;
  state_.quirks = past_.quirks;
  for (const auto& [name, count] : now.quirks) state_.quirks[name] += count;
}

CameraState Camera::State() const {
  const DecodeStats decoded = parts_.pool.Stats(lane_);
  std::lock_guard lock(mutex_);
  CameraState state = state_;
  state.ring_shortenings = ring_.shortenings();
  state.ring_bytes = ring_.bytes();
  state.width = decoded.width;
  state.height = decoded.height;
  state.pictures_decoded = decoded.pictures;
  state.decode_errors = decoded.errors;
  state.access_units_dropped = decoded.dropped;
  state.picture_time = decoded.picture_time;
  const absl::Duration now = parts_.clock.Monotonic();
  const absl::Duration blind = now - decoded.blind_from;
  state.blind = blind > absl::ZeroDuration();
  state.blind_total = decoded.blind;
  if (state.blind) {
    state.blind_since = parts_.clock.Now() - blind;
    state.blind_total += blind;
  }
  state.picture_age = now - decoded.decoded_at;
  state.decode_cpu = decoded.cpu;
  state.decoder = decoded.decoder;
  if (privacy_) {
    const std::string why = privacy_->why_hidden();
    state.privacy = why.empty() ? "masked" : absl::StrCat("hidden: ", why);
  }
  return state;
}

std::vector<media::AccessUnitPtr> Camera::LastGop() const {
  std::lock_guard lock(mutex_);
  return ring_.LastGop();
}

absl::StatusOr<std::unique_ptr<media::AccessUnitSubscription>> Camera::Subscribe(
    std::shared_ptr<media::AccessUnitListener> listener, media::HandOver hand_over) {
  std::lock_guard lock(mutex_);
  if (privacy_) {
    return absl::PermissionDeniedError(
        absl::StrCat("camera \"", id_,
                     "\": it has a privacy mask: what it codes shows what must not be seen, so "
                     "there is no live view and no clip of it; stills are masked"));
  }
  const std::vector<media::AccessUnitPtr> kept =
      hand_over == media::HandOver::kAllKept ? ring_.All() : ring_.LastGop();
  return subscribers_->Add(kept, ring_.accepting(), std::move(listener));
}

absl::StatusOr<media::Picture> Camera::LastPicture() const {
  for (;;) {
    const std::shared_ptr<media::PrivacyFilter> privacy = Privacy();
    absl::StatusOr<media::Picture> picture = DecodeLast();
    // A mask that was set meanwhile is not on it.
    if (Privacy() == privacy) return picture;
  }
}

absl::StatusOr<media::Picture> Camera::DecodeLast() const {
  media::Picture last = parts_.pool.LastPicture(lane_);
  if (!last.empty()) return last;
  // The ring has the keyframe: decoding it once more is cheaper than keeping every picture.
  const std::vector<media::AccessUnitPtr> gop = LastGop();
  if (gop.empty()) {
    return absl::UnavailableError(absl::StrCat("camera \"", id_, "\": no picture yet"));
  }
  absl::StatusOr<std::unique_ptr<media::Decoder>> decoder =
      media::Decoder::Create(gop.front()->codec);
  if (!decoder.ok()) return decoder.status();
  absl::StatusOr<std::optional<media::Picture>> picture = (*decoder)->Decode(*gop.front());
  if (picture.ok() && !*picture && gop.front()->keyframe) picture = (*decoder)->Drain();
  // Without keyframes pictures are whole only some way into it.
  for (size_t i = 1; i < gop.size() && !gop.front()->keyframe; ++i) {
    auto next = (*decoder)->Decode(*gop[i]);
    if (!next.ok() || *next) picture = std::move(next);
  }
  if (!picture.ok()) return picture.status();
  if (!*picture) {
    return absl::UnavailableError(absl::StrCat(
        "camera \"", id_, "\": ",
        gop.front()->keyframe ? "its last keyframe gives no picture"
                              : "it sends no keyframes, and its picture is not whole yet"));
  }
  return **std::move(picture);
}

}  // namespace patrol::ingest
