#include "lib/response/responder.h"

#include <memory>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/mode_graphs.h"
#include "tests/unit/coverage/hand_network.h"

namespace patrol::response {
namespace {

using coverage::At;
using coverage::BoxArea;
using testing::HasSubstr;

absl::Time T(int seconds) { return absl::FromUnixSeconds(1'770'000'000 + seconds); }

//   1 ---- 1000 ---- 2 ---- 3000 ---- 3     cars 10 m/s
class ResponderTest : public testing::Test {
 protected:
  ResponderTest() {
    coverage_.PutUnit({"u1"});
    EXPECT_TRUE(coverage_.Update("u1", tracks::UnitPosition{{0, 0}, 0}, T(0)).ok());
    coverage_.Tick(T(1));
  }
  Response Respond(const char* camera_id) const {
    motion::MotionEvent event;
    event.camera_id = camera_id;
    return responder_.Respond(event);
  }

  const std::shared_ptr<const roadnet::Network> network_ = coverage::HandNetwork()
                                                               .Node(1, 0, 0)
                                                               .Node(2, 1000, 0)
                                                               .Node(3, 4000, 0)
                                                               .TwoWay(10, {1, 2, 3})
                                                               .Build();
  coverage::LiveCoverage coverage_{
      std::make_shared<coverage::ModeGraphs>(network_),
      std::make_shared<coverage::AreaIndex>(
          *network_, std::vector<geo::Area>{BoxArea("village", "village", 0, -20, 1200, 20),
                                            BoxArea("grid", "grid", -100, -100, 1100, 100)}),
      {}};
  Responder responder_{coverage_};
};

TEST_F(ResponderTest, NamesAreaUnitAndArrivalOfAnAttendedPlace) {
  responder_.PutCamera("c1", At(1000, 5));
  const Response response = Respond("c1");
  EXPECT_EQ(response.area_id, "grid");  // before the smaller village
  EXPECT_EQ(response.nearest_unit_id, "u1");
  ASSERT_TRUE(response.arrival.has_value());
  EXPECT_NEAR(absl::ToDoubleSeconds(*response.arrival), 100, 0.01);
  EXPECT_FALSE(response.unattended);
  EXPECT_EQ(response.reason, "");
}

TEST_F(ResponderTest, APlaceBeyondThreeMinutesIsUnattendedButHasAnArrival) {
  responder_.PutCamera("c1", At(1801, 5));
  const Response response = Respond("c1");
  EXPECT_EQ(response.area_id, "");
  EXPECT_EQ(response.nearest_unit_id, "u1");
  EXPECT_NEAR(absl::ToDoubleSeconds(*response.arrival), 180.1, 0.01);
  EXPECT_TRUE(response.unattended);
}

TEST_F(ResponderTest, ExactlyThreeMinutesIsAttended) {
  responder_.PutCamera("c1", At(1800, 0));
  EXPECT_FALSE(Respond("c1").unattended);
}

TEST_F(ResponderTest, ACameraWithoutAPlaceIsUnattendedAndSaysWhy) {
  responder_.PutCamera("c1", std::nullopt);
  const Response response = Respond("c1");
  EXPECT_TRUE(response.unattended);
  EXPECT_FALSE(response.comparable);
  EXPECT_FALSE(response.arrival.has_value());
  EXPECT_THAT(response.reason, HasSubstr("camera \"c1\": its place is not known"));
  EXPECT_THAT(Respond("ghost").reason, HasSubstr("camera \"ghost\""));
  responder_.PutCamera("c1", At(0, 0));
  EXPECT_EQ(Respond("c1").nearest_unit_id, "u1");
  responder_.RemoveCamera("c1");
  EXPECT_EQ(Respond("c1").nearest_unit_id, "");
}

TEST_F(ResponderTest, APlaceOffTheNetworkSaysSo) {
  responder_.PutCamera("c1", At(500, 90));
  EXPECT_FALSE(Respond("c1").unattended);  // 90 m on foot: 64 s, and 50 s by car
  responder_.PutCamera("c1", At(500, 300));
  EXPECT_TRUE(Respond("c1").unattended);
  // Nobody ever gets there: worse off than where somebody does in four minutes.
  EXPECT_TRUE(Respond("c1").comparable);
  EXPECT_THAT(Respond("c1").reason, HasSubstr("off the network"));
}

TEST_F(ResponderTest, WithoutAKnownUnitEverythingIsUnattended) {
  responder_.PutCamera("c1", At(10, 0));
  coverage_.Tick(T(100));  // u1 is stale
  const Response response = Respond("c1");
  EXPECT_TRUE(response.unattended);
  EXPECT_FALSE(response.comparable);
  EXPECT_EQ(response.area_id, "grid");
  EXPECT_THAT(response.reason, HasSubstr("no unit's position is known"));
}

}  // namespace
}  // namespace patrol::response
