#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace patrol::media {

// Reads the bits of a NAL unit's payload; emulation prevention bytes (00 00 03) are removed on the
// way. Reading past the end, or past `bytes_max`, gives zeros and clears ok(): a parser may read on
// and ask once, but every loop whose count comes from the stream asks each turn.
//
// Source: ITU-T H.264 7.3.1, 9.1; H.265 7.3.1.1, 9.2. Threads: one call at a time.
class BitReader {
 public:
  // payload: what follows the NAL unit's header; must outlive the reader.
  BitReader(std::span<const uint8_t> payload, size_t bytes_max)
      : data_(payload.first(std::min(payload.size(), bytes_max))) {}

  bool Bit() { return Bits(1) != 0; }

  // u(count), count <= 32
  uint32_t Bits(int count) {
    if (count == 0) return 0;
    Fill(count);
    const auto value = static_cast<uint32_t>(cache_ >> (64 - count));
    Consume(count);
    return value;
  }

  // ue(v); codes above 2^32 - 2 are errors.
  uint32_t Ue() {
    Fill(32);
    const int zeros = std::countl_zero(cache_);
    if (zeros > 31) {
      ok_ = false;
      return 0;
    }
    Consume(zeros + 1);
    return (uint32_t{1} << zeros) - 1 + Bits(zeros);
  }

  // se(v)
  int32_t Se() {
    const uint32_t code = Ue();
    const auto magnitude = static_cast<int32_t>(code / 2 + code % 2);
    return code % 2 == 1 ? magnitude : -magnitude;
  }

  void Skip(uint32_t count) {
    for (; count > 32 && ok_; count -= 32) Bits(32);
    if (count <= 32) Bits(static_cast<int>(count));
  }

  bool ok() const { return ok_; }

 private:
  void Fill(int count) {
    while (cached_ < count) {
      uint64_t byte = 0;
      if (at_ < data_.size() && zeros_ >= 2 && data_[at_] == 3) {
        ++at_;
        zeros_ = 0;
      }
      if (at_ < data_.size()) {
        byte = data_[at_++];
        zeros_ = byte == 0 ? zeros_ + 1 : 0;
      } else {
        padding_ += 8;
      }
      cache_ |= byte << (56 - cached_);
      cached_ += 8;
    }
  }

  void Consume(int count) {
    cache_ = count < 64 ? cache_ << count : 0;
    cached_ -= count;
    if (cached_ < padding_) {
      ok_ = false;
      padding_ = cached_;
    }
  }

  std::span<const uint8_t> data_;
  size_t at_ = 0;
  uint64_t cache_ = 0;  // the next bits, from the top
  int cached_ = 0;      // how many
  int padding_ = 0;     // how many of them lie behind the end
  int zeros_ = 0;       // zero bytes in a row before `at_`
  bool ok_ = true;
};

}  // namespace patrol::media
