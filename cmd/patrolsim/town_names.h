#pragma once

#include <set>
#include <string>

#include "cmd/patrolsim/town_random.h"

namespace patrol::sim {

// Invented Chinese names, none given twice.
class TownNames {
 public:
  explicit TownNames(uint64_t seed) : random_(seed) {}

  std::string Village();    // "北围村"
  std::string Community();  // "文华社区"
  std::string Road();       // "兴业路"
  std::string Avenue();     // "人民大道"

 private:
  std::string Unused(const char* const* first, size_t first_count, const char* const* second,
                     size_t second_count, const char* suffix);

  Random random_;
  std::set<std::string> used_;
};

}  // namespace patrol::sim
