#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cmd/patrolsim/cameras_movers.h"
#include "cmd/patrolsim/cameras_stage.h"

namespace patrol::sim {

// A way that movers take through a place, from out of sight to out of sight.
struct Route {
  std::vector<MoverKind> kinds;     // who takes it
  std::vector<cv::Point2f> points;  // x, y in metres
  int stop_at = -1;                 // point where they stand a while; -1: none
};

// One of the simulator's scenes: what stands there, who passes, what the light does.
struct Place {
  Place(std::string place_name, Stage place_stage)
      : name(std::move(place_name)), stage(std::move(place_stage)) {}

  std::string name;
  Stage stage;
  std::vector<Route> routes;
  std::vector<std::pair<MoverLook, MoverPose>> parked;
  int group_max = 2;    // movers that come at a time
  float sun = 1;        // share of the sun that shines, 0..1
  bool clouds = false;  // the sun goes in and comes out
  bool step = false;    // outdoors: exposure steps down and up; indoors: half the lamps do
  float noise = 1.5f;   // of luma, standard deviation, grey levels
};

// How many there are, by day and by night.
int PlaceCount(bool night);

// number: 0..PlaceCount(night) - 1. Deterministic for a seed.
Place MakePlace(int number, bool night, int width, int height, uint64_t seed);

}  // namespace patrol::sim
