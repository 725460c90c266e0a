#pragma once

#include <cmath>
#include <cstdint>

namespace patrol::sim {

// Metres, or linear red, green and blue of light. x right, y away from the camera, z up.
struct Vec3 {
  float x = 0;
  float y = 0;
  float z = 0;
};
inline Vec3 operator+(Vec3 a, Vec3 b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
inline Vec3 operator-(Vec3 a, Vec3 b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
inline Vec3 operator*(Vec3 a, float k) { return {a.x * k, a.y * k, a.z * k}; }
inline Vec3 operator*(Vec3 a, Vec3 b) { return {a.x * b.x, a.y * b.y, a.z * b.z}; }
inline float Dot(Vec3 a, Vec3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline Vec3 Cross(Vec3 a, Vec3 b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
inline float Length(Vec3 a) { return std::sqrt(Dot(a, a)); }
inline Vec3 Normalised(Vec3 a) { return a * (1 / Length(a)); }
inline Vec3 Mix(Vec3 a, Vec3 b, float share) { return a * (1 - share) + b * share; }

// Deterministic value noise of the plane, -1..1, features about 1 wide.
float Noise(float x, float y, uint32_t seed);
// Four octaves of it, -1..1.
float Fractal(float x, float y, uint32_t seed);
// A number of 0..1 for a cell of the plane's integer grid.
float CellRandom(int x, int y, uint32_t seed);

// What a surface is made of.
enum class Stuff {
  kAsphalt,
  kConcrete,
  kPaving,  // slabs; pitch: their width, m
  kGrass,
  kEarth,
  kCrops,  // rows along y; pitch: their distance, m
  kWater,
  kPaint,    // worn road marking
  kPlaster,  // plain wall with dirt
  kFacade,   // plaster with windows; pitch: distance of windows, m
  kBrick,
  kShutter,  // roller shutters and doors of shops; pitch: width of a shop, m
  kTiles,    // roof
  kMetal,
  kRailing,  // bars; what is between them is not there
  kHedge,
  kFloor,  // polished tiles indoors
};

struct Material {
  Stuff stuff = Stuff::kConcrete;
  Vec3 colour{0.5f, 0.5f, 0.5f};  // albedo, 0..1
  float pitch = 1;                // metres; see Stuff
};

// What a point of a surface does with light.
struct Surface {
  Vec3 albedo;
  Vec3 glow;          // light of its own: lit windows at night
  bool open = false;  // a hole: what is behind shows
};

// a, b: metres along the surface (of ground: x and y). night: windows may be lit.
Surface SurfaceAt(const Material& material, float a, float b, uint32_t seed, bool night);

}  // namespace patrol::sim
