#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/tracks/town.h"

namespace patrol::tracks {

// A unit that drives through the town at random corners, with noise, silences and off the network.
inline std::vector<Fix> RandomTrack(unsigned seed, const std::string& unit, int count = 120) {
  std::mt19937 random(seed);
  std::normal_distribution<double> noise(0, 8);
  std::vector<Fix> fixes;
  double t = 0, east = 400, north = 400;
  int heading = 0;
  for (int i = 0; i < count; ++i) {
    const double seconds = random() % 25 == 0 ? 100 : 1 + static_cast<double>(random() % 20);
    t += seconds;
    if (random() % 4 == 0) heading = static_cast<int>(random() % 4);
    const double metres = random() % 5 == 0 ? 0 : 6 * seconds;
    (heading % 2 == 0 ? east : north) += heading < 2 ? metres : -metres;
    east = std::clamp(east, -150.0, 1600.0);
    north = std::clamp(north, -150.0, 1600.0);
    fixes.push_back(FixAt(t, east + noise(random), north + noise(random), unit));
  }
  return fixes;
}

}  // namespace patrol::tracks
