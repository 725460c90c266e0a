#pragma once

#include <cstdint>
#include <vector>

#include <opencv2/core.hpp>

#include "cmd/patrolsim/cameras_materials.h"

namespace patrol::sim {

// Where a simulated camera stands and looks: at x = y = 0, `height` above the ground, along y.
class View {
 public:
  // pitch_deg: downwards from level. hfov_deg: width of the field of view.
  View(int width, int height, float height_m, float pitch_deg, float hfov_deg);

  int width() const { return width_; }
  int height() const { return height_; }
  Vec3 eye() const { return eye_; }

  // Pixel of a point (0,0 is the top left pixel's centre) and its depth along the axis, metres.
  // False when it is behind or too close.
  bool Project(Vec3 point, cv::Point2f& pixel, float& depth) const;
  // From the eye through a pixel; its component along the axis is 1, so that a point's depth is its
  // parameter on the ray.
  Vec3 Ray(float x, float y) const;
  // Pixels that a metre takes at a depth.
  float Scale(float depth) const { return focal_ / depth; }

 private:
  int width_;
  int height_;
  float focal_;
  Vec3 eye_;
  Vec3 forward_;
  Vec3 up_;
};

// A flat piece in space: origin + s * u + t * v with 0 <= s, t <= 1 (triangle: s + t <= 1).
struct Sheet {
  Vec3 origin;
  Vec3 u;
  Vec3 v;
  Material material;
  bool triangle = false;
  uint32_t seed = 0;
};

// Ground of another kind, over what was laid before.
struct Patch {
  std::vector<cv::Point2f> outline;  // x, y in metres
  Material material;
};

struct Tree {
  float x = 0;
  float y = 0;
  float height = 6;
  float radius = 2;  // of the crown
  Vec3 colour{0.09f, 0.16f, 0.05f};
};

struct Wire {
  Vec3 from;
  Vec3 to;
  float sag = 0.5f;  // metres
};

struct Lamp {
  Vec3 at;
  Vec3 light;  // intensity; about 30 lights a street from 7 m
};

struct Light {
  Vec3 sun{-0.5f, -0.4f, 0.75f};  // direction to it; normalised by Bake
  Vec3 sun_light{1.0f, 0.95f, 0.85f};
  Vec3 sky_light{0.22f, 0.26f, 0.32f};
  Vec3 sky{0.55f, 0.68f, 0.85f};   // colour of the sky above
  Vec3 haze{0.65f, 0.70f, 0.74f};  // colour of distance
  float haze_distance = 900;       // metres to 63 % of it
  float infrared = 0;              // of a lamp at the camera; makes the picture grey
  bool night = false;
  bool indoors = false;
};

// All that does not move.
struct Stage {
  Stage(View camera, Light daylight) : view(camera), light(daylight) {}

  // Walls and top of a block. yaw_deg turns it about its middle.
  void AddBlock(float x, float y, float width, float length, float height, float yaw_deg,
                Material walls, Material top);
  // A house with a gable roof whose ridge runs along its length.
  void AddHouse(float x, float y, float width, float length, float eaves, float ridge,
                float yaw_deg, Material walls, Material roof);
  // An upright sheet from one point of the ground to another.
  void AddWall(cv::Point2f from, cv::Point2f to, float bottom, float top, Material material);
  void AddPole(float x, float y, float height, float width);
  void AddStreetLamp(float x, float y, float arm_x, float brightness);
  void AddPatch(std::vector<cv::Point2f> outline, Material material);
  // A straight band of ground of some width.
  void AddBand(cv::Point2f from, cv::Point2f to, float width, Material material);
  // Dashes along a line.
  void AddDashes(cv::Point2f from, cv::Point2f to, float width, float dash, float gap);
  // A zebra crossing: stripes side by side from one point to another.
  void AddZebra(cv::Point2f from, cv::Point2f to, float length);

  View view;
  Light light;
  uint32_t seed = 1;
  Material ground;
  std::vector<Patch> patches;
  std::vector<Sheet> sheets;
  std::vector<Tree> trees;
  std::vector<Wire> wires;
  std::vector<Lamp> lamps;
};

// A stage seen from its camera, drawn once. Pictures are planar YUV 4:2:0 in one 8-bit matrix of
// 3/2 the height.
struct Backdrop {
  cv::Mat shade;   // as it is in the light of the sky and the lamps alone
  cv::Mat sunlit;  // with the sun
  cv::Mat depth;   // float, metres along the camera's axis
  cv::Mat ground;  // 255 where the ground shows
  cv::Mat sun;     // 0..255: share of the sun that reaches what shows
  cv::Mat lamps;   // float: light of lamps on what shows, mean of red, green and blue
  cv::Mat albedo;  // float: of what shows, mean
};

Backdrop DrawBackdrop(const Stage& stage);

// How a camera's electronics turn light into 0..255: 255 * sqrt(1 - exp(-kExposure * light)).
inline constexpr float kExposure = 1.7f;
Vec3 Tone(Vec3 light);
// 8-bit Y, Cb, Cr (BT.601, limited range) of toned red, green, blue.
cv::Vec3b ToYuv(Vec3 rgb);

}  // namespace patrol::sim
