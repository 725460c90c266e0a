#pragma once

#include <string>

#include "absl/strings/str_cat.h"
#include "lib/geo/lonlat.h"
#include "lib/patrol/coverage/what_if.h"
#include "lib/service/api/proto_values.h"
#include "patrol/v1/coverage_window.pb.h"
#include "patrol/v1/types.pb.h"

// The question what if as a message, for the service and those who ask it.
namespace patrol::api {

// All but hours of the day, which the service does not know.
inline void Fill(const coverage::WhatIf& what_if, v1::WhatIf* message) {
  const auto place = [](geo::LonLat from, v1::LonLat* to) {
    to->set_lon(from.lon);
    to->set_lat(from.lat);
  };
  for (const std::string& id : what_if.without) {
    message->add_without_units(absl::StrCat("units/", id));
  }
  for (const coverage::WhatIf::Moved& moved : what_if.moved) {
    v1::WhatIf::MovedUnit* unit = message->add_moved_units();
    unit->set_unit(absl::StrCat("units/", moved.unit_id));
    place(moved.place, unit->mutable_position());
  }
  for (const coverage::WhatIf::Added& added : what_if.added) {
    v1::WhatIf::AddedUnit* unit = message->add_added_units();
    place(added.place, unit->mutable_position());
    unit->set_mode(ModeToProto(added.mode));
  }
}

}  // namespace patrol::api
