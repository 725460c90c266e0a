#include "lib/video/rtsp/reorder_window.h"

#include <algorithm>
#include <array>
#include <functional>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "lib/base/limits.h"

namespace patrol::rtsp {
namespace {

class ReorderWindowTest : public testing::Test {
 protected:
  void Send(uint16_t sequence, absl::Duration at = absl::ZeroDuration(), uint32_t ssrc = 1) {
    const std::array<uint8_t, 2> bytes = {static_cast<uint8_t>(sequence >> 8),
                                          static_cast<uint8_t>(sequence)};
    window_.OnPacket(sequence, ssrc, bytes, {absl::UnixEpoch(), at}, release_);
  }
  void Wait(absl::Duration until) { window_.OnTime(until, release_); }

  std::vector<int> out_;
  std::function<void(std::span<const uint8_t>, const Received&)> release_ =
      [this](std::span<const uint8_t> bytes, const Received&) {
        out_.push_back(bytes[0] << 8 | bytes[1]);
      };
  ReorderWindow window_;
};

TEST_F(ReorderWindowTest, HandsOnAtOnceWhatComesInOrder) {
  for (const int sequence : {65534, 65535, 0, 1}) Send(static_cast<uint16_t>(sequence));
  EXPECT_EQ(out_, (std::vector<int>{65534, 65535, 0, 1}));
  EXPECT_FALSE(window_.due().has_value());
  EXPECT_EQ(window_.reordered(), 0);
}

TEST_F(ReorderWindowTest, PutsBackInOrderAcrossTheWrap) {
  for (const int sequence : {65533, 65535, 1, 65534, 0, 2}) Send(static_cast<uint16_t>(sequence));
  EXPECT_EQ(out_, (std::vector<int>{65533, 65534, 65535, 0, 1, 2}));
  EXPECT_EQ(window_.reordered(), 2);
  EXPECT_EQ(window_.late(), 0);
}

TEST_F(ReorderWindowTest, GivesUpAMissingPacketAfterItsTimeAndCountsItWhenItComes) {
  Send(10);
  Send(12, absl::Milliseconds(5));
  ASSERT_TRUE(window_.due().has_value());
  EXPECT_EQ(*window_.due(), absl::Milliseconds(5) + limits::kReorderTimeMax);
  Wait(*window_.due() - absl::Milliseconds(1));
  EXPECT_EQ(out_, (std::vector<int>{10}));
  Wait(*window_.due());
  EXPECT_EQ(out_, (std::vector<int>{10, 12}));
  Send(11, absl::Seconds(1));
  Send(12, absl::Seconds(1));
  EXPECT_EQ(out_, (std::vector<int>{10, 12}));
  EXPECT_EQ(window_.late(), 1);
  EXPECT_EQ(window_.duplicates(), 1);
}

TEST_F(ReorderWindowTest, GivesUpAMissingPacketWhenTheWindowIsFull) {
  Send(0);
  for (size_t i = 2; i <= limits::kReorderPacketsMax; ++i) Send(static_cast<uint16_t>(i));
  EXPECT_EQ(out_.size(), 1u);
  Send(static_cast<uint16_t>(limits::kReorderPacketsMax + 1));
  EXPECT_EQ(out_.size(), limits::kReorderPacketsMax + 1);
  EXPECT_TRUE(std::is_sorted(out_.begin(), out_.end()));
  EXPECT_FALSE(window_.due().has_value());
}

TEST_F(ReorderWindowTest, HandsOnANewBeginningAfterWhatItHolds) {
  Send(100);
  Send(102);
  Send(40000);
  Send(40001);
  EXPECT_EQ(out_, (std::vector<int>{100, 102, 40000, 40001}));
  Send(7, absl::ZeroDuration(), 2);
  Send(8, absl::ZeroDuration(), 2);
  EXPECT_EQ(out_.back(), 8);
  EXPECT_EQ(window_.late(), 0);
}

TEST_F(ReorderWindowTest, LosesNothingThatIsDisplacedByLessThanTheWindow) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::vector<std::pair<int, int>> order;
    for (int i = 0; i < 2000; ++i) order.emplace_back(i + static_cast<int>(random() % 20), i);
    order[0].first = -1;
    std::sort(order.begin(), order.end());
    window_ = ReorderWindow();
    out_.clear();
    for (const auto& [place, sequence] : order) {
      Send(static_cast<uint16_t>(65000 + sequence), absl::Milliseconds(place));
    }
    ASSERT_EQ(out_.size(), 2000u);
    for (int i = 0; i < 2000; ++i) EXPECT_EQ(out_[static_cast<size_t>(i)], (65000 + i) & 0xffff);
    EXPECT_GT(window_.reordered(), 0);
    EXPECT_EQ(window_.late() + window_.duplicates(), 0);
  }
}

}  // namespace
}  // namespace patrol::rtsp
