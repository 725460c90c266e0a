#include "lib/video/motion/mask_gaps.h"

#include <algorithm>
#include <bit>

#include <opencv2/core/hal/intrin.hpp>

#include "lib/base/check.h"

namespace patrol::motion {

namespace {

using cv::v_uint64x2;

constexpr int kWord = 64;  // cells
constexpr int kCell = 2;   // pixels
constexpr int kLanes = 16;
constexpr size_t kWords = 2;  // in a vector

// The cells, from the lowest bit on, that are not set all over in two rows of 32 pixels.
uint32_t Unset(const uint8_t* upper, const uint8_t* lower) {
  const auto left = ~(cv::v_load(upper) & cv::v_load(lower));
  const auto right = ~(cv::v_load(upper + kLanes) & cv::v_load(lower + kLanes));
  // A pair of pixels is 0 or, saturated, 255.
  return static_cast<uint32_t>(
      cv::v_signmask(cv::v_pack(cv::v_reinterpret_as_u16(left), cv::v_reinterpret_as_u16(right))));
}

}  // namespace

void MaskGaps::Resize(int width, int height) {
  if (width == width_ && height == height_) return;
  width_ = width;
  height_ = height;
  rows_ = (height + kCell - 1) / kCell;
  words_ = static_cast<size_t>((width + kCell * kWord - 1) / (kCell * kWord)) + 1;
  first_ = kReachMax * words_ + 1;
  const size_t all = 2 * first_ + words_ * static_cast<size_t>(rows_) + kWords;
  for (Bits* bits : {&set_, &grown_, &narrow_, &wide_, &spare_}) bits->assign(all, 0);
}

bool MaskGaps::Pack(const Plane& mask) {
  constexpr int kStep = 2 * kLanes;
  for (int row = 0; row < rows_; ++row) {
    const uint8_t* upper = mask.row(kCell * row);
    const uint8_t* lower = mask.row(std::min(kCell * row + 1, height_ - 1));
    uint64_t* to = set_.data() + first_ + static_cast<size_t>(row) * words_;
    std::fill_n(to, words_, 0);
    for (int x = 0; x < width_; x += kStep) {
      const uint64_t cells = ~Unset(upper + x, lower + x) & 0xffff;
      const int at = x / kCell;
      to[at / kWord] |= cells << (at % kWord);
    }
  }
  Tidy(set_);
  return std::any_of(set_.begin(), set_.end(), [](uint64_t word) { return word != 0; });
}

void MaskGaps::Tidy(Bits& bits) const {
  const int used = (width_ + kCell - 1) / kCell % kWord;
  const uint64_t last = used == 0 ? ~uint64_t{0} : (uint64_t{1} << used) - 1;
  uint64_t* row = bits.data() + first_;
  for (int y = 0; y < rows_; ++y, row += words_) {
    row[words_ - 2] &= last;
    row[words_ - 1] = 0;
  }
}

void MaskGaps::Grow(int grown, int reach, Bits& bits) {
  const size_t count = words_ * static_cast<size_t>(rows_);
  uint64_t* own = bits.data() + first_;
  uint64_t* wider = spare_.data() + first_;
  while (grown < reach) {
    // What has grown by n can grow by n + 1 more at once, also where it is cut off by an edge.
    const int step = std::min(reach - grown, grown + 1), rest = kWord - step;
    for (size_t i = 0; i < count; i += kWords) {
      const v_uint64x2 word = cv::v_load(own + i);
      const v_uint64x2 before = cv::v_load(own + i - 1), after = cv::v_load(own + i + 1);
      cv::v_store(wider + i, word | word << step | before >> rest | word >> step | after << rest);
    }
    Tidy(spare_);
    wider[count] = 0;  // the last vector may have gone beyond
    const size_t rows = static_cast<size_t>(step) * words_;
    for (size_t i = 0; i < count; i += kWords) {
      const v_uint64x2 above = cv::v_load(wider + i - rows), below = cv::v_load(wider + i + rows);
      cv::v_store(own + i, cv::v_load(wider + i) | above | below);
    }
    own[count] = 0;
    grown += step;
  }
}

void MaskGaps::Shrink(int reach, Bits& bits) {
  const auto invert = [&] {
    const size_t count = words_ * static_cast<size_t>(rows_);
    uint64_t* word = bits.data() + first_;
    for (size_t i = 0; i < count; i += kWords) cv::v_store(word + i, ~cv::v_load(word + i));
    word[count] = 0;
    Tidy(bits);
  };
  invert();
  Grow(0, reach, bits);
  invert();
}

void MaskGaps::Fill(const Plane& evidence, uint8_t bit, Plane& mask) const {
  const auto fill = [&](size_t column, int row, bool sure) {
    const size_t left = kCell * column, right = std::min(left + kCell, static_cast<size_t>(width_));
    for (int y = kCell * row; y < std::min(kCell * (row + 1), height_); ++y) {
      const uint8_t* seen = evidence.row(y);
      for (size_t x = left; x < right; ++x) {
        if (sure || (seen[x] & bit) != 0) mask.row(y)[x] = 255;
      }
    }
  };
  size_t index = first_;
  for (int row = 0; row < rows_; ++row) {
    for (size_t word = 0; word < words_; ++word, ++index) {
      uint64_t gaps = (narrow_[index] | wide_[index]) & ~set_[index];
      for (; gaps != 0; gaps &= gaps - 1) {
        const int at = std::countr_zero(gaps);
        fill(word * kWord + static_cast<size_t>(at), row, (narrow_[index] >> at & 1) != 0);
      }
    }
  }
}

void MaskGaps::Close(const Plane& evidence, uint8_t bit, int narrow, int wide, Plane& mask) {
  PATROL_CHECK(0 <= narrow && narrow <= wide && wide <= kReachMax);
  PATROL_CHECK(evidence.width() == mask.width() && evidence.height() == mask.height());
  Resize(mask.width(), mask.height());
  if (!Pack(mask)) return;
  grown_ = set_;
  Grow(0, narrow, grown_);
  narrow_ = grown_;
  Shrink(narrow, narrow_);
  wide_ = grown_;
  Grow(narrow, wide, wide_);
  Shrink(wide, wide_);
  Fill(evidence, bit, mask);
}

}  // namespace patrol::motion
