// Goal: a path told piece by piece is the one that a whole track gives, as far as no delay forces
// it, and hangs on nothing but the fixes and the delay. Method: random drives through a town, with
// noise, silences, speed jumps and stretches off the network, cut up and fed in many ways.
#include "lib/patrol/tracks/live_path.h"

#include <cmath>
#include <map>
#include <random>
#include <utility>

#include <gtest/gtest.h>
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "lib/patrol/tracks/path_walk.h"
#include "tests/unit/tracks/random_track.h"
#include "tests/unit/tracks/town.h"

namespace patrol::tracks {
namespace {

using roadnet::Mode;

// A path put together from its pieces, as text that can be compared.
struct Told {
  std::vector<std::string> fixes;  // with their settlement
  std::vector<std::string> verdicts;
  std::vector<std::string> points;
  std::vector<std::string> parts;
  std::vector<Settlement> settlements;
  std::vector<MatchedFix> matched;

  size_t forced() const {
    size_t count = 0;
    for (const Settlement& settlement : settlements) count += settlement.forced ? 1 : 0;
    return count;
  }
};

std::string Text(const MatchedFix& fix) {
  return absl::StrFormat("%d %v %v %d %.9f %.9f", absl::ToUnixMicros(fix.time),
                         MatchVerdictName(fix.verdict), OutlierReasonName(fix.reason), fix.at.piece,
                         fix.at.offset_m, fix.distance_m);
}

// One path being told, with all that came out of it so far.
class Teller {
 public:
  Teller(const Ground& ground, ModeModels* models, absl::Duration delay)
      : ground_(ground),
        path_("u", Mode::kCar, ground.network, &models->Of(Mode::kCar), {.delay_max = delay}),
        walk_(ground.network) {}

  LivePath& path() { return path_; }

  void Take() {
    const PathPiece piece = path_.Take();
    ASSERT_EQ(piece.settlements.size(), piece.track.fixes().size());
    for (size_t i = 0; i < piece.settlements.size(); ++i) {
      const Settlement& settlement = piece.settlements[i];
      told.verdicts.push_back(Text(piece.track.fixes()[i]));
      told.fixes.push_back(absl::StrCat(told.verdicts.back(), " ",
                                        absl::FormatDuration(settlement.delay),
                                        settlement.forced ? " forced" : ""));
      told.settlements.push_back(settlement);
      told.matched.push_back(piece.track.fixes()[i]);
    }
    AddPoints(piece.track, piece.goes_on ? 1 : 0);
  }

  void AddPoints(const MatchedTrack& track, size_t first) {
    for (size_t i = first; i < track.points().size(); ++i) {
      const MatchedTrack::Point& point = track.points()[i];
      std::string text = absl::StrFormat("%d %d %.9f %.6f %.6f %d:", point.time_us, point.piece,
                                         point.offset_m, point.attach_distance_m, point.length_m,
                                         static_cast<int>(point.connected));
      for (size_t k = 0; k < track.arcs_to(i).size(); ++k) {
        const bool sure = track.certainty_to(i)[k] == Certainty::kSure;
        absl::StrAppend(&text, " ", track.arcs_to(i)[k], sure ? "" : "?");
      }
      told.points.push_back(text);
    }
    walk_.Walk(track, first, track.points().size(), [&](const TimedPart& part) {
      if (part.start_m == part.end_m) return;  // what stands is in doubt by what comes next
      told.parts.push_back(absl::StrFormat(
          "%d %d %d %.9f %.9f %d %d", part.arc, int{part.breaks}, int{part.doubtful}, part.start_m,
          part.end_m, absl::ToUnixMicros(part.start), absl::ToUnixMicros(part.end)));
    });
  }

  Told told;

 private:
  const Ground& ground_;
  LivePath path_;
  TrackWalk walk_;
};

class LivePathTest : public ::testing::Test {
 protected:
  // As RandomTrack, with fixes elsewhere: single ones, and a unit that was taken elsewhere.
  static std::vector<Fix> Drive(unsigned seed, int count = 150) {
    std::vector<Fix> fixes = RandomTrack(seed, "u", count);
    std::mt19937 random(seed + 1000);
    for (size_t i = 0; i < fixes.size(); ++i) {
      if (random() % 25 == 0) fixes[i].position = FixAt(0, 5000, 900).position;
    }
    if (seed % 3 == 0) {
      for (size_t i = fixes.size() / 2; i < fixes.size(); ++i) fixes[i].position.lat += 0.009;
    }
    return fixes;
  }

  Told Whole(const std::vector<Fix>& fixes) {
    Teller teller(town_, &models_, absl::ZeroDuration());
    const MatchedTrack track = town_.Match(fixes);
    teller.AddPoints(track, 0);
    for (const MatchedFix& fix : track.fixes()) teller.told.verdicts.push_back(Text(fix));
    return std::move(teller.told);
  }

  // Fed fix by fix, taken at the end.
  Told Online(const std::vector<Fix>& fixes, absl::Duration delay) {
    Teller teller(town_, &models_, delay);
    for (const Fix& fix : fixes) teller.path().Feed(fix);
    teller.path().Finish();
    teller.Take();
    return std::move(teller.told);
  }

  const Ground town_{Blocks(8, 8)};
  ModeModels models_{town_.network, town_.index, town_.graphs};
};

const absl::Duration kDelays[] = {absl::ZeroDuration(), absl::Seconds(7), absl::Seconds(30),
                                  absl::Seconds(60),    absl::Minutes(5), absl::InfiniteDuration()};

TEST_F(LivePathTest, WithoutADelayItIsWhatTheWholeTrackGives) {
  std::map<std::string_view, size_t> verdicts;
  for (unsigned seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    const std::vector<Fix> fixes = Drive(seed);
    const Told whole = Whole(fixes);
    const Told told = Online(fixes, absl::InfiniteDuration());
    ASSERT_EQ(told.points, whole.points);
    ASSERT_EQ(told.verdicts, whole.verdicts);
    ASSERT_EQ(told.parts, whole.parts);
    EXPECT_EQ(told.forced(), 0u);
    for (const MatchedFix& fix : told.matched) {
      ++verdicts[fix.reason == OutlierReason::kNone ? MatchVerdictName(fix.verdict)
                                                    : OutlierReasonName(fix.reason)];
    }
  }
  EXPECT_GT(verdicts["matched"], 100u);
  EXPECT_GT(verdicts["attached"], 10u);
  EXPECT_GT(verdicts["off_network"], 10u);
  EXPECT_GT(verdicts["speed_jump"], 10u);
}

TEST_F(LivePathTest, CuttingItUpChangesNothingWhateverTheDelay) {
  for (const absl::Duration delay : kDelays) {
    for (unsigned seed = 1; seed <= 8; ++seed) {
      SCOPED_TRACE(::testing::Message() << absl::FormatDuration(delay) << ", seed " << seed);
      const std::vector<Fix> fixes = Drive(seed);
      const Told once = Online(fixes, delay);
      std::mt19937 random(seed);
      Teller teller(town_, &models_, delay);
      for (size_t i = 0; i < fixes.size(); ++i) {
        teller.path().Feed(fixes[i]);
        if (random() % 3 == 0) teller.Take();
        // Time passes before the next fix comes, in steps or at once.
        const absl::Time next = i + 1 < fixes.size() ? fixes[i + 1].time : fixes[i].time;
        absl::Time now = fixes[i].time;
        while (random() % 3 != 0 && now < next) {
          now = std::min(now + absl::Milliseconds(random() % 9000), next - absl::Microseconds(1));
          teller.path().Advance(now);
          if (random() % 2 == 0) teller.Take();
        }
      }
      teller.path().Finish();
      teller.Take();
      ASSERT_EQ(teller.told.points, once.points);
      ASSERT_EQ(teller.told.fixes, once.fixes);
      ASSERT_EQ(teller.told.parts, once.parts);
    }
  }
}

TEST_F(LivePathTest, EveryFixIsSettledWithinTheDelay) {
  for (const absl::Duration delay : kDelays) {
    if (delay == absl::InfiniteDuration()) continue;
    SCOPED_TRACE(absl::FormatDuration(delay));
    const std::vector<Fix> fixes = Drive(5);
    Teller teller(town_, &models_, delay);
    size_t due = 0;
    for (const Fix& fix : fixes) {
      teller.path().Feed(fix);
      teller.Take();
      while (fixes[due].time + delay <= fix.time && due < fixes.size()) ++due;
      ASSERT_GE(teller.told.fixes.size(), due);
    }
    teller.path().Advance(fixes.back().time + delay);
    teller.Take();
    ASSERT_EQ(teller.told.fixes.size(), fixes.size());
    for (const Settlement& settlement : teller.told.settlements) {
      EXPECT_LE(settlement.delay, delay);
      EXPECT_GE(settlement.delay, absl::ZeroDuration());
    }
  }
}

TEST_F(LivePathTest, IsTheWholeTracksUntilADelayForcesIt) {
  size_t unforced = 0;
  for (const absl::Duration delay : {absl::Seconds(30), absl::Minutes(2), absl::Minutes(6)}) {
    for (unsigned seed = 1; seed <= 20; ++seed) {
      SCOPED_TRACE(::testing::Message() << absl::FormatDuration(delay) << ", seed " << seed);
      const std::vector<Fix> fixes = Drive(seed, 60);
      const Told whole = Whole(fixes);
      const Told told = Online(fixes, delay);
      size_t certain = 0;
      while (certain < told.settlements.size() && !told.settlements[certain].forced) ++certain;
      for (size_t i = 0; i < certain; ++i) ASSERT_EQ(told.verdicts[i], whole.verdicts[i]) << i;
      if (told.forced() > 0) continue;
      ++unforced;
      ASSERT_EQ(told.points, whole.points);
    }
  }
  EXPECT_GT(unforced, 5u);
}

TEST_F(LivePathTest, WhereTooMuchIsUndecidedItDecidesAsTheWholeTrackDoes) {
  MatchOptions options;
  options.undecided_max = 6;
  ModeModels models(town_.network, town_.index, town_.graphs, options);
  size_t others = 0;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    const std::vector<Fix> fixes = Drive(seed);
    Teller whole(town_, &models, absl::ZeroDuration());
    whole.AddPoints(town_.Match(fixes, options), 0);
    Teller teller(town_, &models, absl::InfiniteDuration());
    for (const Fix& fix : fixes) teller.path().Feed(fix);
    teller.path().Finish();
    teller.Take();
    ASSERT_EQ(teller.told.points, whole.told.points);
    others += whole.told.points != Whole(fixes).points ? 1 : 0;
  }
  EXPECT_GT(others, 0u) << "nothing was undecided for long";
}

TEST_F(LivePathTest, ASilenceLongerThanStaleAfterEndsThePath) {
  Teller teller(town_, &models_, absl::InfiniteDuration());
  teller.path().Feed(FixAt(0, 100, 3));
  teller.path().Feed(FixAt(20, 300, 3));
  teller.path().Advance(FixAt(80, 0, 0).time);  // exactly stale_after is not longer
  teller.Take();
  EXPECT_LT(teller.told.fixes.size(), 2u);
  teller.path().Advance(FixAt(80.001, 0, 0).time);
  teller.Take();
  EXPECT_EQ(teller.told.fixes.size(), 2u);
  EXPECT_EQ(teller.told.settlements.back().delay, absl::Seconds(60));
  teller.path().Feed(FixAt(90, 900, 3));
  teller.path().Finish();
  teller.Take();
  ASSERT_EQ(teller.told.points.size(), 3u);
  EXPECT_TRUE(teller.told.points[1].find(" 1:") != std::string::npos) << "driven";
  EXPECT_TRUE(teller.told.points[2].ends_with(" 0:")) << "not driven";
}

TEST_F(LivePathTest, LateFixesAndDuplicatesAreToldAndChangeNothing) {
  std::vector<Fix> fixes = Drive(4);
  const Told plain = Online(fixes, absl::Seconds(60));
  Teller teller(town_, &models_, absl::Seconds(60));
  for (const Fix& fix : fixes) {
    teller.path().Feed(fix);
    Fix other = fix;
    other.position.lon += 0.01;
    teller.path().Feed(other);
    other.time -= absl::Milliseconds(1);
    teller.path().Feed(other);
  }
  teller.path().Finish();
  teller.Take();
  EXPECT_EQ(teller.told.points, plain.points);
  ASSERT_EQ(teller.told.matched.size(), 3 * fixes.size());
  for (size_t i = 0; i < fixes.size(); ++i) {
    EXPECT_EQ(teller.told.fixes[3 * i], plain.fixes[i]);
    EXPECT_EQ(teller.told.matched[3 * i + 1].verdict, MatchVerdict::kDuplicate);
    EXPECT_EQ(teller.told.matched[3 * i + 2].verdict, MatchVerdict::kLate);
  }
}

TEST_F(LivePathTest, AUnitThatWasTakenElsewhereIsFoundThereEvenWithoutDelay) {
  std::vector<Fix> fixes;
  for (int t = 0; t < 100; t += 10)
    fixes.push_back(FixAt(t, t < 50 ? 6 * t : 1200, t < 50 ? 2 : 9 * t));
  for (Fix& fix : fixes) {
    if (fix.time >= FixAt(50, 0, 0).time) fix.position.lat += 0.05;
  }
  const Told told = Online(fixes, absl::ZeroDuration());
  // Two fixes elsewhere may be a jump; the third, which agrees with them, is where the unit is.
  const auto reason = [&](size_t i) { return told.matched[i].reason; };
  EXPECT_EQ(reason(4), OutlierReason::kNone);
  EXPECT_EQ(reason(5), OutlierReason::kSpeedJump);
  EXPECT_EQ(reason(6), OutlierReason::kSpeedJump);
  for (size_t i = 7; i < fixes.size(); ++i) EXPECT_EQ(reason(i), OutlierReason::kNone) << i;
}

// What was told for want of time is on the northern road, what came then on the southern one.
class ContradictedTest : public ::testing::Test {
 protected:
  // A way as it was told: "20?" where it is in doubt, "|" where the path breaks.
  static std::vector<std::string> Ways(const Ground& ground, const std::vector<Fix>& fixes,
                                       absl::Duration delay) {
    ModeModels models(ground.network, ground.index, ground.graphs);
    LivePath path("u", Mode::kCar, ground.network, &models.Of(Mode::kCar), {.delay_max = delay});
    for (const Fix& fix : fixes) path.Feed(fix);
    path.Finish();
    const MatchedTrack track = path.Take().track;
    std::vector<std::string> ways;
    const auto add = [&](std::string way) {
      if (ways.empty() || ways.back() != way) ways.push_back(std::move(way));
    };
    for (size_t i = 0; i < track.points().size(); ++i) {
      if (i > 0 && !track.points()[i].connected) add("|");
      for (size_t k = 0; k < track.arcs_to(i).size(); ++k) {
        const roadnet::PieceIndex piece = roadnet::PieceOf(track.arcs_to(i)[k]);
        const bool sure = track.certainty_to(i)[k] == Certainty::kSure;
        add(absl::StrCat(ground.network.piece(piece).way_id, sure ? "" : "?"));
      }
    }
    return ways;
  }

  //                      ,-- 3 -- 20 ----- 4 -- 25 -- 8        50 is there where `linked`
  //   1 ----- 10 ----- 2               / 50
  //                      `-- 5 -- 30 - 6 -- 40 ------ 7
  static Ground Fork(bool linked) {
    const roadnet::Tags one_way = {{"oneway", "yes"}};
    testing::NetworkSketch sketch;
    sketch.Node(1, -600, 0).Node(2, 0, 0).Node(3, 30, 15).Node(4, 700, 15).Node(8, 1200, 400);
    sketch.Node(5, 30, -15).Node(6, 600, -15).Node(7, 1200, -15);
    sketch.Way(10, {1, 2}, one_way).Way(20, {2, 3, 4}, one_way).Way(25, {4, 8}, one_way);
    sketch.Way(30, {2, 5, 6}, one_way).Way(40, {6, 7}, one_way);
    if (linked) sketch.Way(50, {4, 6}, one_way);
    return Ground(sketch.Build());
  }

  // Nearer to the northern road until they are where only the southern one leads.
  static std::vector<Fix> Fixes() {
    std::vector<Fix> fixes;
    for (int t = 0; t <= 100; t += 20) {
      const int east = 15 * t - 500;
      fixes.push_back(FixAt(t, east, east < 0 ? 0 : east < 600 ? 5 : -15));
    }
    return fixes;
  }
};

TEST_F(ContradictedTest, ThePathIsTornWhereNoWayLeadsFromWhatWasTold) {
  const Ground ground = Fork(false);
  EXPECT_EQ(Ways(ground, Fixes(), absl::InfiniteDuration()),
            std::vector<std::string>({"10", "30", "40"}));
  EXPECT_EQ(Ways(ground, Fixes(), absl::ZeroDuration()),
            std::vector<std::string>({"10", "20", "|", "40"}));
}

TEST_F(ContradictedTest, ThePathGoesOnByAWayOfWhichIsSureWhatTheLikelierPastDroveAsWell) {
  const Ground ground = Fork(true);
  EXPECT_EQ(Ways(ground, Fixes(), absl::InfiniteDuration()),
            std::vector<std::string>({"10", "30", "40"}));
  EXPECT_EQ(Ways(ground, Fixes(), absl::ZeroDuration()),
            std::vector<std::string>({"10", "20", "20?", "50?", "40"}));
}

TEST_F(LivePathTest, WhatIsCertainIsTheWholeTracksWhateverWasToldBefore) {
  size_t compared = 0;
  for (unsigned seed = 1; seed <= 30; ++seed) {
    const std::vector<Fix> fixes = RandomTrack(seed, "u");
    const Told whole = Whole(fixes);
    for (const absl::Duration delay : {absl::Seconds(15), absl::Seconds(40)}) {
      SCOPED_TRACE(::testing::Message() << absl::FormatDuration(delay) << ", seed " << seed);
      const Told told = Online(fixes, delay);
      for (size_t i = 1; i < fixes.size(); ++i) {
        if (told.settlements[i].forced || !told.settlements[i - 1].forced) continue;
        ++compared;
        EXPECT_EQ(told.verdicts[i], whole.verdicts[i]) << i;
      }
    }
  }
  EXPECT_GT(compared, 100u);
}

TEST_F(LivePathTest, KeepsNoMoreOverAMonthThanOverAnHour) {
  // Drives a while, stands for hours with a receiver that goes on, and drives on.
  Teller teller(town_, &models_, absl::Seconds(60));
  std::mt19937 random(7);
  std::normal_distribution<double> noise(0, 4);
  size_t held_max[2] = {0, 0};
  size_t fed = 0;
  size_t settled = 0;
  double east = 0;
  for (int t = 0; t < 31 * 86400; t += 20) {
    const bool drives = t % 14400 < 1800;
    if (drives) east = std::fmod(east + 150, 1400);
    teller.path().Feed(FixAt(t, east + noise(random), noise(random)));
    ++fed;
    size_t& held = held_max[t < 3600 ? 0 : 1];
    held = std::max(held, teller.path().held());
    settled += teller.path().Take().track.fixes().size();
  }
  EXPECT_LT(held_max[0], 40u);
  EXPECT_LT(held_max[1], 40u);
  EXPECT_GE(settled + 4, fed);
}

}  // namespace
}  // namespace patrol::tracks
