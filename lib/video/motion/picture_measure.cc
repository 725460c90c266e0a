#include "lib/video/motion/picture_measure.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <numeric>

namespace patrol::motion {

namespace {

constexpr int kWhite = 234;
constexpr int kCoarse = 8;  // pixels
// Pixels looked at in one of the kRows rows; wider pictures are read in stretches.
constexpr int kStretch = 24;
constexpr int kDifferences = 256;
// An edge is sharp from so many times the noise on; a place is a block of kRows / kPlaces by
// kColumns / kPlaces parts. Out of focus and through noise at most 4 places of 64 in 4 columns and
// 3 rows seem sharp, a bare road seen from above is so in 19 (RESULTS.md, picture health).
constexpr double kSharpTimes = 8, kSharpMore = 2;
constexpr size_t kPlaces = 8;
constexpr int kSharpPlaces = 7, kSharpRows = 4, kSharpColumns = 4;

int Percentile(const std::array<int, 256>& histogram, int total, double share) {
  const int wanted = static_cast<int>(share * total);
  int below = 0;
  for (int grey = 0; grey < 256; ++grey) {
    below += histogram[static_cast<size_t>(grey)];
    if (below > wanted) return grey;
  }
  return 255;
}

// How far the chroma is from grey, on a coarse grid.
double ColourOf(const media::Picture& picture) {
  const int width = (picture.width() + 1) / 2, height = (picture.height() + 1) / 2;
  const int step_x = std::max(1, width / 24), step_y = std::max(1, height / 24);
  int sum = 0, count = 0;
  for (int y = step_y / 2; y < height; y += step_y) {
    for (int plane = 1; plane < 3; ++plane) {
      const uint8_t* row = picture.plane(plane) + static_cast<ptrdiff_t>(y) * picture.stride(plane);
      for (int x = step_x / 2; x < width; x += step_x, ++count) sum += std::abs(row[x] - 128);
    }
  }
  return count > 0 ? static_cast<double>(sum) / count : 0;
}

}  // namespace

PictureMeasure Measure(const media::Picture& picture) {
  PictureMeasure m;
  const int width = picture.width(), height = picture.height();
  std::array<int, 256> greys{};
  std::array<int, kDifferences> seconds{};
  int64_t sum = 0, squares = 0, fine = 0, coarse = 0;
  int count = 0, white = 0;
  uint64_t digest = 1469598103934665603u;  // as FNV-1a, eight bytes at a time
  for (size_t r = 0; r < PictureMeasure::kRows; ++r) {
    const int y = std::min(height - 1, static_cast<int>((static_cast<double>(r) + 0.5) * height /
                                                        PictureMeasure::kRows));
    const uint8_t* row = picture.plane(0) + static_cast<ptrdiff_t>(y) * picture.stride(0);
    for (size_t c = 0; c < PictureMeasure::kColumns; ++c) {
      const int from = static_cast<int>(c * static_cast<size_t>(width) / PictureMeasure::kColumns);
      const int part =
          static_cast<int>((c + 1) * static_cast<size_t>(width) / PictureMeasure::kColumns) - from;
      const int length = std::min(part, kStretch);
      const int start = from + (part - length) / 2;
      const int to = std::min(start + length, width - kCoarse);
      for (int x = start; x + 8 <= to; x += 8) {
        uint64_t eight = 0;
        std::memcpy(&eight, row + x, sizeof(eight));
        digest = (digest ^ eight) * 1099511628211u;
        digest ^= digest >> 29;
      }
      int part_sum = 0, part_count = 0, sharpest = 0;
      for (int x = std::max(1, start); x < to; ++x) {
        const int grey = row[x];
        ++greys[static_cast<size_t>(grey)];
        part_sum += grey;
        ++part_count;
        squares += grey * grey;
        fine += std::abs(row[x + 1] - grey);
        coarse += std::abs(row[x + kCoarse] - grey);
        const int second = std::abs(row[x - 1] - 2 * grey + row[x + 1]);
        ++seconds[static_cast<size_t>(std::min(second, kDifferences - 1))];
        sharpest = std::max(sharpest, second);
        white += grey >= kWhite ? 1 : 0;
      }
      m.parts[r * PictureMeasure::kColumns + c] =
          part_count > 0 ? static_cast<float>(part_sum) / static_cast<float>(part_count) : 0.0f;
      m.sharpest[r * PictureMeasure::kColumns + c] =
          static_cast<uint8_t>(std::min(sharpest, kDifferences - 1));
      sum += part_sum;
      count += part_count;
    }
  }
  m.digest = digest;
  if (count == 0) return m;
  m.mean = static_cast<double>(sum) / count;
  m.spread = std::sqrt(std::max(0.0, static_cast<double>(squares) / count - m.mean * m.mean));
  m.dark = Percentile(greys, count, 0.02);
  m.middle = Percentile(greys, count, 0.5);
  m.bright = Percentile(greys, count, 0.98);
  m.white_share = static_cast<double>(white) / count;
  m.fine = static_cast<double>(fine) / count;
  m.coarse = static_cast<double>(coarse) / count;
  int below = 0;
  for (int i = 0; i < kDifferences; ++i) {
    const int here = seconds[static_cast<size_t>(i)];
    if (2 * (below + here) > count) {  // within the step, so that it is no staircase
      m.noise = i + (0.5 * count - below) / std::max(1, here) - 0.5;
      break;
    }
    below += here;
  }
  m.noise = std::max(0.0, m.noise);
  m.colour = ColourOf(picture);
  return m;
}

double Likeness(const PictureMeasure& a, const PictureMeasure& b) {
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.parts.size(); ++i) {
    const double da = a.parts[i] - a.mean, db = b.parts[i] - b.mean;
    ab += da * db;
    aa += da * da;
    bb += db * db;
  }
  const double floor = static_cast<double>(a.parts.size());  // one grey level of structure
  return aa < floor || bb < floor ? 0 : ab / std::sqrt(aa * bb);
}

bool SharpAllOver(const PictureMeasure& measure) {
  constexpr size_t high = PictureMeasure::kRows / kPlaces,
                   wide = PictureMeasure::kColumns / kPlaces;
  const double limit = kSharpTimes * std::max(1.0, measure.noise) + kSharpMore;
  std::array<std::array<bool, kPlaces>, kPlaces> sharp{};
  for (size_t i = 0; i < measure.sharpest.size(); ++i) {
    const size_t row = i / PictureMeasure::kColumns / high;
    const size_t column = i % PictureMeasure::kColumns / wide;
    sharp[row][column] |= measure.sharpest[i] > limit;
  }
  std::array<int, kPlaces> in_rows{}, in_columns{};
  for (size_t row = 0; row < kPlaces; ++row) {
    for (size_t column = 0; column < kPlaces; ++column) {
      in_rows[row] += sharp[row][column] ? 1 : 0;
      in_columns[column] += sharp[row][column] ? 1 : 0;
    }
  }
  const auto some = [](int places) { return places > 0; };
  return std::accumulate(in_rows.begin(), in_rows.end(), 0) >= kSharpPlaces &&
         std::count_if(in_rows.begin(), in_rows.end(), some) >= kSharpRows &&
         std::count_if(in_columns.begin(), in_columns.end(), some) >= kSharpColumns;
}

}  // namespace patrol::motion
