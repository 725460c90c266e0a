#include "cmd/patrolsim/cameras_place_parts.h"

#include <random>
#include <utility>

namespace patrol::sim {

Material Facade(float r, float g, float b, float pitch) {
  return {Stuff::kFacade, {r, g, b}, pitch};
}

Light Clear() { return {}; }

Light LowSun() {
  Light light;
  light.sun = {0.8f, 0.25f, 0.38f};
  light.sun_light = {1.15f, 0.88f, 0.58f};
  light.sky_light = {0.21f, 0.23f, 0.28f};
  light.sky = {0.62f, 0.66f, 0.75f};
  light.haze = {0.80f, 0.70f, 0.58f};
  light.haze_distance = 600;
  return light;
}

Light Overcast() {
  Light light;
  light.sun_light = {0.12f, 0.12f, 0.12f};
  light.sky_light = {0.50f, 0.52f, 0.54f};
  light.sky = {0.62f, 0.66f, 0.70f};
  light.haze = {0.70f, 0.72f, 0.74f};
  light.haze_distance = 420;
  return light;
}

Light Night() {
  Light light;
  light.night = true;
  light.sky_light = {0.022f, 0.024f, 0.032f};
  light.sun_light = {0, 0, 0};
  light.sky = {0.010f, 0.012f, 0.022f};
  light.haze = {0.05f, 0.04f, 0.035f};
  light.haze_distance = 500;
  return light;
}

Light Infrared() {
  Light light = Night();
  light.infrared = 0.55f;
  light.haze = {0.02f, 0.02f, 0.02f};
  return light;
}

Stage NewStage(int width, int height, float height_m, float pitch, float hfov, Light light,
               Material ground) {
  Stage stage(View(width, height, height_m, pitch, hfov), light);
  stage.ground = ground;
  return stage;
}

void AddTrees(Stage& stage, std::initializer_list<cv::Point2f> places, float height, float radius) {
  int i = 0;
  for (const cv::Point2f& place : places) {
    Tree tree;
    tree.x = place.x;
    tree.y = place.y;
    const float vary = CellRandom(i++, static_cast<int>(place.x), 5);
    tree.height = height * (0.85f + 0.3f * vary);
    tree.radius = radius * (0.85f + 0.3f * vary);
    tree.colour = {0.07f + 0.05f * vary, 0.15f + 0.03f * vary, 0.04f};
    stage.trees.push_back(tree);
  }
}

void Park(Place& place, MoverKind kind, float x, float y, float heading, uint64_t seed) {
  std::mt19937_64 random(seed);
  MoverPose pose;
  pose.x = x;
  pose.y = y;
  pose.heading = heading;
  pose.standing = true;
  place.parked.emplace_back(RandomLook(kind, random), pose);
}

}  // namespace patrol::sim
