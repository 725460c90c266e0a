#include "lib/patrol/coverage/reach_lists.h"

#include <algorithm>
#include <utility>

#include "lib/patrol/coverage/lanes.h"

namespace patrol::coverage {
namespace {

using roadnet::StateIndex;

// When all bytes are taken, a list pushes out another only after it was missed so often: making one
// costs about as much as four searches that are made for all missing ones together.
constexpr uint8_t kMissesMax = 4;

}  // namespace

ReachList::ReachList(std::vector<uint32_t> blocks, std::vector<uint32_t> most,
                     std::vector<uint32_t> values)
    : blocks_(std::move(blocks)), most_(std::move(most)), values_(std::move(values)) {}

void ReachList::Raise(uint32_t less_us, uint32_t* left) const {
  const auto end = std::partition_point(most_.begin(), most_.end(),
                                        [&](uint32_t most) { return most > less_us; });
  RaiseBlocks(blocks_.data(), values_.data(), static_cast<size_t>(end - most_.begin()), less_us,
              left);
}

size_t ReachList::bytes() const {
  return sizeof(*this) + 4 * (blocks_.capacity() + most_.capacity() + values_.capacity());
}

ReachLists::ReachLists(const ModeChains& chains, uint32_t reach_us, size_t bytes_max)
    : chains_(chains),
      reach_us_(reach_us),
      bytes_max_(bytes_max),
      places_(chains.state_count(), kept_.end()),
      missed_(chains.state_count(), 0) {}

std::shared_ptr<const ReachList> ReachLists::Find(StateIndex state) {
  std::lock_guard lock(mutex_);
  const auto place = places_[state];
  if (place == kept_.end()) return nullptr;
  // The order matters only when something may soon have to go.
  if (bytes_ > bytes_max_ / 2) kept_.splice(kept_.begin(), kept_, place);
  return place->list;
}

bool ReachLists::Wants(StateIndex state) {
  std::lock_guard lock(mutex_);
  if (missed_[state] < kMissesMax) ++missed_[state];
  const size_t average = made_ == 0 ? 0 : bytes_ / std::max<size_t>(1, kept_.size());
  return bytes_ + average <= bytes_max_ || missed_[state] >= kMissesMax;
}

std::shared_ptr<const ReachList> ReachLists::Make(StateIndex state, ChainSearch* search,
                                                  uint32_t* left) {
  std::vector<SlotIndex> touched;
  const ChainExit exit{state, reach_us_};
  search->Run({&exit, 1}, left, &touched);

  // Blocks by the most that is left in each; ties by place, so that a list is always the same.
  struct Block {
    uint32_t block;
    uint32_t most;
  };
  std::vector<Block> order;
  std::sort(touched.begin(), touched.end());
  for (const SlotIndex slot : touched) {
    const auto block = static_cast<uint32_t>(slot / kLanes);
    if (order.empty() || order.back().block != block) order.push_back({block, 0});
    order.back().most = std::max(order.back().most, left[slot]);
  }
  std::sort(order.begin(), order.end(), [](const Block& a, const Block& b) {
    return a.most != b.most ? a.most > b.most : a.block < b.block;
  });
  std::vector<uint32_t> blocks, most, values;
  blocks.reserve(order.size());
  most.reserve(order.size());
  values.reserve(order.size() * kLanes);
  for (const Block& block : order) {
    blocks.push_back(block.block);
    most.push_back(block.most);
    uint32_t* const from = left + kLanes * block.block;
    values.insert(values.end(), from, from + kLanes);
    std::fill(from, from + kLanes, 0);
  }
  auto list =
      std::make_shared<const ReachList>(std::move(blocks), std::move(most), std::move(values));

  std::lock_guard lock(mutex_);
  if (const auto place = places_[state]; place != kept_.end()) return place->list;
  kept_.push_front({state, list});
  places_[state] = kept_.begin();
  missed_[state] = 0;
  bytes_ += list->bytes();
  ++made_;
  while (bytes_ > bytes_max_ && kept_.size() > 1) {
    bytes_ -= kept_.back().list->bytes();
    places_[kept_.back().state] = kept_.end();
    kept_.pop_back();
  }
  return list;
}

size_t ReachLists::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

size_t ReachLists::made() const {
  std::lock_guard lock(mutex_);
  return made_;
}

}  // namespace patrol::coverage
