#include <utility>

#include "cmd/patrolsim/cameras_place_kinds.h"
#include "cmd/patrolsim/cameras_place_parts.h"

namespace patrol::sim {
namespace {

using P = cv::Point2f;
using K = MoverKind;

}  // namespace

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

}  // namespace patrol::sim
