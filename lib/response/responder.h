#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "lib/geo/lonlat.h"
#include "lib/patrol/coverage/live.h"
#include "lib/video/motion/motion_event.h"

namespace patrol::response {

// Who could be where something moves, and when.
struct Response {
  // The area the camera stands in: of those of kind "grid" first, else the smallest that contains
  // it. Empty when it stands in none or its place is unknown.
  std::string area_id;
  // The known unit that would be there first. Empty when none can get there within an hour.
  std::string nearest_unit_id;
  // Its travel time. Unset with nearest_unit_id.
  std::optional<absl::Duration> arrival;
  // No known unit can be there within the reach (three minutes).
  bool unattended = true;
  // The place is known, and so is some unit's position: this place is worse off than others.
  bool comparable = false;
  // Why there is no arrival time, in words; empty when there is one.
  std::string reason;
};

// Puts the two wings together: a camera's place and the live coverage make a Response.
//
// Threads: every member may be called from any thread.
class Responder {
 public:
  // `coverage` outlives this.
  explicit Responder(const coverage::LiveCoverage& coverage);

  // Where a camera stands; no place: unknown. Replaces what was known of it.
  void PutCamera(std::string_view camera_id, std::optional<geo::LonLat> place);
  void RemoveCamera(std::string_view camera_id);

  // The response to something moving in the picture of `event.camera_id`, by the last published
  // coverage. A few ms at worst (ArrivalFinder).
  Response Respond(const motion::MotionEvent& event) const;
  // The same for any place.
  Response RespondAt(geo::LonLat place) const;

 private:
  const coverage::LiveCoverage& coverage_;

  mutable std::mutex mutex_;
  // guarded by mutex_
  std::map<std::string, std::optional<geo::LonLat>, std::less<>> cameras_;
};

}  // namespace patrol::response
