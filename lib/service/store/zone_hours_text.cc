#include "lib/service/store/zone_hours_text.h"

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace patrol::store {

namespace {

constexpr char kVersion[] = "1";

}  // namespace

std::string WriteHours(const std::array<ZoneHours::Hour, 24>& hours) {
  std::string text = kVersion;
  for (const ZoneHours::Hour& hour : hours) {
    absl::StrAppendFormat(&text, " %.1f:%.1f", hour.seen_s, hour.moving_s);
  }
  return text;
}

std::optional<std::array<ZoneHours::Hour, 24>> ReadHours(const std::string& text) {
  const std::vector<std::string> words = absl::StrSplit(text, ' ');
  std::array<ZoneHours::Hour, 24> hours{};
  if (words.size() != hours.size() + 1 || words[0] != kVersion) return std::nullopt;
  for (size_t i = 0; i < hours.size(); ++i) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(words[i + 1], ':');
    ZoneHours::Hour& hour = hours[i];
    if (!absl::SimpleAtod(parts.first, &hour.seen_s) ||
        !absl::SimpleAtod(parts.second, &hour.moving_s) || !std::isfinite(hour.seen_s) ||
        !(hour.moving_s >= 0 && hour.moving_s <= hour.seen_s)) {
      return std::nullopt;
    }
  }
  return hours;
}

}  // namespace patrol::store
