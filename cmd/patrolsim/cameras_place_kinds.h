#pragma once

#include "cmd/patrolsim/cameras_places.h"
#include "cmd/patrolsim/cameras_stage.h"

// The kinds of place a town's cameras look at. width, height: of the picture, pixels.
namespace patrol::sim {

// Roads and streets (cameras_place_streets.cc).
Place Junction(int width, int height, Light light);
Place Lane(int width, int height, Light light);
Place FieldRoad(int width, int height, Light light);
Place ShopStreet(int width, int height, Light light);
Place MainRoad(int width, int height, Light light);
Place Crossing(int width, int height, Light light);

// Grounds and a hall, where people walk freely (cameras_place_grounds.cc).
Place Square(int width, int height, Light light);
Place CarPark(int width, int height, Light light);
Place Gate(int width, int height, Light light);
Place River(int width, int height, Light light);
Place Hall(int width, int height, Light light);
Place Yard(int width, int height, Light light);

}  // namespace patrol::sim
