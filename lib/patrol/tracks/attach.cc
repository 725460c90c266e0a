#include "lib/patrol/tracks/attach.h"

#include <cmath>
#include <vector>

#include "absl/strings/str_format.h"
#include "lib/patrol/tracks/match_options.h"

namespace patrol::tracks {

uint64_t WalkUs(double metres) {
  return static_cast<uint64_t>(std::nearbyint(metres / kAttachSpeedMps * 1e6));
}

uint64_t Attachment::walk_us() const { return WalkUs(walk_m); }

double AttachLimitM() { return MatchOptions().attach_limit_m; }

std::optional<Attachment> AttachPlace(const roadnet::SpatialIndex& index, geo::LonLat place,
                                      roadnet::Mode mode, AttachTo roads) {
  const MatchOptions limits;
  const std::vector<roadnet::Candidate> near =
      index.Nearest(place, {.mode = mode,
                            .radius_m = limits.attach_limit_m,
                            .count_max = 1,
                            .ignore_walked = roads == AttachTo::kDriven});
  if (near.empty()) return std::nullopt;
  const double distance_m = near.front().distance_m;
  return Attachment{near.front().position, distance_m,
                    distance_m > limits.snap_limit_m ? distance_m : 0.0};
}

std::string NoRoadText(geo::LonLat place, roadnet::Mode mode) {
  return absl::StrFormat("no road for %s within %.0f m of (%.6f, %.6f)",
                         std::string(roadnet::ModeName(mode)), AttachLimitM(), place.lon,
                         place.lat);
}

}  // namespace patrol::tracks
