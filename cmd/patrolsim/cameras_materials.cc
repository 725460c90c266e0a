#include "cmd/patrolsim/cameras_materials.h"

#include <algorithm>

namespace patrol::sim {
namespace {

uint32_t HashCell(int x, int y, uint32_t seed) {
  uint32_t h = static_cast<uint32_t>(x) * 0x8DA6B343u ^ static_cast<uint32_t>(y) * 0xD8163841u ^
               seed * 0xCB1AB31Fu;
  h = (h ^ (h >> 15)) * 0x2C1B3C6Du;
  h = (h ^ (h >> 12)) * 0x297A2D39u;
  return h ^ (h >> 15);
}

// Where in a repeating cell a coordinate is: the cell's number, and 0..pitch within it.
int Cell(float value, float pitch, float& within) {
  const float cell = std::floor(value / pitch);
  within = value - cell * pitch;
  return static_cast<int>(cell);
}

Surface Facade(const Material& material, float a, float b, uint32_t seed, bool night) {
  constexpr float kStorey = 3.1f;
  Surface surface;
  // Dirt runs down from the window sills.
  const float dirt = 0.5f * Fractal(a * 1.5f, b * 0.15f, seed) + 0.5f * Fractal(a, b, seed + 1);
  surface.albedo = material.colour * (1 + 0.16f * dirt);
  float in_a = 0;
  float in_b = 0;
  const int column = Cell(a, material.pitch, in_a);
  const int storey = Cell(b, kStorey, in_b);
  const float width = material.pitch * 0.5f;
  const float left = (material.pitch - width) / 2;
  const float u = (in_a - left) / width;  // 0..1 within the window
  const float v = (in_b - 0.9f) / 1.5f;
  if (u > -0.06f && u < 1.06f && v > -0.1f && v < 0) {  // sill
    surface.albedo = material.colour * 0.75f;
  } else if (u >= 0 && u <= 1 && v >= 0 && v <= 1) {
    const float kind = CellRandom(column, storey, seed + 7);
    const bool frame =
        u < 0.05f || u > 0.95f || v < 0.05f || v > 0.95f || std::abs(u - 0.5f) < 0.03f;
    if (frame) {
      surface.albedo = {0.62f, 0.63f, 0.62f};
    } else if (kind < 0.3f) {  // curtain
      surface.albedo = Vec3{0.42f, 0.40f, 0.36f} * (0.9f + 0.2f * std::sin(u * 40));
    } else {  // glass: darker at the top of the room, the sky in its lower part
      surface.albedo = Vec3{0.07f, 0.09f, 0.11f} * (1.6f - 0.8f * v + 0.3f * kind);
    }
    if (night && kind > 0.72f && !frame) {
      surface.glow = Vec3{0.55f, 0.40f, 0.20f} * (0.5f + 0.5f * kind);
    }
  } else if (v > -0.05f && v < 0.35f && u > 1.1f && u < 1.5f &&
             CellRandom(column, storey, seed + 9) > 0.6f) {  // air conditioner
    surface.albedo = Vec3{0.7f, 0.7f, 0.68f} * (v > 0.02f && u < 1.45f ? 0.9f : 0.5f);
  }
  return surface;
}

Surface Shops(const Material& material, float a, float b, uint32_t seed, bool night) {
  Surface surface;
  float in_a = 0;
  const int shop = Cell(a, material.pitch, in_a);
  const float kind = CellRandom(shop, 3, seed);
  const float u = in_a / material.pitch;
  if (u < 0.06f || u > 0.94f || b > 3.9f) {
    surface.albedo = material.colour * (1 + 0.1f * Fractal(a, b, seed));
  } else if (b > 2.9f) {  // signboard, with something like writing on it
    const Vec3 boards[] = {
        {0.55f, 0.08f, 0.07f}, {0.08f, 0.22f, 0.5f}, {0.6f, 0.45f, 0.08f}, {0.1f, 0.38f, 0.18f}};
    const int board = static_cast<int>(kind * 3.99f);
    const bool writing = b > 3.1f && b < 3.7f && u > 0.2f && u < 0.8f &&
                         CellRandom(static_cast<int>(a * 9), static_cast<int>(b * 9), seed) > 0.5f;
    surface.albedo = writing ? Vec3{0.85f, 0.83f, 0.7f} : boards[board];
    if (night) surface.glow = surface.albedo * 0.35f;
  } else if (kind < 0.55f) {  // roller shutter
    surface.albedo = Vec3{0.45f, 0.47f, 0.5f} * (0.85f + 0.15f * std::sin(b * 60));
  } else {  // open: dark inside, goods at the bottom
    surface.albedo =
        Vec3{0.10f, 0.09f, 0.08f} *
        (b < 1.1f ? 1.8f + 1.5f * CellRandom(static_cast<int>(a * 5), static_cast<int>(b * 4), seed)
                  : 1.0f);
    if (night) surface.glow = Vec3{0.5f, 0.42f, 0.3f} * (0.4f + 0.2f * b / 3);
  }
  return surface;
}

Vec3 Bricks(const Material& material, float a, float b, uint32_t seed) {
  float in_b = 0;
  const int course = Cell(b, 0.075f, in_b);
  float in_a = 0;
  const int brick = Cell(a + (course % 2 == 0 ? 0 : 0.12f), 0.24f, in_a);
  if (in_b < 0.012f || in_a < 0.012f) return material.colour * 1.15f;
  return material.colour * (0.8f + 0.35f * CellRandom(brick, course, seed)) *
         (1 + 0.15f * Fractal(a * 0.7f, b * 0.7f, seed));
}

Vec3 Asphalt(const Material& material, float a, float b, uint32_t seed) {
  const float patches = Fractal(a * 0.35f, b * 0.35f, seed);
  const float grain = Noise(a * 30, b * 30, seed + 3);
  // Cracks: where a slow noise passes through zero.
  const float crack = std::abs(Fractal(a * 0.5f + 40, b * 0.5f, seed + 5));
  const float shade = 1 + 0.14f * patches + 0.10f * grain - (crack < 0.008f ? 0.35f : 0);
  return material.colour * shade;
}

Vec3 Paving(const Material& material, float a, float b, uint32_t seed) {
  float in_a = 0;
  float in_b = 0;
  const int row = Cell(b, material.pitch, in_b);
  const int column = Cell(a + (row % 2 == 0 ? 0 : material.pitch / 2), material.pitch, in_a);
  const float joint = 0.04f * material.pitch;
  const float tone = 0.86f + 0.24f * CellRandom(column, row, seed);
  const float dirt = 1 + 0.15f * Fractal(a * 0.4f, b * 0.4f, seed + 1);
  if (in_a < joint || in_b < joint) return material.colour * 0.65f;
  return material.colour * (tone * dirt);
}

}  // namespace

float CellRandom(int x, int y, uint32_t seed) {
  return static_cast<float>(HashCell(x, y, seed) >> 8) * (1.0f / 16777216.0f);
}

float Noise(float x, float y, uint32_t seed) {
  const float fx = std::floor(x);
  const float fy = std::floor(y);
  const int ix = static_cast<int>(fx);
  const int iy = static_cast<int>(fy);
  float u = x - fx;
  float v = y - fy;
  u = u * u * (3 - 2 * u);
  v = v * v * (3 - 2 * v);
  const float top = CellRandom(ix, iy, seed) * (1 - u) + CellRandom(ix + 1, iy, seed) * u;
  const float bottom =
      CellRandom(ix, iy + 1, seed) * (1 - u) + CellRandom(ix + 1, iy + 1, seed) * u;
  return 2 * (top * (1 - v) + bottom * v) - 1;
}

float Fractal(float x, float y, uint32_t seed) {
  return 0.53f * Noise(x, y, seed) + 0.27f * Noise(x * 2.03f, y * 2.03f, seed + 101) +
         0.13f * Noise(x * 4.11f, y * 4.11f, seed + 202) +
         0.07f * Noise(x * 8.3f, y * 8.3f, seed + 303);
}

Surface SurfaceAt(const Material& material, float a, float b, uint32_t seed, bool night) {
  Surface surface;
  const Vec3 colour = material.colour;
  switch (material.stuff) {
    case Stuff::kAsphalt:
      surface.albedo = Asphalt(material, a, b, seed);
      break;
    case Stuff::kConcrete: {
      float in_a = 0;
      float in_b = 0;
      Cell(a, 4, in_a);
      Cell(b, 4, in_b);
      const bool joint = in_a < 0.03f || in_b < 0.03f;
      surface.albedo = colour * ((joint ? 0.7f : 1) + 0.14f * Fractal(a * 0.5f, b * 0.5f, seed) +
                                 0.06f * Noise(a * 25, b * 25, seed));
      break;
    }
    case Stuff::kPaving:
      surface.albedo = Paving(material, a, b, seed);
      break;
    case Stuff::kGrass: {
      const float clumps = Fractal(a * 0.8f, b * 0.8f, seed);
      const float blades = Noise(a * 14, b * 9, seed + 2);
      surface.albedo =
          Mix(colour, {0.22f, 0.19f, 0.10f}, std::clamp(0.25f + 0.5f * clumps, 0.f, 1.f)) *
          (1 + 0.3f * blades + 0.25f * clumps);
      break;
    }
    case Stuff::kEarth:
      surface.albedo = colour * (1 + 0.25f * Fractal(a * 0.6f, b * 0.6f, seed) +
                                 0.15f * Noise(a * 12, b * 12, seed + 4));
      break;
    case Stuff::kCrops: {
      float in_row = 0;
      Cell(a + 0.2f * Noise(b * 0.3f, 0, seed), material.pitch, in_row);
      const float row = std::sin(in_row / material.pitch * 6.2832f);
      surface.albedo =
          Mix({0.20f, 0.15f, 0.09f}, colour, std::clamp(0.5f + 0.7f * row, 0.f, 1.f)) *
          (1 + 0.3f * Noise(a * 7, b * 7, seed) + 0.2f * Fractal(a * .1f, b * .1f, seed));
      break;
    }
    case Stuff::kWater:
      surface.albedo = colour * (1 + 0.28f * Fractal(a * 0.9f, b * 2.6f, seed) +
                                 0.18f * Fractal(a * 0.05f, b * 0.2f, seed + 1));
      break;
    case Stuff::kPaint:
      surface.albedo = Mix(colour, {0.13f, 0.13f, 0.13f},
                           std::clamp(0.15f + 0.9f * Fractal(a * 2, b * 2, seed), 0.f, 0.8f));
      break;
    case Stuff::kPlaster: {
      const float streaks = Fractal(a * 1.2f, b * 0.12f, seed);
      const float foot = std::clamp(1 - b / 0.5f, 0.f, 1.f);
      surface.albedo =
          colour * (1 + 0.12f * streaks + 0.08f * Fractal(a, b, seed + 1) - 0.3f * foot);
      break;
    }
    case Stuff::kFacade:
      return Facade(material, a, b, seed, night);
    case Stuff::kBrick:
      surface.albedo = Bricks(material, a, b, seed);
      break;
    case Stuff::kShutter:
      return Shops(material, a, b, seed, night);
    case Stuff::kTiles: {
      float in_row = 0;
      float in_tile = 0;
      const int row = Cell(b, 0.35f, in_row);
      const int tile = Cell(a, 0.25f, in_tile);
      surface.albedo = colour *
                       (0.75f + 0.3f * CellRandom(tile, row, seed) - (in_row < 0.07f ? 0.3f : 0)) *
                       (1 + 0.2f * Fractal(a * 0.5f, b * 0.5f, seed));
      break;
    }
    case Stuff::kMetal:
      surface.albedo = colour * (1 + 0.08f * Fractal(a * 2, b * 2, seed));
      break;
    case Stuff::kRailing: {
      float in_bar = 0;
      Cell(a, material.pitch, in_bar);
      surface.open = in_bar > 0.3f * material.pitch && b > 0.12f && b < 0.95f;
      surface.albedo = colour;
      break;
    }
    case Stuff::kHedge: {
      const float leaves = Noise(a * 9, b * 9, seed) + 0.6f * Noise(a * 21, b * 21, seed + 1);
      surface.albedo = colour * std::max(0.25f, 1 + 0.45f * leaves + 0.3f * Fractal(a, b, seed));
      break;
    }
    case Stuff::kFloor: {
      float in_a = 0;
      float in_b = 0;
      const int column = Cell(a, material.pitch, in_a);
      const int row = Cell(b, material.pitch, in_b);
      const bool joint = in_a < 0.012f || in_b < 0.012f;
      surface.albedo = colour * (joint ? 0.8f : 0.96f + 0.06f * CellRandom(column, row, seed)) *
                       (1 + 0.04f * Fractal(a * 2, b * 2, seed));
      break;
    }
  }
  surface.albedo = {std::clamp(surface.albedo.x, 0.01f, 0.92f),
                    std::clamp(surface.albedo.y, 0.01f, 0.92f),
                    std::clamp(surface.albedo.z, 0.01f, 0.92f)};
  return surface;
}

}  // namespace patrol::sim
