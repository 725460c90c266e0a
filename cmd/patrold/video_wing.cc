#include "cmd/patrold/video_wing.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cmd/patrold/camera_description.h"
#include "cmd/patrold/camera_source.h"
#include "cmd/patrold/camera_watcher.h"
#include "cmd/patrold/motion_queue.h"
#include "cmd/patrold/zone_norms.h"
#include "lib/base/log.h"
#include "lib/base/status.h"
#include "lib/video/media/jpeg.h"
#include "lib/video/motion/analyser.h"
#include "lib/video/motion/town_limit.h"
#include "lib/video/motion/zones.h"
#include "patrol/v1/camera_service.pb.h"

namespace patrol::patrold {

namespace {

constexpr int kSnapshotQuality = 85;
// A camera's clock may be ahead of ours (limits::kCameraClockErrorMax), an event begin before it is
// known.
constexpr absl::Duration kMaskMargin = absl::Seconds(1);
// How often each camera is asked whether a unit can be there; 700 answers of about 1 ms in 20 s.
constexpr absl::Duration kReachEvery = absl::Seconds(20);
// An event of which no picture was seen for so long ends, looked at this often: none outlives
// movement by 15 s, also where pictures can no longer be decoded. Quiet cameras have one every ten
// seconds (ingest's blind_after).
constexpr absl::Duration kUnseenMax = absl::Seconds(12);
constexpr absl::Duration kUnseenEvery = absl::Seconds(3);

// Whose event it is; event ids are store::MotionEventId.
std::string CameraOfEvent(const std::string& event_id) {
  return event_id.substr(0, std::min(event_id.rfind('-'), event_id.size()));
}

}  // namespace

class VideoWing::Impl : public ingest::PictureSink,
                        public ingest::CameraStateSink,
                        public motion::MotionSink {
 public:
  Impl(const config::Config& config, const Clock& clock, response::Responder& responder,
       store::Store& store, api::EventRecorder& recorder, ingest::ClipFiles& clip_files)
      : motion_options_(config.motion),
        clock_(clock),
        responder_(responder),
        store_(store),
        recorder_(recorder),
        clip_files_(clip_files),
        fleet_(config.ingest, clock, *this, *this),
        clips_(config.clips, fleet_, clip_files),
        town_limit_(config.town_events_per_hour_max, clock, *this),
        norms_(store),
        recording_([this] { Record(); }),
        reach_([this] { WatchReach(); }) {}

  ~Impl() override { Stop(); }

  void Stop() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    stopped_.notify_all();
    if (reach_.joinable()) reach_.join();
    fleet_.Shutdown();
    std::map<std::string, std::shared_ptr<CameraWatcher>> watchers;
    {
      std::lock_guard lock(mutex_);
      watchers.swap(watchers_);
    }
    SaveNorms(watchers);
    for (auto& [id, watcher] : watchers) watcher->End(clock_.Now());
    motion_.Close();
    if (recording_.joinable()) recording_.join();
  }

  void Put(const store::Camera& camera) {
    responder_.PutCamera(camera.id, camera.position);
    const std::shared_ptr<CameraWatcher> watcher = WatcherOf(camera.id, /*make=*/true);
    const bool mask_changed = NoteMask(camera);
    // The API and the configuration have checked them.
    const auto zones = motion::ParseZones("camera \"" + camera.id + "\"", camera.zones_json);
    if (zones.ok()) {
      watcher->SetZones(*zones);
    } else {
      PATROL_LOG_ERROR("{}", std::string(zones.status().message()));
    }
    watcher->TakeUp(norms_.Take(camera.id));
    watcher->Snooze(camera.snoozed_until.value_or(absl::InfinitePast()));
    absl::Status status = fleet_.UpdateCamera(SourceOf(camera));
    if (absl::IsNotFound(status)) status = fleet_.AddCamera(SourceOf(camera));
    if (!status.ok()) {
      PATROL_LOG_ERROR("camera \"{}\": {}", camera.id, std::string(status.message()));
    }
    if (mask_changed) Forget(camera);
  }

  // Whether it has a privacy mask.
  bool Masked(const std::string& camera_id) {
    std::lock_guard lock(mutex_);
    return masks_.contains(camera_id);
  }

  void Remove(const std::string& camera_id) {
    if (const absl::Status status = fleet_.RemoveCamera(camera_id); !status.ok()) {
      PATROL_LOG_WARNING("camera \"{}\": {}", camera_id, std::string(status.message()));
    }
    std::shared_ptr<CameraWatcher> watcher;
    {
      std::lock_guard lock(mutex_);
      const auto found = watchers_.find(camera_id);
      if (found != watchers_.end()) {
        watcher = std::move(found->second);
        watchers_.erase(found);
      }
    }
    if (watcher != nullptr) watcher->End(clock_.Now());
    responder_.RemoveCamera(camera_id);
    town_limit_.Forget(camera_id);
    std::lock_guard lock(mutex_);
    masks_.erase(camera_id);
  }

  bool Moving(const std::string& camera_id) {
    const std::shared_ptr<CameraWatcher> watcher = WatcherOf(camera_id, /*make=*/false);
    return watcher != nullptr && watcher->moving();
  }

  std::optional<motion::AnalyserStatus> Analysis(const std::string& camera_id) {
    const std::shared_ptr<CameraWatcher> watcher = WatcherOf(camera_id, /*make=*/false);
    if (watcher == nullptr) return std::nullopt;
    return watcher->Status();
  }

  // Refuses what a camera shows while it turns: its privacy mask may not fit that, and before it is
  // known to have moved its pictures are not black yet.
  absl::Status CheckView(const std::string& camera_id) {
    const auto watcher = WatcherOf(camera_id, /*make=*/false);
    if (watcher == nullptr || !watcher->view_in_doubt() || !Masked(camera_id)) {
      return absl::OkStatus();
    }
    return absl::UnavailableError(
        absl::StrCat("camera \"", camera_id,
                     "\": it turns, is covered or was moved: its privacy mask may not fit"));
  }

  // What was seen before a privacy mask, or of another view than it was drawn for, is not shown.
  absl::StatusOr<api::CameraFleet::Still> Evidence(const std::string& camera_id,
                                                   const std::string& state) {
    const bool moved = state == motion::HealthStateName(motion::HealthState::kMoved);
    if (moved && Masked(camera_id)) {
      return absl::PermissionDeniedError(absl::StrCat(
          "camera \"", camera_id, "\": its privacy mask does not fit the view it shows now"));
    }
    PATROL_RETURN_IF_ERROR(CheckView(camera_id));
    const std::optional<motion::AnalyserStatus> analysis = Analysis(camera_id);
    if (analysis) {
      for (const motion::HealthFinding& finding : analysis->health) {
        if (motion::HealthStateName(finding.state) != state || finding.still_jpeg == nullptr) {
          continue;
        }
        if (finding.still_time < MaskedSince(camera_id)) continue;
        return api::CameraFleet::Still{*finding.still_jpeg, finding.still_time};
      }
    }
    return absl::NotFoundError(absl::StrCat("camera \"", camera_id, "\": it is not \"", state,
                                            "\" now, or there is no picture of it"));
  }

  // ingest::PictureSink: on a decoding thread, one call at a time for a camera.
  void OnPicture(const std::string& camera_id, const media::Picture& picture,
                 ingest::PictureOrigin origin) override {
    const auto watcher = WatcherOf(camera_id, /*make=*/false);
    if (watcher == nullptr) return;
    const motion::OnsetSource source = origin == ingest::PictureOrigin::kRing
                                           ? motion::OnsetSource::kReplay
                                           : motion::OnsetSource::kPictures;
    if (const std::optional<bool> moving = watcher->OnPicture(picture, source, clock_.Now())) {
      fleet_.OnPixels(camera_id, picture.time(), *moving);
    }
  }

  // ingest::CameraStateSink: on the fleet's loop.
  void OnCameraState(const std::string& camera_id, const ingest::CameraState& state) override {
    if (state.phase == ingest::CameraPhase::kStreaming) {
      PATROL_LOG_INFO("camera \"{}\": streaming {}", camera_id, state.codec);
      return;
    }
    if (const auto watcher = WatcherOf(camera_id, /*make=*/false)) watcher->Lose(state.since);
  }

  void AcceptView(const std::string& camera_id) {
    if (const auto watcher = WatcherOf(camera_id, /*make=*/false)) watcher->AcceptView();
  }

  // motion::MotionSink, behind the town's limit
  void OnMotion(const motion::MotionEvent& told) override {
    motion::MotionEvent event = told;
    const auto watcher = WatcherOf(event.camera_id, /*make=*/false);
    // Of a view that a privacy mask was not drawn for there are no stills.
    if (watcher && (watcher->restarting() || !CheckView(event.camera_id).ok())) {
      event.still_jpeg.reset();
    }
    motion_.Push(event);
  }

  ingest::Fleet& fleet() { return fleet_; }
  Counts counts() {
    Counts counts{.motion_waiting = motion_.size(),
                  .events_over_town_limit = town_limit_.over_limit(),
                  .clips = clips_.counts()};
    std::map<std::string, std::shared_ptr<CameraWatcher>> watchers;
    {
      std::lock_guard lock(mutex_);
      watchers = watchers_;
    }
    for (const auto& [id, watcher] : watchers) {
      const CameraWatcher::Tally camera = watcher->Counts();
      for (size_t i = 0; i < camera.suppressed.size(); ++i) {
        counts.suppressed[i] += camera.suppressed[i];
      }
      if (camera.busy_zones > 0) counts.busy_zones[id] = camera.busy_zones;
    }
    return counts;
  }
  int64_t OverTownLimit(const std::string& camera_id) const {
    return town_limit_.over_limit(camera_id);
  }
  ingest::ClipFiles& clip_files() { return clip_files_; }

 private:
  std::shared_ptr<CameraWatcher> WatcherOf(const std::string& camera_id, bool make) {
    std::lock_guard lock(mutex_);
    const auto found = watchers_.find(camera_id);
    if (found != watchers_.end()) return found->second;
    if (!make) return nullptr;
    return watchers_[camera_id] = std::make_shared<CameraWatcher>(
               camera_id, motion_options_, &town_limit_,
               CameraWatcher::Telling{
                   .moving = [this, camera_id](bool moving) { fleet_.OnMotion(camera_id, moving); },
                   .view_moved =
                       [this, camera_id](const std::string& why) { OnViewMoved(camera_id, why); }});
  }

  // On a decoding thread. What was masked for the old view may show of the new one what it should
  // not, also after the next start.
  void OnViewMoved(const std::string& camera_id, const std::string& why) {
    PATROL_LOG_WARNING("camera \"{}\": {}", camera_id, why);
    if (!Masked(camera_id)) return;
    fleet_.OnViewMoved(camera_id, why);
    if (const absl::Status status = store_.NoteViewMoved(camera_id); !status.ok()) {
      PATROL_LOG_ERROR("camera \"{}\": that its view moved is not stored: {}", camera_id,
                       std::string(status.message()));
    }
  }

  // Notes the mask; true where it is new, which at the start is said of every mask: what an earlier
  // run had no time to remove is removed now.
  bool NoteMask(const store::Camera& camera) {
    std::lock_guard lock(mutex_);
    const auto known = masks_.find(camera.id);
    if (!camera.privacy_mask.has_value()) {
      if (known != masks_.end()) masks_.erase(known);
      return false;
    }
    if (known != masks_.end() && known->second == *camera.privacy_mask) return false;
    masks_[camera.id] = *camera.privacy_mask;
    return true;
  }

  // Events that began before this may have a still that shows what must not be seen; InfinitePast
  // where the camera has no mask.
  absl::Time MaskedSince(const std::string& camera_id) {
    std::lock_guard lock(mutex_);
    const auto mask = masks_.find(camera_id);
    if (mask == masks_.end()) return absl::InfinitePast();
    return absl::FromUnixMicros(mask->second.revision) + kMaskMargin;
  }

  // Removes what was seen of a camera before its mask: the fleet has done so with what it keeps.
  void Forget(const store::Camera& camera) {
    if (const auto watcher = WatcherOf(camera.id, /*make=*/false)) watcher->Restart(clock_.Now());
    motion_.DropStills(camera.id);
    {
      // Whatever the recorder has in hand goes to the store before what follows.
      std::lock_guard lock(recording_now_);
    }
    recorder_.ForgetStills(camera.id, MaskedSince(camera.id));
    const int clips = clip_files_.RemoveThose(
        [&](const std::string& event_id) { return CameraOfEvent(event_id) == camera.id; });
    if (clips > 0) {
      PATROL_LOG_INFO("camera \"{}\": {} clips removed: it has a privacy mask", camera.id, clips);
    }
  }

  using Watchers = std::map<std::string, std::shared_ptr<CameraWatcher>>;

  void SaveNorms(const Watchers& watchers) {
    for (const auto& [id, watcher] : watchers) norms_.Note(id, watcher->Norms());
    norms_.Save(clock_.Now());
  }

  // Waits; false when the service stops.
  bool Pause(std::unique_lock<std::mutex>& lock, absl::Duration how_long) {
    while (how_long > absl::ZeroDuration()) {
      const absl::Duration part = std::min(how_long, kUnseenEvery);
      if (stopped_.wait_for(lock, absl::ToChronoNanoseconds(part), [this] { return stopping_; })) {
        return false;
      }
      how_long -= part;
      EndUnseen(lock);
    }
    return true;
  }

  void EndUnseen(std::unique_lock<std::mutex>& lock) {
    const absl::Time now = clock_.Now();
    if (now - unseen_looked_at_ < kUnseenEvery && now >= unseen_looked_at_) return;
    unseen_looked_at_ = now;
    const Watchers watchers = watchers_;
    lock.unlock();
    for (const auto& [id, watcher] : watchers) watcher->EndUnseen(now - kUnseenMax);
    lock.lock();
  }

  // Every few seconds: at which cameras' places no unit can be in time. Spread over the interval,
  // because an answer may take milliseconds. And every ten minutes what is normal of them is kept.
  void WatchReach() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      std::vector<std::string> cameras;
      for (const auto& [id, watcher] : watchers_) cameras.push_back(id);
      const absl::Duration pause =
          kReachEvery / static_cast<int64_t>(std::max<size_t>(cameras.size(), 1));
      for (const std::string& id : cameras) {
        lock.unlock();
        motion::MotionEvent here;
        here.camera_id = id;
        const response::Response answer = responder_.Respond(here);
        // Where no unit is known at all, no place comes before another.
        fleet_.SetUnattended(id, answer.unattended && answer.comparable);
        lock.lock();
        if (!Pause(lock, pause)) return;
      }
      if (norms_.Due(clock_.Now())) {
        const Watchers watchers = watchers_;
        lock.unlock();
        SaveNorms(watchers);
        lock.lock();
      }
      if (!cameras.empty()) continue;
      Pause(lock, kReachEvery);
    }
  }

  // The recorder's thread: who can be there is asked once, when an event begins.
  void Record() {
    // A camera's zones may have events at the same time: by camera and begin.
    std::map<std::string, store::MotionEvent> open;
    while (const std::optional<motion::MotionEvent> told = motion_.Pop()) {
      std::lock_guard in_hand(recording_now_);
      const bool with_still =
          told->still_jpeg != nullptr && told->begin >= MaskedSince(told->camera_id);
      const bool begins = told->phase == motion::Phase::kBegin;
      const std::string id = store::MotionEventId(told->camera_id, told->begin);
      if (!begins && !open.contains(id)) continue;
      store::MotionEvent& event = open[id];
      if (begins) {
        event = {.id = id, .camera_id = told->camera_id, .begin = told->begin};
        // First of all: the ring moves on.
        clips_.Begin(event.id, event.camera_id, event.begin);
        const response::Response answer = responder_.Respond(*told);
        event.response = {.area_id = answer.area_id,
                          .nearest_unit_id = answer.nearest_unit_id,
                          .arrival = answer.arrival,
                          .unattended = answer.unattended,
                          .reason = answer.reason};
      }
      event.last = std::max(event.begin, told->time);
      event.zone = {told->zone.left, told->zone.top, told->zone.right, told->zone.bottom};
      event.strength = told->strength;
      event.zone_id = told->zone_id;
      event.direction = std::string(motion::DirectionName(told->direction));
      event.ending = std::string(motion::EndingName(told->ending));
      event.reason = told->reason;
      event.confidence = told->confidence;
      event.onset_source = std::string(motion::OnsetSourceName(told->onset_source));
      event.onset_uncertainty = told->onset_uncertainty;
      event.ended = told->phase == motion::Phase::kEnd;
      const api::EventPhase phase = begins        ? api::EventPhase::kBegin
                                    : event.ended ? api::EventPhase::kEnd
                                                  : api::EventPhase::kUpdate;
      event.has_still = event.has_still || with_still;
      recorder_.Record(phase, event, with_still ? told->still_jpeg : nullptr);
      if (event.ended) clips_.End(event.id, event.last);
      if (event.ended) open.erase(id);
    }
  }

  const motion::Analyser::Options motion_options_;
  const Clock& clock_;
  response::Responder& responder_;
  store::Store& store_;
  api::EventRecorder& recorder_;

  std::mutex mutex_;
  std::condition_variable stopped_;
  // guarded by mutex_
  std::map<std::string, std::shared_ptr<CameraWatcher>> watchers_;
  std::map<std::string, store::PrivacyMask> masks_;  // by camera
  bool stopping_ = false;
  absl::Time unseen_looked_at_ = absl::InfinitePast();

  std::mutex recording_now_;  // held while one event is recorded

  MotionQueue motion_;
  ingest::ClipFiles& clip_files_;
  ingest::Fleet fleet_;
  ingest::ClipRecorder clips_;
  motion::TownLimit town_limit_;
  ZoneNorms norms_;
  std::thread recording_;
  std::thread reach_;
};

VideoWing::VideoWing(const config::Config& config, const Clock& clock,
                     response::Responder& responder, store::Store& store,
                     api::EventRecorder& recorder, ingest::ClipFiles& clips)
    : impl_(std::make_unique<Impl>(config, clock, responder, store, recorder, clips)) {}

VideoWing::~VideoWing() = default;

void VideoWing::Stop() { impl_->Stop(); }

const ingest::Fleet& VideoWing::fleet() const { return impl_->fleet(); }

VideoWing::Counts VideoWing::counts() const { return impl_->counts(); }

absl::Status VideoWing::Check(const store::Camera& camera) const { return CheckSource(camera); }

void VideoWing::Put(const store::Camera& camera) { impl_->Put(camera); }

void VideoWing::Remove(const std::string& camera_id) { impl_->Remove(camera_id); }

void VideoWing::Describe(const std::string& camera_id, v1::CameraState* state) const {
  const absl::StatusOr<ingest::CameraState> known = impl_->fleet().State(camera_id);
  if (!known.ok()) return;
  FillIngest(*known, state);
  state->set_moving(impl_->Moving(camera_id));
  if (const auto analysis = impl_->Analysis(camera_id)) FillAnalysis(*analysis, state);
  state->set_events_over_town_limit(impl_->OverTownLimit(camera_id));
}

void VideoWing::AcceptView(const std::string& camera_id) { impl_->AcceptView(camera_id); }

absl::StatusOr<api::CameraFleet::Still> VideoWing::Snapshot(const std::string& camera_id) const {
  PATROL_RETURN_IF_ERROR(impl_->CheckView(camera_id));
  const absl::StatusOr<media::Picture> picture = impl_->fleet().LastPicture(camera_id);
  if (!picture.ok()) return picture.status();
  absl::StatusOr<std::string> jpeg =
      media::EncodeJpeg(*picture, kSnapshotQuality, picture->width());
  if (!jpeg.ok()) return jpeg.status();
  return Still{*std::move(jpeg), picture->time()};
}

absl::StatusOr<api::CameraFleet::Still> VideoWing::Evidence(const std::string& camera_id,
                                                            const std::string& finding) const {
  return impl_->Evidence(camera_id, finding);
}

absl::StatusOr<std::unique_ptr<media::AccessUnitSubscription>> VideoWing::Watch(
    const std::string& camera_id, std::shared_ptr<media::AccessUnitListener> listener) {
  return impl_->fleet().Subscribe(camera_id, std::move(listener));
}

void VideoWing::Focus(const std::string& camera_id, absl::Duration how_long) {
  impl_->fleet().SetFocus(camera_id, how_long);
}

absl::StatusOr<std::string> VideoWing::ClipPath(const std::string& event_id) {
  const std::string camera_id = CameraOfEvent(event_id);
  if (impl_->Masked(camera_id)) {
    return absl::PermissionDeniedError(
        absl::StrCat("motion event \"", event_id, "\": camera \"", camera_id,
                     "\" has a privacy mask: there are no clips of it; its stills are masked"));
  }
  return impl_->clip_files().Find(event_id);
}

}  // namespace patrol::patrold
