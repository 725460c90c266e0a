#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace patrol::fuzz {

// Takes a fuzzer's input apart, front to back. Past the end everything is zero or empty, so that
// every input means something.
class InputReader {
 public:
  InputReader(const uint8_t* data, size_t size) : rest_(data, size) {}

  bool empty() const { return rest_.empty(); }

  uint8_t Byte() {
    if (rest_.empty()) return 0;
    const uint8_t byte = rest_.front();
    rest_ = rest_.subspan(1);
    return byte;
  }

  // Big-endian, as everything in RTP.
  uint16_t Word() {
    const uint8_t high = Byte();
    return static_cast<uint16_t>(high << 8 | Byte());
  }

  // At most `size` bytes.
  std::span<const uint8_t> Bytes(size_t size) {
    const std::span<const uint8_t> bytes = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(bytes.size());
    return bytes;
  }

  std::span<const uint8_t> Rest() { return Bytes(rest_.size()); }

 private:
  std::span<const uint8_t> rest_;
};

inline std::string_view AsText(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace patrol::fuzz

// The one function of every target, as libFuzzer calls it; replay_main.cc calls it for the corpus.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
