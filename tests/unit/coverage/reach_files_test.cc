#include "lib/patrol/coverage/reach_files.h"

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_format.h"
#include "tests/unit/coverage/hand_network.h"

namespace patrol::coverage {
namespace {

using testing::HasSubstr;
using testing::Not;

class ReadSourcesTest : public testing::Test {
 protected:
  absl::StatusOr<std::vector<Source>> Read(const std::string& text) const {
    std::istringstream in(text);
    return ReadSources(*network_, graph_, in);
  }

  const std::shared_ptr<const roadnet::Network> network_ = HandNetwork()
                                                               .Node(1, 0, 0)
                                                               .Node(2, 100, 0)
                                                               .Node(3, 200, 0)
                                                               .TwoWay(10, {1, 2})
                                                               .FootWay(20, {2, 3})
                                                               .Build();
  const roadnet::SearchGraph graph_{*network_, roadnet::Mode::kCar, {}};
};

TEST_F(ReadSourcesTest, ReadsPieceAndOffsetInAnyColumnOrder) {
  const auto sources = Read("offset_m,way_id,seq\n12.5,10,0\n100.000,10,0\n");
  ASSERT_TRUE(sources.ok()) << sources.status();
  ASSERT_EQ(sources->size(), 2u);
  EXPECT_EQ((*sources)[0].position, (roadnet::RoadPosition{network_->FindPiece(10, 0), 12.5}));
}

TEST_F(ReadSourcesTest, NamesEveryBadLine) {
  const auto sources = Read(
      "way_id,seq,offset_m\n"
      "10,0,5\n"
      "ten,0,5\n"
      "10,-1,5\n"
      "10,0,nan\n"
      "10,1,5\n"
      "10,0,100.2\n"
      "10,0,-1\n"
      "20,0,5\n"
      "10,0\n");
  ASSERT_EQ(sources.status().code(), absl::StatusCode::kInvalidArgument);
  const std::string message(sources.status().message());
  EXPECT_THAT(message, HasSubstr("8 bad rows"));
  EXPECT_THAT(message, Not(HasSubstr("line 2:")));
  EXPECT_THAT(message, HasSubstr("line 3: column \"way_id\": \"ten\""));
  EXPECT_THAT(message, HasSubstr("line 4: column \"seq\": \"-1\""));
  EXPECT_THAT(message, HasSubstr("line 5: column \"offset_m\": \"nan\""));
  EXPECT_THAT(message, HasSubstr("line 6: way 10, seq 1: no such piece"));
  EXPECT_THAT(message, HasSubstr("line 7: column \"offset_m\": 100.2 is outside 0..100.000"));
  EXPECT_THAT(message, HasSubstr("line 8: column \"offset_m\": -1 is outside"));
  EXPECT_THAT(message, HasSubstr("line 9: way 20, seq 0: no road that car may use"));
  EXPECT_THAT(message, HasSubstr("line 10"));
}

TEST_F(ReadSourcesTest, PutsAPlaceOnTheNetworkAsAUnitWouldBe) {
  const geo::LonLat near = At(30, 20);
  const geo::LonLat yard = At(60, 140);
  const auto sources = Read(
      absl::StrFormat("lon,lat\n%.9f,%.9f\n%.9f,%.9f\n", near.lon, near.lat, yard.lon, yard.lat));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_EQ((*sources)[0].position.piece, network_->FindPiece(10, 0));
  EXPECT_NEAR((*sources)[0].position.offset_m, 30, 1e-3);
  EXPECT_EQ((*sources)[0].delay_us, 0u);
  EXPECT_NEAR((*sources)[1].position.offset_m, 60, 1e-3);
  EXPECT_NEAR((*sources)[1].delay_us, 100e6, 1e3);  // 140 m on foot
}

TEST_F(ReadSourcesTest, TakesPiecesAndPlacesInOneFileAndLetsThemSetOffLater) {
  const auto sources =
      Read("way_id,seq,offset_m,lon,lat,delay_s\n10,0,5,,,1.5\n,,,0.0005,0,\n10,0,5,,,\n");
  ASSERT_TRUE(sources.ok()) << sources.status();
  ASSERT_EQ(sources->size(), 3u);
  EXPECT_EQ((*sources)[0].delay_us, 1'500'000u);
  EXPECT_NEAR((*sources)[1].position.offset_m, 55.6, 0.1);
  EXPECT_EQ((*sources)[2].delay_us, 0u);
}

TEST_F(ReadSourcesTest, NamesPlacesThatAreNone) {
  const auto sources = Read(
      "way_id,seq,offset_m,lon,lat,delay_s\n,,,0,1,\n,,,east,0,\n,,,0,91,\n,,,,,\n10,0,5,,,-1\n");
  const std::string message(sources.status().message());
  EXPECT_THAT(message, HasSubstr("5 bad rows"));
  EXPECT_THAT(message, HasSubstr("line 2: no road for car within 200 m of (0.000000, 1.000000)"));
  EXPECT_THAT(message, HasSubstr("line 3: column \"lon\": \"east\": not a number in -180..180"));
  EXPECT_THAT(message, HasSubstr("line 4: column \"lat\": \"91\": not a number in -90..90"));
  EXPECT_THAT(message, HasSubstr("line 5: no place: neither way_id,seq,offset_m nor lon,lat"));
  EXPECT_THAT(message, HasSubstr("line 6: column \"delay_s\": \"-1\""));
}

TEST_F(ReadSourcesTest, RefusesAFileWithoutSourcesOrColumns) {
  EXPECT_THAT(std::string(Read("way_id,seq,offset_m\n").status().message()),
              HasSubstr("no sources"));
  EXPECT_THAT(std::string(Read("way_id,seq\n10,0\n").status().message()), HasSubstr("offset_m"));
  EXPECT_FALSE(Read("").ok());
}

}  // namespace
}  // namespace patrol::coverage
