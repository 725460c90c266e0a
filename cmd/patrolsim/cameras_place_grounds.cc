#include <utility>

#include "cmd/patrolsim/cameras_place_kinds.h"
#include "cmd/patrolsim/cameras_place_parts.h"

namespace patrol::sim {
namespace {

using P = cv::Point2f;
using K = MoverKind;

}  // namespace

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

}  // namespace patrol::sim
