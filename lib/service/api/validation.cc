#include "lib/service/api/validation.h"

#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/service/api/proto_values.h"
#include "patrol/v1/types.pb.h"

namespace patrol::api {

namespace {

// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z: what Timestamp allows.
constexpr int64_t kSecondsLeast = -62135596800;
constexpr int64_t kSecondsMost = 253402300799;
constexpr size_t kQuotedBytesMax = 80;

template <typename... Parts>
absl::Status Fault(std::string_view field, const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(std::string(field), ": ", parts...));
}

bool IsIdCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
}

}  // namespace

std::string Quoted(std::string_view text) {
  const bool cut = text.size() > kQuotedBytesMax;
  if (cut) text = text.substr(0, kQuotedBytesMax);
  return absl::StrCat("\"", absl::Utf8SafeCEscape(absl::string_view(text.data(), text.size())),
                      cut ? "...\"" : "\"");
}

absl::Status CheckId(std::string_view field, std::string_view id, size_t bytes_max) {
  if (id.empty()) return Fault(field, "required");
  if (id.size() > bytes_max) return Fault(field, id.size(), " bytes, at most ", bytes_max);
  if (!std::all_of(id.begin(), id.end(), IsIdCharacter)) {
    return Fault(field, Quoted(id), " has other characters than A-Z a-z 0-9 . _ -");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadName(std::string_view field, std::string_view collection,
                                     std::string_view name) {
  const std::string prefix = absl::StrCat(std::string(collection), "/");
  if (name.empty()) return Fault(field, "required, as ", prefix, "{id}");
  if (name.substr(0, prefix.size()) != prefix) {
    return Fault(field, Quoted(name), " is not of the form ", prefix, "{id}");
  }
  name.remove_prefix(prefix.size());
  const size_t bytes_max =
      collection == "motionEvents" ? limits::kEventIdBytesMax : limits::kIdBytesMax;
  PATROL_RETURN_IF_ERROR(CheckId(field, name, bytes_max));
  return std::string(name);
}

absl::Status CheckText(std::string_view field, std::string_view text, size_t bytes_max) {
  if (text.size() > bytes_max) return Fault(field, text.size(), " bytes, at most ", bytes_max);
  return absl::OkStatus();
}

absl::Status CheckRange(std::string_view field, double value, double least, double most) {
  if (std::isnan(value)) return Fault(field, "not a number");
  if (value < least || value > most) {
    return Fault(field, value, " is outside ", least, "..", most);
  }
  return absl::OkStatus();
}

absl::StatusOr<geo::LonLat> ReadLonLat(std::string_view field, const v1::LonLat& place) {
  PATROL_RETURN_IF_ERROR(
      CheckRange(absl::StrCat(std::string(field), ".lon"), place.lon(), -180, 180));
  PATROL_RETURN_IF_ERROR(
      CheckRange(absl::StrCat(std::string(field), ".lat"), place.lat(), -90, 90));
  return geo::LonLat{place.lon(), place.lat()};
}

absl::StatusOr<roadnet::Mode> ReadMode(std::string_view field, v1::TravelMode mode) {
  const std::optional<roadnet::Mode> known = ModeFromProto(mode);
  if (known) return *known;
  return Fault(field, static_cast<int>(mode), " is no travel mode");
}

absl::StatusOr<absl::Time> ReadTime(std::string_view field,
                                    const google::protobuf::Timestamp& stamp) {
  if (stamp.seconds() < kSecondsLeast || stamp.seconds() > kSecondsMost) {
    return Fault(field, "seconds ", stamp.seconds(), " is outside the years 1..9999");
  }
  if (stamp.nanos() < 0 || stamp.nanos() > 999999999) {
    return Fault(field, "nanos ", stamp.nanos(), " is outside 0..999999999");
  }
  return absl::FromUnixSeconds(stamp.seconds()) + absl::Microseconds(stamp.nanos() / 1000);
}

absl::StatusOr<store::PageRequest> ReadPage(int page_size, const std::string& token) {
  if (page_size < 0 || page_size > limits::kPageSizeMax) {
    return Fault("page_size", page_size, " is outside 0..", limits::kPageSizeMax);
  }
  return store::PageRequest{page_size == 0 ? limits::kPageSizeDefault : page_size, token};
}

absl::Status CheckWindow(absl::Time from, absl::Time to) {
  if (from < to) return absl::OkStatus();
  return Fault("to_time", "not after from_time");
}

absl::StatusOr<std::optional<std::set<std::string>>> ReadUpdateMask(
    const google::protobuf::FieldMask& mask, const std::vector<std::string>& known) {
  if (mask.paths().empty()) return std::optional<std::set<std::string>>();
  std::set<std::string> fields;
  for (const std::string& path : mask.paths()) {
    if (path == "*") {
      fields.insert(known.begin(), known.end());
    } else if (std::find(known.begin(), known.end(), path) != known.end()) {
      fields.insert(path);
    } else {
      return Fault("update_mask", Quoted(path),
                   " can't be changed; these can: ", absl::StrJoin(known, ", "));
    }
  }
  return std::optional<std::set<std::string>>(std::move(fields));
}

}  // namespace patrol::api
