// MotionService, CoverageService and the server's own behaviour.

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "tests/unit/api/town.h"

namespace patrol::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

store::MotionEvent EventOf(const std::string& id) {
  store::MotionEvent event;
  event.id = id;
  event.camera_id = "n-042";
  event.begin = kMorning;
  event.last = kMorning + absl::Milliseconds(1500);
  event.response = {"g1", "u7", absl::Milliseconds(95500), false, ""};
  return event;
}

class MotionServiceTest : public TownTest {
 protected:
  using Reader = grpc::ClientReader<v1::WatchMotionEventsResponse>;

  void SetUp() override { StartTown(0, /*events_max=*/2000); }

  std::unique_ptr<Reader> Watch(grpc::ClientContext& context, int64_t after_revision) {
    v1::WatchMotionEventsRequest request;
    request.set_after_revision(after_revision);
    return motion->WatchMotionEvents(&context, request);
  }

  v1::WatchMotionEventsResponse message_;
};

TEST_F(MotionServiceTest, TellsAWatcherWhereItBeginsAndThenEveryChange) {
  grpc::ClientContext context;
  std::unique_ptr<Reader> reader = Watch(context, 0);
  ASSERT_TRUE(reader->Read(&message_));
  EXPECT_FALSE(message_.has_motion_event());
  const int64_t begun = message_.revision();
  events->Publish(EventPhase::kBegin, EventOf("a"));
  events->Publish(EventPhase::kEnd, EventOf("a"));
  ASSERT_TRUE(reader->Read(&message_));
  EXPECT_EQ(message_.revision(), begun + 1);
  const v1::MotionEvent& event = message_.motion_event();
  EXPECT_EQ(event.name(), "motionEvents/a");
  EXPECT_EQ(event.phase(), v1::MOTION_PHASE_BEGIN);
  EXPECT_EQ(event.response().nearest_unit(), "units/u7");
  EXPECT_EQ(event.response().arrival().seconds(), 95);
  EXPECT_EQ(event.response().arrival().nanos(), 500'000'000);
  EXPECT_EQ(event.last_time().nanos(), 500'000'000);
  ASSERT_TRUE(reader->Read(&message_));
  EXPECT_EQ(message_.motion_event().phase(), v1::MOTION_PHASE_END);
}

TEST_F(MotionServiceTest, ResumesAfterARevisionWithoutLossOrRepetition) {
  int64_t seen = 0;
  {
    grpc::ClientContext context;
    std::unique_ptr<Reader> reader = Watch(context, 0);
    ASSERT_TRUE(reader->Read(&message_));
    events->Publish(EventPhase::kBegin, EventOf("a"));
    ASSERT_TRUE(reader->Read(&message_));
    seen = message_.revision();
    context.TryCancel();
    reader->Finish();
  }
  for (const char* id : {"b", "c"}) events->Publish(EventPhase::kBegin, EventOf(id));
  grpc::ClientContext context;
  std::unique_ptr<Reader> reader = Watch(context, seen);
  std::vector<std::string> names;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(reader->Read(&message_));
    names.push_back(message_.motion_event().name());
  }
  EXPECT_THAT(names, ElementsAre("motionEvents/b", "motionEvents/c"));
  EXPECT_EQ(message_.revision(), seen + 2);
}

TEST_F(MotionServiceTest, RefusesARevisionItCantGoOnFrom) {
  for (int64_t revision : {int64_t{7}, events->latest() + 1}) {
    grpc::ClientContext context;
    std::unique_ptr<Reader> reader = Watch(context, revision);
    EXPECT_FALSE(reader->Read(&message_));
    const grpc::Status status = reader->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
    EXPECT_THAT(status.error_message(), HasSubstr(absl::StrCat("after_revision: ", revision)));
  }
  grpc::ClientContext context;
  std::unique_ptr<Reader> reader = Watch(context, -1);
  EXPECT_FALSE(reader->Read(&message_));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(MotionServiceTest, EndsASlowReaderAndTellsItWhereToGoOn) {
  grpc::ClientContext slow_context;
  std::unique_ptr<Reader> slow = Watch(slow_context, 0);
  ASSERT_TRUE(slow->Read(&message_));
  int64_t last = message_.revision();
  for (int i = 0; i < 5000; ++i) events->Publish(EventPhase::kUpdate, EventOf("a"));
  int read = 0;
  while (slow->Read(&message_)) {
    EXPECT_EQ(message_.revision(), last + 1);
    last = message_.revision();
    ++read;
  }
  const grpc::Status status = slow->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << status.error_message();
  EXPECT_THAT(status.error_message(), HasSubstr(absl::StrCat("after_revision ", last)));
  EXPECT_LT(read, 5000);
  // Others are not held up: a new watcher is served.
  grpc::ClientContext context;
  std::unique_ptr<Reader> reader = Watch(context, events->latest() - 1);
  EXPECT_TRUE(reader->Read(&message_));
}

TEST_F(MotionServiceTest, MarksAnEventAsNoneAndTakesItBack) {
  store::MotionEvent event = EventOf("a");
  event.response.unattended = true;
  event.ended = true;
  recorder->Record(EventPhase::kEnd, event, nullptr);
  while (events->latest() <= absl::ToUnixMicros(kMorning)) std::this_thread::yield();
  const auto mark = [this](const v1::UpdateMotionEventRequest& request, v1::MotionEvent* answer) {
    grpc::ClientContext context;
    return motion->UpdateMotionEvent(&context, request, answer);
  };
  const auto unattended = [this] {
    v1::ListMotionEventsRequest list;
    list.set_unattended_only(true);
    v1::ListMotionEventsResponse page;
    grpc::ClientContext context;
    EXPECT_TRUE(motion->ListMotionEvents(&context, list, &page).ok());
    return page.motion_events_size();
  };
  EXPECT_EQ(unattended(), 1);
  v1::UpdateMotionEventRequest request;
  request.mutable_motion_event()->set_name("motionEvents/a");
  request.mutable_motion_event()->set_not_an_event(true);
  v1::MotionEvent answer;
  ASSERT_TRUE(mark(request, &answer).ok());
  EXPECT_TRUE(answer.not_an_event());
  EXPECT_EQ(answer.marked_time().seconds(), absl::ToUnixSeconds(kMorning));
  EXPECT_EQ(unattended(), 0);
  request.mutable_motion_event()->set_not_an_event(false);
  request.mutable_update_mask()->add_paths("not_an_event");
  ASSERT_TRUE(mark(request, &answer).ok());
  EXPECT_FALSE(answer.not_an_event());
  EXPECT_FALSE(answer.has_marked_time());
  EXPECT_EQ(unattended(), 1);
  // What is seen is not for operators to change.
  request.mutable_update_mask()->add_paths("strength");
  EXPECT_EQ(mark(request, &answer).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  request.clear_update_mask();
  request.mutable_motion_event()->set_name("motionEvents/none");
  EXPECT_EQ(mark(request, &answer).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(MotionServiceTest, GivesStoredEventsAndTheirStills) {
  {
    EventRecorder recorder(*store, *events);
    store::MotionEvent event = EventOf("a");
    event.ended = true;
    recorder.Record(EventPhase::kEnd, event, std::make_shared<const std::string>("jpeg"));
    event = EventOf("b");
    event.begin = kMorning + absl::Minutes(1);
    event.response.unattended = true;
    recorder.Record(EventPhase::kBegin, event, nullptr);
  }
  v1::ListMotionEventsRequest list;
  v1::ListMotionEventsResponse page;
  {
    grpc::ClientContext context;
    ASSERT_TRUE(motion->ListMotionEvents(&context, list, &page).ok());
  }
  ASSERT_EQ(page.motion_events_size(), 2);
  EXPECT_EQ(page.motion_events(0).name(), "motionEvents/b");
  EXPECT_EQ(page.motion_events(0).phase(), v1::MOTION_PHASE_UPDATE);
  EXPECT_EQ(page.motion_events(1).phase(), v1::MOTION_PHASE_END);
  list.set_unattended_only(true);
  list.set_camera("cameras/n-042");
  {
    grpc::ClientContext context;
    ASSERT_TRUE(motion->ListMotionEvents(&context, list, &page).ok());
  }
  EXPECT_EQ(page.motion_events_size(), 1);
  list.set_camera("n-042");
  {
    grpc::ClientContext context;
    const grpc::Status status = motion->ListMotionEvents(&context, list, &page);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(status.error_message(), HasSubstr("camera: "));
  }
  const auto still = [this](const std::string& name, v1::MotionStill* answer) {
    v1::GetMotionStillRequest request;
    request.set_name(name);
    grpc::ClientContext context;
    return motion->GetMotionStill(&context, request, answer);
  };
  v1::MotionStill jpeg;
  ASSERT_TRUE(still("motionEvents/a", &jpeg).ok());
  EXPECT_EQ(jpeg.jpeg(), "jpeg");
  EXPECT_EQ(still("motionEvents/b", &jpeg).error_code(), grpc::StatusCode::NOT_FOUND);
}

class CoverageServiceTest : public TownTest {
 protected:
  void SetUp() override { StartTown(); }
};

TEST_F(CoverageServiceTest, SendsTheCoverageAtOnceAndThenOnlyChanges) {
  v1::WatchCoverageRequest request;
  request.mutable_interval()->set_nanos(100'000'000);
  grpc::ClientContext context;
  auto reader = covered->WatchCoverage(&context, request);
  v1::Coverage now;
  ASSERT_TRUE(reader->Read(&now));
  EXPECT_EQ(now.revision(), 1);
  coverage.Change();
  ASSERT_TRUE(reader->Read(&now));
  EXPECT_EQ(now.revision(), 2);
  context.TryCancel();
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(CoverageServiceTest, RefusesAnIntervalOutOfRange) {
  for (int64_t seconds : {int64_t{0}, int64_t{3601}, int64_t{-5}}) {
    v1::WatchCoverageRequest request;
    request.mutable_interval()->set_seconds(seconds);
    grpc::ClientContext context;
    auto reader = covered->WatchCoverage(&context, request);
    v1::Coverage now;
    EXPECT_FALSE(reader->Read(&now));
    const grpc::Status status = reader->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(status.error_message(), HasSubstr("interval: "));
  }
}

TEST_F(CoverageServiceTest, GivesRoadsWithTheirRevision) {
  v1::GeoJson roads;
  grpc::ClientContext context;
  ASSERT_TRUE(covered->GetCoveredRoads(&context, {}, &roads).ok());
  EXPECT_EQ(roads.geojson(), "{\"roads\":1}");
  EXPECT_EQ(roads.revision(), 7);
}

TEST_F(CoverageServiceTest, ExplainsAPlaceOnTheEarthOnly) {
  const auto explain = [&](const v1::ExplainPlaceRequest& request, v1::PlaceExplanation* place) {
    grpc::ClientContext context;
    return covered->ExplainPlace(&context, request, place);
  };
  v1::ExplainPlaceRequest request;
  v1::PlaceExplanation place;
  request.set_lon(113);
  EXPECT_EQ(explain(request, &place).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  request.set_lat(91);
  EXPECT_EQ(explain(request, &place).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  request.set_lat(22);
  ASSERT_TRUE(explain(request, &place).ok());
  EXPECT_EQ(place.road_distance_m(), 113);
}

class ServerTest : public TownTest {};

TEST_F(ServerTest, EndsStreamsAndCallsWhenItShutsDown) {
  StartTown();
  AddUnit("u1");
  grpc::ClientContext watch_context, coverage_context, report_context;
  auto watch = motion->WatchMotionEvents(&watch_context, {});
  auto coverage_reader = covered->WatchCoverage(&coverage_context, {});
  auto report = positions->ReportPositions(&report_context);
  v1::WatchMotionEventsResponse event;
  v1::Coverage now;
  v1::ReportPositionsResponse ack;
  ASSERT_TRUE(watch->Read(&event));
  ASSERT_TRUE(coverage_reader->Read(&now));
  ASSERT_TRUE(report->Write({}));
  ASSERT_TRUE(report->Read(&ack));
  std::thread stopping([this] { server->Shutdown(); });
  EXPECT_FALSE(watch->Read(&event));
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_FALSE(coverage_reader->Read(&now));
  EXPECT_EQ(coverage_reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_FALSE(report->Read(&ack));
  EXPECT_EQ(report->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  stopping.join();
  server->Shutdown();  // again: nothing
}

TEST_F(ServerTest, RefusesMoreStreamsThanItsLimit) {
  StartTown();
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::Coverage>>> readers;
  v1::Coverage now;
  for (size_t i = 0; i < limits::kStreamsPerServiceMax; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    readers.push_back(covered->WatchCoverage(contexts.back().get(), {}));
    ASSERT_TRUE(readers.back()->Read(&now));
  }
  grpc::ClientContext context;
  auto one_more = covered->WatchCoverage(&context, {});
  EXPECT_FALSE(one_more->Read(&now));
  EXPECT_EQ(one_more->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  for (size_t i = 0; i < readers.size(); ++i) {
    contexts[i]->TryCancel();
    readers[i]->Finish();
  }
}

TEST_F(ServerTest, AnswersOverTheNetworkToo) {
  StartTown();
  AddUnit("u1");
  auto stub = v1::UnitService::NewStub(grpc::CreateChannel(
      absl::StrCat("127.0.0.1:", server->port()), grpc::InsecureChannelCredentials()));
  v1::ListUnitsResponse page;
  grpc::ClientContext context;
  const grpc::Status status = stub->ListUnits(&context, {}, &page);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(page.units_size(), 1);
}

TEST_F(ServerTest, SaysWhenItsPortIsTaken) {
  StartTown();
  const absl::Status second = Server::Start({.listen = absl::StrCat("127.0.0.1:", server->port())},
                                            {*store, fleet, pipeline, pipeline, coverage, *windows,
                                             area_reader, *events, *recorder, clock})
                                  .status();
  EXPECT_EQ(second.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.message()), HasSubstr("another program"));
}

TEST(CheckLoopback, TakesThisMachineOnlyAndSaysWhy) {
  for (const char* listen : {"127.0.0.1:7700", "127.8.9.10:0", "localhost:1", "[::1]:7700"}) {
    EXPECT_TRUE(CheckLoopback(listen).ok()) << listen;
  }
  for (const char* listen :
       {"0.0.0.0:7700", "192.168.1.5:7700", "[::]:7700", "example.org:7700", "128.0.0.1:1"}) {
    const absl::Status status = CheckLoopback(listen);
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << listen;
    EXPECT_THAT(std::string(status.message()), HasSubstr(listen));
    EXPECT_THAT(std::string(status.message()), HasSubstr("no users and roles"));
  }
  for (const char* listen : {"", ":7700", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", "::1:7"}) {
    EXPECT_EQ(CheckLoopback(listen).code(), absl::StatusCode::kInvalidArgument) << listen;
  }
}

}  // namespace
}  // namespace patrol::api
