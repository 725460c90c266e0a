#pragma once

#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

// Returns from the enclosing function when `expression` is not OK.
#define PATROL_RETURN_IF_ERROR(expression)                                                       \
  do {                                                                                           \
    if (absl::Status patrol_status_ = (expression); !patrol_status_.ok()) return patrol_status_; \
  } while (false)

#define PATROL_STATUS_CONCAT_INNER(a, b) a##b
#define PATROL_STATUS_CONCAT(a, b) PATROL_STATUS_CONCAT_INNER(a, b)

// Declares or assigns `left` from a StatusOr, or returns its error from the enclosing function.
#define PATROL_ASSIGN_OR_RETURN(left, expression) \
  PATROL_ASSIGN_OR_RETURN_INNER(PATROL_STATUS_CONCAT(patrol_statusor_, __LINE__), left, expression)
#define PATROL_ASSIGN_OR_RETURN_INNER(statusor, left, expression) \
  auto statusor = (expression);                                   \
  if (!statusor.ok()) return std::move(statusor).status();        \
  left = *std::move(statusor)

namespace patrol {

// The same status with "`context`: " before its message, so that an error tells entity and place.
// OK stays OK.
[[nodiscard]] absl::Status Annotate(const absl::Status& status, std::string_view context);

}  // namespace patrol
