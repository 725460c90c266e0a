#include "lib/service/config/config.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace patrol::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ConfigTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(::testing::TempDir()) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_);
    Write("town.osm.pbf", "not read by the configuration");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = (folder_ / name).string();
    std::ofstream(path) << text;
    return path;
  }

  Reading Read(const std::string& text) { return ReadConfig(Write("patrold.yaml", text)); }

  // "line field" of each fault.
  static std::vector<std::string> Places(const Reading& reading) {
    std::vector<std::string> places;
    for (const Fault& fault : reading.faults) {
      places.push_back(std::to_string(fault.line) + " " + fault.field);
    }
    return places;
  }

  std::filesystem::path folder_;
};

TEST_F(ConfigTest, OneFieldIsEnough) {
  const Reading reading = Read("network: {file: town.osm.pbf}\n");
  EXPECT_THAT(Places(reading), ElementsAre());
  EXPECT_EQ(reading.config.coverage.reach, absl::Seconds(180));
  EXPECT_EQ(reading.config.network_file, (folder_ / "town.osm.pbf").string());
}

TEST_F(ConfigTest, TheExampleHasNoUnknownField) {
  const Reading reading = ReadConfig(std::string(PATROL_SOURCE_DIR) + "/deploy/patrold.yaml");
  // It names files of a town that is not there; nothing else may be wrong with it.
  EXPECT_THAT(reading.faults.size(), 2u);
  for (const Fault& fault : reading.faults) {
    EXPECT_THAT(fault.field, ::testing::AnyOf("network.file", "areas_file")) << fault.Text();
  }
  EXPECT_EQ(reading.config.cameras.size(), 1u);
  EXPECT_EQ(reading.config.units.size(), 2u);
}

TEST_F(ConfigTest, NamesLineAndFieldOfEveryFaultInOneRun) {
  const Reading reading = Read(
      "listen: {grpc: 0.0.0.0:7700}\n"
      "network:\n"
      "  file: missing.osm.pbf\n"
      "  speeds_kmh: {submarine: {primary: 10}, car: {primary: fast}}\n"
      "coverage:\n"
      "  reach: 180\n"
      "  stale_after: 20m\n"
      "ingest:\n"
      "  decode_threads: 0\n"
      "  decode_treads: 2\n"
      "units:\n"
      "  - {id: car-01, mode: hovercraft}\n"
      "cameras:\n"
      "  - id: gate\n"
      "    position: [214, 22]\n"
      "    source: http://127.0.0.1/x\n"
      "  - id: gate\n"
      "    source: rtsp://admin:secret@127.0.0.1/x\n");
  EXPECT_THAT(Places(reading),
              ElementsAre("1 listen.grpc", "3 network.file", "4 network.speeds_kmh.submarine",
                          "4 network.speeds_kmh.car.primary", "6 coverage.reach",
                          "6 coverage.lost_after", "9 ingest.decode_threads",
                          "10 ingest.decode_treads", "12 units[0].mode", "15 cameras[0].position",
                          "16 cameras[0].source", "17 cameras[1].id", "18 cameras[1].source"));
  for (const Fault& fault : reading.faults) {
    EXPECT_THAT(fault.Text(), ::testing::Not(HasSubstr("secret")));
  }
}

TEST_F(ConfigTest, ReadsHowACameraIsConnectedTo) {
  Write("ca.pem", "not read here");
  const Reading reading = Read(
      "network: {file: town.osm.pbf}\n"
      "cameras:\n"
      "  - id: gate\n"
      "    source: rtsps://10.0.4.2/1\n"
      "    transport: udp\n"
      "    tls_ca_file: ca.pem\n"
      "    connects_per_host: 16\n"
      "  - {id: plain, source: 'rtsp://10.0.4.3/1'}\n");
  EXPECT_THAT(reading.faults, ::testing::IsEmpty());
  const store::Camera& gate = reading.config.cameras.at(0);
  EXPECT_EQ(gate.transport, "udp");
  EXPECT_EQ(gate.tls_ca_file, (folder_ / "ca.pem").string());
  EXPECT_EQ(gate.connects_per_host, 16);
  const store::Camera& plain = reading.config.cameras.at(1);
  EXPECT_EQ(plain.transport, "auto");
  EXPECT_EQ(plain.tls_ca_file, "");
  EXPECT_FALSE(plain.tls_verify);
  EXPECT_EQ(plain.connects_per_host, 0);
}

TEST_F(ConfigTest, NamesCameraAndFieldOfAConnectionThatCannotBe) {
  const Reading reading = Read(
      "network: {file: town.osm.pbf}\n"
      "cameras:\n"
      "  - id: gate\n"
      "    source: rtsp://10.0.4.2/1\n"
      "    transport: pigeon\n"
      "    tls_ca_file: missing.pem\n"
      "    connects_per_host: 65\n"
      "  - id: yard\n"
      "    source: rtsp://10.0.4.3/1\n"
      "    tls_verify: true\n");
  EXPECT_THAT(
      Places(reading),
      ElementsAre("5 cameras[0].transport", "6 cameras[0].tls_ca_file", "6 cameras[0].tls_ca_file",
                  "7 cameras[0].connects_per_host", "10 cameras[1].tls_verify"));
  EXPECT_THAT(reading.faults[0].Text(),
              HasSubstr("camera \"gate\": \"pigeon\" is none of auto, tcp, udp"));
  EXPECT_THAT(reading.faults[4].Text(),
              HasSubstr("camera \"yard\": is for sources that begin with rtsps://"));
}

TEST_F(ConfigTest, ReadsPrivacyMasksAndTellsNoneFromNotSaid) {
  const Reading reading = Read(
      "network: {file: town.osm.pbf}\n"
      "ingest: {hardware: 'off'}\n"
      "cameras:\n"
      "  - id: gate\n"
      "    source: rtsp://10.0.4.2/1\n"
      "    privacy_masks: [[[0, 0.2], [0.3, 0.2], [0.3, 0.6]]]\n"
      "    privacy_mask_width: 640\n"
      "    privacy_mask_height: 360\n"
      "  - {id: open, source: 'rtsp://10.0.4.3/1', privacy_masks: []}\n"
      "  - {id: unsaid, source: 'rtsp://10.0.4.4/1'}\n");
  EXPECT_THAT(Places(reading), ElementsAre());
  const store::PrivacyMask& mask = *reading.config.cameras.at(0).privacy_mask;
  EXPECT_EQ(mask.polygons.size(), 1u);
  EXPECT_EQ(mask.polygons[0][1], (store::PicturePlace{0.3, 0.2}));
  EXPECT_EQ(mask.width, 640);
  EXPECT_FALSE(reading.config.cameras.at(1).privacy_mask.has_value());
  EXPECT_THAT(reading.config.cameras_without_mask, ElementsAre("open"));
  EXPECT_EQ(reading.config.ingest.hardware, media::HardwareChoice::kOff);
}

TEST_F(ConfigTest, DoesNotStartWithAPrivacyMaskThatIsNone) {
  const Reading reading = Read(
      "network: {file: town.osm.pbf}\n"
      "ingest: {hardware: abacus}\n"
      "cameras:\n"
      "  - {id: a, source: 'rtsp://10.0.4.2/1', privacy_masks: [[[0, 0], [1, 1]]]}\n"
      "  - {id: b, source: 'rtsp://10.0.4.2/1', privacy_masks: [[[0, 0], [1, 1], [2, 0]]]}\n"
      "  - {id: c, source: 'rtsp://10.0.4.2/1', privacy_masks: [left]}\n"
      "  - {id: d, source: 'rtsp://10.0.4.2/1', privacy_masks: all}\n");
  EXPECT_THAT(
      Places(reading),
      ElementsAre("2 ingest.hardware", "4 cameras[0].privacy_masks", "5 cameras[1].privacy_masks",
                  "6 cameras[2].privacy_masks", "7 cameras[3].privacy_masks"));
  EXPECT_THAT(reading.faults[1].Text(),
              HasSubstr("camera \"a\": polygons[0].corners: 2, must be 3..64"));
  EXPECT_THAT(reading.faults[3].Text(), HasSubstr("camera \"c\": polygon 0 is no list of corners"));
}

TEST_F(ConfigTest, SaysWhereTheYamlItselfIsBroken) {
  const Reading reading = Read("network: {file: town.osm.pbf}\ncoverage: [1, 2\n");
  ASSERT_EQ(reading.faults.size(), 1u);
  EXPECT_GE(reading.faults[0].line, 2);
}

TEST_F(ConfigTest, NamesTheFeatureOfAnAreaThatCrossesItself) {
  Write("areas.geojson", R"({"type": "FeatureCollection", "features": [
    {"type": "Feature", "properties": {"id": "bow", "name": "bow tie", "kind": "grid"},
     "geometry": {"type": "Polygon", "coordinates": [[[0,0],[1,1],[1,0],[0,1],[0,0]]]}}]})");
  const Reading reading = Read("network: {file: town.osm.pbf}\nareas_file: areas.geojson\n");
  ASSERT_FALSE(reading.faults.empty());
  EXPECT_THAT(reading.faults[0].Text(), HasSubstr("bow"));
}

TEST_F(ConfigTest, SpeedsAndWaiversReachTheRooms) {
  const Reading reading = Read(
      "network:\n"
      "  file: town.osm.pbf\n"
      "  speeds_kmh: {car: {residential: 33}}\n"
      "  waive: {motorcycle: {one_way: true}}\n");
  ASSERT_THAT(Places(reading), ElementsAre());
  const auto residential = static_cast<size_t>(roadnet::RoadClass::kResidential);
  EXPECT_EQ(reading.config.roads.speeds[residential][static_cast<size_t>(roadnet::Mode::kCar)], 33);
  EXPECT_TRUE(
      reading.config.graphs[static_cast<size_t>(roadnet::Mode::kMotorcycle)].ignore_one_way);
}

TEST_F(ConfigTest, ClipsOfEventsAreBounded) {
  const Reading good = Read(
      "network: {file: town.osm.pbf}\n"
      "ingest: {clips: {max_bytes: 1000000, pre_roll: 3s, post_roll: 1s, max_length: 30s}}\n");
  ASSERT_THAT(Places(good), ElementsAre());
  EXPECT_EQ(good.config.clips.bytes_max, 1000000);
  EXPECT_EQ(good.config.clips.pre_roll, absl::Seconds(3));
  EXPECT_EQ(good.config.clips.post_roll, absl::Seconds(1));
  EXPECT_EQ(good.config.clips.length_max, absl::Seconds(30));
  const Reading bad = Read(
      "network: {file: town.osm.pbf}\n"
      "ingest: {clips: {max_bytes: -1, pre_role: 3s, max_length: 1h}}\n");
  EXPECT_THAT(Places(bad),
              ::testing::UnorderedElementsAre("2 ingest.clips.max_bytes", "2 ingest.clips.pre_role",
                                              "2 ingest.clips.max_length"));
}

TEST_F(ConfigTest, ZonesOfACameraAreReadFromTheFileItselfOrFromAnother) {
  Write("yard.json", R"({"ignore": [[[0, 0], [1, 0], [1, 0.1]]]})");
  const Reading reading = Read(
      "network: {file: town.osm.pbf}\n"
      "cameras:\n"
      "  - id: gate\n"
      "    source: rtsp://127.0.0.1/gate\n"
      "    zones:\n"
      "      zones:\n"
      "        - id: door\n"
      "          polygon: [[0.1, 0.1], [0.5, 0.1], [0.5, 0.9]]\n"
      "          schedule: {time_zone: Asia/Shanghai, windows: [{days: [mon], from: 22:00, to: "
      "06:00}]}\n"
      "  - {id: yard, source: rtsp://127.0.0.1/yard, zones_file: yard.json}\n");
  EXPECT_THAT(Places(reading), ElementsAre());
  ASSERT_EQ(reading.config.cameras.size(), 2u);
  EXPECT_THAT(reading.config.cameras[0].zones_json, HasSubstr("\"door\""));
  EXPECT_THAT(reading.config.cameras[0].zones_json, HasSubstr("\"22:00\""));
  EXPECT_THAT(reading.config.cameras[1].zones_json, HasSubstr("ignore"));
}

TEST_F(ConfigTest, AFaultOfAZoneNamesCameraZoneAndVertex) {
  const Reading reading = Read(
      "network: {file: town.osm.pbf}\n"
      "cameras:\n"
      "  - id: gate\n"
      "    source: rtsp://127.0.0.1/gate\n"
      "    zones: {zones: [{id: door, polygon: [[0, 0], [1, 0], [0.5, 2]]}]}\n");
  ASSERT_EQ(reading.faults.size(), 1u);
  EXPECT_EQ(reading.faults[0].line, 5);
  EXPECT_THAT(reading.faults[0].message,
              HasSubstr("camera \"gate\": zone \"door\": vertex 3: (0.5, 2) lies outside"));
}

TEST_F(ConfigTest, AMissingFileIsOneClearFault) {
  const Reading reading = ReadConfig((folder_ / "none.yaml").string());
  ASSERT_EQ(reading.faults.size(), 1u);
  EXPECT_THAT(reading.faults[0].Text(), HasSubstr("none.yaml: cannot be read"));
}

}  // namespace
}  // namespace patrol::config
