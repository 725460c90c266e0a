#include "lib/patrol/coverage/field.h"

#include <map>
#include <memory>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/mode_graphs.h"
#include "tests/unit/coverage/hand_network.h"
#include "tests/unit/coverage/one_field.h"

namespace patrol::coverage {
namespace {

using roadnet::Mode;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::FieldsAre;
using ::testing::IsEmpty;

constexpr ArrivalUs kSecond = 1'000'000;

//   1 -------- 2 -------- 3      each 100 m; cars 10 m/s, walkers 1 m/s
class FieldTest : public testing::Test {
 protected:
  UnitSource Unit(Mode mode, uint32_t seq, double offset_m) const {
    return {mode, {{network_->FindPiece(10, seq), offset_m}}};
  }
  std::vector<Interval> Metres(absl::Span<const Interval> shares) const {
    std::vector<Interval> metres;
    for (const Interval& part : shares) metres.push_back({part.begin * 100, part.end * 100});
    return metres;
  }
  std::vector<Interval> Covered(const OneField& field, uint32_t seq) const {
    return Metres(field.Piece(network_->FindPiece(10, seq)).covered);
  }
  std::vector<Interval> Unknown(const OneField& field, uint32_t seq) const {
    return Metres(field.Piece(network_->FindPiece(10, seq)).unknown);
  }
  RoadLengths Town(const OneField& field) const {
    RoadLengths town;
    std::vector<RoadLengths> areas;
    field.Sum(index_, &town, &areas);
    return town;
  }

  const std::shared_ptr<const roadnet::Network> network_ =
      HandNetwork().Node(1, 0, 0).Node(2, 100, 0).Node(3, 200, 0).TwoWay(10, {1, 2, 3}).Build();
  const ModeGraphs graphs_{network_};
  const AreaIndex index_{*network_, {}};
};

auto Stretch(double begin, double end) {
  return FieldsAre(DoubleNear(begin, 1e-3), DoubleNear(end, 1e-3));
}

TEST_F(FieldTest, JoinsWhatUnitsOfDifferentModesCover) {
  OneField field(graphs_, 10 * kSecond);
  field.Compute({Unit(Mode::kFoot, 0, 50), Unit(Mode::kCar, 1, 90)}, {});
  EXPECT_THAT(Covered(field, 0), ElementsAre(Stretch(40, 60), Stretch(90, 100)));
  EXPECT_THAT(Covered(field, 1), ElementsAre(Stretch(0, 100)));
  EXPECT_EQ(field.field.ArrivalAtShare(network_->FindPiece(10, 0), 0.55), 5 * kSecond);
}

TEST_F(FieldTest, MakesUnknownOnlyWhatNoKnownUnitCovers) {
  OneField field(graphs_, 5 * kSecond);
  field.Compute({Unit(Mode::kCar, 0, 20)}, {Unit(Mode::kCar, 0, 60)});
  EXPECT_THAT(Covered(field, 0), ElementsAre(Stretch(0, 70)));
  EXPECT_THAT(Unknown(field, 0), ElementsAre(Stretch(70, 100)));
  EXPECT_THAT(Covered(field, 1), IsEmpty());
  EXPECT_THAT(Unknown(field, 1), ElementsAre(Stretch(0, 10)));
}

TEST_F(FieldTest, ThreeStatesAddUpToThePatrollableLength) {
  OneField field(graphs_, 5 * kSecond);
  field.Compute({Unit(Mode::kCar, 0, 20)}, {Unit(Mode::kCar, 0, 60)});
  const RoadLengths town = Town(field);
  EXPECT_NEAR(town.covered_m(), 70, 1e-3);
  EXPECT_NEAR(town.unknown_m(), 40, 1e-3);
  EXPECT_NEAR(town.not_covered_m(), 90, 1e-3);
  EXPECT_EQ(town.covered_um + town.unknown_um + town.not_covered_um(), town.patrollable_um);
}

TEST_F(FieldTest, ForgetsStaleUnitsThatAreKnownAgain) {
  OneField field(graphs_, 2 * kSecond);
  field.Compute({}, {Unit(Mode::kCar, 0, 50)});
  EXPECT_THAT(Unknown(field, 0), ElementsAre(Stretch(30, 70)));
  field.Compute({Unit(Mode::kCar, 0, 50)}, {});
  EXPECT_THAT(Unknown(field, 0), IsEmpty());
  EXPECT_THAT(Covered(field, 0), ElementsAre(Stretch(30, 70)));
  field.Compute({}, {});
  EXPECT_EQ(Town(field).covered_um, 0);
  EXPECT_THAT(field.field.parts(), IsEmpty());
}

TEST_F(FieldTest, TakesTheTimeOfTheStraightWayOffAnAttachedUnit) {
  const UnitSource unit = ToSource(Mode::kCar, {{network_->FindPiece(10, 0), 50}, 70});
  EXPECT_EQ(unit.source.delay_us, 50 * kSecond);  // 70 m at 1.4 m/s
  OneField field(graphs_, 52 * kSecond);
  field.Compute({unit}, {});
  EXPECT_THAT(Covered(field, 0), ElementsAre(Stretch(30, 70)));
}

TEST_F(FieldTest, GivesTheSameResultWhateverCameBefore) {
  OneField used(graphs_, 3 * kSecond);
  used.Compute({Unit(Mode::kCar, 1, 0)}, {Unit(Mode::kFoot, 0, 0)});
  const std::vector<UnitSource> known = {Unit(Mode::kCar, 0, 10)};
  const std::vector<UnitSource> stale = {Unit(Mode::kCar, 1, 30), Unit(Mode::kFoot, 1, 99)};
  used.Compute(known, stale);
  OneField fresh(graphs_, 3 * kSecond);
  fresh.Compute(known, stale);
  EXPECT_EQ(Town(used), Town(fresh));
  EXPECT_EQ(Unknown(used, 1), Unknown(fresh, 1));
}

}  // namespace
}  // namespace patrol::coverage
