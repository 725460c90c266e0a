#include "lib/patrol/roadnet/vertex_index.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace patrol::roadnet {
namespace {

using ::testing::ElementsAre;

// Metres east and north of (113, 23), about.
geo::LonLat At(double x, double y) { return geo::LocalPlane({113, 23}).ToLonLat({x, y}); }

TEST(VertexIndex, NumbersPlacesFromOneInOrderOfFirstAppearance) {
  VertexIndex index;
  index.AddLine({At(0, 0), At(100, 0), At(200, 0)});
  index.AddLine({At(100, 0), At(100, 50)});
  EXPECT_EQ(index.Join(0.1), 0u);
  EXPECT_THAT(index.line(0), ElementsAre(1, 2, 3));
  EXPECT_THAT(index.line(1), ElementsAre(2, 4));
  EXPECT_EQ(index.nodes().size(), 4u);
}

TEST(VertexIndex, JoinsAnEndToTheNearestVertexOfAnotherLine) {
  VertexIndex index;
  index.AddLine({At(100.3, 0), At(100, 50)});  // its begin lies near two vertices of the next
  index.AddLine({At(0, 0), At(100, 0), At(100.6, 0.3), At(200, 0)});
  EXPECT_EQ(index.Join(0.5), 1u);
  EXPECT_THAT(index.line(0), ElementsAre(1, 2));
  EXPECT_THAT(index.line(1), ElementsAre(3, 1, 4, 5));
}

TEST(VertexIndex, LeavesEndsBeyondTheToleranceApart) {
  VertexIndex index;
  index.AddLine({At(0, 0), At(100, 0)});
  index.AddLine({At(100.6, 0), At(200, 0)});
  EXPECT_EQ(index.Join(0.5), 0u);
  EXPECT_THAT(index.line(1), ElementsAre(3, 4));
}

TEST(VertexIndex, DoesNotJoinALineToItself) {
  VertexIndex index;
  index.AddLine({At(0, 0), At(0.2, 0)});
  EXPECT_EQ(index.Join(0.5), 0u);
  EXPECT_THAT(index.line(0), ElementsAre(1, 2));
}

TEST(VertexIndex, JoinsAcrossTheSquaresItSearchesBy) {
  for (double x = 0; x < 3; x += 0.137) {
    for (double y = 0; y < 3; y += 0.211) {
      VertexIndex index;
      index.AddLine({At(x - 50, y), At(x, y)});
      index.AddLine({At(x + 0.3, y - 0.3), At(x + 50, y)});
      EXPECT_EQ(index.Join(0.5), 1u) << x << ", " << y;
    }
  }
}

TEST(CrossesItself, WhereThereIsNoVertexOnly) {
  //     c---b        an eight has a crossing, a loop that comes back to its vertex none
  //      \ /
  //       x
  //      / \.
  //     a   d
  EXPECT_TRUE(CrossesItself({At(0, 0), At(10, 20), At(0, 20), At(10, 0)}));
  EXPECT_FALSE(CrossesItself({At(0, 0), At(5, 10), At(10, 20), At(0, 20), At(5, 10), At(10, 0)}));
  EXPECT_FALSE(CrossesItself({At(0, 0), At(10, 0), At(10, 10), At(0, 10), At(0, 0)}));
  EXPECT_TRUE(CrossesItself({{0, 0}, {2, 0}, {1, 0}}));  // back along itself
  EXPECT_FALSE(CrossesItself({{0, 0}, {1, 0}, {1, 0}, {2, 0}}));
  EXPECT_FALSE(CrossesItself({}));
}

}  // namespace
}  // namespace patrol::roadnet
