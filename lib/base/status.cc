#include "lib/base/status.h"

#include <string>
#include <string_view>

namespace patrol {

absl::Status Annotate(const absl::Status& status, std::string_view context) {
  if (status.ok()) return status;
  std::string message(context);
  message.append(": ").append(status.message().data(), status.message().size());
  return absl::Status(status.code(), message);
}

}  // namespace patrol
