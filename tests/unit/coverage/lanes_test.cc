#include "lib/patrol/coverage/lanes.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace patrol::coverage {
namespace {

// Small ones, large ones and the largest there are.
uint32_t AnyTime(std::mt19937* random) {
  switch ((*random)() % 4) {
    case 0:
      return 0;
    case 1:
      return (*random)() % 1000;
    case 2:
      return 0xffffffff - (*random)() % 3;
    default:
      return (*random)();
  }
}

TEST(Lanes, RaisesBlocksAsOneNumberAfterTheOtherWould) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<uint32_t> left(16 * 20), values(16 * 7);
    for (uint32_t& value : left) value = AnyTime(&random);
    for (uint32_t& value : values) value = AnyTime(&random);
    const std::vector<uint32_t> blocks = {3, 0, 19, 7, 3, 11, 12};
    const uint32_t less = AnyTime(&random);
    std::vector<uint32_t> want = left;
    for (size_t i = 0; i < values.size(); ++i) {
      uint32_t& to = want[16 * blocks[i / 16] + i % 16];
      to = std::max(to, values[i] > less ? values[i] - less : 0);
    }
    RaiseBlocks(blocks.data(), values.data(), blocks.size(), less, left.data());
    ASSERT_EQ(left, want) << "round " << round;
  }
}

TEST(Lanes, MarksChainsAsOneAfterTheOtherWould) {
  std::mt19937 random(2);
  for (int round = 0; round < 200; ++round) {
    const size_t count = random() % 70;
    std::vector<uint32_t> left(64), heads(count), tails(count), full_us(count);
    for (uint32_t& value : left) value = AnyTime(&random);
    for (size_t i = 0; i < count; ++i) {
      heads[i] = random() % 64;
      tails[i] = random() % 64;
      full_us[i] = random() % 5 == 0 ? 0xffffffff : random() % 4 == 0 ? 1 : random() % 0x80000000;
    }
    std::vector<uint8_t> full(10, 0x80), some(10, 1), want_full = full, want_some = some;
    for (size_t i = 0; i < count; ++i) {
      const uint64_t head = left[heads[i]];
      const uint64_t tail = left[tails[i]];
      const auto bit = static_cast<uint8_t>(1u << (i % 8));
      if (head > 0 || tail > 0) want_some[i / 8] |= bit;
      if (std::min<uint64_t>(head, 0x7fffffff) + std::min<uint64_t>(tail, 0x7fffffff) >=
          full_us[i]) {
        want_full[i / 8] |= bit;
      }
    }
    MarkChains(heads.data(), tails.data(), full_us.data(), count, left.data(), full.data(),
               some.data());
    ASSERT_EQ(full, want_full) << "round " << round;
    ASSERT_EQ(some, want_some) << "round " << round;
  }
}

}  // namespace
}  // namespace patrol::coverage
