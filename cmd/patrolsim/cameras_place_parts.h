#pragma once

#include <cstdint>
#include <initializer_list>

#include "cmd/patrolsim/cameras_movers.h"
#include "cmd/patrolsim/cameras_places.h"
#include "cmd/patrolsim/cameras_stage.h"

// What the places are made of: materials, lights, and things that stand in several of them.
namespace patrol::sim {

inline const Material kAsphalt{Stuff::kAsphalt, {0.13f, 0.13f, 0.135f}, 1};
inline const Material kConcrete{Stuff::kConcrete, {0.33f, 0.32f, 0.30f}, 1};
inline const Material kKerb{Stuff::kConcrete, {0.45f, 0.44f, 0.42f}, 1};
inline const Material kSlabs{Stuff::kPaving, {0.36f, 0.31f, 0.28f}, 0.6f};
inline const Material kGrass{Stuff::kGrass, {0.12f, 0.19f, 0.06f}, 1};
inline const Material kEarth{Stuff::kEarth, {0.26f, 0.20f, 0.14f}, 1};
inline const Material kWhiteWall{Stuff::kPlaster, {0.62f, 0.60f, 0.56f}, 1};
inline const Material kGreyWall{Stuff::kPlaster, {0.42f, 0.42f, 0.41f}, 1};
inline const Material kBrick{Stuff::kBrick, {0.34f, 0.17f, 0.12f}, 1};
inline const Material kGreyTiles{Stuff::kTiles, {0.20f, 0.21f, 0.22f}, 1};
inline const Material kRedTiles{Stuff::kTiles, {0.36f, 0.15f, 0.10f}, 1};
inline const Material kFlatRoof{Stuff::kConcrete, {0.36f, 0.36f, 0.36f}, 1};
inline const Material kPaint{Stuff::kPaint, {0.62f, 0.62f, 0.60f}, 1};
inline const Material kSteel{Stuff::kMetal, {0.45f, 0.47f, 0.50f}, 1};
inline const Material kRail{Stuff::kRailing, {0.50f, 0.52f, 0.53f}, 0.35f};
inline const Material kHedge{Stuff::kHedge, {0.09f, 0.15f, 0.05f}, 1};
inline const Material kShops{Stuff::kShutter, {0.50f, 0.47f, 0.42f}, 3.6f};

// pitch: height of a storey, metres.
Material Facade(float r, float g, float b, float pitch = 3.2f);

Light Clear();
Light LowSun();
Light Overcast();
// Street lamps only.
Light Night();
// A camera's own infrared lamp: grey, dark far off.
Light Infrared();

// pitch, hfov: degrees.
Stage NewStage(int width, int height, float height_m, float pitch, float hfov, Light light,
               Material ground);

// height, radius: of the mean tree, metres.
void AddTrees(Stage& stage, std::initializer_list<cv::Point2f> places, float height, float radius);

// A vehicle that never moves. heading: radians.
void Park(Place& place, MoverKind kind, float x, float y, float heading, uint64_t seed);

}  // namespace patrol::sim
