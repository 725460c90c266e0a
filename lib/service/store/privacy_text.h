#pragma once

#include <optional>
#include <string>

#include "lib/service/store/rows.h"

namespace patrol::store {

// A privacy mask as one text of the database:
//
//   1 <revision> <width> <height> <rotation_deg>;<x>,<y> <x>,<y> ...;...
//
// that is its version, then a polygon after each semicolon. "": no mask.
std::string WritePrivacyMask(const std::optional<PrivacyMask>& mask);

// What cannot be read comes back as a mask that is unknown, never as none.
std::optional<PrivacyMask> ReadPrivacyMask(const std::string& text);

}  // namespace patrol::store
