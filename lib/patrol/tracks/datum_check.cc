#include "lib/patrol/tracks/datum_check.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace patrol::tracks {

namespace {

constexpr std::array<geo::Datum, kDatumCount> kDatums = {geo::Datum::kWgs84, geo::Datum::kGcj02,
                                                         geo::Datum::kBd09};
// Further from a road than this is all the same.
constexpr double kFarM = 200;
// How far beyond the network's box a place may lie: its roads may be within kFarM of it when it is
// taken for another datum, BD-09 being up to 1.3 km off.
constexpr double kMarginDeg = 0.02;

double Median(std::vector<double> values) {
  if (values.empty()) return kFarM;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

std::string DatumFitText(const DatumFit& fit) {
  if (!fit.suspected) return "";
  const double as_read_m = fit.median_m[static_cast<size_t>(fit.read_as)];
  return absl::StrFormat(
      "%s rather than %s: taken so, half of %d places lie within %.0f m of a road, else %s%.0f m",
      std::string(geo::DatumName(*fit.suspected)), std::string(geo::DatumName(fit.read_as)),
      fit.places, fit.median_m[static_cast<size_t>(*fit.suspected)],
      as_read_m >= kFarM ? "beyond " : "", as_read_m);
}

DatumCheck::DatumCheck(const roadnet::Network& network, const roadnet::SpatialIndex& index,
                       geo::Datum read_as)
    : index_(index), read_as_(read_as) {
  for (const roadnet::Node& node : network.nodes()) bounds_.Extend(node.place);
  bounds_.min_lon -= kMarginDeg;
  bounds_.max_lon += kMarginDeg;
  bounds_.min_lat -= kMarginDeg;
  bounds_.max_lat += kMarginDeg;
}

void DatumCheck::Take(const Fix& fix) {
  if (!bounds_.Contains(fix.position)) return;
  if (come_ > 0 && fix.unit_id == unit_id_ && geo::GreatCircleM(fix.position, last_) < kApartM) {
    return;
  }
  unit_id_ = fix.unit_id;
  last_ = fix.position;
  if (come_++ % stride_ != 0) return;
  places_.push_back(fix.position);
  if (places_.size() < kPlacesMax) return;
  for (size_t i = 0; 2 * i < places_.size(); ++i) places_[i] = places_[2 * i];
  places_.resize((places_.size() + 1) / 2);
  stride_ *= 2;
}

DatumFit DatumCheck::Fit(roadnet::Mode mode) const {
  DatumFit fit;
  fit.read_as = read_as_;
  fit.places = places_.size();
  std::array<std::vector<double>, kDatumCount> distances_m;
  roadnet::SpatialIndex::Query query;
  query.mode = mode;
  query.radius_m = kFarM;
  query.count_max = 1;
  for (const geo::LonLat place : places_) {
    const geo::LonLat reported = geo::FromWgs84(read_as_, place);
    for (const geo::Datum datum : kDatums) {
      const geo::LonLat taken = datum == read_as_ ? place : geo::ToWgs84(datum, reported);
      const std::vector<roadnet::Candidate> nearest = index_.Nearest(taken, query);
      distances_m[static_cast<size_t>(datum)].push_back(nearest.empty() ? kFarM
                                                                        : nearest[0].distance_m);
    }
  }
  const auto as_read = static_cast<size_t>(read_as_);
  for (size_t i = 0; i < kDatumCount; ++i) fit.median_m[i] = Median(distances_m[i]);
  const auto best =
      static_cast<size_t>(std::ranges::min_element(fit.median_m) - fit.median_m.begin());
  if (best == as_read || fit.places < kPlacesMin) return fit;
  if (fit.median_m[best] > kNearM || kClearer * fit.median_m[best] > fit.median_m[as_read]) {
    return fit;
  }
  size_t nearer = 0;
  for (size_t i = 0; i < fit.places; ++i) {
    if (distances_m[best][i] < distances_m[as_read][i]) ++nearer;
  }
  if (static_cast<double>(nearer) < kNearerShare * static_cast<double>(fit.places)) return fit;
  fit.suspected = static_cast<geo::Datum>(best);
  return fit;
}

}  // namespace patrol::tracks
