#pragma once

#include <string>
#include <string_view>

#include "lib/geo/lonlat.h"
#include "lib/patrol/roadnet/network.h"

namespace patrol::coverage {

// Writes a GeoJSON FeatureCollection of LineStrings into a string, fast enough for a whole network
// a second: coordinates are fixed-point with 6 decimals (11 cm), without trailing zeros.
//
// Use: LineWriter lines; lines.Begin(place); lines.Add(place); lines.End("\"way_id\":5");
//      std::string text = std::move(lines).Finish();
class LineWriter {
 public:
  LineWriter();
  void Begin(geo::LonLat place);
  void Add(geo::LonLat place);
  // properties: members of a JSON object, without its braces.
  void End(std::string_view properties);
  std::string Finish() &&;

 private:
  void Place(geo::LonLat place);

  std::string text_;
  bool first_ = true;
};

// The place at a share 0..1 of a piece.
geo::LonLat PlaceAtShare(const roadnet::Network& network, roadnet::PieceIndex piece, double share);

}  // namespace patrol::coverage
