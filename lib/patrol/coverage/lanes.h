#pragma once

#include <cstddef>
#include <cstdint>

// The loops that all time is spent in, with AVX2 or AVX-512 where the machine has them (found out
// at run time) and in plain C++ elsewhere; the results are the same, whole numbers.
namespace patrol::coverage {

// left[16 * blocks[i] + k] = max(itself, values[16 * i + k] - less_us), nothing below 0, for all
// 0 <= i < count, 0 <= k < 16.
void RaiseBlocks(const uint32_t* blocks, const uint32_t* values, size_t count, uint32_t less_us,
                 uint32_t* left);

// What the ends of chains tell of them. Bit i % 8 of byte i / 8 is of chain i; bits are only added.
//
//   full: min(left[head], 2^31 - 1) + min(left[tail], 2^31 - 1) >= full_us
//   some: left[head] > 0 or left[tail] > 0
void MarkChains(const uint32_t* head_slots, const uint32_t* tail_slots, const uint32_t* full_us,
                size_t count, const uint32_t* left, uint8_t* full, uint8_t* some);

}  // namespace patrol::coverage
