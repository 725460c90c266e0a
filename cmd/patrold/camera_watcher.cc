#include "cmd/patrold/camera_watcher.h"

#include <utility>

namespace patrol::patrold {

CameraWatcher::CameraWatcher(std::string camera_id, const motion::Analyser::Options& options,
                             motion::MotionSink* sink, Telling telling)
    : id_(std::move(camera_id)), options_(options), sink_(sink), telling_(std::move(telling)) {
  analyser_.emplace(id_, options_, sink_);
}

std::optional<bool> CameraWatcher::OnPicture(const media::Picture& picture,
                                             motion::OnsetSource source, absl::Time now) {
  std::lock_guard lock(analysis_);
  TellLoss();
  // There is nothing to be seen in it; what the analyser has learnt waits for what there is, but
  // no event does.
  if (picture.hidden()) {
    analyser_->OnBlind();
    TellMoving();
    return std::nullopt;
  }
  analyser_->OnPicture(picture, source);
  seen_ = now;
  view_in_doubt_ = analyser_->ViewInDoubt();
  TellMoving();
  TellMoved();
  return analyser_->SeesMovement();
}

void CameraWatcher::SetZones(const motion::CameraZones& zones) {
  std::lock_guard lock(analysis_);
  zones_ = zones;
  analyser_->SetZones(zones_);
  TellMoving();
}

void CameraWatcher::Snooze(absl::Time until) {
  std::lock_guard lock(analysis_);
  if (until == snoozed_until_) return;
  snoozed_until_ = until;
  analyser_->Snooze(until);
  TellMoving();
}

void CameraWatcher::AcceptView() {
  std::lock_guard lock(analysis_);
  analyser_->AcceptView();
  TellMoved();
}

std::vector<motion::ZoneNorm> CameraWatcher::Norms() {
  std::lock_guard lock(analysis_);
  return analyser_->Norms();
}

void CameraWatcher::TakeUp(const std::vector<motion::ZoneNorm>& norms) {
  std::lock_guard lock(analysis_);
  analyser_->TakeUp(norms);
}

motion::AnalyserStatus CameraWatcher::Status() {
  std::lock_guard lock(analysis_);
  return analyser_->status();
}

CameraWatcher::Tally CameraWatcher::Counts() {
  std::lock_guard lock(analysis_);
  return {.suppressed = analyser_->suppressed(), .busy_zones = analyser_->busy_zones()};
}

void CameraWatcher::Restart(absl::Time time) {
  std::lock_guard lock(analysis_);
  restarting_ = true;
  analyser_->OnStreamLost(time);
  analyser_.emplace(id_, options_, sink_);
  analyser_->SetZones(zones_);
  analyser_->Snooze(snoozed_until_);
  view_moved_ = false;
  view_in_doubt_ = false;
  TellMoving();
  restarting_ = false;
}

void CameraWatcher::Lose(absl::Time time) {
  {
    std::lock_guard lock(loss_);
    lost_at_ = time;
  }
  // Nobody analyses: tell it here. Otherwise the analysing thread will with its next picture, or
  // the next state does.
  if (std::unique_lock lock(analysis_, std::try_to_lock); lock.owns_lock()) TellLoss();
}

void CameraWatcher::EndUnseen(absl::Time since) {
  const std::unique_lock lock(analysis_, std::try_to_lock);
  if (!lock.owns_lock() || seen_ >= since) return;  // or it is being analysed right now
  analyser_->OnBlind();
  TellMoving();
}

void CameraWatcher::End(absl::Time time) {
  std::lock_guard lock(analysis_);
  analyser_->OnStreamLost(time);
  TellMoving();
}

void CameraWatcher::TellLoss() {
  std::optional<absl::Time> time;
  {
    std::lock_guard lock(loss_);
    time.swap(lost_at_);
  }
  if (time.has_value()) analyser_->OnStreamLost(*time);
  TellMoving();
}

// Attention is told of changes only, and not of what has stopped and is still there.
void CameraWatcher::TellMoving() {
  const bool now = analyser_->state() == motion::Analyser::State::kMoving;
  if (moving_.exchange(now, std::memory_order_relaxed) != now) telling_.moving(now);
}

void CameraWatcher::TellMoved() {
  const std::optional<std::string> moved = analyser_->ViewMoved();
  if (std::exchange(view_moved_, moved.has_value()) || !moved.has_value()) return;
  telling_.view_moved("it shows another view: " + *moved);
}

}  // namespace patrol::patrold
