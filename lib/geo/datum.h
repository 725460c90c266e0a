#pragma once

#include <string_view>

#include "lib/geo/lonlat.h"

namespace patrol::geo {

// What coordinates from outside are measured in. GCJ-02 is the offset datum of Chinese map
// services (several hundred metres off WGS-84), BD-09 is Baidu's further offset of it.
enum class Datum { kWgs84, kGcj02, kBd09 };

std::string_view DatumName(Datum datum);  // "wgs84", "gcj02", "bd09"
// False when `name` is none of the above.
[[nodiscard]] bool ParseDatum(std::string_view name, Datum* datum);

// Whether the offset datums apply at `place`: the box 72.004..137.8347 E, 0.8293..55.8271 N that
// all implementations of GCJ-02 use. Outside it, GCJ-02 equals WGS-84.
bool HasOffset(LonLat place);

// `place`, given in `datum`, in WGS-84. The inverse is iterated: ToWgs84(d, FromWgs84(d, p)) is
// within 1 mm of p, except within 1 km of the box's border, where GCJ-02 itself jumps.
LonLat ToWgs84(Datum datum, LonLat place);

// `place`, given in WGS-84, in `datum`.
LonLat FromWgs84(Datum datum, LonLat place);

}  // namespace patrol::geo
