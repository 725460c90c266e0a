#include "lib/video/motion/passing_blob.h"

#include <algorithm>
#include <cstring>

namespace patrol::motion {

namespace {

constexpr absl::Duration kApartMax = absl::Milliseconds(60);
constexpr int kBlock = ForegroundBlocks::kSize;

// What is needed only during one call, so that all of a thread share it.
struct Scratch {
  std::vector<uint8_t> blob;  // of each block
  std::vector<int> taken;
};

Scratch& ScratchOfThread() {
  static thread_local Scratch scratch;
  return scratch;
}

// The block itself and those around it; what is outside is given as well.
template <typename Visit>
void ForSquare(int column, int row, const Visit& visit) {
  for (int y = row - 1; y <= row + 1; ++y) {
    for (int x = column - 1; x <= column + 1; ++x) visit(x, y);
  }
}

void Clear(int column, int row, Plane& mask) {
  const int left = column * kBlock, top = row * kBlock;
  const auto wide = static_cast<size_t>(std::min(kBlock, mask.width() - left));
  for (int y = top; y < std::min(top + kBlock, mask.height()); ++y) {
    std::memset(mask.row(y) + left, 0, wide);
  }
}

}  // namespace

const std::vector<uint8_t>& PassingBlob::Before(absl::Duration elapsed) const {
  static const std::vector<uint8_t> none;
  return elapsed <= kApartMax ? told_ : none;
}

void PassingBlob::LeaveOut(absl::Duration elapsed, const ForegroundBlocks& now, Plane& mask) {
  Scratch& scratch = ScratchOfThread();
  std::vector<uint8_t>& blob = scratch.blob;
  std::vector<int>& taken = scratch.taken;
  blob.assign(now.blocks.size(), 0);
  taken.clear();
  const auto take = [&](int column, int row) {
    const size_t index = now.Index(column, row);
    if (blob[index] == 0) taken.push_back(static_cast<int>(index));
    blob[index] = 1;
  };
  // A square of 3x3 new blocks is a blob's and no thing's leading edge, which would cross two
  // widths of the picture a second for it.
  const bool known = found_.size() == now.blocks.size() && elapsed <= kApartMax;
  for (int row = 1; known && row + 1 < now.down; ++row) {
    for (int column = 1; column + 1 < now.across; ++column) {
      if (!IsNew(now, column, row)) continue;
      bool all = true;
      ForSquare(column, row, [&](int x, int y) { all = all && IsNew(now, x, y); });
      if (all) ForSquare(column, row, take);
    }
  }
  // With it goes what is connected and was not told before, and its rim.
  for (size_t next = 0; next < taken.size(); ++next) {
    const int column = taken[next] % now.across, row = taken[next] / now.across;
    Clear(column, row, mask);
    ForSquare(column, row, [&](int x, int y) {
      if (!now.Contains(x, y) || told_[now.Index(x, y)] != 0) return;
      if (now.blocks[now.Index(x, y)] != 0) {
        take(x, y);
      } else {
        Clear(x, y, mask);
      }
    });
  }
  found_ = now.blocks;
  told_ = now.blocks;
  for (const int index : taken) told_[static_cast<size_t>(index)] = 0;
}

}  // namespace patrol::motion
