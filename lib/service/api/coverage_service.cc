#include "lib/service/api/coverage_service.h"

#include <grpcpp/alarm.h>

#include <chrono>
#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "lib/base/status.h"
#include "lib/service/api/coverage_window.h"
#include "lib/service/api/pulled_stream.h"
#include "lib/service/api/unary_call.h"
#include "lib/service/api/validation.h"
#include "patrol/v1/coverage_service.grpc.pb.h"

namespace patrol::api {

namespace {

constexpr absl::Duration kIntervalDefault = absl::Seconds(1);
constexpr absl::Duration kIntervalLeast = absl::Milliseconds(100);
constexpr absl::Duration kIntervalMost = absl::Hours(1);

absl::StatusOr<absl::Duration> ReadInterval(const v1::WatchCoverageRequest& request) {
  if (!request.has_interval()) return kIntervalDefault;
  const absl::Duration interval =
      absl::Seconds(request.interval().seconds()) + absl::Nanoseconds(request.interval().nanos());
  if (interval < kIntervalLeast || interval > kIntervalMost) {
    return absl::InvalidArgumentError(absl::StrCat(
        "interval: ", absl::FormatDuration(interval), " is outside ",
        absl::FormatDuration(kIntervalLeast), "..", absl::FormatDuration(kIntervalMost)));
  }
  return interval;
}

// One watcher of the coverage. It looks at the revision once in its interval, which costs next to
// nothing, and sends what has changed.
class CoverageStream final : public PulledStream<v1::Coverage> {
 public:
  CoverageStream(StreamRegistry& registry, const CoverageView& coverage,
                 absl::StatusOr<absl::Duration> interval)
      : PulledStream(registry), coverage_(coverage), interval_(std::move(interval)) {}

 private:
  absl::StatusOr<bool> Pull(v1::Coverage* message) override {
    if (!interval_.ok()) return interval_.status();
    if (sent_once_ && !due_) {
      // A message was just written, or nothing had changed: look again after the interval.
      SetAlarm();
      return false;
    }
    due_ = false;
    if (sent_once_ && coverage_.revision() == sent_revision_) {
      SetAlarm();
      return false;
    }
    coverage_.Describe(message);
    sent_revision_ = message->revision();
    sent_once_ = true;
    return true;
  }

  void SetAlarm() {
    if (alarm_pending_) return;
    alarm_pending_ = true;
    // A new one each time: one that fires may not be set again from its own call.
    alarm_ = std::make_unique<grpc::Alarm>();
    // It keeps its function after the call: what that holds is let go within the call, or this
    // stream and its alarm would keep each other for ever.
    auto ring =
        [self = std::static_pointer_cast<CoverageStream>(shared_from_this())](bool fired) mutable {
          const std::shared_ptr<CoverageStream> held = std::move(self);
          if (fired) held->OnAlarm();
        };
    alarm_->Set(std::chrono::system_clock::now() + absl::ToChronoMicroseconds(*interval_),
                std::move(ring));
  }

  void OnAlarm() {
    // Nobody pulls between the alarm being set and this: there was no other reason to wake.
    alarm_pending_ = false;
    due_ = true;
    Wake();
  }

  void OnEnd() override {
    if (alarm_ != nullptr) alarm_->Cancel();
  }

  const CoverageView& coverage_;
  const absl::StatusOr<absl::Duration> interval_;
  // of whoever pulls
  bool sent_once_ = false;
  bool due_ = false;
  bool alarm_pending_ = false;
  int64_t sent_revision_ = 0;
  std::unique_ptr<grpc::Alarm> alarm_;
};

class CoverageService final : public v1::CoverageService::CallbackService {
 public:
  explicit CoverageService(const CoverageServiceDeps& deps) : deps_(deps) {}

  grpc::ServerUnaryReactor* GetCoverage(grpc::CallbackServerContext* context,
                                        const v1::GetCoverageRequest*,
                                        v1::Coverage* response) override {
    return RunUnary(deps_.workers, context, [=, this] {
      deps_.coverage.Describe(response);
      return absl::OkStatus();
    });
  }

  grpc::ServerUnaryReactor* GetCoveredRoads(grpc::CallbackServerContext* context,
                                            const v1::GetCoveredRoadsRequest*,
                                            v1::GeoJson* response) override {
    return RunUnary(deps_.workers, context, [=, this]() -> absl::Status {
      PATROL_ASSIGN_OR_RETURN(CoverageView::Roads roads, deps_.coverage.CoveredRoads());
      response->set_geojson(std::move(roads.geojson));
      response->set_revision(roads.revision);
      return absl::OkStatus();
    });
  }

  grpc::ServerUnaryReactor* GetNetwork(grpc::CallbackServerContext* context,
                                       const v1::GetNetworkRequest*,
                                       v1::GeoJson* response) override {
    return RunUnary(deps_.workers, context, [=, this]() -> absl::Status {
      PATROL_ASSIGN_OR_RETURN(*response->mutable_geojson(), deps_.coverage.NetworkGeoJson());
      return absl::OkStatus();
    });
  }

  grpc::ServerUnaryReactor* ExplainPlace(grpc::CallbackServerContext* context,
                                         const v1::ExplainPlaceRequest* request,
                                         v1::PlaceExplanation* response) override {
    return RunUnary(deps_.workers, context, [=, this]() -> absl::Status {
      if (!request->has_lon() || !request->has_lat()) {
        return absl::InvalidArgumentError("lon, lat: are required");
      }
      const geo::LonLat place{request->lon(), request->lat()};
      if (!(std::abs(place.lon) <= 180 && std::abs(place.lat) <= 90)) {
        return absl::InvalidArgumentError(
            absl::StrCat("lon, lat: (", place.lon, ", ", place.lat, ") is not on the earth"));
      }
      deps_.coverage.Explain(place, response);
      return absl::OkStatus();
    });
  }

  grpc::ServerUnaryReactor* CreateCoverageWindow(grpc::CallbackServerContext* context,
                                                 const v1::CreateCoverageWindowRequest* request,
                                                 v1::CoverageWindow* response) override {
    return RunUnary(deps_.workers, context, [=, this]() -> absl::Status {
      PATROL_ASSIGN_OR_RETURN(const report::WindowOrder order,
                              ReadOrder(request->coverage_window()));
      PATROL_ASSIGN_OR_RETURN(const report::WindowDesk::Ticket ticket, deps_.windows.Order(order));
      Fill(ticket, Detail::kWhole, response);
      return absl::OkStatus();
    });
  }

  grpc::ServerUnaryReactor* GetCoverageWindow(grpc::CallbackServerContext* context,
                                              const v1::GetCoverageWindowRequest* request,
                                              v1::CoverageWindow* response) override {
    return RunUnary(deps_.workers, context, [=, this]() -> absl::Status {
      PATROL_ASSIGN_OR_RETURN(const report::WindowDesk::Ticket ticket, Window(request->name()));
      Fill(ticket, Detail::kWhole, response);
      return absl::OkStatus();
    });
  }

  grpc::ServerUnaryReactor* ListCoverageWindows(
      grpc::CallbackServerContext* context, const v1::ListCoverageWindowsRequest*,
      v1::ListCoverageWindowsResponse* response) override {
    return RunUnary(deps_.workers, context, [=, this] {
      for (const report::WindowDesk::Ticket& ticket : deps_.windows.List()) {
        Fill(ticket, Detail::kSummary, response->add_coverage_windows());
      }
      return absl::OkStatus();
    });
  }

  grpc::ServerUnaryReactor* DeleteCoverageWindow(grpc::CallbackServerContext* context,
                                                 const v1::DeleteCoverageWindowRequest* request,
                                                 google::protobuf::Empty*) override {
    return RunUnary(deps_.workers, context, [=, this]() -> absl::Status {
      PATROL_ASSIGN_OR_RETURN(const std::string id,
                              ReadName("name", kWindowCollection, request->name()));
      return deps_.windows.Remove(id);
    });
  }

  grpc::ServerUnaryReactor* GetBlindSpots(grpc::CallbackServerContext* context,
                                          const v1::GetBlindSpotsRequest* request,
                                          v1::GeoJson* response) override {
    return RunUnary(deps_.workers, context, [=, this]() -> absl::Status {
      PATROL_ASSIGN_OR_RETURN(const report::WindowDesk::Ticket ticket, Window(request->name()));
      if (ticket.report == nullptr) {
        return absl::FailedPreconditionError(
            absl::StrCat("window \"", ticket.id, "\": has not succeeded (yet)"));
      }
      response->set_geojson(ticket.report->blind_spots_geojson);
      return absl::OkStatus();
    });
  }

  grpc::ServerWriteReactor<v1::Coverage>* WatchCoverage(
      grpc::CallbackServerContext*, const v1::WatchCoverageRequest* request) override {
    return std::make_shared<CoverageStream>(deps_.streams, deps_.coverage, ReadInterval(*request))
        ->Begin();
  }

 private:
  absl::StatusOr<report::WindowDesk::Ticket> Window(const std::string& name) const {
    PATROL_ASSIGN_OR_RETURN(const std::string id, ReadName("name", kWindowCollection, name));
    return deps_.windows.Get(id);
  }

  const CoverageServiceDeps deps_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeCoverageService(const CoverageServiceDeps& deps) {
  return std::make_unique<CoverageService>(deps);
}

}  // namespace patrol::api
