#pragma once

#include <string_view>

#include <spdlog/spdlog.h>

namespace patrol {

// Logs go to stderr, one line each: time, level, text. No credentials, no positions of units.
// level: "debug", "info", "warning", "error".
// Use: PATROL_LOG_INFO("camera \"{}\": streaming", id).
void InitLog(std::string_view program, std::string_view level);

}  // namespace patrol

#define PATROL_LOG_DEBUG(...) ::spdlog::debug(__VA_ARGS__)
#define PATROL_LOG_INFO(...) ::spdlog::info(__VA_ARGS__)
#define PATROL_LOG_WARNING(...) ::spdlog::warn(__VA_ARGS__)
#define PATROL_LOG_ERROR(...) ::spdlog::error(__VA_ARGS__)
