// CameraService, UnitService and AreaService: what people configure.

#include <cmath>
#include <string>

#include <gmock/gmock.h>

#include "tests/unit/api/town.h"

namespace patrol::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FleetServicesTest : public TownTest {
 protected:
  void SetUp() override { StartTown(); }

  grpc::Status Create(const std::string& id, const v1::Camera& camera, v1::Camera* answer) {
    v1::CreateCameraRequest request;
    request.set_camera_id(id);
    *request.mutable_camera() = camera;
    grpc::ClientContext context;
    return cameras->CreateCamera(&context, request, answer);
  }

  grpc::Status Update(const v1::UpdateCameraRequest& request, v1::Camera* answer) {
    grpc::ClientContext context;
    return cameras->UpdateCamera(&context, request, answer);
  }

  grpc::Status Import(const std::string& geojson, v1::ImportAreasResponse* answer) {
    v1::ImportAreasRequest request;
    request.set_geojson(geojson);
    grpc::ClientContext context;
    return areas->ImportAreas(&context, request, answer);
  }

  v1::Camera answer_;
};

v1::Camera CameraMessage() {
  v1::Camera camera;
  camera.set_display_name("路口");
  camera.mutable_position()->set_lon(120.7);
  camera.mutable_position()->set_lat(31.6);
  camera.set_heading_deg(90);
  camera.set_source_uri("rtsp://127.0.0.1/1");
  camera.set_username("viewer");
  camera.set_password("secret");
  return camera;
}

std::string Square(const std::string& id, double lon) {
  const std::string west = std::to_string(lon), east = std::to_string(lon + 0.01);
  return R"({"type":"Feature","properties":{"id":")" + id +
         R"(","name":"网格","kind":"grid"},"geometry":{"type":"Polygon","coordinates":[[[)" + west +
         ",31.6],[" + east + ",31.6],[" + east + ",31.7],[" + west + ",31.7],[" + west +
         ",31.6]]]}}";
}

std::string Collection(const std::string& features) {
  return R"({"type":"FeatureCollection","features":[)" + features + "]}";
}

TEST_F(FleetServicesTest, ConnectsACreatedCameraAndNeverSendsItsSourceBack) {
  const grpc::Status status = Create("n-042", CameraMessage(), &answer_);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(answer_.name(), "cameras/n-042");
  EXPECT_EQ(answer_.state().phase(), v1::CAMERA_PHASE_STREAMING);
  EXPECT_THAT(answer_.source_uri() + answer_.username() + answer_.password(), IsEmpty());
  EXPECT_EQ(fleet.cameras().at("n-042").password, "secret");
  EXPECT_EQ(store->GetCamera("n-042")->password, "secret");
  const grpc::Status again = Create("n-042", CameraMessage(), &answer_);
  EXPECT_EQ(again.error_code(), grpc::StatusCode::ALREADY_EXISTS);
}

TEST_F(FleetServicesTest, NamesTheFieldOfACameraThatIsWrong) {
  const auto fault = [this](const std::string& id, const v1::Camera& camera) {
    const grpc::Status status = Create(id, camera, &answer_);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << status.error_message();
    return status.error_message();
  };
  EXPECT_THAT(fault("a b", CameraMessage()), HasSubstr("camera_id: "));
  EXPECT_THAT(fault("", CameraMessage()), HasSubstr("camera_id: required"));
  v1::Camera camera = CameraMessage();
  camera.mutable_position()->set_lat(std::nan(""));
  EXPECT_EQ(fault("a", camera), "camera.position.lat: not a number");
  camera = CameraMessage();
  camera.set_heading_deg(-1);
  EXPECT_EQ(fault("a", camera), "camera.heading_deg: -1 is outside 0..360");
  camera = CameraMessage();
  camera.set_source_uri("http://x");
  EXPECT_EQ(fault("a", camera), "camera.source_uri: no rtsp:// address (camera \"a\")");
  camera.clear_source_uri();
  EXPECT_THAT(fault("a", camera), HasSubstr("camera.source_uri: required"));
  camera = CameraMessage();
  camera.set_display_name(std::string(201, 'x'));
  EXPECT_EQ(fault("a", camera), "camera.display_name: 201 bytes, at most 200");
  EXPECT_THAT(fleet.cameras(), IsEmpty());
}

TEST_F(FleetServicesTest, KeepsHowACameraIsConnectedTo) {
  v1::Camera camera = CameraMessage();
  camera.set_transport(v1::TRANSPORT_UDP);
  camera.set_connects_per_host(16);
  ASSERT_TRUE(Create("n-042", camera, &answer_).ok());
  EXPECT_EQ(answer_.transport(), v1::TRANSPORT_UDP);
  EXPECT_EQ(answer_.connects_per_host(), 16);
  EXPECT_EQ(fleet.cameras().at("n-042").transport, "udp");
  EXPECT_EQ(store->GetCamera("n-042")->connects_per_host, 16);
  v1::UpdateCameraRequest request;
  request.mutable_camera()->set_name("cameras/n-042");
  request.mutable_camera()->set_transport(v1::TRANSPORT_TCP);
  request.mutable_update_mask()->add_paths("transport");
  ASSERT_TRUE(Update(request, &answer_).ok());
  EXPECT_EQ(answer_.transport(), v1::TRANSPORT_TCP);
  EXPECT_EQ(answer_.connects_per_host(), 16);

  camera.set_connects_per_host(65);
  EXPECT_EQ(Create("n-043", camera, &answer_).error_message(),
            "camera.connects_per_host: 65 is outside 0..64");
  camera = CameraMessage();
  camera.set_transport(static_cast<v1::Transport>(9));
  EXPECT_EQ(Create("n-043", camera, &answer_).error_message(),
            "camera.transport: 9 is no transport");
}

void AddTriangle(v1::PrivacyMask* mask) {
  v1::PrivacyPolygon& polygon = *mask->add_polygons();
  for (const auto& [x, y] : {std::pair(0.1, 0.1), std::pair(0.5, 0.1), std::pair(0.1, 0.5)}) {
    polygon.add_corners()->set_x(x);
    polygon.mutable_corners(polygon.corners_size() - 1)->set_y(y);
  }
}

TEST_F(FleetServicesTest, NeverRemovesAPrivacyMaskBecauseAClientDoesNotKnowIt) {
  v1::Camera camera = CameraMessage();
  AddTriangle(camera.mutable_privacy_mask());
  ASSERT_TRUE(Create("n-042", camera, &answer_).ok());
  EXPECT_EQ(answer_.privacy_mask().polygons_size(), 1);
  const int64_t drawn = store->GetCamera("n-042")->privacy_mask->revision;
  EXPECT_GT(drawn, 0);
  EXPECT_EQ(fleet.cameras().at("n-042").privacy_mask, store->GetCamera("n-042")->privacy_mask);
  // Written back whole, without and with update_mask, by one that knows nothing of it.
  v1::UpdateCameraRequest request;
  *request.mutable_camera() = CameraMessage();
  request.mutable_camera()->set_name("cameras/n-042");
  ASSERT_TRUE(Update(request, &answer_).ok());
  EXPECT_EQ(store->GetCamera("n-042")->privacy_mask->revision, drawn);
  request.mutable_update_mask()->add_paths("display_name");
  ASSERT_TRUE(Update(request, &answer_).ok());
  EXPECT_EQ(store->GetCamera("n-042")->privacy_mask->revision, drawn);
  // By name it goes.
  request.mutable_update_mask()->add_paths("privacy_mask");
  request.mutable_camera()->mutable_privacy_mask();
  ASSERT_TRUE(Update(request, &answer_).ok());
  EXPECT_FALSE(answer_.has_privacy_mask());
  EXPECT_FALSE(store->GetCamera("n-042")->privacy_mask.has_value());
}

TEST_F(FleetServicesTest, AMovedCameraStaysSoUntilItsMaskIsDrawnAnew) {
  v1::Camera camera = CameraMessage();
  AddTriangle(camera.mutable_privacy_mask());
  ASSERT_TRUE(Create("n-042", camera, &answer_).ok());
  const int64_t drawn = store->GetCamera("n-042")->privacy_mask->revision;
  v1::UpdateCameraRequest request;
  request.mutable_camera()->set_name("cameras/n-042");
  request.mutable_camera()->set_view_moved(true);
  request.mutable_update_mask()->add_paths("view_moved");
  ASSERT_TRUE(Update(request, &answer_).ok());
  EXPECT_TRUE(answer_.view_moved());
  request.mutable_camera()->set_view_moved(false);
  ASSERT_TRUE(Update(request, &answer_).ok());
  EXPECT_TRUE(answer_.view_moved()) << "that it fits again is said with the mask";
  request.mutable_update_mask()->clear_paths();
  request.mutable_update_mask()->add_paths("privacy_mask");
  AddTriangle(request.mutable_camera()->mutable_privacy_mask());
  ASSERT_TRUE(Update(request, &answer_).ok());
  EXPECT_FALSE(answer_.view_moved());
  EXPECT_GT(store->GetCamera("n-042")->privacy_mask->revision, drawn);
}

TEST_F(FleetServicesTest, SnoozesACameraUntilAnInstantAndWakesItAgain) {
  ASSERT_TRUE(Create("n-042", CameraMessage(), &answer_).ok());
  v1::UpdateCameraRequest request;
  request.mutable_camera()->set_name("cameras/n-042");
  request.mutable_update_mask()->add_paths("snoozed_until");
  const int64_t soon = absl::ToUnixSeconds(absl::Now()) + 3600;
  request.mutable_camera()->mutable_snoozed_until()->set_seconds(soon);
  ASSERT_TRUE(Update(request, &answer_).ok());
  EXPECT_EQ(answer_.snoozed_until().seconds(), soon);
  EXPECT_EQ(fleet.cameras().at("n-042").snoozed_until, absl::FromUnixSeconds(soon));
  EXPECT_EQ(fleet.cameras().at("n-042").password, "secret") << "nothing else changed";
  // Who writes back what it read without knowing of snoozes does not wake it.
  v1::UpdateCameraRequest back;
  *back.mutable_camera() = CameraMessage();
  back.mutable_camera()->set_name("cameras/n-042");
  ASSERT_TRUE(Update(back, &answer_).ok());
  EXPECT_TRUE(answer_.has_snoozed_until());
  request.mutable_camera()->clear_snoozed_until();
  ASSERT_TRUE(Update(request, &answer_).ok());
  EXPECT_FALSE(answer_.has_snoozed_until());
  EXPECT_EQ(store->GetCamera("n-042")->snoozed_until, std::nullopt);
  // For good it is switched off, not snoozed.
  request.mutable_camera()->mutable_snoozed_until()->set_seconds(soon + 8 * 24 * 3600);
  const grpc::Status refused = Update(request, &answer_);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(refused.error_message(), HasSubstr("camera.snoozed_until: more than 168h ahead"));
}

TEST_F(FleetServicesTest, AcceptsTheViewOfACameraThatIsThere) {
  ASSERT_TRUE(Create("n-042", CameraMessage(), &answer_).ok());
  const auto accept = [this](const std::string& name) {
    v1::AcceptViewRequest request;
    request.set_name(name);
    grpc::ClientContext context;
    return cameras->AcceptView(&context, request, &answer_);
  };
  ASSERT_TRUE(accept("cameras/n-042").ok());
  EXPECT_EQ(answer_.name(), "cameras/n-042");
  EXPECT_THAT(fleet.accepted(), ElementsAre("n-042"));
  EXPECT_EQ(accept("cameras/n-043").error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(accept("n-042").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(fleet.accepted(), ElementsAre("n-042"));
}

TEST_F(FleetServicesTest, TellsHowManyEventsOfEachZoneWereNone) {
  ASSERT_TRUE(Create("n-042", CameraMessage(), &answer_).ok());
  ASSERT_TRUE(Create("n-043", CameraMessage(), &answer_).ok());
  store::MotionEvent event;
  event.id = "n-042-1";
  event.camera_id = "n-042";
  event.begin = event.last = kMorning;
  event.zone_id = "gate";
  recorder->Record(EventPhase::kBegin, event, nullptr);
  ASSERT_TRUE(recorder->Mark("n-042-1", kMorning).ok());
  v1::ListCamerasResponse all;
  grpc::ClientContext context;
  ASSERT_TRUE(cameras->ListCameras(&context, {}, &all).ok());
  EXPECT_EQ(all.cameras(0).state().not_events().at("gate"), 1);
  EXPECT_TRUE(all.cameras(1).state().not_events().empty());
}

TEST_F(FleetServicesTest, ChangesOnlyWhatTheMaskNames) {
  ASSERT_TRUE(Create("n-042", CameraMessage(), &answer_).ok());
  v1::UpdateCameraRequest request;
  request.mutable_camera()->set_name("cameras/n-042");
  request.mutable_camera()->set_display_name("new");
  request.mutable_camera()->set_heading_deg(10);
  request.mutable_update_mask()->add_paths("display_name");
  ASSERT_TRUE(Update(request, &answer_).ok());
  EXPECT_EQ(answer_.display_name(), "new");
  EXPECT_EQ(answer_.heading_deg(), 90);
  EXPECT_EQ(fleet.cameras().at("n-042").display_name, "new");
}

TEST_F(FleetServicesTest, KeepsTheSourceWhenACameraIsReadAndWrittenBack) {
  ASSERT_TRUE(Create("n-042", CameraMessage(), &answer_).ok());
  v1::UpdateCameraRequest request;
  *request.mutable_camera() = answer_;
  request.mutable_camera()->clear_position();
  ASSERT_TRUE(Update(request, &answer_).ok());
  EXPECT_FALSE(answer_.has_position());
  EXPECT_EQ(store->GetCamera("n-042")->source_uri, "rtsp://127.0.0.1/1");
  EXPECT_EQ(store->GetCamera("n-042")->password, "secret");
}

TEST_F(FleetServicesTest, CreatesAMissingCameraOnlyWhenAllowed) {
  v1::UpdateCameraRequest request;
  *request.mutable_camera() = CameraMessage();
  request.mutable_camera()->set_name("cameras/n-1");
  EXPECT_EQ(Update(request, &answer_).error_code(), grpc::StatusCode::NOT_FOUND);
  request.set_allow_missing(true);
  EXPECT_TRUE(Update(request, &answer_).ok());
  EXPECT_EQ(answer_.name(), "cameras/n-1");
  request.mutable_update_mask()->add_paths("state");
  const grpc::Status status = Update(request, &answer_);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("update_mask: \"state\""));
}

TEST_F(FleetServicesTest, DisconnectsADeletedCamera) {
  ASSERT_TRUE(Create("n-042", CameraMessage(), &answer_).ok());
  v1::DeleteCameraRequest request;
  request.set_name("cameras/n-042");
  google::protobuf::Empty nothing;
  {
    grpc::ClientContext context;
    EXPECT_TRUE(cameras->DeleteCamera(&context, request, &nothing).ok());
  }
  EXPECT_THAT(fleet.cameras(), IsEmpty());
  grpc::ClientContext context;
  const grpc::Status again = cameras->DeleteCamera(&context, request, &nothing);
  EXPECT_EQ(again.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(again.error_message(), "camera \"n-042\": there is none");
}

TEST_F(FleetServicesTest, GivesAStillOrSaysWhyThereIsNone) {
  ASSERT_TRUE(Create("n-042", CameraMessage(), &answer_).ok());
  ASSERT_TRUE(Create("dark", CameraMessage(), &answer_).ok());
  const auto snapshot = [this](const std::string& name, v1::Snapshot* still,
                               const std::string& finding = "") {
    v1::GetSnapshotRequest request;
    request.set_name(name);
    request.set_finding(finding);
    grpc::ClientContext context;
    return cameras->GetSnapshot(&context, request, still);
  };
  v1::Snapshot still;
  ASSERT_TRUE(snapshot("cameras/n-042", &still).ok());
  EXPECT_EQ(still.jpeg(), "jpeg of n-042");
  EXPECT_EQ(still.time().seconds(), absl::ToUnixSeconds(kMorning));
  EXPECT_EQ(snapshot("cameras/dark", &still).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(snapshot("cameras/none", &still).error_code(), grpc::StatusCode::NOT_FOUND);
  // What shows that something is wrong with the picture.
  ASSERT_TRUE(snapshot("cameras/n-042", &still, "covered").ok());
  EXPECT_EQ(still.jpeg(), "n-042 covered");
  EXPECT_EQ(snapshot("cameras/n-042", &still, "black").error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(FleetServicesTest, AStillThatAnOperatorLooksAtRaisesItsCamerasTurn) {
  ASSERT_TRUE(Create("n-042", CameraMessage(), &answer_).ok());
  v1::GetSnapshotRequest request;
  request.set_name("cameras/n-042");
  for (const bool looked_at : {false, true}) {
    request.set_looked_at(looked_at);
    v1::Snapshot still;
    grpc::ClientContext context;
    ASSERT_TRUE(cameras->GetSnapshot(&context, request, &still).ok());
    EXPECT_EQ(fleet.looked_at().size(), looked_at ? 1u : 0u);
  }
  request.set_name("cameras/none");
  v1::Snapshot still;
  grpc::ClientContext context;
  EXPECT_FALSE(cameras->GetSnapshot(&context, request, &still).ok());
  EXPECT_EQ(fleet.looked_at(), std::vector<std::string>{"n-042"});
}

TEST_F(FleetServicesTest, ListsUnitsInPagesAndRefusesABadToken) {
  for (const char* id : {"u3", "u1", "u2"}) AddUnit(id);
  v1::ListUnitsRequest request;
  request.set_page_size(2);
  v1::ListUnitsResponse page;
  {
    grpc::ClientContext context;
    ASSERT_TRUE(units->ListUnits(&context, request, &page).ok());
  }
  ASSERT_EQ(page.units_size(), 2);
  EXPECT_EQ(page.units(0).name(), "units/u1");
  EXPECT_EQ(page.units(0).mode(), v1::TRAVEL_MODE_CAR);
  EXPECT_EQ(page.units(0).state().knowledge(), v1::UNIT_KNOWLEDGE_LOST);
  request.set_page_token(page.next_page_token());
  page.Clear();
  {
    grpc::ClientContext context;
    ASSERT_TRUE(units->ListUnits(&context, request, &page).ok());
  }
  ASSERT_EQ(page.units_size(), 1);
  EXPECT_EQ(page.next_page_token(), "");
  request.set_page_token("nonsense");
  grpc::ClientContext context;
  const grpc::Status status = units->ListUnits(&context, request, &page);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("page_token: "));
}

TEST_F(FleetServicesTest, ChangesAUnitsModeAndDuty) {
  AddUnit("u1");
  v1::UpdateUnitRequest request;
  request.mutable_unit()->set_name("units/u1");
  request.mutable_unit()->set_mode(v1::TRAVEL_MODE_EBIKE);
  request.mutable_unit()->set_off_duty(true);
  request.mutable_update_mask()->add_paths("mode");
  v1::Unit unit;
  {
    grpc::ClientContext context;
    ASSERT_TRUE(units->UpdateUnit(&context, request, &unit).ok());
  }
  EXPECT_EQ(unit.mode(), v1::TRAVEL_MODE_EBIKE);
  EXPECT_FALSE(unit.off_duty());
  EXPECT_EQ(store->GetUnit("u1")->mode, "e-bike");
  request.mutable_unit()->set_mode(static_cast<v1::TravelMode>(77));
  grpc::ClientContext context;
  const grpc::Status status = units->UpdateUnit(&context, request, &unit);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "unit.mode: 77 is no travel mode");
}

TEST_F(FleetServicesTest, ImportsAreasIntoStoreAndCoverage) {
  v1::ImportAreasResponse imported;
  ASSERT_TRUE(Import(Collection(Square("g1", 120.7)), &imported).ok());
  const grpc::Status status =
      Import(Collection(Square("g2", 120.8) + "," + Square("g1", 120.9)), &imported);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(imported.imported(), 2);
  EXPECT_THAT(coverage.ids(), ElementsAre("g1", "g2"));
  v1::GetAreaRequest request;
  request.set_name("areas/g1");
  v1::Area area;
  grpc::ClientContext context;
  ASSERT_TRUE(areas->GetArea(&context, request, &area).ok());
  EXPECT_EQ(area.kind(), "grid");
  EXPECT_EQ(area.patrollable_m(), 1200.5);
  EXPECT_THAT(area.geometry_json(), HasSubstr("120.9"));
}

TEST_F(FleetServicesTest, ImportsNoAreaWhenOneCrossesItself) {
  const std::string bow_tie =
      R"({"type":"Feature","properties":{"id":"bow"},"geometry":{"type":"Polygon",)"
      R"("coordinates":[[[120.0,31.0],[120.1,31.1],[120.1,31.0],[120.0,31.1],[120.0,31.0]]]}})";
  v1::ImportAreasResponse imported;
  const grpc::Status status = Import(Collection(Square("g1", 120.7) + "," + bow_tie), &imported);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("bow"));
  EXPECT_THAT(status.error_message(), HasSubstr("crosses"));
  EXPECT_THAT(*store->AllAreas(), IsEmpty());
  EXPECT_THAT(coverage.ids(), IsEmpty());
}

TEST_F(FleetServicesTest, TakesADeletedAreaOutOfTheCoverage) {
  v1::ImportAreasResponse imported;
  ASSERT_TRUE(Import(Collection(Square("g1", 120.7) + "," + Square("g2", 120.8)), &imported).ok());
  v1::DeleteAreaRequest request;
  request.set_name("areas/g1");
  google::protobuf::Empty nothing;
  grpc::ClientContext context;
  ASSERT_TRUE(areas->DeleteArea(&context, request, &nothing).ok());
  EXPECT_THAT(coverage.ids(), ElementsAre("g2"));
}

}  // namespace
}  // namespace patrol::api
