#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "lib/geo/datum.h"
#include "lib/geo/lonlat.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/fix.h"

namespace patrol::tracks {

inline constexpr size_t kDatumCount = 3;  // of geo::Datum

// How well positions fit the roads, taken for each datum.
struct DatumFit {
  geo::Datum read_as = geo::Datum::kWgs84;
  size_t places = 0;  // looked at
  // By datum: half of the places lie within so many metres of a road.
  std::array<double, kDatumCount> median_m{};
  // The datum that the positions seem to be in instead; unset where that is not clear.
  std::optional<geo::Datum> suspected;
};

// "gcj02 rather than wgs84: taken so, half of 812 places lie within 4 m of a road, else 143 m". Of
// a fit with a suspicion.
std::string DatumFitText(const DatumFit& fit);

// Tells positions that were read in the wrong datum by their misfit to the roads: GCJ-02 read as
// WGS-84 is about 550 m off. Only tells: nothing is ever converted.
//
// Units drive on roads, so in the right datum most places lie near one. It is suspected when half
// of the places, so taken, lie within kNearM of a road, at least kClearer times nearer than as they
// were read, and three quarters of all are the nearer for it. Too few places, none where the datums
// differ, roads everywhere or nowhere: no suspicion. Places outside the network's box are passed
// over; so are those that are no further than kApartM from the unit's last: a parked unit is one.
//
// Threads: one thread at a time. Cost: at most 3 * kPlacesMax searches for a nearest piece.
class DatumCheck {
 public:
  static constexpr size_t kPlacesMin = 30;
  static constexpr size_t kPlacesMax = 1000;  // spread over all that come
  static constexpr double kApartM = 50;
  static constexpr double kNearM = 20;
  static constexpr double kClearer = 2;
  static constexpr double kNearerShare = 0.75;

  // `network` and `index` outlive the check.
  DatumCheck(const roadnet::Network& network, const roadnet::SpatialIndex& index,
             geo::Datum read_as);

  // The next fix; those of a unit come together, in whatever order.
  void Take(const Fix& fix);

  DatumFit Fit(roadnet::Mode mode) const;

 private:
  const roadnet::SpatialIndex& index_;
  const geo::Datum read_as_;
  geo::BoundingBox bounds_;  // of the network
  std::string unit_id_;
  geo::LonLat last_;
  size_t come_ = 0;    // places that could have been kept
  size_t stride_ = 1;  // of which every so many-th is
  std::vector<geo::LonLat> places_;
};

}  // namespace patrol::tracks
