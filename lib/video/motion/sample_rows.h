#pragma once

#include <array>
#include <cstdint>

// The loops of SampleModel over one row of pixels, in vectors of bytes: 16 at once everywhere, and
// 32 where the processor has AVX2, which is found out when the program runs. Both are the same
// text (sample_rows.inc), and give the same bytes (tests/unit/motion/sample_rows_test.cc).
namespace patrol::motion {

inline constexpr int kRowSamples = 8;

// What one picture's row is compared with.
struct CompareJob {
  const uint8_t* current = nullptr;
  std::array<const uint8_t*, kRowSamples> samples{};
  const uint8_t* flicker = nullptr;
  const uint8_t* blink = nullptr;
  uint8_t* raw = nullptr;  // out: see SampleModel::Scratch
  int base_distance = 0;   // grey levels that never count, ...
  int dark_distance = 0;   // ... in the dark, ...
  int saturated_from = 0;  // ... and up to where a picture is not blown out; 256: it never is
  int flicker_spared = 0;
};

// Adds the moving pixels of a row to the sums of their columns, or takes them off again.
struct CountJob {
  const uint8_t* raw = nullptr;
  uint8_t* sums = nullptr;
  bool subtract = false;
};

// The majority of one row, and how its flicker and blinking go on.
struct DecideJob {
  const uint8_t* sums = nullptr;
  const uint8_t* raw = nullptr;
  uint8_t* mask = nullptr;
  uint8_t* flicker = nullptr;
  uint8_t* blink = nullptr;
  int reach = 0;        // pixels to each side
  int majority = 0;     // of the neighbours: more make it foreground
  int near_moving = 0;  // more belong to a moving thing
  int flicker_up = 0;
  int flicker_down = 0;
  int blink_up = 0;
  int blink_down = 0;
};

// Puts pixels of a row into a sample: by chance, those that are still; or, with `before`, those
// that are not but have not changed since.
struct TeachJob {
  const uint8_t* value = nullptr;
  const uint8_t* mask = nullptr;
  const uint8_t* noise = nullptr;
  const uint8_t* before = nullptr;  // null: still ones are taught
  uint8_t* sample = nullptr;
  int chance = 0;            // of 256
  int unsaturated_to = 255;  // brighter ones teach nothing; of still ones only
};

struct MeanJob {
  std::array<const uint8_t*, kRowSamples> samples{};
  uint8_t* to = nullptr;
};

// Where most samples of a pixel agree and it has not blinked lately, the others become like them.
struct ForgetJob {
  std::array<uint8_t*, kRowSamples> samples{};
  const uint8_t* blink = nullptr;
  int base_distance = 0;  // as of CompareJob
  int dark_distance = 0;
};

// Each works on whole vectors from `from` on that end at or before `end`, and returns where it
// stopped. Rows may be read and written to the next multiple of 16 pixels and one pixel beyond.
struct RowKernels {
  int lanes = 0;
  int (*compare)(const CompareJob& job, int from, int end) = nullptr;
  int (*count)(const CountJob& job, int from, int end) = nullptr;
  int (*decide)(const DecideJob& job, int from, int end) = nullptr;
  int (*teach)(const TeachJob& job, int from, int end) = nullptr;
  int (*mean)(const MeanJob& job, int from, int end) = nullptr;
  int (*forget)(const ForgetJob& job, int from, int end) = nullptr;
};

const RowKernels& NarrowRows();
// Null where the processor has nothing wider.
const RowKernels* WideRows();

// All of the columns from `from` to `end`, a multiple of 16 of them.
template <typename Job>
void OverRow(int (*RowKernels::*kernel)(const Job& job, int from, int end), const Job& job,
             int from, int end) {
  if (const RowKernels* wide = WideRows()) from = (wide->*kernel)(job, from, end);
  (NarrowRows().*kernel)(job, from, end);
}

// Of the bytes of raw and blink.
inline constexpr int kMoving = 1;    // in raw
inline constexpr int kHalf = 2;      // in raw; counts as so many neighbours more
inline constexpr int kSpeck = 0x80;  // in blink
inline constexpr int kBlinkBits = 0x7f;

}  // namespace patrol::motion
