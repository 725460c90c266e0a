#include "cmd/patrolsim/cameras_places.h"

#include <cmath>
#include <random>

#include "cmd/patrolsim/cameras_place_kinds.h"
#include "cmd/patrolsim/cameras_place_parts.h"
#include "lib/base/check.h"

namespace patrol::sim {
namespace {

// The sun in another corner of the sky, and a picture of its own for every seed.
void Vary(Place& place, uint64_t seed) {
  for (char letter : place.name) seed = seed * 131 + static_cast<uint8_t>(letter);
  std::mt19937_64 random(seed);
  place.stage.seed = static_cast<uint32_t>(random());
  const float turn = 0.5f * static_cast<float>(random() % 1000) / 1000 - 0.25f;
  Vec3& sun = place.stage.light.sun;
  sun = {sun.x * std::cos(turn) - sun.y * std::sin(turn),
         sun.x * std::sin(turn) + sun.y * std::cos(turn), sun.z};
}

Place DayPlace(int number, int width, int height) {
  switch (number) {
    case 0:
      return Junction(width, height, Clear());
    case 1:
      return Lane(width, height, Clear());
    case 2:
      return Square(width, height, LowSun());
    case 3:
      return CarPark(width, height, Clear());
    case 4:
      return Gate(width, height, Overcast());
    case 5:
      return River(width, height, Clear());
    case 6:
      return FieldRoad(width, height, Clear());
    case 7:
      return ShopStreet(width, height, Overcast());
    case 8:
      return Hall(width, height, Overcast());
    case 9:
      return Yard(width, height, LowSun());
    case 10:
      return MainRoad(width, height, Clear());
    default:
      return Crossing(width, height, Clear());
  }
}

Place NightPlace(int number, int width, int height) {
  switch (number) {
    case 0:
      return ShopStreet(width, height, Night());
    case 1:
      return Lane(width, height, Infrared());
    case 2:
      return Junction(width, height, Night());
    case 3:
      return CarPark(width, height, Infrared());
    default:
      return MainRoad(width, height, Night());
  }
}

}  // namespace

int PlaceCount(bool night) { return night ? 5 : 12; }

Place MakePlace(int number, bool night, int width, int height, uint64_t seed) {
  PATROL_CHECK(number >= 0 && number < PlaceCount(night));
  Place place = night ? NightPlace(number, width, height) : DayPlace(number, width, height);
  Vary(place, seed);
  if (night) {
    place.name += place.stage.light.infrared > 0 ? "-infrared" : "-night";
    place.noise = place.stage.light.infrared > 0 ? 4.0f : 3.2f;
    place.sun = 0;
    return place;
  }
  place.clouds = number == 0 || number == 3 || number == 6 || number == 11;
  place.step = number == 8 || number == 4;
  return place;
}

}  // namespace patrol::sim
