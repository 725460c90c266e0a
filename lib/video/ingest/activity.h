#pragma once

#include <array>

#include "lib/video/media/access_unit.h"

namespace patrol::ingest {

// What one access unit told without being decoded.
struct ActivityReading {
  double level = 0;     // departure above the baseline, in its own spreads; 0: as usual
  bool active = false;  // clearly above it
  bool onset = false;   // the first unit of an active stretch
  const char* cause = "";
};

// How far a stream's coded size departs from what is usual for it. It never proves stillness.
//
// Keyframes and other pictures have a baseline each: mean and spread of the logarithm of their
// size, which learn slowly, and hardly while something goes on.
//
// Threads: one call at a time.
class Activity {
 public:
  ActivityReading OnUnit(const media::AccessUnit& unit);

 private:
  struct Baseline {
    double mean = 0;      // of log2 of bytes
    double variance = 0;  // about it
    double recent = 0;    // mean of the last few
    int units = 0;
  };
  std::array<Baseline, 2> baselines_;  // other pictures, keyframes
  bool active_ = false;
  double level_ = 0;
  int calm_ = 0;  // units below the level that keeps it active
};

}  // namespace patrol::ingest
