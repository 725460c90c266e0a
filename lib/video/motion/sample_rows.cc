#include "lib/video/motion/sample_rows.h"

#include <algorithm>
#include <cstddef>

#include <opencv2/core/hal/intrin.hpp>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace patrol::motion {

namespace {

static_assert(kRowSamples == 8, "the mean shifts by three");

// Samples needed to call a pixel still.
constexpr int kNearSamples = 2;
// A place has changed when it differs by more than this from a moment ago; grey levels.
constexpr int kUnchanged = 8;
// Luma of black, as coded; cameras that go below it lose nothing.
constexpr int kBlack = 16;
constexpr int kNearestMax = 63;
constexpr int kBlinkMax = 60;
// A place that has blinked by more than this lately sways: one flip there and none back.
constexpr int kSways = 4;

// Of what the processor that the program is built for has: OpenCV's universal intrinsics.
namespace narrow {

using Bytes = cv::v_uint8x16;
constexpr int kLanes = 16;

Bytes Load(const uint8_t* from) { return cv::v_load(from); }
void Store(uint8_t* to, const Bytes& value) { cv::v_store(to, value); }
Bytes All(int value) { return cv::v_setall_u8(static_cast<uint8_t>(value)); }
Bytes Min(const Bytes& a, const Bytes& b) { return cv::v_min(a, b); }
Bytes SubWrap(const Bytes& a, const Bytes& b) { return cv::v_sub_wrap(a, b); }
Bytes AbsDiff(const Bytes& a, const Bytes& b) { return cv::v_absdiff(a, b); }
Bytes Select(const Bytes& mask, const Bytes& a, const Bytes& b) { return cv::v_select(mask, a, b); }

// value / 2 per lane.
Bytes Half(const Bytes& value) {
  return cv::v_reinterpret_as_u8(cv::v_reinterpret_as_u16(value) >> 1) & All(0x7f);
}

Bytes Eighth(const Bytes& value) {
  return cv::v_reinterpret_as_u8(cv::v_reinterpret_as_u16(value) >> 3) & All(0x1f);
}

Bytes MeanAt(const MeanJob& job, int x) {
  cv::v_uint16x8 low_sum = cv::v_setall_u16(kRowSamples / 2), high_sum = low_sum;
  for (const uint8_t* sample : job.samples) {
    cv::v_uint16x8 low, high;
    cv::v_expand(Load(sample + x), low, high);
    low_sum = low_sum + low;
    high_sum = high_sum + high;
  }
  return cv::v_pack(low_sum >> 3, high_sum >> 3);
}

#include "lib/video/motion/sample_rows.inc"

constexpr RowKernels kKernels = {kLanes, &Compare, &Count, &Decide, &Teach, &Mean, &Forget};

}  // namespace narrow

#if defined(__x86_64__)

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif

// OpenCV's own wide vectors can't be had beside its narrow ones in one program that is not OpenCV.
namespace wide {

struct Bytes {
  __m256i v;
};
constexpr int kLanes = 32;

inline Bytes Load(const uint8_t* from) {
  return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))};
}
inline void Store(uint8_t* to, const Bytes& value) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), value.v);
}
inline Bytes All(int value) { return {_mm256_set1_epi8(static_cast<char>(value))}; }
inline Bytes operator+(const Bytes& a, const Bytes& b) { return {_mm256_adds_epu8(a.v, b.v)}; }
inline Bytes operator-(const Bytes& a, const Bytes& b) { return {_mm256_subs_epu8(a.v, b.v)}; }
inline Bytes operator&(const Bytes& a, const Bytes& b) { return {_mm256_and_si256(a.v, b.v)}; }
inline Bytes operator|(const Bytes& a, const Bytes& b) { return {_mm256_or_si256(a.v, b.v)}; }
inline Bytes operator^(const Bytes& a, const Bytes& b) { return {_mm256_xor_si256(a.v, b.v)}; }
inline Bytes operator==(const Bytes& a, const Bytes& b) { return {_mm256_cmpeq_epi8(a.v, b.v)}; }
inline Bytes Min(const Bytes& a, const Bytes& b) { return {_mm256_min_epu8(a.v, b.v)}; }
inline Bytes SubWrap(const Bytes& a, const Bytes& b) { return {_mm256_sub_epi8(a.v, b.v)}; }
inline Bytes operator<=(const Bytes& a, const Bytes& b) { return Min(a, b) == a; }
inline Bytes operator>(const Bytes& a, const Bytes& b) { return (a <= b) ^ All(255); }
inline Bytes operator<(const Bytes& a, const Bytes& b) { return b > a; }
inline Bytes AbsDiff(const Bytes& a, const Bytes& b) { return (a - b) | (b - a); }
inline Bytes Select(const Bytes& mask, const Bytes& a, const Bytes& b) {
  return {_mm256_blendv_epi8(b.v, a.v, mask.v)};
}
inline Bytes Half(const Bytes& value) { return Bytes{_mm256_srli_epi16(value.v, 1)} & All(0x7f); }
inline Bytes Eighth(const Bytes& value) { return Bytes{_mm256_srli_epi16(value.v, 3)} & All(0x1f); }

inline Bytes MeanAt(const MeanJob& job, int x) {
  const __m256i zero = _mm256_setzero_si256();
  __m256i low = _mm256_set1_epi16(kRowSamples / 2), high = low;
  for (size_t k = 0; k < kRowSamples; ++k) {
    const __m256i sample = Load(job.samples[k] + x).v;
    low = _mm256_add_epi16(low, _mm256_unpacklo_epi8(sample, zero));
    high = _mm256_add_epi16(high, _mm256_unpackhi_epi8(sample, zero));
  }
  // Unpacked and packed again within each half of the vector: the order stays.
  return {_mm256_packus_epi16(_mm256_srli_epi16(low, 3), _mm256_srli_epi16(high, 3))};
}

#include "lib/video/motion/sample_rows.inc"

constexpr RowKernels kKernels = {kLanes, &Compare, &Count, &Decide, &Teach, &Mean, &Forget};

}  // namespace wide

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif

}  // namespace

const RowKernels& NarrowRows() { return narrow::kKernels; }

const RowKernels* WideRows() {
#if defined(__x86_64__)
  static const RowKernels* const found =
      __builtin_cpu_supports("avx2") != 0 ? &wide::kKernels : nullptr;
  return found;
#else
  return nullptr;
#endif
}

}  // namespace patrol::motion
