#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "lib/service/report/window_desk.h"

namespace patrol::v1 {
class CoverageWindow;
}

// Windows of the past: orders and tickets to messages and back.
namespace patrol::api {

inline constexpr std::string_view kWindowCollection = "coverageWindows";

// Unset fields have WindowOrder's defaults; the ranges are CheckOrder's.
// Errors: INVALID_ARGUMENT naming the field.
absl::StatusOr<report::WindowOrder> ReadOrder(const v1::CoverageWindow& window);

enum class Detail { kSummary, kWhole };  // kSummary: without town and areas
void Fill(const report::WindowDesk::Ticket& ticket, Detail detail, v1::CoverageWindow* window);

}  // namespace patrol::api
