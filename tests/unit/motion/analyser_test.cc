#include "lib/video/motion/analyser.h"

#include <string>

#include "gtest/gtest.h"
#include "tests/unit/motion/scene.h"

namespace patrol::motion {
namespace {

constexpr absl::Duration kFrame = absl::Milliseconds(40);

class AnalyserTest : public testing::Test {
 protected:
  void Show(absl::Duration how_long, absl::Duration interval = kFrame, int square_step = 0) {
    for (absl::Duration shown; shown < how_long; shown += interval) {
      time_ += interval;
      if (scene_.square_x >= 0) {
        scene_.square_x = 10 + (scene_.square_x - 10 + square_step) % 260;
      }
      analyser_.OnPicture(scene_.Draw(time_), source_);
    }
  }

  // An event from begin to end; returns when the square left.
  absl::Time MoveThrough() {
    scene_.square_x = 20;
    Show(absl::Seconds(3), kFrame, 3);
    scene_.square_x = -1;
    const absl::Time left = time_;
    Show(absl::Seconds(5));
    return left;
  }

  Scene scene_;
  Recorder recorder_;
  Analyser analyser_{"gate", Analyser::Options(), &recorder_};
  absl::Time time_ = absl::UnixEpoch();
  OnsetSource source_ = OnsetSource::kPictures;
};

TEST_F(AnalyserTest, TellsBeginUpdatesAndEndOfOneMovement) {
  Show(absl::Seconds(4));
  EXPECT_EQ(analyser_.state(), Analyser::State::kQuiet);
  const absl::Time came = time_;
  const absl::Time left = MoveThrough();

  ASSERT_GE(recorder_.told.size(), 3u);
  EXPECT_EQ(recorder_.Count(Phase::kBegin), 1);
  EXPECT_EQ(recorder_.Count(Phase::kEnd), 1);
  const MotionEvent& begin = recorder_.told.front();
  EXPECT_EQ(begin.phase, Phase::kBegin);
  EXPECT_EQ(begin.camera_id, "gate");
  EXPECT_EQ(begin.sequence, 1);
  EXPECT_GE(begin.begin, came);
  EXPECT_LE(begin.begin - came, absl::Milliseconds(200));
  EXPECT_LE(begin.time - came, absl::Seconds(1));
  EXPECT_GT(begin.moving_share, 0.01);
  const MotionEvent& end = recorder_.told.back();
  EXPECT_EQ(end.phase, Phase::kEnd);
  EXPECT_EQ(end.sequence, 1);
  EXPECT_EQ(end.begin, begin.begin);
  EXPECT_LE(left - end.time, absl::Milliseconds(200));
  EXPECT_LE(end.time - left, absl::Seconds(1));
  EXPECT_NEAR(end.zone.top, 100 / 240.0, 0.05);
  EXPECT_NEAR(end.zone.bottom, 140 / 240.0, 0.05);
  EXPECT_LT(end.zone.left, 0.15);
  EXPECT_GT(end.zone.right, 0.7);
  EXPECT_GT(end.strength, 0.3);
  EXPECT_LE(end.strength, 1.0);
  EXPECT_EQ(analyser_.state(), Analyser::State::kQuiet);
}

TEST_F(AnalyserTest, UpdatesAtMostOnceASecond) {
  Show(absl::Seconds(4));
  MoveThrough();
  for (size_t i = 1; i < recorder_.told.size(); ++i) {
    if (recorder_.told[i].phase != Phase::kUpdate) continue;
    EXPECT_GE(recorder_.told[i].time - recorder_.told[i - 1].time, absl::Seconds(1));
  }
  EXPECT_GE(recorder_.Count(Phase::kUpdate), 1);
  EXPECT_LE(recorder_.Count(Phase::kUpdate), 3);
}

TEST_F(AnalyserTest, CarriesAJpegStill) {
  Show(absl::Seconds(4));
  MoveThrough();
  for (const MotionEvent& event : recorder_.told) {
    ASSERT_NE(event.still_jpeg, nullptr);
    ASSERT_GT(event.still_jpeg->size(), 100u);
    EXPECT_EQ(event.still_jpeg->substr(0, 2), "\xff\xd8");
  }
}

TEST_F(AnalyserTest, TellsNothingWhileLearning) {
  scene_.square_x = 20;
  for (int i = 0; i < 40; ++i) Show(kFrame, kFrame, 4);
  EXPECT_EQ(analyser_.state(), Analyser::State::kLearning);
  EXPECT_TRUE(recorder_.told.empty());
}

TEST_F(AnalyserTest, SaysThatItLearnsUntilItHasLearnt) {
  EXPECT_TRUE(analyser_.status().learning) << "it has seen nothing";
  Show(absl::Seconds(1));
  EXPECT_TRUE(analyser_.status().learning);
  Show(absl::Seconds(3));
  EXPECT_FALSE(analyser_.status().learning);
  // Where much moves it may take longer, but never more than ten seconds.
  Analyser busy("gate", Analyser::Options(), &recorder_);
  scene_.square_size = 90;
  scene_.square_y = 60;
  for (int i = 0; i < 25 * 10 + 2; ++i, time_ += kFrame) {
    scene_.square_x = i * 5 % 230;
    busy.OnPicture(scene_.Draw(time_));
  }
  EXPECT_FALSE(busy.status().learning);
}

TEST_F(AnalyserTest, TellsNothingOfAStillNoisyScene) {
  scene_.noise = 4.0;
  Show(absl::Seconds(30));
  Show(absl::Minutes(2), absl::Seconds(2));
  Show(absl::Seconds(10));
  Show(absl::Minutes(3), absl::Seconds(10));
  Show(absl::Seconds(10));
  EXPECT_TRUE(recorder_.told.empty());
}

TEST_F(AnalyserTest, TellsNothingOfUniformChangesOfLight) {
  Show(absl::Seconds(4));
  for (const double light : {0.7, 1.0, 1.4, 1.0, 0.5, 1.0}) {
    scene_.light = light;
    Show(absl::Seconds(3));
  }
  for (int i = 0; i < 100; ++i) {  // slowly
    scene_.light -= 0.003;
    Show(absl::Milliseconds(200));
  }
  EXPECT_TRUE(recorder_.told.empty());
}

TEST_F(AnalyserTest, TellsNothingWhenTheCameraIsTurnedElsewhere) {
  Show(absl::Seconds(4));
  Scene elsewhere(320, 240);
  elsewhere.square_x = 0;  // a grey wall with stripes
  elsewhere.square_y = 0;
  elsewhere.square_size = 320;
  elsewhere.square_grey = 190;
  for (int i = 0; i < 250; ++i) {
    time_ += kFrame;
    analyser_.OnPicture(elsewhere.Draw(time_));
  }
  EXPECT_TRUE(recorder_.told.empty());
  EXPECT_EQ(analyser_.state(), Analyser::State::kQuiet);
  EXPECT_GE(analyser_.light_steps(), 1u);
}

TEST_F(AnalyserTest, EndsTheEventOfAThingThatStops) {
  Show(absl::Seconds(4));
  scene_.square_x = 20;
  Show(absl::Seconds(2), kFrame, 3);
  const absl::Time stopped = time_;
  Show(absl::Seconds(4));
  EXPECT_EQ(analyser_.state(), Analyser::State::kQuiet);
  EXPECT_TRUE(recorder_.told.back().resting);
  EXPECT_EQ(recorder_.Count(Phase::kEnd), 0);
  Show(absl::Seconds(8));
  ASSERT_EQ(recorder_.Count(Phase::kEnd), 1);
  EXPECT_LE(recorder_.told.back().time - stopped, absl::Seconds(1));
  EXPECT_EQ(recorder_.told.back().ending, Ending::kLeft);
  EXPECT_EQ(recorder_.Count(Phase::kBegin), 1);
}

TEST_F(AnalyserTest, TellsAnotherEventWhenWhatStoppedGoesOn) {
  Show(absl::Seconds(12));
  scene_.square_x = 20;
  Show(absl::Seconds(2), kFrame, 3);
  const absl::Time stopped = time_;
  Show(absl::Seconds(5));
  const absl::Time went_on = time_;
  Show(absl::Seconds(1), kFrame, 3);
  scene_.square_x = -1;
  Show(absl::Seconds(4));
  ASSERT_EQ(recorder_.Count(Phase::kBegin), 2);
  ASSERT_EQ(recorder_.Count(Phase::kEnd), 2);
  for (const MotionEvent& event : recorder_.told) {
    if (event.phase == Phase::kEnd && event.sequence == 1) {
      EXPECT_EQ(event.ending, Ending::kWentOn);
      EXPECT_LE(event.time - stopped, absl::Seconds(1));
    }
    if (event.phase == Phase::kBegin && event.sequence == 2) {
      EXPECT_LE(went_on - event.begin, absl::Seconds(1));
      EXPECT_LE(event.begin - went_on, absl::Milliseconds(500));
    }
  }
}

TEST_F(AnalyserTest, TellsNothingOfAThingThatSwaysInPlace) {
  scene_.square_x = 100;
  Show(absl::Seconds(12));
  for (int i = 0; i < 40; ++i) {  // two pixels of forty to and fro, for 32 s
    scene_.square_x = i % 2 == 0 ? 102 : 98;
    Show(absl::Milliseconds(800));
  }
  EXPECT_TRUE(recorder_.told.empty());
}

TEST_F(AnalyserTest, TellsNothingWhenAThingIsTakenAwayBetweenTwoPictures) {
  scene_.square_x = 100;
  Show(absl::Seconds(15));
  scene_.square_x = -1;  // what was behind it shows
  Show(absl::Seconds(20));
  EXPECT_TRUE(recorder_.told.empty());
  EXPECT_EQ(analyser_.state(), Analyser::State::kQuiet);
}

TEST_F(AnalyserTest, TellsTheDirectionAndTheReason) {
  Show(absl::Seconds(12));
  scene_.square_x = 20;
  Show(absl::Seconds(2), kFrame, 3);
  scene_.square_x = -1;
  Show(absl::Seconds(4));
  ASSERT_EQ(recorder_.Count(Phase::kEnd), 1);
  const MotionEvent& end = recorder_.told.back();
  EXPECT_EQ(end.direction, Direction::kRight);
  EXPECT_EQ(end.ending, Ending::kGone);
  EXPECT_GT(end.confidence, 0.8);
  EXPECT_NE(end.reason.find("direction right"), std::string::npos) << end.reason;
  EXPECT_LE(end.onset_uncertainty, kFrame);
}

TEST_F(AnalyserTest, SeesAPersonFarAway) {
  // 15x15 pixels of 640x360 are below what a share of the picture could tell from noise.
  Scene wide(640, 360);
  wide.square_size = 15;
  const auto show = [&](absl::Duration how_long, int step) {
    for (absl::Duration shown; shown < how_long; shown += kFrame) {
      time_ += kFrame;
      if (wide.square_x >= 0) wide.square_x += step;
      analyser_.OnPicture(wide.Draw(time_));
    }
  };
  show(absl::Seconds(12), 0);
  wide.square_x = 100;
  show(absl::Seconds(4), 1);
  wide.square_x = -1;
  show(absl::Seconds(4), 0);
  EXPECT_EQ(recorder_.Count(Phase::kBegin), 1);
  EXPECT_EQ(recorder_.Count(Phase::kEnd), 1);
}

TEST_F(AnalyserTest, TellsOfDistantThingsOfFivePixelsWhereSmallTargetsAreAskedFor) {
  for (const int smallest : {4, 10}) {
    Recorder recorder;
    Analyser::Options options;
    options.detector.min_object_size = smallest;
    Analyser analyser("gate", options, &recorder);
    Scene far(320, 240);
    far.square_size = 5;
    const auto show = [&](absl::Duration how_long, double step) {
      for (absl::Duration shown; shown < how_long; shown += kFrame) {
        time_ += kFrame;
        if (far.square_x >= 0)
          far.square_x = 60 + static_cast<int>(step * static_cast<double>(shown / kFrame));
        analyser.OnPicture(far.Draw(time_));
      }
    };
    show(absl::Seconds(13), 0);
    far.square_x = 60;
    show(absl::Seconds(4), 0.8);
    far.square_x = -1;
    show(absl::Seconds(4), 0);
    EXPECT_EQ(recorder.Count(Phase::kBegin), smallest == 4 ? 1 : 0) << smallest;
    EXPECT_EQ(recorder.Count(Phase::kEnd), smallest == 4 ? 1 : 0) << smallest;
  }
}

TEST_F(AnalyserTest, TellsTheEventsOfEachZoneByItsName) {
  CameraZones zones;
  zones.zones = {{.id = "left", .polygon = {{0, 0}, {0.5, 0}, {0.5, 1}, {0, 1}}},
                 {.id = "right", .polygon = {{0.5, 0}, {1, 0}, {1, 1}, {0.5, 1}}}};
  analyser_.SetZones(zones);
  Show(absl::Seconds(12));
  scene_.square_x = 20;
  Show(absl::Seconds(1), kFrame, 3);  // until 95 of 320
  scene_.square_x = -1;
  Show(absl::Seconds(4));
  ASSERT_EQ(recorder_.Count(Phase::kBegin), 1);
  EXPECT_EQ(recorder_.told.back().zone_id, "left");
  scene_.square_x = 20;
  Show(absl::Seconds(3), kFrame, 3);  // through both
  scene_.square_x = -1;
  Show(absl::Seconds(4));
  EXPECT_EQ(recorder_.Count(Phase::kBegin), 3);
  EXPECT_EQ(recorder_.Count(Phase::kEnd), 3);
  for (size_t i = 1; i < recorder_.told.size(); ++i) {
    if (recorder_.told[i].sequence == recorder_.told[i - 1].sequence) continue;
    EXPECT_NE(recorder_.told[i].begin, recorder_.told[i - 1].begin);
  }
}

TEST_F(AnalyserTest, CountsWhatMovesOutsideOfEveryZone) {
  CameraZones zones;
  zones.zones = {{.id = "sky", .polygon = {{0, 0}, {1, 0}, {1, 0.2}, {0, 0.2}}}};
  analyser_.SetZones(zones);
  Show(absl::Seconds(12));
  MoveThrough();
  EXPECT_TRUE(recorder_.told.empty());
  EXPECT_GE(analyser_.status().suppressed[static_cast<size_t>(Suppression::kOutsideZones)], 1u);
}

TEST_F(AnalyserTest, SeesNothingWhereItIsToldToLookAway) {
  CameraZones zones;
  zones.ignore = {{{0, 0.3}, {1, 0.3}, {1, 0.7}, {0, 0.7}}};
  analyser_.SetZones(zones);
  Show(absl::Seconds(12));
  MoveThrough();
  EXPECT_TRUE(recorder_.told.empty());
}

TEST_F(AnalyserTest, CountsMovementAtHoursThatAreNotWatched) {
  CameraZones zones;
  zones.zones = {{.id = "gate", .polygon = {{0, 0}, {1, 0}, {1, 1}, {0, 1}}}};
  zones.zones[0].schedule.windows = {{.from_minute = 22 * 60, .to_minute = 23 * 60}};
  analyser_.SetZones(zones);
  Show(absl::Seconds(12));  // 00:00 UTC
  MoveThrough();
  EXPECT_TRUE(recorder_.told.empty());
  EXPECT_FALSE(analyser_.status().zones[0].watched);
  EXPECT_GE(analyser_.status().suppressed[static_cast<size_t>(Suppression::kUnscheduled)], 1u);
}

TEST_F(AnalyserTest, TellsNothingWhileSnoozedAndCountsIt) {
  Show(absl::Seconds(12));
  analyser_.Snooze(time_ + absl::Seconds(20));
  MoveThrough();
  EXPECT_TRUE(recorder_.told.empty());
  EXPECT_EQ(analyser_.status().suppressed[static_cast<size_t>(Suppression::kSnoozed)], 1u);
  Show(absl::Seconds(20));
  MoveThrough();
  EXPECT_EQ(recorder_.Count(Phase::kBegin), 1);
}

TEST_F(AnalyserTest, EndsAnOpenEventWhenItIsSnoozedAndTellsAgainWhenThatIsTakenBack) {
  Show(absl::Seconds(12));
  scene_.square_x = 20;
  Show(absl::Seconds(2), kFrame, 3);
  ASSERT_EQ(recorder_.Count(Phase::kBegin), 1);
  analyser_.Snooze(time_ + absl::Hours(1));
  ASSERT_EQ(recorder_.Count(Phase::kEnd), 1);
  EXPECT_EQ(recorder_.told.back().ending, Ending::kSnoozed);
  Show(absl::Seconds(1), kFrame, 3);
  scene_.square_x = -1;
  Show(absl::Seconds(12));
  EXPECT_EQ(recorder_.Count(Phase::kBegin), 1);
  analyser_.Snooze(absl::InfinitePast());
  MoveThrough();
  EXPECT_EQ(recorder_.Count(Phase::kBegin), 2);
}

TEST_F(AnalyserTest, KeepsWhatIsUsualOfAZoneThatStaysWhenOthersChange) {
  CameraZones zones;
  zones.zones = {{.id = "gate", .polygon = {{0, 0}, {1, 0}, {1, 0.5}, {0, 0.5}}},
                 {.id = "yard", .polygon = {{0, 0.5}, {1, 0.5}, {1, 1}, {0, 1}}}};
  analyser_.SetZones(zones);
  ZoneNorm gate{.id = "gate"}, yard{.id = "yard"};
  gate.hours[0] = yard.hours[0] = {.seen_s = 3600, .moving_s = 900};
  analyser_.TakeUp({gate, yard});
  const auto usual = [&](size_t zone) { return analyser_.status().zones[zone].usual_share; };
  ASSERT_DOUBLE_EQ(usual(0), 0.25);
  zones.zones[0].sensitivity = 2;
  zones.zones[1].polygon[2] = {1, 0.8};
  zones.ignore = {{{0, 0}, {0.1, 0}, {0.1, 0.1}}};
  analyser_.SetZones(zones);
  EXPECT_DOUBLE_EQ(usual(0), 0.25);
  EXPECT_LT(usual(1), 0) << "drawn anew: nothing is known of it";
}

TEST_F(AnalyserTest, CountsEventsOverItsLimit) {
  Analyser::Options options;
  options.events_per_hour_max = 1;
  options.still_width_max = 0;
  Analyser limited("gate", options, &recorder_);
  for (int i = 0; i < 900; ++i, time_ += kFrame) {
    const int at = i % 300;  // away for 9 s, through for 3
    scene_.square_x = at < 225 ? -1 : 20 + 3 * (at - 225);
    limited.OnPicture(scene_.Draw(time_));
  }
  EXPECT_EQ(recorder_.Count(Phase::kBegin), 1);
  EXPECT_GE(limited.status().events_over_limit, 1);
}

TEST_F(AnalyserTest, GoesOnWithTheSameEventAfterAShortPause) {
  Show(absl::Seconds(4));
  scene_.square_x = 20;
  Show(absl::Seconds(2), kFrame, 3);
  scene_.square_x = -1;
  Show(absl::Seconds(1));
  scene_.square_x = 20;
  Show(absl::Seconds(2), kFrame, 3);
  scene_.square_x = -1;
  Show(absl::Seconds(5));
  EXPECT_EQ(recorder_.Count(Phase::kBegin), 1);
  EXPECT_EQ(recorder_.Count(Phase::kEnd), 1);
}

TEST_F(AnalyserTest, NumbersTheEventsOfACamera) {
  Show(absl::Seconds(4));
  MoveThrough();
  MoveThrough();
  EXPECT_EQ(recorder_.Count(Phase::kBegin), 2);
  EXPECT_EQ(recorder_.told.back().sequence, 2);
}

TEST_F(AnalyserTest, WorksAtOnePictureEveryTwoSeconds) {
  Show(absl::Seconds(30), absl::Seconds(2));
  EXPECT_EQ(analyser_.state(), Analyser::State::kQuiet);
  scene_.square_x = 20;
  const absl::Time came = time_;
  Show(absl::Seconds(10), absl::Seconds(2), 40);
  ASSERT_EQ(recorder_.Count(Phase::kBegin), 1);
  EXPECT_LE(recorder_.told.front().time - came, absl::Seconds(4));
  scene_.square_x = -1;
  Show(absl::Seconds(20), absl::Seconds(2));
  EXPECT_EQ(recorder_.Count(Phase::kBegin), 1);
  EXPECT_EQ(recorder_.Count(Phase::kEnd), 1);
}

TEST_F(AnalyserTest, SaysHowWellTheOnsetIsKnownAndWhatItWasFoundIn) {
  Show(absl::Seconds(5));
  MoveThrough();
  EXPECT_EQ(recorder_.told.front().onset_source, OnsetSource::kPictures);
  EXPECT_EQ(recorder_.told.front().onset_uncertainty, kFrame);
  // A keyframe every six seconds, until something hints at movement: then what came since the last.
  recorder_.told.clear();
  Show(absl::Seconds(30), absl::Seconds(6));
  time_ += absl::Seconds(4);
  source_ = OnsetSource::kReplay;
  Show(absl::Seconds(1), absl::Milliseconds(200));
  const absl::Time before = time_;
  scene_.square_x = 20;
  Show(absl::Seconds(2), absl::Milliseconds(200), 12);
  ASSERT_FALSE(recorder_.told.empty());
  EXPECT_EQ(recorder_.told.front().onset_source, OnsetSource::kReplay);
  EXPECT_EQ(recorder_.told.front().onset_uncertainty, absl::Milliseconds(200));
  EXPECT_GT(recorder_.told.front().begin, before);
  EXPECT_LE(recorder_.told.front().begin, before + absl::Milliseconds(400));
}

TEST_F(AnalyserTest, DoesNotTakeTheBeginOfAReplayForThatOfTheMovement) {
  Show(absl::Seconds(5));
  Show(absl::Seconds(30), absl::Seconds(6));
  // It came between the last keyframe and the one the replay begins with.
  scene_.square_x = 60;
  source_ = OnsetSource::kReplay;
  time_ += absl::Seconds(6) - absl::Milliseconds(200);
  Show(absl::Seconds(2), absl::Milliseconds(200), 12);
  ASSERT_FALSE(recorder_.told.empty());
  EXPECT_EQ(recorder_.told.front().onset_source, OnsetSource::kPictures);
  EXPECT_EQ(recorder_.told.front().onset_uncertainty, absl::Seconds(6));
}

TEST_F(AnalyserTest, EndsAnOpenEventWhenTheStreamIsLostAndKeepsWhatItLearnt) {
  Show(absl::Seconds(4));
  scene_.square_x = 20;
  Show(absl::Seconds(2), kFrame, 3);
  EXPECT_EQ(analyser_.state(), Analyser::State::kMoving);
  analyser_.OnStreamLost(time_);
  EXPECT_EQ(recorder_.Count(Phase::kEnd), 1);
  EXPECT_EQ(recorder_.told.back().time, time_);
  analyser_.OnStreamLost(time_);
  EXPECT_EQ(recorder_.Count(Phase::kEnd), 1);

  scene_.square_x = -1;
  time_ += absl::Minutes(5);
  Show(absl::Seconds(3));
  EXPECT_EQ(analyser_.state(), Analyser::State::kQuiet);
  EXPECT_EQ(recorder_.Count(Phase::kBegin), 1);
}

TEST_F(AnalyserTest, EndsAnOpenEventWhenWhatItShowsMustNotBeSeenAnyLonger) {
  Show(absl::Seconds(4));
  scene_.square_x = 20;
  Show(absl::Seconds(2), kFrame, 3);
  ASSERT_EQ(analyser_.state(), Analyser::State::kMoving);
  analyser_.OnBlind();
  EXPECT_EQ(analyser_.state(), Analyser::State::kQuiet);
  EXPECT_EQ(recorder_.Count(Phase::kEnd), 1);
  EXPECT_EQ(recorder_.told.back().ending, Ending::kViewLost);
  scene_.square_x = -1;
  time_ += absl::Minutes(5);
  Show(absl::Seconds(3));
  EXPECT_EQ(analyser_.state(), Analyser::State::kQuiet) << "what it learnt was kept";
  EXPECT_EQ(recorder_.Count(Phase::kBegin), 1);
}

TEST_F(AnalyserTest, TellsNothingOfWhatChangedWhileTheStreamWasLost) {
  Show(absl::Seconds(4));
  analyser_.OnStreamLost(time_);
  time_ += absl::Minutes(5);
  scene_.square_x = 100;  // a car was parked
  Show(absl::Seconds(10));
  EXPECT_TRUE(recorder_.told.empty());
}

TEST_F(AnalyserTest, EndsTheEventAndLearnsAnewWhenThePictureSizeChanges) {
  Show(absl::Seconds(4));
  scene_.square_x = 20;
  Show(absl::Seconds(2), kFrame, 3);
  Scene larger(640, 360);
  time_ += kFrame;
  analyser_.OnPicture(larger.Draw(time_));
  EXPECT_EQ(recorder_.Count(Phase::kEnd), 1);
  EXPECT_EQ(analyser_.state(), Analyser::State::kLearning);
}

TEST_F(AnalyserTest, SurvivesAClockThatIsSetBack) {
  Show(absl::Seconds(4));
  scene_.square_x = 20;
  Show(absl::Seconds(2), kFrame, 3);
  time_ -= absl::Hours(1);
  scene_.square_x = -1;
  Show(absl::Seconds(5));
  EXPECT_EQ(recorder_.Count(Phase::kBegin), 1);
  EXPECT_EQ(recorder_.Count(Phase::kEnd), 1);
  MoveThrough();
  EXPECT_EQ(recorder_.Count(Phase::kBegin), 2);
  EXPECT_EQ(recorder_.Count(Phase::kEnd), 2);
}

TEST_F(AnalyserTest, CodesNoStillWhenNoneIsWanted) {
  Recorder recorder;
  Analyser::Options options;
  options.still_width_max = 0;
  Analyser analyser("gate", options, &recorder);
  Scene scene;
  absl::Time time;
  for (int i = 0; i < 200; ++i, time += kFrame) {
    scene.square_x = i < 100 ? -1 : 20 + 2 * (i - 100);
    analyser.OnPicture(scene.Draw(time));
  }
  ASSERT_FALSE(recorder.told.empty());
  EXPECT_EQ(recorder.told.front().still_jpeg, nullptr);
}

TEST_F(AnalyserTest, CallsACameraMovedThatWasKnockedByAFewPixelsAndNotOneThatShakes) {
  constexpr absl::Duration interval = absl::Milliseconds(200);
  Show(absl::Seconds(6), interval);
  for (int i = 0; i < 30; ++i) {
    scene_.shake_x = i % 2 == 0 ? 7 : -7;
    Show(interval, interval);
  }
  EXPECT_EQ(analyser_.ViewMoved(), std::nullopt);
  scene_.shake_x = 0;
  Show(absl::Seconds(6), interval);
  scene_.shake_x = 7;  // 2.2 % of the width
  Show(absl::Seconds(12), interval);
  ASSERT_NE(analyser_.ViewMoved(), std::nullopt);
  analyser_.AcceptView();
  EXPECT_EQ(analyser_.ViewMoved(), std::nullopt);
  Show(absl::Seconds(10), interval);
  EXPECT_EQ(analyser_.ViewMoved(), std::nullopt) << "it was accepted";
  scene_.shake_x = 0;
  Show(absl::Seconds(12), interval);
  EXPECT_NE(analyser_.ViewMoved(), std::nullopt) << "back to where it was before";
}

}  // namespace
}  // namespace patrol::motion
