#include "lib/video/motion/bands.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace patrol::motion {

namespace {

constexpr size_t kRows = PictureMeasure::kRows, kColumns = PictureMeasure::kColumns;

// Of the bands: how much the parts of a row may differ, how often they cross the middle.
constexpr double kResidual = 1.0;
constexpr int kCrossings = 4;
// The view has an edge where its parts differ from those above by more than this, grey levels.
constexpr float kEdge = 6;
// Of the steps from row to row, those at even places of the view are at least so large a share; in
// another light 0.1 to 0.3, where bands are laid over it 0.8 to 1.1.
constexpr double kEvenShare = 0.5;
// With fewer even places than this the view is all edges, and nothing can be said.
constexpr int kEvenMin = 6;
constexpr double kContrastMax = 4;
// Under bands the rows themselves are still alike to the view's, 0.5 to 0.9; another view that
// changes from row to row is not, below 0.1. Rows that vary by less than this say nothing.
constexpr double kRowsAlike = 0.3, kRowsVary = 3;

using RowOfParts = std::array<float, kColumns>;
using Rows = std::array<float, kRows>;

float Middle(RowOfParts row) {
  std::nth_element(row.begin(), row.begin() + kColumns / 2, row.end());
  return row[kColumns / 2];
}

// What the parts of `was` are to be multiplied with to be nearest to those of `now`.
double Contrast(const PictureMeasure& now, const PictureMeasure& was) {
  double together = 0, squares = 0;
  for (size_t i = 0; i < now.parts.size(); ++i) {
    together += (now.parts[i] - now.mean) * (was.parts[i] - was.mean);
    squares += (was.parts[i] - was.mean) * (was.parts[i] - was.mean);
  }
  return squares > 0 ? std::clamp(together / squares, 0.0, kContrastMax) : 1.0;
}

// How much each part is brighter than in the view.
class Shift {
 public:
  Shift(const PictureMeasure& now, const PictureMeasure& was) {
    const auto contrast = static_cast<float>(Contrast(now, was));
    for (size_t i = 0; i < parts_.size(); ++i) {
      parts_[i] = now.parts[i] - contrast * was.parts[i];
    }
  }

  float at(size_t row, size_t column) const { return parts_[row * kColumns + column]; }

  // The middle one of each row: a thing in view changes a few columns, a band all of them.
  Rows OfRows() const {
    Rows rows{};
    for (size_t r = 0; r < kRows; ++r) {
      RowOfParts row{};
      for (size_t c = 0; c < kColumns; ++c) row[c] = at(r, c);
      rows[r] = Middle(row);
    }
    return rows;
  }

  // The step from row `r` - 1, middle of the half of all columns where the view changes least.
  float EvenStep(size_t r, const RowOfParts& view_step) const {
    std::array<size_t, kColumns> columns;
    std::iota(columns.begin(), columns.end(), 0);
    constexpr size_t half = kColumns / 2;
    std::nth_element(columns.begin(), columns.begin() + half, columns.end(),
                     [&view_step](size_t a, size_t b) {
                       return std::abs(view_step[a]) < std::abs(view_step[b]);
                     });
    std::array<float, half> steps;
    for (size_t i = 0; i < half; ++i) steps[i] = at(r, columns[i]) - at(r - 1, columns[i]);
    std::nth_element(steps.begin(), steps.begin() + half / 2, steps.end());
    return steps[half / 2];
  }

 private:
  std::array<float, kRows * kColumns> parts_;
};

RowOfParts ViewStep(const PictureMeasure& was, size_t r) {
  RowOfParts step{};
  for (size_t c = 0; c < kColumns; ++c) {
    step[c] = was.parts[r * kColumns + c] - was.parts[(r - 1) * kColumns + c];
  }
  return step;
}

// Whether the rows step where the view is even; false where it is nowhere.
bool StepsAtEvenPlaces(const Shift& shift, const Rows& rows, const PictureMeasure& was) {
  std::array<bool, kRows + 1> edge{};  // between r - 1 and r, of most columns
  for (size_t r = 1; r < kRows; ++r) edge[r] = std::abs(Middle(ViewStep(was, r))) > kEdge;
  double all = 0, even = 0;
  int places = 0;
  for (size_t r = 1; r < kRows; ++r) {
    all += std::abs(rows[r] - rows[r - 1]) / (kRows - 1);
    // The camera may have shaken by a row.
    if (edge[r - 1] || edge[r] || edge[r + 1]) continue;
    even += std::abs(shift.EvenStep(r, ViewStep(was, r)));
    ++places;
  }
  return places >= kEvenMin && even >= kEvenShare * all * places;
}

// Correlation of the parts within their rows; 1 where the view has no structure there.
double RowsAlike(const PictureMeasure& now, const PictureMeasure& was) {
  double ab = 0, aa = 0, bb = 0;
  for (size_t from = 0; from < was.parts.size(); from += kColumns) {
    double a_sum = 0, b_sum = 0;
    for (size_t i = from; i < from + kColumns; ++i) {
      const double a = now.parts[i], b = was.parts[i];
      a_sum += a;
      b_sum += b;
      ab += a * b;
      aa += a * a;
      bb += b * b;
    }
    ab -= a_sum * b_sum / kColumns;
    aa -= a_sum * a_sum / kColumns;
    bb -= b_sum * b_sum / kColumns;
  }
  if (bb < kRowsVary * kRowsVary * static_cast<double>(was.parts.size())) return 1;
  return aa > 0 ? ab / std::sqrt(aa * bb) : 0;
}

}  // namespace

Bands FindBands(const PictureMeasure& now, const PictureMeasure& was) {
  const Shift shift(now, was);
  const Rows rows = shift.OfRows();
  const double mean = std::accumulate(rows.begin(), rows.end(), 0.0) / kRows;
  double squares = 0, residual = 0;
  int crossings = 0;
  for (size_t r = 0; r < kRows; ++r) {
    squares += (rows[r] - mean) * (rows[r] - mean) / kRows;
    if (r > 0 && (rows[r] - mean) * (rows[r - 1] - mean) < 0) ++crossings;
    for (size_t c = 0; c < kColumns; ++c) {
      residual += std::abs(shift.at(r, c) - rows[r]) / (kRows * kColumns);
    }
  }
  Bands bands = {.levels = std::sqrt(squares)};
  bands.shown = bands.levels >= kBandLevels && residual < kResidual * bands.levels &&
                crossings >= kCrossings && RowsAlike(now, was) >= kRowsAlike &&
                StepsAtEvenPlaces(shift, rows, was);
  return bands;
}

}  // namespace patrol::motion
