// patrolctl as people run it, against a real server with a real store: what it prints where, and
// how it exits.

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "tests/unit/api/town.h"

namespace patrol::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

struct Outcome {
  int exit = -1;
  std::string out;
  std::string err;
};

class PatrolctlTest : public TownTest {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(PATROL_BIN_DIR "/patrolctl")) {
      GTEST_SKIP() << "patrolctl is not built";
    }
    StartTown();
  }

  Outcome Run(const std::string& arguments) {
    const std::string err = folder.File("stderr");
    const std::string command =
        absl::StrCat(PATROL_BIN_DIR "/patrolctl --server 127.0.0.1:", server->port(), " ",
                     arguments, " 2>", err);
    Outcome outcome;
    FILE* pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) return outcome;
    std::array<char, 4096> buffer;
    size_t read = 0;
    while ((read = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0) {
      outcome.out.append(buffer.data(), read);
    }
    const int status = ::pclose(pipe);
    outcome.exit = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    std::ostringstream text;
    text << std::ifstream(err).rdbuf();
    outcome.err = text.str();
    return outcome;
  }

  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(folder.File(name)) << text;
    return folder.File(name);
  }
};

TEST_F(PatrolctlTest, ImportsCamerasAndNamesBadRowsByLine) {
  const std::string file = Write("cameras.csv",
                                 "camera_id,name,lon,lat,heading_deg,field_of_view_deg,source_uri,"
                                 "username,password\n"
                                 "n-1,路口一,120.70,31.60,90,60,rtsp://127.0.0.1/1,viewer,secret\n"
                                 "n-2,路口二,east,31.60,90,60,rtsp://127.0.0.1/2,,\n"
                                 "n-3,路口三,120.72,95,90,60,rtsp://127.0.0.1/3,,\n"
                                 "n-4,路口四,120.73,31.61,,,,,\n");
  const Outcome import = Run("cameras import --file " + file);
  EXPECT_EQ(import.exit, 0) << import.err;
  EXPECT_THAT(import.err, HasSubstr("line 3: column \"lon\": \"east\": not a number"));
  EXPECT_THAT(import.err, HasSubstr("line 4: "));
  EXPECT_THAT(import.err, HasSubstr("camera.position.lat: 95 is outside -90..90"));
  EXPECT_THAT(import.err, HasSubstr("imported 2 of 4 rows"));
  EXPECT_EQ(fleet.cameras().at("n-1").password, "secret");
  EXPECT_TRUE(fleet.cameras().at("n-4").disabled);

  const Outcome csv = Run("--format csv cameras list");
  EXPECT_EQ(csv.exit, 0);
  EXPECT_THAT(csv.out, StartsWith("camera_id,name,lon,lat,heading_deg,field_of_view_deg,"));
  EXPECT_THAT(csv.out, HasSubstr("n-1,路口一,120.700000,31.600000,90,60,no,streaming,auto,,,0\n"));
  const Outcome table = Run("cameras state n-1");
  EXPECT_THAT(table.out, HasSubstr("streaming"));
  const Outcome json = Run("--format json cameras list");
  EXPECT_THAT(json.out, HasSubstr("\"displayName\":\"路口一\""));
  EXPECT_THAT(json.out, Not(HasSubstr("secret")));

  // Imported again without sources, a camera keeps its own.
  const std::string places = Write("places.csv", "camera_id,name,lon,lat\nn-1,new,120.5,31.5\n");
  EXPECT_EQ(Run("cameras import " + places).exit, 0);
  EXPECT_EQ(fleet.cameras().at("n-1").display_name, "new");
  EXPECT_EQ(fleet.cameras().at("n-1").source_uri, "rtsp://127.0.0.1/1");
  EXPECT_FALSE(fleet.cameras().at("n-1").disabled);
}

TEST_F(PatrolctlTest, ChangesAndRemovesACamera) {
  ASSERT_EQ(Run("cameras update n-9 --create --source rtsp://127.0.0.1/9 --name nine").exit, 0);
  const Outcome update = Run("cameras update n-9 --lon 120.5 --lat 31.5 --disable");
  EXPECT_EQ(update.exit, 0) << update.err;
  EXPECT_THAT(update.out, HasSubstr("120.500000"));
  EXPECT_TRUE(fleet.cameras().at("n-9").disabled);
  const std::string still = folder.File("still.jpg");
  EXPECT_EQ(Run("cameras snapshot n-9 --out " + still).exit, 0);
  EXPECT_TRUE(std::filesystem::exists(still));
  EXPECT_EQ(Run("cameras delete n-9").exit, 0);
  const Outcome again = Run("cameras get n-9");
  EXPECT_EQ(again.exit, 1);
  EXPECT_EQ(again.err, "patrolctl: camera \"n-9\": there is none\n");
}

TEST_F(PatrolctlTest, SetsHowACameraIsConnectedToByFileAndByHand) {
  const std::string file = Write("cameras.csv",
                                 "camera_id,name,lon,lat,source_uri,transport,connects_per_host\n"
                                 "r-1,channel 1,120.70,31.60,rtsp://127.0.0.1/1,udp,16\n"
                                 "r-2,channel 2,120.70,31.60,rtsp://127.0.0.1/2,pigeon,16\n"
                                 "r-3,channel 3,120.70,31.60,rtsp://127.0.0.1/3,tcp,many\n"
                                 "r-4,channel 4,120.70,31.60,rtsp://127.0.0.1/4,,65\n");
  const Outcome import = Run("cameras import --file " + file);
  EXPECT_THAT(import.err,
              HasSubstr("line 3: column \"transport\": \"pigeon\": none of auto, tcp, udp"));
  EXPECT_THAT(import.err,
              HasSubstr("line 4: column \"connects_per_host\": \"many\": not a whole number"));
  EXPECT_THAT(import.err, HasSubstr("camera.connects_per_host: 65 is outside 0..64"));
  EXPECT_THAT(import.err, HasSubstr("imported 1 of 4 rows"));
  EXPECT_THAT(Run("--format csv cameras get r-1").out, HasSubstr(",udp,,,16\n"));
  // A file that says nothing of it leaves it alone.
  const std::string plain = Write("plain.csv",
                                  "camera_id,name,lon,lat,source_uri\n"
                                  "r-1,channel 1,120.70,31.60,rtsp://127.0.0.1/1\n");
  EXPECT_EQ(Run("cameras import --file " + plain).exit, 0);
  EXPECT_EQ(store->GetCamera("r-1")->transport, "udp");
  EXPECT_EQ(Run("cameras update r-1 --transport tcp --connects-per-host 4").exit, 0);
  EXPECT_EQ(fleet.cameras().at("r-1").transport, "tcp");
  EXPECT_EQ(fleet.cameras().at("r-1").connects_per_host, 4);
  EXPECT_EQ(fleet.cameras().at("r-1").source_uri, "rtsp://127.0.0.1/1");
  EXPECT_EQ(Run("cameras update r-1 --transport pigeon").exit, 2);
}

TEST_F(PatrolctlTest, SetsAPrivacyMaskFromAFileLikeGeoJson) {
  ASSERT_EQ(Run("cameras update n-9 --create --source rtsp://127.0.0.1/9").exit, 0);
  const std::string file =
      Write("mask.json", R"({"type":"FeatureCollection","width":640,"height":360,"features":[)"
                         R"({"type":"Feature","properties":{},"geometry":{"type":"Polygon",)"
                         R"("coordinates":[[[0.1,0.1],[0.5,0.1],[0.5,0.5],[0.1,0.1]]]}},)"
                         R"({"type":"Feature","geometry":{"type":"MultiPolygon",)"
                         R"("coordinates":[[[[0.6,0.6],[0.9,0.6],[0.9,0.9],[0.6,0.9]]]]}}]})");
  const Outcome set = Run("--format csv cameras update n-9 --privacy-mask " + file);
  EXPECT_EQ(set.exit, 0) << set.err;
  EXPECT_THAT(set.out, HasSubstr(",2 polygons,"));
  const store::PrivacyMask mask = *store->GetCamera("n-9")->privacy_mask;
  ASSERT_EQ(mask.polygons.size(), 2u);
  EXPECT_EQ(mask.polygons[0].size(), 3u);
  EXPECT_EQ(mask.polygons[1].size(), 4u);
  EXPECT_EQ(mask.width, 640);
  EXPECT_EQ(Run("cameras update n-9 --view-moved").exit, 0);
  EXPECT_THAT(Run("--format csv cameras get n-9").out, HasSubstr(",moved,"));
  EXPECT_EQ(Run("cameras update n-9 --name other").exit, 0);
  EXPECT_TRUE(store->GetCamera("n-9")->privacy_mask.has_value());
  EXPECT_TRUE(store->GetCamera("n-9")->view_moved);

  const auto fault = [&](const std::string& text) {
    const Outcome refused = Run("cameras update n-9 --privacy-mask " + Write("bad.json", text));
    EXPECT_EQ(refused.exit, 1) << text;
    return refused.err;
  };
  EXPECT_THAT(fault("{"), HasSubstr("bad.json: the file: is no JSON"));
  EXPECT_THAT(fault(R"({"polygons":[]})"), HasSubstr("is no GeoJSON"));
  EXPECT_THAT(fault(R"({"type":"Point","coordinates":[0,0]})"), HasSubstr("\"Point\" has no area"));
  EXPECT_THAT(fault(R"({"type":"Polygon","coordinates":[[[0,0],[1,"x"],[1,1]]]})"),
              HasSubstr("coordinates[0][1]: is no corner [x, y]"));
  EXPECT_THAT(
      fault(R"({"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1]],[[0,0],[1,0],[1,1]]]})"),
      HasSubstr("has a hole"));
  EXPECT_TRUE(store->GetCamera("n-9")->privacy_mask.has_value());
  EXPECT_EQ(Run("cameras update n-9 --no-privacy-mask").exit, 0);
  EXPECT_FALSE(store->GetCamera("n-9")->privacy_mask.has_value());
}

TEST_F(PatrolctlTest, TheZonesOfACameraAreGivenAsAFileAndTakenAway) {
  ASSERT_EQ(Run("cameras update n-10 --create --source rtsp://127.0.0.1/a").exit, 0);
  const std::string file =
      Write("zones.json", R"({"zones":[{"id":"gate","polygon":[[0.1,0.1],[0.5,0.1],[0.5,0.5]]}]})");
  const Outcome set = Run("cameras update n-10 --zones " + file);
  EXPECT_EQ(set.exit, 0) << set.err;
  EXPECT_THAT(store->GetCamera("n-10")->zones_json, HasSubstr("gate"));
  EXPECT_NE(Run("cameras update n-10 --no-zones --zones " + file).exit, 0);
  EXPECT_EQ(Run("cameras update n-10 --no-zones").exit, 0);
  EXPECT_EQ(store->GetCamera("n-10")->zones_json, "");
}

TEST_F(PatrolctlTest, ImportsUnitsAndChangesTheirDuty) {
  const std::string file = Write("units.csv",
                                 "unit_id,name,mode,force\nu1,一号,e-bike,village police\n"
                                 "u2,二号,rocket,police\n");
  const Outcome import = Run("units import --file " + file);
  EXPECT_EQ(import.exit, 0) << import.err;
  EXPECT_THAT(import.err, HasSubstr("line 3: column \"mode\": \"rocket\""));
  EXPECT_EQ(store->GetUnit("u1")->mode, "e-bike");
  EXPECT_EQ(Run("units update u1 --off-duty").exit, 0);
  EXPECT_TRUE(store->GetUnit("u1")->off_duty);
  // A second import leaves the duty alone.
  EXPECT_EQ(Run("units import --file " + file).exit, 0);
  EXPECT_TRUE(store->GetUnit("u1")->off_duty);
  EXPECT_THAT(Run("--format csv units list").out, HasSubstr("u1,一号,e-bike,village police,lost"));
}

TEST_F(PatrolctlTest, ImportsAreasAllOrNone) {
  const std::string square =
      R"({"type":"FeatureCollection","features":[{"type":"Feature","properties":{"id":"g1",)"
      R"("name":"一网格","kind":"grid"},"geometry":{"type":"Polygon","coordinates":)"
      R"([[[120.7,31.6],[120.8,31.6],[120.8,31.7],[120.7,31.7],[120.7,31.6]]]}}]})";
  EXPECT_EQ(Run("areas import --file " + Write("areas.geojson", square)).exit, 0);
  EXPECT_EQ(Run("areas update g1 --kind beat").exit, 0);
  EXPECT_THAT(Run("--format csv areas list").out, HasSubstr("g1,一网格,beat,,1200.5\n"));
  const Outcome bad = Run("areas import --file " + Write("bad.geojson", "{}"));
  EXPECT_EQ(bad.exit, 1);
  EXPECT_THAT(bad.err, HasSubstr("bad.geojson"));
}

TEST_F(PatrolctlTest, ImportsFixesNamesRefusedOnesByLineAndMayBeRepeated) {
  AddUnit("u1");
  const std::string file = Write("fixes.csv",
                                 "unit_id,time,lon,lat,speed_mps\n"
                                 "u1,2026-03-01T20:00:00Z,120.70,31.60,5\n"
                                 "u1,2026-03-01T20:00:10Z,120.7001,31.60,\n"
                                 "u1,yesterday,120.70,31.60,\n"
                                 "nobody,2026-03-01T20:00:20Z,120.70,31.60,\n"
                                 "u1,2027-03-01T20:00:00Z,120.70,31.60,\n");
  const Outcome import = Run("positions import --file " + file);
  EXPECT_EQ(import.exit, 0) << import.err;
  EXPECT_THAT(import.err, HasSubstr("line 4: column \"time\""));
  EXPECT_THAT(import.err, HasSubstr("line 5: unit \"nobody\": unknown_unit"));
  EXPECT_THAT(import.err, HasSubstr("line 6: unit \"u1\": future"));
  EXPECT_THAT(import.err, HasSubstr("5 rows, 1 bad, 4 sent, 2 stored"));
  EXPECT_THAT(store->ListFixes({.unit_id = "u1"}, {.size = 10})->rows, SizeIs(2));
  const Outcome again = Run("positions import --file " + file);
  EXPECT_EQ(again.exit, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("2 duplicate"));
  EXPECT_THAT(store->ListFixes({.unit_id = "u1"}, {.size = 10})->rows, SizeIs(2));
}

TEST_F(PatrolctlTest, ImportsGpxForAUnitThatItCreates) {
  const std::string file = Write(
      "day.gpx",
      R"(<?xml version="1.0"?><gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">)"
      R"(<trk><trkseg><trkpt lat="31.6" lon="120.7"><time>2026-03-01T20:00:00Z</time></trkpt>)"
      R"(<trkpt lat="31.6001" lon="120.7"><time>2026-03-01T20:00:05Z</time></trkpt>)"
      R"(</trkseg></trk></gpx>)");
  const Outcome import = Run("positions import --file " + file + " --unit car-07 --create-units");
  EXPECT_EQ(import.exit, 0) << import.err;
  EXPECT_THAT(store->ListFixes({.unit_id = "car-07"}, {.size = 10})->rows, SizeIs(2));
}

TEST_F(PatrolctlTest, ReplaysFixesAsIfTheyHappenedNow) {
  AddUnit("u1");
  // The service's clock is the real one for the replayer: bring it there.
  clock.Advance(absl::Now() - clock.Now() + absl::Seconds(10));
  const std::string file = Write("fixes.csv",
                                 "unit_id,time,lon,lat\n"
                                 "u1,2020-03-01T20:00:10Z,120.7001,31.60\n"
                                 "u1,2020-03-01T20:00:00Z,120.70,31.60\n");
  const absl::Time before = absl::Now();
  const Outcome replay = Run("positions replay --speed 100 --file " + file);
  EXPECT_EQ(replay.exit, 0) << replay.err;
  const auto fixes = store->ListFixes({.unit_id = "u1"}, {.size = 10})->rows;
  ASSERT_THAT(fixes, SizeIs(2));
  EXPECT_GE(fixes[0].time, before - absl::Microseconds(1));
  EXPECT_EQ(fixes[1].time - fixes[0].time, absl::Milliseconds(100));
  EXPECT_EQ(fixes[1].position.lon, 120.7001);
}

TEST_F(PatrolctlTest, ListsAndWatchesMotionEvents) {
  store::MotionEvent event;
  event.id = "n-1-7";
  event.camera_id = "n-1";
  event.begin = kMorning;
  event.last = kMorning + absl::Seconds(2);
  event.response = {"g1", "u7", absl::Seconds(95), false, ""};
  const int64_t before = events->latest();
  {
    EventRecorder recorder(*store, *events);
    recorder.Record(EventPhase::kBegin, event, std::make_shared<const std::string>("jpeg"));
    event.ended = true;
    recorder.Record(EventPhase::kEnd, event, nullptr);
  }
  const Outcome list = Run("--format csv events list --camera n-1");
  EXPECT_EQ(list.exit, 0) << list.err;
  EXPECT_THAT(list.out, HasSubstr("\nend,n-1,2026-03-01T21:20:00Z,2026-03-01T21:20:02Z,0.000,g1,"
                                  "u7,95.000,no,n-1-7,"));
  const Outcome watch = Run(absl::StrCat("--format csv events watch --count 2 --after ", before));
  EXPECT_EQ(watch.exit, 0) << watch.err;
  EXPECT_THAT(watch.out, HasSubstr("\nbegin,n-1,"));
  EXPECT_THAT(watch.out, HasSubstr("\nend,n-1,"));
  const Outcome old = Run("events watch --after 5");
  EXPECT_EQ(old.exit, 1);
  EXPECT_THAT(old.err, HasSubstr("after_revision: 5 can't be gone on from"));
  EXPECT_EQ(Run("events still n-1-7 --out " + folder.File("e.jpg")).exit, 0);
  EXPECT_EQ(std::filesystem::file_size(folder.File("e.jpg")), 4u);
}

TEST_F(PatrolctlTest, ShowsTheCoverageNowAndWatchesIt) {
  EXPECT_THAT(Run("--format csv coverage now").out, StartsWith("area_id,name,kind,patrollable_m,"));
  EXPECT_THAT(Run("--format json coverage now").out, HasSubstr("\"revision\":\"1\""));
  const std::string roads = folder.File("roads.geojson");
  EXPECT_EQ(Run("coverage now --roads " + roads).exit, 0);
  EXPECT_EQ(std::filesystem::file_size(roads), std::string("{\"roads\":1}").size());
  const Outcome watch = Run("--format csv coverage watch --count 1 --interval 100ms");
  EXPECT_EQ(watch.exit, 0) << watch.err;
  EXPECT_THAT(watch.out, StartsWith("time,revision,covered_ratio,"));
}

TEST_F(PatrolctlTest, ComputesAWindowOfThePastAndItsBlindSpots) {
  const std::string spots = folder.File("spots.geojson");
  const std::string hour = "coverage window --from 2026-03-01T21:00:00Z --to 2026-03-01T22:00:00Z";
  const Outcome table = Run("--format csv " + hour + " --hours --blind-spots " + spots);
  EXPECT_EQ(table.exit, 0) << table.err;
  EXPECT_THAT(table.out, StartsWith("area_id,name,kind,hour_start,patrollable_m,covered_ratio,"));
  EXPECT_THAT(table.out, HasSubstr("\n(town),,,,"));
  EXPECT_THAT(table.out, HasSubstr("\nwest,西,grid,2026-03-01T21:00:00Z,"));
  EXPECT_THAT(table.err, HasSubstr("1 blind spots, 20.0 km"));
  EXPECT_GT(std::filesystem::file_size(spots), 100u);
  EXPECT_THAT(Run("--format json " + hour).out, HasSubstr("\"state\":\"STATE_SUCCEEDED\""));
  const Outcome backwards =
      Run("coverage window --from 2026-03-02T00:00:00Z --to 2026-03-01T00:00:00Z");
  EXPECT_EQ(backwards.exit, 1);
  EXPECT_THAT(backwards.err, HasSubstr("to_time: "));
  EXPECT_THAT(Run(hour + " --step ten").err, HasSubstr("--step"));
  const Outcome added = Run("--format csv " + hour + " --add-at 113.0,22.9");
  EXPECT_EQ(added.exit, 0) << added.err;
  EXPECT_THAT(added.out, HasSubstr(",covered_ratio_before\n"));
  EXPECT_THAT(Run(hour + " --add-at 121.5").err, HasSubstr("--add-at: \"121.5\""));
  EXPECT_THAT(Run(hour + " --add-at 113.0,22.9,22:00-06:00").err, HasSubstr("--add-at: hours"));
  EXPECT_THAT(Run(hour + " --without nobody").err, HasSubstr("unit \"nobody\": has no fixes"));
}

TEST_F(PatrolctlTest, ChecksRequiredRoundsOfAWindowAndTellsItsBackup) {
  const std::string hour =
      "--format csv coverage window --from 2026-03-01T21:00:00Z --to 2026-03-01T22:00:00Z";
  const std::string due = folder.File("due.csv");
  const std::string rounds = Write("rounds.csv", "area_id,every_s\nwest,1200\n");
  const Outcome asked = Run(hour + " --backup --rounds " + rounds + " --due-visits " + due);
  EXPECT_EQ(asked.exit, 0) << asked.err;
  EXPECT_THAT(asked.out, HasSubstr(",backup_ratio\n"));
  EXPECT_THAT(asked.err, HasSubstr("required visits: 0 met, 0 late, 3 missed"));
  std::ostringstream text;
  text << std::ifstream(due).rdbuf();
  EXPECT_THAT(text.str(), StartsWith("area_id,every_s,due_time,visit_time,state\n"
                                     "west,1200.000,2026-03-01T21:20:00Z,,missed\n"));
  const Outcome bad =
      Run(hour + " --rounds " + Write("bad.csv", "area_id,every_s\nwest,0\n#,60\n"));
  EXPECT_EQ(bad.exit, 1);
  EXPECT_THAT(bad.err, HasSubstr("line 2: every_s \"0\" is not 1..1e7 seconds"));
  EXPECT_THAT(bad.err, HasSubstr("line 3: area_id \"#\" is no id of an area"));
}

TEST_F(PatrolctlTest, SaysWhatIsWrongWithHowItWasCalled) {
  EXPECT_EQ(Run("cameras frobnicate").exit, 2);
  EXPECT_EQ(Run("units import").exit, 2);
  const Outcome nothing = Run("units update u1");
  EXPECT_EQ(nothing.exit, 1);
  EXPECT_THAT(nothing.err, HasSubstr("nothing to change"));
  const Outcome missing = Run("units import --file " + folder.File("none.csv"));
  EXPECT_EQ(missing.exit, 1);
  EXPECT_THAT(missing.err, HasSubstr("none.csv: cannot be read"));
}

}  // namespace
}  // namespace patrol::api
