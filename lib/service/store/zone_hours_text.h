#pragma once

#include <array>
#include <optional>
#include <string>

#include "lib/service/store/rows.h"

namespace patrol::store {

// The hours of a zone as one text of the database: its version, then seconds seen and seconds
// moving of each hour of the day.
//
//   1 <seen>:<moving> <seen>:<moving> ...     24 of them
std::string WriteHours(const std::array<ZoneHours::Hour, 24>& hours);

// nullopt: it is damaged, or of a later version.
std::optional<std::array<ZoneHours::Hour, 24>> ReadHours(const std::string& text);

}  // namespace patrol::store
