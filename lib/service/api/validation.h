#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/geo/lonlat.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/service/store/rows.h"

namespace google::protobuf {
class FieldMask;
class Timestamp;
}  // namespace google::protobuf

namespace patrol::v1 {
class LonLat;
enum TravelMode : int;
}  // namespace patrol::v1

// Checks of what requests hold. Each error is INVALID_ARGUMENT and begins with the field's path:
// "unit.display_name: 213 bytes, at most 200".
namespace patrol::api {

// Text from outside, quoted and cut for a message.
std::string Quoted(std::string_view text);

// OK when `id` is 1..bytes_max of [A-Za-z0-9._-].
absl::Status CheckId(std::string_view field, std::string_view id, size_t bytes_max);

// The id in a resource name.
// collection: "cameras", "units", "areas", "motionEvents" or "coverageWindows"
absl::StatusOr<std::string> ReadName(std::string_view field, std::string_view collection,
                                     std::string_view name);

absl::Status CheckText(std::string_view field, std::string_view text, size_t bytes_max);

// OK when value is a number in least..most.
absl::Status CheckRange(std::string_view field, double value, double least, double most);

absl::StatusOr<geo::LonLat> ReadLonLat(std::string_view field, const v1::LonLat& place);

// A car where it is unset.
absl::StatusOr<roadnet::Mode> ReadMode(std::string_view field, v1::TravelMode mode);

// Any instant of the years 1..9999, rounded down to microseconds.
absl::StatusOr<absl::Time> ReadTime(std::string_view field,
                                    const google::protobuf::Timestamp& stamp);

// page_size 0 is limits::kPageSizeDefault. The token is checked by the store.
absl::StatusOr<store::PageRequest> ReadPage(int page_size, const std::string& token);

// OK when from < to; where both are given.
absl::Status CheckWindow(absl::Time from, absl::Time to);

// The fields to change; nullopt when the mask is empty. "*" stands for all of `known`.
absl::StatusOr<std::optional<std::set<std::string>>> ReadUpdateMask(
    const google::protobuf::FieldMask& mask, const std::vector<std::string>& known);

}  // namespace patrol::api
