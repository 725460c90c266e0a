#include "lib/video/ingest/fleet_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"

namespace patrol::ingest {
namespace {

using testing::ContainsRegex;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

CameraState Streaming() {
  CameraState state;
  state.phase = CameraPhase::kStreaming;
  state.attention = AttentionLevel::kQuiet;
  state.access_units = 1500;
  state.packets_lost = 7;
  state.jitter = absl::Milliseconds(4);
  state.picture_age = absl::Seconds(2);
  return state;
}

const prometheus::MetricFamily& FamilyOf(const MetricFamilies& families, const std::string& name) {
  for (const prometheus::MetricFamily& family : families) {
    if (family.name == name) return family;
  }
  ADD_FAILURE() << "no family " << name;
  return families.front();
}

// Label "name" -> value, for samples of one camera.
std::map<std::string, double> Samples(const prometheus::MetricFamily& family,
                                      const std::string& label) {
  std::map<std::string, double> values;
  for (const prometheus::ClientMetric& sample : family.metric) {
    for (const auto& [name, value] : sample.label) {
      if (name == label) values[value] = sample.counter.value + sample.gauge.value;
    }
  }
  return values;
}

TEST(FleetFamilies, NamesFollowPrometheusConventionsAndSayWhatTheyCount) {
  std::set<std::string> names;
  for (const prometheus::MetricFamily& family : FleetFamilies({{"a", Streaming()}}, FleetState())) {
    EXPECT_TRUE(names.insert(family.name).second) << family.name;
    EXPECT_THAT(family.name, MatchesRegex("patrol_[a-z0-9_]+"));
    if (family.type == prometheus::MetricType::Counter) {
      EXPECT_THAT(family.name, EndsWith("_total"));
    } else {
      EXPECT_THAT(family.name, Not(EndsWith("_total")));
    }
    EXPECT_FALSE(family.help.empty()) << family.name;
    EXPECT_THAT(family.help, Not(HasSubstr("\n")));
    // Base units, and the help names them.
    EXPECT_THAT(family.name, Not(ContainsRegex("_(ms|us|kb|mb|percent)(_|$)")));
    if (family.name.find("seconds") != std::string::npos) {
      EXPECT_THAT(family.help, HasSubstr("seconds")) << family.name;
    }
    if (family.name.find("bytes") != std::string::npos) {
      EXPECT_THAT(family.help, HasSubstr("bytes")) << family.name;
    }
  }
}

TEST(FleetFamilies, TellACamerasStateByNameAndItsNumbers) {
  CameraState waiting;
  waiting.phase = CameraPhase::kWaiting;
  const MetricFamilies families = FleetFamilies({{"a", Streaming()}, {"b", waiting}}, FleetState());
  EXPECT_EQ(Samples(FamilyOf(families, "patrol_camera_phase"), "phase"),
            (std::map<std::string, double>{{"streaming", 1}, {"waiting", 1}}));
  EXPECT_EQ(Samples(FamilyOf(families, "patrol_cameras"), "phase"),
            (std::map<std::string, double>{
                {"off", 0}, {"waiting", 1}, {"connecting", 0}, {"streaming", 1}}));
  EXPECT_EQ(Samples(FamilyOf(families, "patrol_camera_packets_lost_total"), "camera"),
            (std::map<std::string, double>{{"a", 7}, {"b", 0}}));
  EXPECT_EQ(Samples(FamilyOf(families, "patrol_camera_jitter_seconds"), "camera")["a"], 0.004);
  // A camera that never had a picture has no age of one.
  EXPECT_EQ(Samples(FamilyOf(families, "patrol_camera_picture_age_seconds"), "camera"),
            (std::map<std::string, double>{{"a", 2}}));
}

TEST(FleetFamilies, TellWhatBecameOfEachCamerasCandidates) {
  CameraState state = Streaming();
  state.candidates = {.confirmed = 2, .rejected = 5, .no_event = 1, .undecided = 3};
  EXPECT_EQ(Samples(FamilyOf(FleetFamilies({{"a", state}}, FleetState()),
                             "patrol_camera_candidates_total"),
                    "outcome"),
            (std::map<std::string, double>{
                {"confirmed", 2}, {"no_event", 1}, {"rejected", 5}, {"undecided", 3}}));
}

TEST(FleetFamilies, AddUpWhatGoesBeyondTheBoundOfQuirks) {
  CameraState state = Streaming();
  state.quirks = {{"camera_clock_off", 3}, {"rtp_time_jump", 1}};
  EXPECT_EQ(
      Samples(FamilyOf(FleetFamilies({{"a", state}}, FleetState()), "patrol_camera_quirks_total"),
              "quirk"),
      (std::map<std::string, double>{{"camera_clock_off", 3}, {"rtp_time_jump", 1}}));
  for (int i = 0; i < 200; ++i) state.quirks[absl::StrCat("z", 1000 + i)] = 2;
  const auto quirks = Samples(
      FamilyOf(FleetFamilies({{"a", state}}, FleetState()), "patrol_camera_quirks_total"), "quirk");
  EXPECT_EQ(quirks.size(), limits::kMetricQuirksPerCameraMax);
  double sum = 0;
  for (const auto& [name, count] : quirks) sum += count;
  EXPECT_EQ(sum, 404);
  EXPECT_GT(quirks.at("other"), 0);
}

TEST(FleetFamilies, StayWithinTheBoundOfSeriesWithEveryQuirkOfEveryCamera) {
  CameraState state = Streaming();
  for (int i = 0; i < 200; ++i) state.quirks[absl::StrCat("quirk_", i)] = 1;
  std::map<std::string, CameraState> cameras;
  const size_t of_town = SeriesOf(FleetFamilies(cameras, FleetState()));
  EXPECT_LE(of_town, limits::kMetricSeriesTownMax / 2);  // the rest of the service needs some too
  for (size_t i = 0; i < limits::kCamerasMax; ++i) cameras[absl::StrCat("camera-", i)] = state;
  const size_t series = SeriesOf(FleetFamilies(cameras, FleetState()));
  EXPECT_LE(series, limits::kMetricSeriesMax);
  EXPECT_LE((series - of_town) / cameras.size(),
            limits::kMetricSeriesPerCamera + limits::kMetricQuirksPerCameraMax);
}

class NoPictures : public PictureSink, public CameraStateSink {
 public:
  void OnPicture(const std::string&, const media::Picture&, PictureOrigin) override {}
  void OnCameraState(const std::string&, const CameraState&) override {}
};

TEST(FleetMetrics, ForgetACameraThatIsRemoved) {
  NoPictures sink;
  Fleet fleet({}, SystemClock::Get(), sink, sink);
  const FleetMetrics metrics(fleet);
  for (const char* id : {"stays", "goes"}) {
    ASSERT_TRUE(fleet.AddCamera({.id = id, .url = "rtsp://127.0.0.1:9/x", .disabled = true}).ok());
  }
  const MetricsPage page({&metrics});
  EXPECT_THAT(page.Text(), HasSubstr("camera=\"goes\""));
  ASSERT_TRUE(fleet.RemoveCamera("goes").ok());
  EXPECT_THAT(page.Text(), Not(HasSubstr("camera=\"goes\"")));
  EXPECT_THAT(page.Text(), HasSubstr("camera=\"stays\""));
}

}  // namespace
}  // namespace patrol::ingest
