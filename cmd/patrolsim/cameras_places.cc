#include "cmd/patrolsim/cameras_places.h"

#include <algorithm>

#include "lib/base/check.h"

namespace patrol::sim {
namespace {

using P = cv::Point2f;
using K = MoverKind;

const Material kAsphalt{Stuff::kAsphalt, {0.13f, 0.13f, 0.135f}, 1};
const Material kConcrete{Stuff::kConcrete, {0.33f, 0.32f, 0.30f}, 1};
const Material kKerb{Stuff::kConcrete, {0.45f, 0.44f, 0.42f}, 1};
const Material kSlabs{Stuff::kPaving, {0.36f, 0.31f, 0.28f}, 0.6f};
const Material kGrass{Stuff::kGrass, {0.12f, 0.19f, 0.06f}, 1};
const Material kEarth{Stuff::kEarth, {0.26f, 0.20f, 0.14f}, 1};
const Material kWhiteWall{Stuff::kPlaster, {0.62f, 0.60f, 0.56f}, 1};
const Material kGreyWall{Stuff::kPlaster, {0.42f, 0.42f, 0.41f}, 1};
const Material kBrick{Stuff::kBrick, {0.34f, 0.17f, 0.12f}, 1};
const Material kGreyTiles{Stuff::kTiles, {0.20f, 0.21f, 0.22f}, 1};
const Material kRedTiles{Stuff::kTiles, {0.36f, 0.15f, 0.10f}, 1};
const Material kFlatRoof{Stuff::kConcrete, {0.36f, 0.36f, 0.36f}, 1};
const Material kPaint{Stuff::kPaint, {0.62f, 0.62f, 0.60f}, 1};
const Material kSteel{Stuff::kMetal, {0.45f, 0.47f, 0.50f}, 1};
const Material kRail{Stuff::kRailing, {0.50f, 0.52f, 0.53f}, 0.35f};
const Material kHedge{Stuff::kHedge, {0.09f, 0.15f, 0.05f}, 1};
const Material kShops{Stuff::kShutter, {0.50f, 0.47f, 0.42f}, 3.6f};

Material Facade(float r, float g, float b, float pitch = 3.2f) {
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

// Street lamps only.
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

// A camera's own infrared lamp: grey, dark far off.
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

void AddTrees(Stage& stage, std::initializer_list<P> places, float height, float radius) {
  int i = 0;
  for (const P& place : places) {
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

void Park(Place& place, K kind, float x, float y, float heading, uint64_t seed) {
  std::mt19937_64 random(seed);
  MoverPose pose;
  pose.x = x;
  pose.y = y;
  pose.heading = heading;
  pose.standing = true;
  place.parked.emplace_back(RandomLook(kind, random), pose);
}

Place Junction(int width, int height, Light light) {
  Place place("junction", NewStage(width, height, 7, 23, 78, light, kSlabs));
  Stage& stage = place.stage;
  stage.AddBand({-90, 20}, {90, 20}, 10, kKerb);
  stage.AddBand({-90, 20}, {90, 20}, 9.4f, kAsphalt);
  stage.AddBand({1, 20}, {1, 130}, 8.6f, kKerb);
  stage.AddBand({1, 19}, {1, 130}, 8, kAsphalt);
  stage.AddDashes({-90, 20}, {-6, 20}, 0.15f, 3, 4);
  stage.AddDashes({8, 20}, {90, 20}, 0.15f, 3, 4);
  stage.AddDashes({1, 32}, {1, 120}, 0.15f, 3, 4);
  stage.AddZebra({-8, 15.6f}, {-8, 24.4f}, 2.6f);
  stage.AddZebra({-2.8f, 27.5f}, {4.8f, 27.5f}, 2.6f);
  stage.AddBand({5.2f, 25.6f}, {9, 25.6f}, 0.35f, kPaint);
  stage.AddBlock(-26, 42, 34, 16, 16, 0, Facade(0.52f, 0.44f, 0.34f), kFlatRoof);
  stage.AddWall({-43, 33.8f}, {-9, 33.8f}, 0, 4.2f, kShops);
  stage.AddBlock(27, 46, 30, 20, 22, 0, Facade(0.46f, 0.48f, 0.50f, 3.6f), kFlatRoof);
  stage.AddBlock(-10, 110, 60, 20, 30, 5, Facade(0.5f, 0.47f, 0.44f), kFlatRoof);
  stage.AddBlock(40, 120, 40, 20, 38, -8, Facade(0.45f, 0.42f, 0.40f), kFlatRoof);
  AddTrees(stage,
           {{-16, 29},
            {-26, 29.5f},
            {-38, 29},
            {9, 33},
            {16, 30},
            {28, 30},
            {10, 46},
            {10, 60},
            {-8, 60}},
           6.5f, 2.1f);
  stage.AddStreetLamp(-11.5f, 14, 1.6f, 26);
  stage.AddStreetLamp(12, 27, -1.6f, 26);
  stage.AddStreetLamp(6.2f, 52, -1.6f, 26);
  place.routes = {{{K::kCar, K::kVan}, {{-75, 17.8f}, {75, 17.8f}}},
                  {{K::kCar, K::kTruck}, {{75, 22.4f}, {-75, 22.4f}}},
                  {{K::kCar}, {{-1, 110}, {-1, 32}, {-2.5f, 25}, {-8, 22.5f}, {-75, 22.4f}}},
                  {{K::kEbike}, {{-70, 16}, {0, 16}, {70, 16}}},
                  {{K::kPerson}, {{-24, 13}, {-9, 13.2f}, {-8, 15.5f}, {-8, 26}, {-30, 31}}},
                  {{K::kPerson}, {{20, 28}, {6, 27.5f}, {-4, 27.5f}, {-12, 30}, {-30, 30.5f}}}};
  place.group_max = 3;
  return place;
}

Place Lane(int width, int height, Light light) {
  Place place("lane", NewStage(width, height, 4.6f, 14, 72, light, kEarth));
  Stage& stage = place.stage;
  stage.AddPatch({{-2.2f, 0}, {2.0f, 0}, {1.6f, 24}, {-1.5f, 60}, {-6.0f, 60}, {-2.6f, 24}},
                 kConcrete);
  stage.AddPatch({{2, 0}, {9, 0}, {9, 10}, {1.9f, 10}}, kGrass);
  stage.AddHouse(-8.4f, 20, 9, 11, 5.8f, 8.2f, 2, kWhiteWall, kGreyTiles);
  stage.AddHouse(-10.5f, 36, 10, 12, 6.0f, 8.6f, 6, Facade(0.58f, 0.55f, 0.50f, 3), kGreyTiles);
  stage.AddHouse(-18.5f, 56, 10, 14, 6.2f, 9.0f, 8, kWhiteWall, kRedTiles);
  stage.AddHouse(8.0f, 19, 9, 10, 3.6f, 5.6f, -1, kBrick, kRedTiles);
  stage.AddHouse(7.4f, 34, 9, 12, 6.2f, 8.8f, 4, Facade(0.55f, 0.47f, 0.40f, 2.8f), kGreyTiles);
  stage.AddHouse(4.6f, 52, 10, 12, 6.0f, 8.4f, 8, kWhiteWall, kRedTiles);
  stage.AddHouse(-4, 82, 22, 10, 6.5f, 9.5f, 0, kGreyWall, kGreyTiles);
  stage.AddWall({-3.6f, 6}, {-3.6f, 14}, 0, 1.9f, kBrick);
  stage.AddWall({3.4f, 9}, {3.4f, 14}, 0, 1.2f, kHedge);
  stage.AddPole(2.9f, 15, 7.5f, 0.2f);
  stage.AddPole(-2.6f, 44, 7.5f, 0.2f);
  for (float z : {7.3f, 7.0f, 6.7f}) {
    stage.wires.push_back({{-6, 2, z}, {2.9f, 15, z}, 0.4f});
    stage.wires.push_back({{2.9f, 15, z}, {-2.6f, 44, z}, 0.9f});
  }
  stage.lamps.push_back({{2.0f, 15, 5.5f}, Vec3{1.0f, 0.8f, 0.55f} * 16});
  stage.lamps.push_back({{-2.2f, 44, 5.5f}, Vec3{1.0f, 0.8f, 0.55f} * 16});
  AddTrees(stage, {{5.6f, 26.4f}, {-5, 28.5f}, {12, 62}, {-14, 72}, {18, 80}, {-30, 80}}, 6.5f,
           2.2f);
  Park(place, K::kEbike, -2.6f, 12, 1.4f, 3);
  place.routes = {{{K::kPerson}, {{0.6f, 1}, {0.8f, 12}, {-0.6f, 28}, {-3.4f, 62}}},
                  {{K::kPerson}, {{-3.4f, 48}, {-1.6f, 27}, {-0.6f, 14}, {-0.4f, 1}}},
                  {{K::kEbike}, {{-3.2f, 75}, {-1.2f, 27}, {0.2f, 14}, {0.4f, 0}}},
                  {{K::kEbike}, {{1.0f, 0}, {0.8f, 14}, {-0.2f, 27}, {-3.0f, 75}}},
                  {{K::kVan}, {{-3.4f, 74}, {-1.0f, 26}, {0, 12}, {0, -4}}},
                  {{K::kPerson}, {{8, 12.4f}, {1.2f, 13}, {0.2f, 15}, {-1.2f, 27}, {-5.5f, 29}}}};
  return place;
}

Place Square(int width, int height, Light light) {
  Place place("square", NewStage(width, height, 6.5f, 20, 84, light, kSlabs));
  Stage& stage = place.stage;
  stage.AddPatch({{-14, 18}, {14, 18}, {14, 36}, {-14, 36}},
                 {Stuff::kPaving, {0.46f, 0.42f, 0.37f}, 1.2f});
  for (float x : {-19.f, 19.f}) {
    stage.AddPatch({{x - 3, 14}, {x + 3, 14}, {x + 3, 36}, {x - 3, 36}}, kGrass);
    stage.AddBlock(x, 25, 6.2f, 22, 0.4f, 0, kHedge, kHedge);
  }
  stage.AddBlock(0, 58, 54, 16, 13, 0, Facade(0.56f, 0.52f, 0.46f, 3.4f), kFlatRoof);
  stage.AddWall({-9, 49.8f}, {9, 49.8f}, 0, 4, {Stuff::kShutter, {0.5f, 0.45f, 0.4f}, 4.5f});
  stage.AddBlock(-48, 56, 26, 20, 18, 12, Facade(0.48f, 0.42f, 0.36f), kFlatRoof);
  stage.AddBlock(50, 60, 24, 20, 24, -10, Facade(0.5f, 0.5f, 0.5f), kFlatRoof);
  for (P seat : {P{-9, 17}, P{-3, 17}, P{4, 17}, P{10, 17}}) {
    stage.AddBlock(seat.x, seat.y, 1.8f, 0.5f, 0.45f, 0, kKerb,
                   {Stuff::kMetal, {0.3f, 0.2f, 0.12f}, 1});
  }
  stage.AddBlock(0, 29, 4, 4, 0.6f, 0, kKerb, kKerb);
  stage.AddPole(0, 29, 9, 0.14f);
  stage.AddStreetLamp(-13, 13, 1.2f, 24);
  stage.AddStreetLamp(13, 38, -1.2f, 24);
  AddTrees(stage,
           {{-19, 18},
            {-19, 25},
            {-19, 33},
            {19, 18},
            {19, 25},
            {19, 33},
            {-30, 42},
            {30, 44},
            {-24, 46}},
           5.5f, 2.0f);
  place.routes = {{{K::kPerson}, {{-30, 40}, {-10, 26}, {6, 14}, {16, 7}}},
                  {{K::kPerson}, {{26, 42}, {8, 33}, {-6, 24}, {-14, 12}, {-16, 7}}},
                  {{K::kPerson}, {{0, 48}, {4, 34}, {6, 20}, {2, 4}}},
                  {{K::kPerson}, {{-24, 12}, {-6, 14}, {4, 14.5f}, {28, 12}}, 2},
                  {{K::kEbike}, {{40, 40}, {0, 40}, {-45, 41}}},
                  {{K::kPerson, K::kEbike}, {{16, 6}, {8, 16}, {9, 30}, {4, 48}}}};
  place.group_max = 3;
  return place;
}

Place CarPark(int width, int height, Light light) {
  Place place("carpark", NewStage(width, height, 7.5f, 26, 76, light, kAsphalt));
  Stage& stage = place.stage;
  for (float y : {11.f, 26.f}) {
    for (float x = -16; x <= 20; x += 2.7f)
      stage.AddBand({x, y - 2.5f}, {x, y + 2.5f}, 0.12f, kPaint);
  }
  stage.AddBand({-16, 28.5f}, {20, 28.5f}, 0.12f, kPaint);
  stage.AddBand({-60, 31}, {60, 31}, 3, kGrass);
  stage.AddWall({-60, 33}, {60, 33}, 0, 2.2f, kBrick);
  stage.AddBlock(-10, 52, 46, 18, 20, 4, Facade(0.50f, 0.47f, 0.42f), kFlatRoof);
  stage.AddBlock(38, 56, 28, 16, 15, -6, Facade(0.54f, 0.46f, 0.36f), kFlatRoof);
  AddTrees(stage, {{-26, 31}, {-12, 31.2f}, {2, 31}, {15, 31.3f}, {27, 31}, {40, 31}}, 6, 2.0f);
  stage.AddStreetLamp(-18.5f, 18.5f, 1.6f, 30);
  stage.AddStreetLamp(16, 29.5f, -1.2f, 30);
  uint64_t look = 11;
  for (int i : {0, 1, 3, 4, 7, 8, 9, 11, 12}) {
    Park(place, i % 5 == 4 ? K::kVan : K::kCar, -14.65f + 2.7f * static_cast<float>(i), 25.9f,
         i % 2 == 0 ? 1.57f : -1.57f, look++);
  }
  for (int i : {1, 2, 9, 10}) {
    Park(place, K::kCar, -14.65f + 2.7f * static_cast<float>(i), 11.2f, i % 2 == 0 ? 1.57f : -1.57f,
         look++);
  }
  place.routes = {{{K::kCar, K::kVan}, {{-50, 18.5f}, {50, 18.5f}}},
                  {{K::kCar}, {{50, 20}, {-50, 20}}},
                  {{K::kPerson}, {{-30, 17}, {-5, 18}, {7, 22.5f}, {9.7f, 30}, {30, 31}}},
                  {{K::kPerson}, {{14, 5}, {12, 16}, {0, 19}, {-34, 19.5f}}},
                  {{K::kPerson}, {{-4, 3}, {-3.4f, 14}, {-2, 22}, {-3.2f, 30}, {-30, 32}}}};
  return place;
}

Place Gate(int width, int height, Light light) {
  Place place("gate", NewStage(width, height, 5, 18, 78, light, kConcrete));
  Stage& stage = place.stage;
  stage.AddBand({0, 0}, {0, 60}, 7, kAsphalt);
  stage.AddBand({-80, 36}, {80, 36}, 12, kAsphalt);
  stage.AddDashes({-80, 36}, {80, 36}, 0.15f, 3, 4);
  stage.AddPatch({{-40, 3}, {-5, 3}, {-5, 19}, {-40, 19}}, kGrass);
  stage.AddBlock(-4.6f, 22, 0.8f, 0.8f, 3.4f, 0, kBrick, kKerb);
  stage.AddBlock(4.6f, 22, 0.8f, 0.8f, 3.4f, 0, kBrick, kKerb);
  stage.AddWall({-50, 22}, {-5, 22}, 0, 0.7f, kBrick);
  stage.AddWall({-50, 22}, {-5, 22}, 0.7f, 1.7f, kRail);
  stage.AddWall({8.5f, 22}, {50, 22}, 0, 0.7f, kBrick);
  stage.AddWall({8.5f, 22}, {50, 22}, 0.7f, 1.7f, kRail);
  stage.AddBlock(6.8f, 21, 3, 3.2f, 3, 0, {Stuff::kFacade, {0.6f, 0.6f, 0.58f}, 1.6f}, kFlatRoof);
  stage.AddBlock(-4.2f, 20.6f, 0.5f, 0.5f, 1.1f, 0, {Stuff::kMetal, {0.6f, 0.3f, 0.05f}, 1},
                 kSteel);
  stage.AddBlock(-30, 56, 40, 14, 18, 0, Facade(0.55f, 0.50f, 0.42f), kFlatRoof);
  stage.AddBlock(24, 58, 44, 14, 12, 0, Facade(0.48f, 0.50f, 0.52f, 4), kFlatRoof);
  stage.AddWall({2, 50.8f}, {46, 50.8f}, 0, 4.2f, kShops);
  AddTrees(stage,
           {{-12, 18}, {-20, 17}, {-9, 27}, {14, 26.5f}, {24, 27}, {-24, 27}, {34, 46}, {-10, 46}},
           5.5f, 1.9f);
  stage.AddStreetLamp(-6, 13, 1.4f, 22);
  stage.AddStreetLamp(10, 28.5f, 1.4f, 24);
  place.routes = {{{K::kCar, K::kVan},
                   {{60, 34}, {8, 34}, {1.8f, 30}, {1.6f, 24.5f}, {1.6f, 8}, {1.6f, -6}},
                   3},
                  {{K::kCar}, {{-1.6f, -6}, {-1.6f, 18}, {-1.8f, 30}, {-8, 38}, {-70, 38.5f}}},
                  {{K::kCar, K::kTruck}, {{75, 33.6f}, {-75, 33.6f}}},
                  {{K::kCar}, {{-75, 38.6f}, {75, 38.6f}}},
                  {{K::kPerson}, {{-34, 29}, {-6, 29}, {-2.6f, 24}, {-2.4f, 10}, {-2.6f, 2}}},
                  {{K::kPerson}, {{2.4f, 2}, {2.8f, 16}, {2.9f, 24}, {8, 29.5f}, {34, 29.5f}}, 2},
                  {{K::kEbike}, {{40, 31}, {3.4f, 30}, {2.4f, 22}, {2.2f, 0}}}};
  return place;
}

Place River(int width, int height, Light light) {
  Place place("river", NewStage(width, height, 6, 17, 82, light, kGrass));
  Stage& stage = place.stage;
  stage.AddPatch({{-90, 20}, {90, 26}, {90, 62}, {-90, 52}},
                 {Stuff::kWater, {0.07f, 0.09f, 0.07f}, 1});
  stage.AddBand({-60, 12.5f}, {60, 16.5f}, 4, kSlabs);
  stage.AddWall({-70, 18.6f}, {70, 23.3f}, 0, 1.1f, kRail);
  stage.AddBand({-90, 54}, {90, 64}, 3, kConcrete);
  stage.AddBlock(-36, 76, 40, 14, 18, -4, Facade(0.55f, 0.5f, 0.44f), kFlatRoof);
  stage.AddHouse(10, 80, 14, 10, 6, 9, 90, kWhiteWall, kGreyTiles);
  stage.AddHouse(32, 84, 14, 10, 6, 9, 90, kWhiteWall, kRedTiles);
  stage.AddBlock(64, 92, 30, 14, 26, -8, Facade(0.46f, 0.45f, 0.45f), kFlatRoof);
  AddTrees(stage,
           {{-20, 17.4f},
            {7, 18.6f},
            {24, 20},
            {-44, 60},
            {-30, 62},
            {-12, 63},
            {4, 65},
            {22, 67},
            {44, 69},
            {56, 70}},
           6.5f, 2.4f);
  stage.AddStreetLamp(-6, 16.8f, -1.2f, 22);
  place.routes = {{{K::kPerson}, {{-26, 14.2f}, {0, 15.6f}, {32, 17.6f}}},
                  {{K::kPerson}, {{30, 15.6f}, {4, 14}, {-4, 13.6f}, {-28, 11.6f}}, 2},
                  {{K::kEbike}, {{-50, 12}, {50, 15.6f}}},
                  {{K::kBoat}, {{-75, 38}, {80, 44}}},
                  {{K::kPerson}, {{3, 3}, {2, 12}, {10, 15.6f}, {30, 17}}}};
  return place;
}

Place FieldRoad(int width, int height, Light light) {
  Place place("fieldroad", NewStage(width, height, 5.5f, 13, 70, light, kGrass));
  Stage& stage = place.stage;
  const Material crops{Stuff::kCrops, {0.17f, 0.22f, 0.06f}, 0.9f};
  stage.AddPatch({{-160, 9}, {-9, 9}, {6, 120}, {-160, 120}}, crops);
  stage.AddPatch({{2, 9}, {160, 9}, {160, 120}, {14.5f, 120}},
                 {Stuff::kCrops, {0.30f, 0.24f, 0.08f}, 1.4f});
  stage.AddPatch({{-6.2f, 0}, {-1.6f, 0}, {13.2f, 150}, {9.6f, 150}}, kConcrete);
  stage.AddPatch({{-160, 120}, {160, 120}, {160, 126}, {-160, 126}}, kEarth);
  stage.AddHouse(-34, 134, 16, 10, 6, 9, 90, kWhiteWall, kRedTiles);
  stage.AddHouse(-12, 140, 16, 10, 6, 9, 90, kWhiteWall, kGreyTiles);
  stage.AddHouse(36, 138, 18, 10, 6, 9, 90, Facade(0.55f, 0.5f, 0.45f), kRedTiles);
  stage.AddHouse(62, 146, 16, 10, 6, 9, 90, kBrick, kGreyTiles);
  AddTrees(stage,
           {{-54, 132},
            {-24, 130},
            {2, 131},
            {24, 130},
            {50, 131},
            {78, 136},
            {-80, 138},
            {6, 42},
            {15, 78},
            {-6, 33}},
           7, 2.6f);
  for (P pole : {P{-7.6f, 18}, P{-2.4f, 58}, P{4, 100}}) stage.AddPole(pole.x, pole.y, 8, 0.22f);
  for (float z : {7.8f, 7.4f}) {
    stage.wires.push_back({{-14, 0, z}, {-7.6f, 18, z}, 0.5f});
    stage.wires.push_back({{-7.6f, 18, z}, {-2.4f, 58, z}, 1.2f});
    stage.wires.push_back({{-2.4f, 58, z}, {4, 100, z}, 1.2f});
  }
  place.routes = {{{K::kTruck, K::kVan, K::kCar}, {{11.5f, 148}, {-3.9f, 2}, {-4.6f, -6}}},
                  {{K::kCar, K::kEbike}, {{-3.2f, -4}, {-2.8f, 8}, {12, 148}}},
                  {{K::kEbike}, {{11.5f, 120}, {-3.5f, 4}, {-4, -2}}},
                  {{K::kPerson}, {{-2.4f, 1}, {-1.2f, 12}, {2.5f, 46}}},
                  {{K::kPerson}, {{0.8f, 45}, {-3, 12}, {-4.4f, 1}}}};
  return place;
}

Place ShopStreet(int width, int height, Light light) {
  Place place("shops", NewStage(width, height, 5, 16, 80, light, kSlabs));
  Stage& stage = place.stage;
  stage.AddPatch({{3, 0}, {14, 0}, {17, 100}, {5, 100}}, kKerb);
  stage.AddPatch({{3.3f, 0}, {13.7f, 0}, {16.7f, 100}, {5.3f, 100}}, kAsphalt);
  stage.AddDashes({8.5f, 4}, {11, 100}, 0.14f, 3, 4);
  stage.AddWall({-6.4f, 4}, {-4.4f, 70}, 0, 4.2f, kShops);
  stage.AddWall({-6.4f, 4}, {-4.4f, 70}, 4.2f, 14, Facade(0.52f, 0.46f, 0.38f, 3.6f));
  stage.AddWall({21, 8}, {24, 80}, 0, 4.2f, kShops);
  stage.AddWall({21, 8}, {24, 80}, 4.2f, 17, Facade(0.46f, 0.47f, 0.48f, 3.6f));
  stage.AddBlock(8, 112, 60, 16, 26, 0, Facade(0.5f, 0.45f, 0.4f), kFlatRoof);
  AddTrees(stage,
           {{1.9f, 15}, {2.4f, 27}, {2.9f, 40}, {3.4f, 54}, {18.4f, 22}, {19, 38}, {19.6f, 56}},
           5.2f, 1.7f);
  stage.AddStreetLamp(1.6f, 20, 1.6f, 26);
  stage.AddStreetLamp(2.8f, 46, 1.6f, 26);
  uint64_t look = 31;
  for (float y : {11.f, 12.2f, 13.f, 22.5f, 23.4f, 35.f})
    Park(place, K::kEbike, 0.7f + y * 0.03f, y, 0.2f, look++);
  Park(place, K::kVan, 15.6f, 30, 1.54f, 51);
  Park(place, K::kCar, 15.9f, 38, 1.54f, 52);
  place.routes = {{{K::kPerson}, {{-1.4f, 1}, {-1.2f, 14}, {-0.4f, 60}}},
                  {{K::kPerson}, {{-0.8f, 46}, {-2.2f, 20}, {-3, 14}, {-2.6f, 1}}, 2},
                  {{K::kPerson}, {{19.6f, 62}, {18.6f, 14}, {18.3f, 5}}},
                  {{K::kCar, K::kVan}, {{13.6f, 100}, {11.6f, 10}, {11.4f, -4}}},
                  {{K::kCar, K::kEbike}, {{5.8f, -4}, {6.0f, 8}, {8.2f, 100}}},
                  {{K::kPerson}, {{-5.2f, 32}, {-2.8f, 30}, {1.6f, 32}, {6, 33}, {20, 34}}}};
  place.group_max = 3;
  return place;
}

Place Hall(int width, int height, Light light) {
  light.indoors = true;
  light.sky_light = {0.30f, 0.30f, 0.29f};
  light.sun = {0, 0, 1};
  Place place("hall", NewStage(width, height, 3.6f, 21, 88, light,
                               {Stuff::kFloor, {0.46f, 0.44f, 0.40f}, 0.8f}));
  Stage& stage = place.stage;
  const Material wall{Stuff::kPlaster, {0.62f, 0.62f, 0.58f}, 1};
  stage.AddWall({-7, 0}, {-7, 22}, 0, 4, wall);
  stage.AddWall({7, 0}, {7, 22}, 0, 4, wall);
  stage.AddWall({-7, 22}, {7, 22}, 0, 4, wall);
  stage.AddWall({-1.3f, 21.95f}, {1.3f, 21.95f}, 0, 2.6f,
                {Stuff::kFacade, {0.35f, 0.36f, 0.38f}, 1.3f});
  for (float y : {7.f, 12.f, 17.f}) {
    stage.AddWall({-6.95f, y}, {-6.95f, y + 1.1f}, 0, 2.1f,
                  {Stuff::kMetal, {0.33f, 0.22f, 0.14f}, 1});
    stage.AddWall({6.95f, y}, {6.95f, y + 1.1f}, 0, 2.1f,
                  {Stuff::kMetal, {0.33f, 0.22f, 0.14f}, 1});
  }
  stage.AddBlock(-4.8f, 16, 1, 5, 1.1f, 0, {Stuff::kMetal, {0.42f, 0.32f, 0.22f}, 1}, kSteel);
  for (float y : {9.f, 10.2f, 11.4f})
    stage.AddBlock(5.9f, y, 0.6f, 1.1f, 0.45f, 0, kSteel,
                   {Stuff::kMetal, {0.10f, 0.16f, 0.32f}, 1});
  stage.AddBlock(2.6f, 20.8f, 0.8f, 0.8f, 1.2f, 0, kHedge, kHedge);
  stage.sheets.push_back({{-7, 0, 4},
                          {14, 0, 0},
                          {0, 22, 0},
                          {Stuff::kFloor, {0.66f, 0.66f, 0.64f}, 1.2f},
                          false,
                          90});
  for (float y : {5.f, 11.f, 17.f}) {
    for (float x : {-3.5f, 3.5f})
      stage.lamps.push_back({{x, y, 3.7f}, Vec3{1.0f, 0.98f, 0.92f} * 3.2f});
  }
  place.routes = {{{K::kPerson}, {{0, 21.9f}, {0.3f, 16}, {1, 6}, {1.5f, 1}}},
                  {{K::kPerson}, {{-1.4f, 1}, {-1.6f, 8}, {-3.4f, 15}, {-1, 18}, {0, 21.9f}}, 2},
                  {{K::kPerson}, {{6.9f, 12.5f}, {2, 12}, {-2, 12}, {-6.9f, 12.5f}}},
                  {{K::kPerson}, {{-6.9f, 7.5f}, {0, 8}, {4, 16}, {6.9f, 17.5f}}}};
  return place;
}

Place Yard(int width, int height, Light light) {
  Place place("yard", NewStage(width, height, 8, 24, 80, light, kConcrete));
  Stage& stage = place.stage;
  stage.AddPatch({{-11, 14}, {11, 14}, {11, 30}, {-11, 30}},
                 {Stuff::kConcrete, {0.16f, 0.28f, 0.20f}, 1});
  for (auto [a, b] : {std::pair{P{-11, 14}, P{11, 14}},
                      {P{-11, 30}, P{11, 30}},
                      {P{-11, 14}, P{-11, 30}},
                      {P{11, 14}, P{11, 30}},
                      {P{0, 14}, P{0, 30}},
                      {P{-6, 19}, P{-6, 25}},
                      {P{6, 19}, P{6, 25}},
                      {P{-11, 19}, P{-6, 19}},
                      {P{-11, 25}, P{-6, 25}},
                      {P{6, 19}, P{11, 19}},
                      {P{6, 25}, P{11, 25}}}) {
    stage.AddBand(a, b, 0.12f, kPaint);
  }
  for (float x : {-11.8f, 11.8f}) {
    stage.AddPole(x, 22, 3.6f, 0.18f);
    const float face = x < 0 ? x + 0.9f : x - 0.9f;
    stage.AddWall({face, 21.1f}, {face, 22.9f}, 2.8f, 3.9f, kWhiteWall);
  }
  stage.AddBand({-60, 35}, {60, 35}, 3, kGrass);
  stage.AddBlock(-4, 50, 56, 14, 14, 0, Facade(0.58f, 0.40f, 0.32f, 3), kFlatRoof);
  stage.AddBlock(44, 40, 14, 40, 11, 0, Facade(0.56f, 0.52f, 0.46f, 3), kFlatRoof);
  stage.AddBlock(-26, 20, 5, 12, 3.2f, 0, kGreyWall, kFlatRoof);
  AddTrees(stage, {{-30, 35}, {-20, 35}, {-8, 35.2f}, {6, 35}, {18, 35}, {29, 35}, {-20, 12}}, 6,
           2.1f);
  stage.AddStreetLamp(-14, 31, 1.4f, 26);
  place.routes = {{{K::kPerson}, {{-36, 32.5f}, {-10, 32}, {12, 32.5f}, {36, 31}}},
                  {{K::kPerson}, {{14, 6}, {9, 16}, {0, 26}, {-10, 32}, {-30, 33}}},
                  {{K::kPerson}, {{-22, 8}, {-12, 12}, {4, 12.5f}, {22, 11}}},
                  {{K::kPerson}, {{30, 33}, {8, 28}, {-6, 18}, {-8, 6}}},
                  {{K::kEbike}, {{34, 12}, {-30, 11.6f}}}};
  return place;
}

Place MainRoad(int width, int height, Light light) {
  Place place("mainroad", NewStage(width, height, 8, 15, 66, light, kGrass));
  Stage& stage = place.stage;
  stage.AddPatch({{-12, 0}, {6, 0}, {28, 260}, {8, 260}}, kAsphalt);
  stage.AddPatch({{-3.4f, 0}, {-2.8f, 0}, {18.3f, 260}, {17.6f, 260}}, kHedge);
  for (auto [a, b] : {std::pair{P{-11.4f, 4}, P{8.6f, 260}}, {P{5.4f, 4}, P{27.4f, 260}}})
    stage.AddBand(a, b, 0.18f, kPaint);
  stage.AddDashes({-7.4f, 4}, {13, 260}, 0.16f, 4, 6);
  stage.AddDashes({1.2f, 4}, {22.5f, 260}, 0.16f, 4, 6);
  stage.AddWall({-13.4f, 6}, {6.6f, 260}, 0.35f, 0.75f, kSteel);
  stage.AddWall({7.4f, 6}, {29.6f, 260}, 0.35f, 0.75f, kSteel);
  stage.AddBlock(-50, 150, 40, 30, 18, 8, Facade(0.52f, 0.5f, 0.46f, 4), kFlatRoof);
  stage.AddBlock(-46, 90, 24, 34, 9, 10, {Stuff::kMetal, {0.30f, 0.40f, 0.52f}, 1}, kSteel);
  stage.AddBlock(74, 170, 50, 30, 24, 6, Facade(0.5f, 0.46f, 0.42f), kFlatRoof);
  AddTrees(stage,
           {{-20, 26},
            {-17, 44},
            {-15, 62},
            {-13, 84},
            {-11, 110},
            {14, 30},
            {17, 52},
            {20, 78},
            {24, 106},
            {29, 140},
            {-30, 66},
            {40, 96}},
           7.5f, 2.6f);
  for (float y : {24.f, 58.f, 96.f}) stage.AddStreetLamp(-14.2f + y * 0.078f, y, 2.2f, 34);
  place.routes = {{{K::kCar, K::kVan}, {{21, 250}, {0.9f, 6}, {0.2f, -10}}},
                  {{K::kTruck, K::kCar}, {{25, 250}, {3.6f, 6}, {3, -10}}},
                  {{K::kCar, K::kVan}, {{-5.5f, -10}, {-4.9f, 6}, {16, 250}}},
                  {{K::kCar, K::kTruck}, {{-9.5f, -10}, {-9.2f, 6}, {10.6f, 250}}},
                  {{K::kEbike}, {{-11.4f, -4}, {-10.4f, 8}, {8, 240}}}};
  place.group_max = 3;
  return place;
}

Place Crossing(int width, int height, Light light) {
  Place place("crossing", NewStage(width, height, 10, 40, 74, light, kSlabs));
  Stage& stage = place.stage;
  stage.AddBand({-60, 14.5f}, {60, 14.5f}, 11.6f, kKerb);
  stage.AddBand({-60, 14.5f}, {60, 14.5f}, 11, kAsphalt);
  stage.AddZebra({2, 9.2f}, {2, 19.8f}, 4);
  stage.AddBand({-60, 14.5f}, {-1.8f, 14.5f}, 0.15f, kPaint);
  stage.AddBand({5.8f, 14.5f}, {60, 14.5f}, 0.15f, kPaint);
  stage.AddBand({-3, 9.2f}, {-3, 14.4f}, 0.4f, kPaint);
  stage.AddBand({7, 14.6f}, {7, 19.8f}, 0.4f, kPaint);
  stage.AddBand({-60, 22}, {60, 22}, 1.4f, kHedge);
  stage.AddPatch({{0, 21}, {4, 21}, {4, 24}, {0, 24}}, kSlabs);
  stage.AddWall({-40, 30}, {40, 30}, 0, 4.4f, kShops);
  stage.AddWall({-40, 30}, {40, 30}, 4.4f, 20, Facade(0.5f, 0.46f, 0.4f, 3.2f));
  AddTrees(stage, {{-14, 22}, {-7, 22}, {9, 22}, {16, 22}, {-10, 7.4f}}, 5, 1.7f);
  stage.AddStreetLamp(-2, 21, -1.6f, 26);
  Park(place, K::kEbike, 7.4f, 26.4f, 1.4f, 61);
  Park(place, K::kEbike, 8.4f, 26.3f, 1.5f, 62);
  place.routes = {
      {{K::kCar, K::kVan, K::kTruck}, {{-50, 11.8f}, {50, 11.8f}}},
      {{K::kCar, K::kVan}, {{50, 17.2f}, {-50, 17.2f}}},
      {{K::kPerson}, {{20, 26}, {3, 25}, {2, 20}, {1.6f, 9}, {-2, 5}, {-12, 4.4f}}},
      {{K::kPerson}, {{14, 5.4f}, {3, 7.4f}, {2.6f, 9}, {2.4f, 20}, {1.6f, 25}, {-22, 27}}, 1},
      {{K::kEbike}, {{-40, 9.9f}, {40, 9.9f}}},
      {{K::kPerson}, {{-24, 27}, {24, 27.4f}}}};
  return place;
}

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
