#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "lib/service/api/event_hub.h"
#include "lib/service/store/rows.h"

namespace patrol::v1 {
class Area;
class Camera;
class Fix;
class MotionEvent;
class Unit;
}  // namespace patrol::v1

// Rows to messages and back. Towards rows everything is checked; `field` is the path of the message
// in the request, e.g. "camera".
namespace patrol::api {

// Without state, source_uri, username and password: those are input only.
void Fill(const store::Camera& row, v1::Camera* camera);
// All but the id.
absl::StatusOr<store::Camera> ReadCamera(const std::string& field, const v1::Camera& camera);

// Without state.
void Fill(const store::Unit& row, v1::Unit* unit);
absl::StatusOr<store::Unit> ReadUnit(const std::string& field, const v1::Unit& unit);

// Without patrollable_m.
void Fill(const store::Area& row, bool with_geometry, v1::Area* area);

void Fill(const store::Fix& row, v1::Fix* fix);
// Time and numbers are there and finite; ranges are the pipeline's to judge.
absl::StatusOr<store::Fix> ReadFix(const v1::Fix& fix);

// As a stored event: phase END or UPDATE.
void Fill(const store::MotionEvent& row, v1::MotionEvent* event);
void Fill(const EventChange& change, v1::MotionEvent* event);

}  // namespace patrol::api
