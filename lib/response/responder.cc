#include "lib/response/responder.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/snapshot.h"

namespace patrol::response {
namespace {

// The unit of patrol planning: of the areas a camera stands in, its grid says most.
constexpr std::string_view kPreferredKind = "grid";

}  // namespace

Responder::Responder(const coverage::LiveCoverage& coverage) : coverage_(coverage) {}

void Responder::PutCamera(std::string_view camera_id, std::optional<geo::LonLat> place) {
  std::lock_guard lock(mutex_);
  cameras_[std::string(camera_id)] = place;
}

void Responder::RemoveCamera(std::string_view camera_id) {
  std::lock_guard lock(mutex_);
  if (const auto it = cameras_.find(camera_id); it != cameras_.end()) cameras_.erase(it);
}

Response Responder::Respond(const motion::MotionEvent& event) const {
  std::optional<geo::LonLat> place;
  {
    std::lock_guard lock(mutex_);
    const auto it = cameras_.find(event.camera_id);
    if (it != cameras_.end()) place = it->second;
  }
  if (place) return RespondAt(*place);
  Response response;
  response.reason = absl::StrCat("camera \"", event.camera_id, "\": its place is not known");
  return response;
}

Response Responder::RespondAt(geo::LonLat place) const {
  Response response;
  const std::shared_ptr<const coverage::CoverageSnapshot> snapshot = coverage_.snapshot();
  const coverage::AreaIndex& areas = *snapshot->area_index;
  if (const std::optional<size_t> area = areas.FindArea(place, kPreferredKind)) {
    response.area_id = areas.areas()[*area].id;
  }
  response.comparable = snapshot->unit_counts.known > 0;
  const coverage::UnitArrival arrival = coverage_.ArrivalAt(place);
  if (!arrival.found()) {
    response.reason = arrival.reason;
    return response;
  }
  response.nearest_unit_id = arrival.unit_id;
  response.arrival = arrival.time;
  response.unattended = arrival.time > snapshot->reach;
  return response;
}

}  // namespace patrol::response
