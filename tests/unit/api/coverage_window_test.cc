// Windows of the past over CoverageService.

#include <future>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "lib/service/api/proto_values.h"
#include "tests/unit/api/town.h"

namespace patrol::api {
namespace {

using ::testing::HasSubstr;

class CoverageWindowTest : public TownTest {
 protected:
  void SetUp() override {
    StartTown();
    std::vector<store::Fix> fixes;
    for (int s = 0; s <= 300; s += 10) {
      fixes.push_back({.unit_id = "car",
                       .time = kMorning + absl::Seconds(s),
                       .position = testing::RoadPlace(10 * s)});
    }
    std::promise<void> stored;
    store->AppendFixes(fixes, [&](const auto&) { stored.set_value(); });
    stored.get_future().wait();
  }

  grpc::Status Create(const v1::CoverageWindow& window, v1::CoverageWindow* answer) {
    v1::CreateCoverageWindowRequest request;
    *request.mutable_coverage_window() = window;
    grpc::ClientContext context;
    return covered->CreateCoverageWindow(&context, request, answer);
  }

  grpc::Status Get(const std::string& name, v1::CoverageWindow* answer) {
    v1::GetCoverageWindowRequest request;
    request.set_name(name);
    grpc::ClientContext context;
    return covered->GetCoverageWindow(&context, request, answer);
  }

  v1::CoverageWindow Await(const std::string& name) {
    v1::CoverageWindow window;
    do {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      const grpc::Status status = Get(name, &window);
      EXPECT_TRUE(status.ok()) << status.error_message();
      if (!status.ok()) break;
    } while (window.state() == v1::CoverageWindow::STATE_WAITING ||
             window.state() == v1::CoverageWindow::STATE_RUNNING);
    return window;
  }

  static v1::CoverageWindow TenMinutes() {
    v1::CoverageWindow window;
    SetTime(kMorning, window.mutable_from_time());
    SetTime(kMorning + absl::Minutes(10), window.mutable_to_time());
    return window;
  }
};

TEST_F(CoverageWindowTest, IsOrderedAwaitedReadAndDeleted) {
  v1::CoverageWindow ordered;
  ASSERT_TRUE(Create(TenMinutes(), &ordered).ok());
  EXPECT_THAT(ordered.name(), HasSubstr("coverageWindows/"));
  EXPECT_EQ(ordered.step().seconds(), 10);
  EXPECT_EQ(ordered.reach().seconds(), 180);

  const v1::CoverageWindow done = Await(ordered.name());
  EXPECT_EQ(done.state(), v1::CoverageWindow::STATE_SUCCEEDED) << done.error();
  EXPECT_EQ(done.fixes(), 31);
  EXPECT_EQ(done.units(), 1);
  EXPECT_NEAR(done.town().patrollable_m(), 20000, 1);
  EXPECT_GT(done.town().window().covered_ratio(), 0);
  ASSERT_EQ(done.areas_size(), 1);
  EXPECT_EQ(done.areas(0).area(), "areas/west");
  EXPECT_EQ(done.areas(0).display_name(), "西");
  EXPECT_EQ(done.areas(0).window().visits(), 1);
  ASSERT_EQ(done.areas(0).hours_size(), 1);
  EXPECT_TRUE(done.areas(0).hours(0).has_hour_start());
  EXPECT_FALSE(done.areas(0).window().has_hour_start());

  v1::GetBlindSpotsRequest spots;
  spots.set_name(ordered.name());
  v1::GeoJson map;
  grpc::ClientContext spots_context;
  ASSERT_TRUE(covered->GetBlindSpots(&spots_context, spots, &map).ok());
  EXPECT_THAT(map.geojson(), HasSubstr("metre_hours"));

  v1::ListCoverageWindowsResponse list;
  grpc::ClientContext list_context;
  ASSERT_TRUE(covered->ListCoverageWindows(&list_context, {}, &list).ok());
  ASSERT_EQ(list.coverage_windows_size(), 1);
  EXPECT_EQ(list.coverage_windows(0).name(), ordered.name());
  EXPECT_EQ(list.coverage_windows(0).areas_size(), 0);
  EXPECT_FALSE(list.coverage_windows(0).has_town());

  v1::DeleteCoverageWindowRequest removal;
  removal.set_name(ordered.name());
  google::protobuf::Empty nothing;
  grpc::ClientContext removal_context;
  EXPECT_TRUE(covered->DeleteCoverageWindow(&removal_context, removal, &nothing).ok());
  v1::CoverageWindow gone;
  EXPECT_EQ(Get(ordered.name(), &gone).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(CoverageWindowTest, AnswersWhatIfAndSaysWhatWasAskedAndHowItWas) {
  v1::CoverageWindow order = TenMinutes();
  v1::WhatIf::MovedUnit* moved = order.mutable_what_if()->add_moved_units();
  moved->set_unit("units/car");
  moved->mutable_position()->set_lon(testing::RoadPlace(18000).lon);
  moved->mutable_position()->set_lat(testing::RoadPlace(18000).lat);
  v1::WhatIf::AddedUnit* added = order.mutable_what_if()->add_added_units();
  added->mutable_position()->set_lon(testing::RoadPlace(0).lon);
  added->mutable_position()->set_lat(testing::RoadPlace(0).lat);
  added->set_mode(v1::TRAVEL_MODE_FOOT);
  v1::CoverageWindow ordered;
  ASSERT_TRUE(Create(order, &ordered).ok());
  const v1::CoverageWindow done = Await(ordered.name());
  EXPECT_EQ(done.state(), v1::CoverageWindow::STATE_SUCCEEDED) << done.error();
  EXPECT_EQ(done.what_if().DebugString(), order.what_if().DebugString());
  EXPECT_EQ(done.units(), 2);
  EXPECT_GT(done.town().covered_ratio_before(), 0);
  EXPECT_NE(done.town().covered_ratio_before(), done.town().window().covered_ratio());
  EXPECT_LT(done.areas(0).window().covered_ratio(), done.areas(0).covered_ratio_before());
}

TEST_F(CoverageWindowTest, ChecksRequiredRoundsVisitByVisit) {
  v1::CoverageWindow order = TenMinutes();
  v1::RequiredRound* round = order.add_required_rounds();
  round->set_area("areas/west");
  SetDuration(absl::Minutes(2), round->mutable_every());
  v1::CoverageWindow ordered;
  ASSERT_TRUE(Create(order, &ordered).ok());
  const v1::CoverageWindow done = Await(ordered.name());
  EXPECT_EQ(done.state(), v1::CoverageWindow::STATE_SUCCEEDED) << done.error();
  EXPECT_EQ(done.required_rounds(0).area(), "areas/west");
  EXPECT_EQ(done.required_rounds(0).every().seconds(), 120);
  ASSERT_EQ(done.rounds_size(), 1);
  const v1::RoundOutcome& outcome = done.rounds(0);
  EXPECT_EQ(outcome.area(), "areas/west");
  EXPECT_EQ(outcome.every().seconds(), 120);
  // The car is there from the beginning and for its five minutes, then nobody.
  EXPECT_EQ(outcome.late(), 0);
  EXPECT_GT(outcome.missed(), 0);
  EXPECT_EQ(outcome.met() + outcome.missed(), outcome.due_visits_size());
  const v1::DueVisit& last = outcome.due_visits(outcome.due_visits_size() - 1);
  EXPECT_EQ(last.state(), v1::DueVisit::STATE_MISSED);
  EXPECT_TRUE(last.has_due_time());
  EXPECT_FALSE(last.has_visit_time());
}

TEST_F(CoverageWindowTest, TellsWhereTwoUnitsCouldBeWhereItIsAsked) {
  v1::CoverageWindow order = TenMinutes();
  v1::CoverageWindow ordered;
  ASSERT_TRUE(Create(order, &ordered).ok());
  EXPECT_FALSE(Await(ordered.name()).town().window().has_backup_ratio());
  v1::WhatIf::AddedUnit* added = order.mutable_what_if()->add_added_units();
  added->mutable_position()->set_lon(testing::RoadPlace(3000).lon);
  added->mutable_position()->set_lat(testing::RoadPlace(3000).lat);
  order.set_backup(true);
  ASSERT_TRUE(Create(order, &ordered).ok());
  const v1::CoverageWindow done = Await(ordered.name());
  EXPECT_EQ(done.state(), v1::CoverageWindow::STATE_SUCCEEDED) << done.error();
  EXPECT_TRUE(done.backup());
  EXPECT_GT(done.town().window().backup_ratio(), 0);
  EXPECT_LT(done.town().window().backup_ratio(), done.town().window().covered_ratio());
}

TEST_F(CoverageWindowTest, FailsWhereARoundIsOfNoArea) {
  v1::CoverageWindow order = TenMinutes();
  v1::RequiredRound* round = order.add_required_rounds();
  round->set_area("areas/none");
  SetDuration(absl::Minutes(2), round->mutable_every());
  v1::CoverageWindow ordered;
  ASSERT_TRUE(Create(order, &ordered).ok());
  EXPECT_THAT(Await(ordered.name()).error(),
              HasSubstr("required_rounds[0].area: there is no area \"none\""));
}

TEST_F(CoverageWindowTest, FailsWhereAUnitOfTheQuestionWasNotThere) {
  v1::CoverageWindow order = TenMinutes();
  order.mutable_what_if()->add_without_units("units/idle");
  v1::CoverageWindow ordered;
  ASSERT_TRUE(Create(order, &ordered).ok());
  const v1::CoverageWindow done = Await(ordered.name());
  EXPECT_EQ(done.state(), v1::CoverageWindow::STATE_FAILED);
  EXPECT_THAT(done.error(), HasSubstr("unit \"idle\""));
}

TEST_F(CoverageWindowTest, NamesTheFieldThatIsWrong) {
  const auto said = [&](auto change) {
    v1::CoverageWindow window = TenMinutes();
    change(window);
    v1::CoverageWindow answer;
    const grpc::Status status = Create(window, &answer);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    return status.error_message();
  };
  using Window = v1::CoverageWindow;
  EXPECT_THAT(said([](Window& w) { w.clear_from_time(); }), HasSubstr("from_time: required"));
  EXPECT_THAT(said([](Window& w) { w.clear_to_time(); }), HasSubstr("to_time: required"));
  EXPECT_THAT(said([](Window& w) { w.mutable_to_time()->set_seconds(0); }), HasSubstr("to_time"));
  EXPECT_THAT(said([](Window& w) { w.mutable_step()->set_nanos(1); }), HasSubstr("step"));
  EXPECT_THAT(said([](Window& w) { w.mutable_reach()->set_seconds(-1); }), HasSubstr("reach"));
  EXPECT_THAT(said([](Window& w) { w.mutable_reach()->set_seconds(INT64_MAX); }),
              HasSubstr("reach"));
  EXPECT_THAT(said([](Window& w) { w.mutable_what_if()->add_without_units("cars/1"); }),
              HasSubstr("what_if.without_units[0]"));
  EXPECT_THAT(said([](Window& w) { w.mutable_what_if()->add_moved_units()->set_unit("units/u"); }),
              HasSubstr("what_if.moved_units[0].position: required"));
  EXPECT_THAT(said([](Window& w) {
                w.mutable_what_if()->add_added_units()->mutable_position()->set_lat(91);
              }),
              HasSubstr("what_if.added_units[0].position.lat"));
  EXPECT_THAT(said([](Window& w) { w.add_required_rounds()->set_area("grids/1"); }),
              HasSubstr("required_rounds[0].area"));
  EXPECT_THAT(said([](Window& w) { w.add_required_rounds()->set_area("areas/west"); }),
              HasSubstr("required_rounds[0].every: 0 is below 1s"));
}

TEST_F(CoverageWindowTest, HasNoBlindSpotsWhereThereIsNoSuchWindow) {
  v1::GetBlindSpotsRequest request;
  request.set_name("coverageWindows/none");
  v1::GeoJson map;
  grpc::ClientContext context;
  EXPECT_EQ(covered->GetBlindSpots(&context, request, &map).error_code(),
            grpc::StatusCode::NOT_FOUND);
  request.set_name("areas/none");
  grpc::ClientContext other;
  EXPECT_EQ(covered->GetBlindSpots(&other, request, &map).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace patrol::api
