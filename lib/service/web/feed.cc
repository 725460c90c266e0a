#include "lib/service/web/feed.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"
#include "lib/service/web/service_call.h"
#include "lib/service/web/transcode.h"
#include "patrol/v1/camera_service.grpc.pb.h"
#include "patrol/v1/coverage_service.grpc.pb.h"
#include "patrol/v1/motion_service.grpc.pb.h"
#include "patrol/v1/unit_service.grpc.pb.h"

namespace patrol::web {
namespace {

// The start of every message; the caller adds fields and "}".
std::string Head(std::string_view type) {
  return absl::StrCat("{\"type\":\"", std::string(type), "\",\"time\":\"", FormatUtc(absl::Now()),
                      "\"");
}

// ,"name":[a,b]
void AppendList(std::string_view name, const std::vector<std::string>& items, std::string* out) {
  absl::StrAppend(out, ",\"", std::string(name), "\":[");
  for (size_t i = 0; i < items.size(); ++i) absl::StrAppend(out, i == 0 ? "" : ",", items[i]);
  out->push_back(']');
}

// Those that change with every packet: they would make every camera news all the time.
void ClearCounters(v1::Camera* camera) {
  if (!camera->has_state()) return;
  v1::CameraState* state = camera->mutable_state();
  state->clear_access_units();
  state->clear_bytes();
  state->clear_packets_lost();
  state->clear_pictures_decoded();
  state->clear_decode_errors();
  state->clear_access_units_dropped();
  state->clear_picture_time();
  state->clear_picture_age_s();
  state->clear_blind_total_s();
  state->clear_decode_cpu_s();
  state->clear_activity();
  state->clear_gop_s();
  state->clear_packets_reordered();
  state->clear_packets_late();
  state->clear_jitter_s();
  state->clear_quirks();
  state->clear_suppressed();
  state->clear_candidates();
  // To a tenth: they creep.
  for (v1::ZoneState& zone : *state->mutable_zones()) {
    zone.set_moving_share(std::round(zone.moving_share() * 10) / 10);
    if (zone.has_usual_share()) zone.set_usual_share(std::round(zone.usual_share() * 10) / 10);
  }
}

}  // namespace

Feed::Feed(Options options, std::shared_ptr<grpc::Channel> channel)
    : options_(options), channel_(std::move(channel)) {
  for (const char* source : {"coverage", "motion", "units", "cameras"}) {
    sources_[source] = "not asked yet";
  }
}

Feed::~Feed() { Stop(); }

void Feed::Start() {
  threads_.emplace_back([this] { WatchCoverage(); });
  threads_.emplace_back([this] { WatchMotion(); });
  threads_.emplace_back([this] { PollLists(); });
  threads_.emplace_back([this] { SendWhatIsDue(); });
}

void Feed::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    for (grpc::ClientContext* context : contexts_) context->TryCancel();
    subscribers_.clear();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Feed::Subscribe(std::shared_ptr<Subscriber> subscriber) {
  const auto send = [&](std::string message) {
    subscriber->Send(std::make_shared<const std::string>(std::move(message)));
  };
  {
    // Under the lock, so that no change falls between the snapshot and the first update.
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    send(absl::StrCat(Head("hello"), ",\"version\":\"", PATROL_VERSION,
                      "\",\"heartbeatS\":", absl::ToDoubleSeconds(options_.heartbeat), "}"));
    send(HeartbeatMessage());
    if (!coverage_.empty()) {
      send(absl::StrCat(Head("coverage"), ",\"coverage\":", coverage_, "}"));
    }
    if (motion_known_) {
      send(MotionMessage(true, {motion_order_.begin(), motion_order_.end()}));
    }
    for (const auto& [type, listing] :
         {std::pair("units", &units_), std::pair("cameras", &cameras_)}) {
      if (!listing->known) continue;
      std::string message = absl::StrCat(Head(type), ",\"snapshot\":true");
      std::vector<std::string> items;
      for (const auto& [name, json] : listing->items) items.push_back(json);
      AppendList(type, items, &message);
      AppendList("removed", {}, &message);
      send(message + "}");
    }
    if (subscribers_.empty()) poll_now_ = true;
    subscribers_.push_back(std::move(subscriber));
  }
  changed_.notify_all();
}

void Feed::Unsubscribe(const Subscriber* subscriber) {
  std::lock_guard lock(mutex_);
  const auto gone = std::remove_if(subscribers_.begin(), subscribers_.end(),
                                   [&](const auto& s) { return s.get() == subscriber; });
  subscribers_.erase(gone, subscribers_.end());
  // Nobody asks for the lists from here on; what is kept of them would be old when one does.
  if (subscribers_.empty()) {
    units_ = {};
    cameras_ = {};
    sources_["units"] = sources_["cameras"] = "not asked yet";
  }
}

void Feed::WatchCoverage() {
  do {
    SetSource("coverage", ReadCoverage());
  } while (Pause(options_.retry));
}

absl::Status Feed::ReadCoverage() {
  grpc::ClientContext context;
  if (!Open(&context)) return absl::CancelledError("stopping");
  const auto stub = v1::CoverageService::NewStub(channel_);
  v1::WatchCoverageRequest request;
  request.mutable_interval()->set_seconds(1);
  const auto reader = stub->WatchCoverage(&context, request);
  v1::Coverage coverage;
  while (reader->Read(&coverage)) {
    absl::StatusOr<std::string> json = ToJson(coverage);
    if (!json.ok()) continue;
    std::lock_guard lock(mutex_);
    if (stopping_) break;
    sources_["coverage"] = "live";
    coverage_ = *std::move(json);
    Broadcast(absl::StrCat(Head("coverage"), ",\"coverage\":", coverage_, "}"));
  }
  const absl::Status status = FromGrpc(reader->Finish());
  Close(&context);
  return status.ok() ? absl::UnavailableError("the service ended the stream") : status;
}

void Feed::WatchMotion() {
  int64_t revision = 0;
  do {
    const absl::Status status = ReadMotion(&revision);
    SetSource("motion", status);
    // What was missed is no longer kept there: begin anew from the list.
    if (status.code() == absl::StatusCode::kOutOfRange) revision = 0;
  } while (Pause(options_.retry));
}

absl::Status Feed::ReadMotion(int64_t* revision) {
  grpc::ClientContext context;
  if (!Open(&context)) return absl::CancelledError("stopping");
  const auto stub = v1::MotionService::NewStub(channel_);
  v1::WatchMotionEventsRequest request;
  request.set_after_revision(*revision);
  const auto reader = stub->WatchMotionEvents(&context, request);
  absl::Status listed = absl::OkStatus();
  if (*revision != 0) SetSource("motion", absl::OkStatus());
  v1::WatchMotionEventsResponse change;
  while (reader->Read(&change)) {
    if (*revision == 0) {
      // The watch opens with a message that says it stands: what is not in the list from here on
      // comes through the watch.
      listed = ListMotionEvents();
      if (!listed.ok()) {
        context.TryCancel();
        break;
      }
      SetSource("motion", absl::OkStatus());
    }
    *revision = change.revision();
    if (!change.has_motion_event()) continue;
    absl::StatusOr<std::string> json = ToJson(change.motion_event());
    if (!json.ok()) continue;
    std::lock_guard lock(mutex_);
    if (stopping_) break;
    const std::string& name = change.motion_event().name();
    KeepMotion(name, *std::move(json));
    if (std::find(motion_pending_.begin(), motion_pending_.end(), name) == motion_pending_.end()) {
      motion_pending_.push_back(name);
    }
  }
  const absl::Status status = FromGrpc(reader->Finish());
  Close(&context);
  if (!listed.ok()) return listed;
  return status.ok() ? absl::UnavailableError("the service ended the stream") : status;
}

absl::Status Feed::ListMotionEvents() {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + options_.call_timeout));
  if (!Open(&context)) return absl::CancelledError("stopping");
  v1::ListMotionEventsRequest request;
  request.set_page_size(limits::kWallEventsAtStart);
  v1::ListMotionEventsResponse response;
  const grpc::Status called =
      v1::MotionService::NewStub(channel_)->ListMotionEvents(&context, request, &response);
  Close(&context);
  if (!called.ok()) return FromGrpc(called);
  std::lock_guard lock(mutex_);
  motion_.clear();
  motion_order_.clear();
  motion_pending_.clear();
  // The list has the latest first.
  for (auto event = response.motion_events().rbegin(); event != response.motion_events().rend();
       ++event) {
    PATROL_ASSIGN_OR_RETURN(std::string json, ToJson(*event));
    KeepMotion(event->name(), std::move(json));
  }
  motion_known_ = true;
  Broadcast(MotionMessage(true, {motion_order_.begin(), motion_order_.end()}));
  return absl::OkStatus();
}

void Feed::KeepMotion(const std::string& name, std::string json) {
  auto [place, added] = motion_.try_emplace(name);
  place->second = std::move(json);
  if (!added) return;
  motion_order_.push_back(name);
  // Those that wait to be sent must still be there; they are at the young end.
  while (motion_order_.size() >
         std::max<size_t>(limits::kWallEventsAtStart, motion_pending_.size() + 1)) {
    motion_.erase(motion_order_.front());
    motion_order_.pop_front();
  }
}

std::string Feed::MotionMessage(bool snapshot, const std::vector<std::string>& names) const {
  std::vector<std::string> events;
  for (const std::string& name : names) {
    const auto found = motion_.find(name);
    if (found != motion_.end()) events.push_back(found->second);
  }
  std::string message = absl::StrCat(Head("motion"), ",\"snapshot\":", snapshot ? "true" : "false");
  AppendList("motionEvents", events, &message);
  return message + "}";
}

void Feed::PollLists() {
  using Clock = std::chrono::steady_clock;
  Clock::time_point units_due{};
  Clock::time_point cameras_due{};
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !subscribers_.empty(); });
      changed_.wait_until(lock, std::min(units_due, cameras_due),
                          [this] { return stopping_ || poll_now_; });
      if (stopping_) return;
      // The first to listen does not wait for the next turn.
      if (std::exchange(poll_now_, false)) units_due = cameras_due = Clock::now();
    }
    // A list that fails is asked for again after its interval, not at once.
    if (Clock::now() >= units_due) {
      SetSource("units", PollUnits());
      units_due = Clock::now() + absl::ToChronoNanoseconds(options_.units_interval);
    }
    if (Clock::now() >= cameras_due) {
      SetSource("cameras", PollCameras());
      cameras_due = Clock::now() + absl::ToChronoNanoseconds(options_.cameras_interval);
    }
  }
}

absl::Status Feed::PollUnits() {
  const auto stub = v1::UnitService::NewStub(channel_);
  std::map<std::string, std::string> now;
  v1::ListUnitsRequest request;
  request.set_page_size(limits::kPageSizeMax);
  do {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + options_.call_timeout));
    if (!Open(&context)) return absl::CancelledError("stopping");
    v1::ListUnitsResponse response;
    const grpc::Status called = stub->ListUnits(&context, request, &response);
    Close(&context);
    if (!called.ok()) return FromGrpc(called);
    for (const v1::Unit& unit : response.units()) {
      PATROL_ASSIGN_OR_RETURN(now[unit.name()], ToJson(unit));
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty() && now.size() < limits::kUnitsMax);
  PublishListing("units", std::move(now), &units_);
  return absl::OkStatus();
}

absl::Status Feed::PollCameras() {
  const auto stub = v1::CameraService::NewStub(channel_);
  std::map<std::string, std::string> now;
  v1::ListCamerasRequest request;
  request.set_page_size(limits::kPageSizeMax);
  do {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + options_.call_timeout));
    if (!Open(&context)) return absl::CancelledError("stopping");
    v1::ListCamerasResponse response;
    const grpc::Status called = stub->ListCameras(&context, request, &response);
    Close(&context);
    if (!called.ok()) return FromGrpc(called);
    for (v1::Camera& camera : *response.mutable_cameras()) {
      ClearCounters(&camera);
      PATROL_ASSIGN_OR_RETURN(now[camera.name()], ToJson(camera));
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty() && now.size() < limits::kCamerasMax);
  PublishListing("cameras", std::move(now), &cameras_);
  return absl::OkStatus();
}

void Feed::PublishListing(std::string_view type, std::map<std::string, std::string> now,
                          Listing* last) {
  std::lock_guard lock(mutex_);
  if (subscribers_.empty()) return;
  std::vector<std::string> changed;
  std::vector<std::string> removed;
  for (const auto& [name, json] : now) {
    const auto before = last->items.find(name);
    if (before == last->items.end() || before->second != json) changed.push_back(json);
  }
  for (const auto& [name, json] : last->items) {
    if (!now.contains(name)) removed.push_back(JsonString(name));
  }
  const bool first = !last->known;
  last->known = true;
  last->items = std::move(now);
  if (!first && changed.empty() && removed.empty()) return;
  std::string message = absl::StrCat(Head(type), ",\"snapshot\":", first ? "true" : "false");
  AppendList(type, changed, &message);
  AppendList("removed", removed, &message);
  Broadcast(message + "}");
}

void Feed::SendWhatIsDue() {
  absl::Time heartbeat_due = absl::Now() + options_.heartbeat;
  while (Pause(options_.motion_batch)) {
    std::lock_guard lock(mutex_);
    if (!motion_pending_.empty()) {
      Broadcast(MotionMessage(false, std::exchange(motion_pending_, {})));
    }
    if (absl::Now() >= heartbeat_due) {
      Broadcast(HeartbeatMessage());
      heartbeat_due = absl::Now() + options_.heartbeat;
    }
  }
}

std::string Feed::HeartbeatMessage() const {
  std::string message = absl::StrCat(Head("heartbeat"), ",\"sources\":{");
  const char* separator = "";
  for (const auto& [source, state] : sources_) {
    absl::StrAppend(&message, std::exchange(separator, ","), JsonString(source), ":",
                    JsonString(state));
  }
  return message + "}}";
}

void Feed::Broadcast(std::string message) {
  const auto shared = std::make_shared<const std::string>(std::move(message));
  for (const auto& subscriber : subscribers_) subscriber->Send(shared);
}

void Feed::SetSource(const std::string& source, const absl::Status& status) {
  const std::string text = status.ok() ? "live"
                                       : absl::StrCat(std::string(CodeName(status.code())), ": ",
                                                      std::string(status.message()));
  std::lock_guard lock(mutex_);
  std::string& known = sources_[source];
  if (stopping_ || known == text) return;
  known = text;
  if (!status.ok()) {
    PATROL_LOG_WARNING("wall feed, {}: {}", source, text);
    Broadcast(HeartbeatMessage());
  }
}

bool Feed::Pause(absl::Duration wait) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, absl::ToChronoNanoseconds(wait), [this] { return stopping_; });
  return !stopping_;
}

bool Feed::Open(grpc::ClientContext* context) {
  std::lock_guard lock(mutex_);
  if (!stopping_) contexts_.insert(context);
  return !stopping_;
}

void Feed::Close(grpc::ClientContext* context) {
  std::lock_guard lock(mutex_);
  contexts_.erase(context);
}

}  // namespace patrol::web
