#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <random>
#include <utility>
#include <vector>

namespace patrol::sim {

// Random numbers that are the same on every machine: the engine is fixed by the standard, and the
// distributions are our own, since those of the standard library are not.
class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  // 0 <= x < 1.
  double Uniform() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }
  double Uniform(double low, double high) { return low + (high - low) * Uniform(); }
  // 0 <= x < count; count is at least 1.
  size_t Index(size_t count) { return static_cast<size_t>(engine_() % count); }
  bool Chance(double share) { return Uniform() < share; }

  // Standard normal (Box and Muller 1958).
  double Normal() {
    const double radius = std::sqrt(-2 * std::log(1 - Uniform()));
    return radius * std::cos(2 * std::numbers::pi * Uniform());
  }

  template <typename T>
  const T& Pick(const std::vector<T>& items) {
    return items[Index(items.size())];
  }

  template <typename T>
  void Shuffle(std::vector<T>& items) {
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[Index(i)]);
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace patrol::sim
