#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace patrol::store {

// Page tokens are opaque to clients: the place in a list, and a fingerprint of the list it is of,
// so that a token of another list or another filter is refused instead of giving wrong rows.

// list: what the list is of, filters included. key: of the last row given; parts without '\n'.
std::string MakePageToken(std::string_view list, const std::vector<std::string>& key);

// The key; empty for the empty token.
// Errors: INVALID_ARGUMENT when the token is not one of this list with `parts` parts.
absl::StatusOr<std::vector<std::string>> ReadPageToken(std::string_view token,
                                                       std::string_view list, size_t parts);

}  // namespace patrol::store
