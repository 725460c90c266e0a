#include "lib/service/api/motion_service.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/service/api/conversion.h"
#include "lib/service/api/pulled_stream.h"
#include "lib/service/api/unary_call.h"
#include "lib/service/api/validation.h"
#include "patrol/v1/motion_service.grpc.pb.h"

namespace patrol::api {

namespace {

// One watcher of the hub. It holds no messages: it walks along the hub's ring.
class EventStream final : public PulledStream<v1::WatchMotionEventsResponse> {
 public:
  EventStream(StreamRegistry& registry, EventHub& events, int64_t after_revision)
      : PulledStream(registry), events_(events), cursor_(after_revision) {}

 private:
  void OnBegin() override {
    subscription_ = events_.Subscribe([this] { Wake(); });
  }

  void OnEnd() override { subscription_.reset(); }

  absl::StatusOr<bool> Pull(v1::WatchMotionEventsResponse* message) override {
    if (cursor_ < 0) {
      return absl::InvalidArgumentError(absl::StrCat("after_revision: ", cursor_, " is below 0"));
    }
    if (cursor_ == 0) {
      // From now on: the reader learns from where.
      cursor_ = events_.latest();
      begun_ = true;
      message->set_revision(cursor_);
      return true;
    }
    absl::StatusOr<EventChangePtr> change = events_.After(cursor_);
    if (!change.ok() && !begun_) return change.status();
    if (!change.ok() || (caught_up_ && Behind() > kBehindMax)) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the reader is too slow: over ", kBehindMax,
                       " messages behind; watch again with after_revision ", cursor_));
    }
    begun_ = true;
    if (*change == nullptr) {
      caught_up_ = true;
      return false;
    }
    cursor_ = (*change)->revision;
    message->set_revision(cursor_);
    Fill(**change, message->mutable_motion_event());
    return true;
  }

  int64_t Behind() const { return events_.latest() - cursor_; }

  static constexpr int64_t kBehindMax = static_cast<int64_t>(limits::kStreamBacklogMax);

  EventHub& events_;
  std::unique_ptr<EventHub::Subscription> subscription_;
  int64_t cursor_;          // the last revision sent
  bool begun_ = false;      // the ring held what was asked for
  bool caught_up_ = false;  // it had everything once: from then on it may fall behind only so far
};

class MotionService final : public v1::MotionService::CallbackService {
 public:
  explicit MotionService(const MotionServiceDeps& deps) : deps_(deps) {}

  grpc::ServerUnaryReactor* GetMotionEvent(grpc::CallbackServerContext* context,
                                           const v1::GetMotionEventRequest* request,
                                           v1::MotionEvent* response) override {
    return RunUnary(deps_.workers, context, [=, this]() -> absl::Status {
      PATROL_ASSIGN_OR_RETURN(const std::string id,
                              ReadName("name", "motionEvents", request->name()));
      PATROL_ASSIGN_OR_RETURN(const store::MotionEvent event, deps_.store.GetMotionEvent(id));
      Fill(event, response);
      return absl::OkStatus();
    });
  }

  grpc::ServerUnaryReactor* UpdateMotionEvent(grpc::CallbackServerContext* context,
                                              const v1::UpdateMotionEventRequest* request,
                                              v1::MotionEvent* response) override {
    return RunUnary(deps_.workers, context, [=, this]() -> absl::Status {
      PATROL_ASSIGN_OR_RETURN(const std::string id, ReadName("motion_event.name", "motionEvents",
                                                             request->motion_event().name()));
      // It names the one field there is, or nothing.
      PATROL_RETURN_IF_ERROR(ReadUpdateMask(request->update_mask(), {"not_an_event"}).status());
      std::optional<absl::Time> marked;
      if (request->motion_event().not_an_event()) marked = deps_.clock.Now();
      PATROL_ASSIGN_OR_RETURN(const store::MotionEvent event, deps_.recorder.Mark(id, marked));
      Fill(event, response);
      return absl::OkStatus();
    });
  }

  grpc::ServerUnaryReactor* ListMotionEvents(grpc::CallbackServerContext* context,
                                             const v1::ListMotionEventsRequest* request,
                                             v1::ListMotionEventsResponse* response) override {
    return RunUnary(deps_.workers, context, [=, this] { return List(*request, response); });
  }

  grpc::ServerUnaryReactor* GetMotionStill(grpc::CallbackServerContext* context,
                                           const v1::GetMotionStillRequest* request,
                                           v1::MotionStill* response) override {
    return RunUnary(deps_.workers, context, [=, this]() -> absl::Status {
      PATROL_ASSIGN_OR_RETURN(const std::string id,
                              ReadName("name", "motionEvents", request->name()));
      PATROL_ASSIGN_OR_RETURN(*response->mutable_jpeg(), deps_.store.GetMotionStill(id));
      return absl::OkStatus();
    });
  }

  grpc::ServerWriteReactor<v1::WatchMotionEventsResponse>* WatchMotionEvents(
      grpc::CallbackServerContext*, const v1::WatchMotionEventsRequest* request) override {
    return std::make_shared<EventStream>(deps_.streams, deps_.events, request->after_revision())
        ->Begin();
  }

 private:
  absl::Status List(const v1::ListMotionEventsRequest& request,
                    v1::ListMotionEventsResponse* response) {
    PATROL_ASSIGN_OR_RETURN(const store::PageRequest page,
                            ReadPage(request.page_size(), request.page_token()));
    store::MotionQuery query;
    if (!request.camera().empty()) {
      PATROL_ASSIGN_OR_RETURN(query.camera_id, ReadName("camera", "cameras", request.camera()));
    }
    if (request.has_from_time()) {
      PATROL_ASSIGN_OR_RETURN(query.from, ReadTime("from_time", request.from_time()));
    }
    if (request.has_to_time()) {
      PATROL_ASSIGN_OR_RETURN(query.to, ReadTime("to_time", request.to_time()));
    }
    PATROL_RETURN_IF_ERROR(CheckWindow(query.from, query.to));
    query.unattended_only = request.unattended_only();
    query.marked_only = request.marked_only();
    PATROL_ASSIGN_OR_RETURN(const store::Page<store::MotionEvent> events,
                            deps_.store.ListMotionEvents(query, page));
    for (const store::MotionEvent& event : events.rows) Fill(event, response->add_motion_events());
    response->set_next_page_token(events.next_page_token);
    return absl::OkStatus();
  }

  const MotionServiceDeps deps_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeMotionService(const MotionServiceDeps& deps) {
  return std::make_unique<MotionService>(deps);
}

}  // namespace patrol::api
