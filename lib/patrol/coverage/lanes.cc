#include "lib/patrol/coverage/lanes.h"

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace patrol::coverage {
namespace {

constexpr size_t kBlock = 16;
constexpr uint32_t kHalf = 0x7fffffff;

void RaiseBlocksPlain(const uint32_t* blocks, const uint32_t* values, size_t count,
                      uint32_t less_us, uint32_t* left) {
  for (size_t i = 0; i < count; ++i) {
    uint32_t* const to = left + kBlock * blocks[i];
    const uint32_t* const from = values + kBlock * i;
    for (size_t k = 0; k < kBlock; ++k) {
      to[k] = std::max(to[k], std::max(from[k], less_us) - less_us);
    }
  }
}

void MarkChainsPlain(const uint32_t* head_slots, const uint32_t* tail_slots,
                     const uint32_t* full_us, size_t first, size_t count, const uint32_t* left,
                     uint8_t* full, uint8_t* some) {
  for (size_t i = first; i < count; ++i) {
    const uint32_t head = left[head_slots[i]];
    const uint32_t tail = left[tail_slots[i]];
    const uint32_t bit = 1u << (i % 8);
    if ((head | tail) == 0) continue;
    some[i / 8] = static_cast<uint8_t>(some[i / 8] | bit);
    if (std::min(head, kHalf) + std::min(tail, kHalf) >= full_us[i]) {
      full[i / 8] = static_cast<uint8_t>(full[i / 8] | bit);
    }
  }
}

#if defined(__x86_64__)

bool HasAvx2() {
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
}

__attribute__((target("avx2"))) void RaiseBlocksAvx2(const uint32_t* blocks, const uint32_t* values,
                                                     size_t count, uint32_t less_us,
                                                     uint32_t* left) {
  const __m256i less = _mm256_set1_epi32(static_cast<int>(less_us));
  for (size_t i = 0; i < count; ++i) {
    auto* const to = reinterpret_cast<__m256i*>(left + kBlock * blocks[i]);
    const auto* const from = reinterpret_cast<const __m256i*>(values + kBlock * i);
    for (int half = 0; half < 2; ++half) {
      const __m256i value = _mm256_loadu_si256(from + half);
      const __m256i rest = _mm256_sub_epi32(_mm256_max_epu32(value, less), less);
      _mm256_storeu_si256(to + half, _mm256_max_epu32(_mm256_loadu_si256(to + half), rest));
    }
  }
}

__attribute__((target("avx2"))) void MarkChainsAvx2(const uint32_t* head_slots,
                                                    const uint32_t* tail_slots,
                                                    const uint32_t* full_us, size_t bytes,
                                                    const uint32_t* left, uint8_t* full,
                                                    uint8_t* some) {
  const auto* const lefts = reinterpret_cast<const int*>(left);
  const auto* const heads = reinterpret_cast<const __m256i*>(head_slots);
  const auto* const tails = reinterpret_cast<const __m256i*>(tail_slots);
  const auto* const times = reinterpret_cast<const __m256i*>(full_us);
  const __m256i half = _mm256_set1_epi32(static_cast<int>(kHalf));
  const __m256i zero = _mm256_setzero_si256();
  for (size_t i = 0; i < bytes; ++i) {
    const __m256i head = _mm256_i32gather_epi32(lefts, _mm256_loadu_si256(heads + i), 4);
    const __m256i tail = _mm256_i32gather_epi32(lefts, _mm256_loadu_si256(tails + i), 4);
    const __m256i none = _mm256_cmpeq_epi32(_mm256_or_si256(head, tail), zero);
    const int some_bits = ~_mm256_movemask_ps(_mm256_castsi256_ps(none)) & 0xff;
    if (some_bits == 0) continue;
    const __m256i both =
        _mm256_add_epi32(_mm256_min_epu32(head, half), _mm256_min_epu32(tail, half));
    const __m256i whole =
        _mm256_cmpeq_epi32(_mm256_max_epu32(both, _mm256_loadu_si256(times + i)), both);
    const int full_bits = _mm256_movemask_ps(_mm256_castsi256_ps(whole)) & some_bits;
    some[i] = static_cast<uint8_t>(some[i] | some_bits);
    full[i] = static_cast<uint8_t>(full[i] | full_bits);
  }
}

#endif

}  // namespace

void RaiseBlocks(const uint32_t* blocks, const uint32_t* values, size_t count, uint32_t less_us,
                 uint32_t* left) {
#if defined(__x86_64__)
  if (HasAvx2()) return RaiseBlocksAvx2(blocks, values, count, less_us, left);
#endif
  RaiseBlocksPlain(blocks, values, count, less_us, left);
}

void MarkChains(const uint32_t* head_slots, const uint32_t* tail_slots, const uint32_t* full_us,
                size_t count, const uint32_t* left, uint8_t* full, uint8_t* some) {
  size_t done = 0;
#if defined(__x86_64__)
  if (HasAvx2()) {
    MarkChainsAvx2(head_slots, tail_slots, full_us, count / 8, left, full, some);
    done = count / 8 * 8;
  }
#endif
  MarkChainsPlain(head_slots, tail_slots, full_us, done, count, left, full, some);
}

}  // namespace patrol::coverage
