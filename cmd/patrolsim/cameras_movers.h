#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include <opencv2/core.hpp>

#include "cmd/patrolsim/cameras_stage.h"

namespace patrol::sim {

enum class MoverKind { kPerson, kEbike, kCar, kVan, kTruck, kBoat };

// What something that moves looks like.
struct MoverLook {
  MoverKind kind = MoverKind::kPerson;
  Vec3 colour;   // coat or paint, albedo
  Vec3 colour2;  // trousers or load
  float size = 1;
};

// A look like those of the street; deterministic for `random`.
MoverLook RandomLook(MoverKind kind, std::mt19937_64& random);

// Where a mover is and how it goes.
struct MoverPose {
  float x = 0;  // metres, of its middle on the ground
  float y = 0;
  float heading = 0;  // radians from +x towards +y
  float gone = 0;     // metres so far: gait, wheels
  bool standing = false;
};

// How the light stands for movers at one instant.
struct MoverLight {
  float sun = 1;   // share of the sun, 0..1
  float gain = 1;  // of luma
  bool headlamps = false;
};

// What shows of a mover's body in a picture.
struct MoverSight {
  cv::Rect box;     // pixels; empty where nothing shows
  cv::Mat pixels;   // of the box: 255 where it shows
  float depth = 0;  // of its nearest point, metres
};

// Draws movers into pictures of one stage, behind what stands before them, with their shadows and
// headlamps.
//
// Threads: one at a time.
class MoverPainter {
 public:
  // Both outlive the painter.
  MoverPainter(const Stage& stage, const Backdrop& backdrop) : stage_(stage), backdrop_(backdrop) {}

  // frame: planar YUV 4:2:0 of the stage's size, with what is further away drawn already.
  MoverSight Paint(const MoverLook& look, const MoverPose& pose, const MoverLight& light,
                   cv::Mat& frame);

 private:
  struct Polygon {
    std::vector<cv::Point2f> outline;
    cv::Vec3b colour;
  };
  struct Body {
    std::vector<Polygon> polygons;          // far ones first
    std::vector<std::vector<Vec3>> solids;  // whose hulls cast the shadow
    float depth = 1e9f;                     // of its nearest point
    cv::Rect2f bounds;
  };
  struct Frame {
    cv::Mat y, u, v;
  };
  struct Axes {
    Vec3 at, ahead, left;
    Vec3 operator()(float x, float y, float z) const {
      return at + ahead * x + left * y + Vec3{0, 0, z};
    }
  };
  struct Box {
    float back, front, half_width, bottom, top;
    float back_top, front_top;  // ends of the top, for a cabin's slanted glass
    float half_width_top;
  };

  cv::Vec3b Shaded(Vec3 albedo, Vec3 normal) const;
  void AddPolygon(const std::vector<Vec3>& points, cv::Vec3b colour, Body& body) const;
  void AddLimb(Vec3 from, Vec3 to, float from_radius, float to_radius, Vec3 albedo,
               Body& body) const;
  void AddBox(const Axes& axes, const Box& box, Vec3 paint, bool glass, Body& body) const;
  void AddWheel(const Axes& axes, float x, float y, float radius, Body& body) const;
  void AddPerson(const MoverLook& look, const MoverPose& pose, const Axes& axes, bool seated,
                 float lift, Body& body) const;
  void AddEbike(const MoverLook& look, const MoverPose& pose, const Axes& axes, Body& body) const;
  void AddVehicle(const MoverLook& look, const Axes& axes, bool lamps_on, Body& body) const;
  void AddBoat(const MoverLook& look, const Axes& axes, Body& body) const;

  void PaintShadow(const Body& body, Frame& frame) const;
  void PaintBeams(const MoverLook& look, const Axes& axes, Frame& frame) const;
  void PaintGlow(Vec3 at, Vec3 facing, float strength, bool red, Frame& frame) const;

  const Stage& stage_;
  const Backdrop& backdrop_;
  MoverLight light_;
  // Light at the mover's place.
  float sun_here_ = 1;
  float lamps_here_ = 0;
};

// The planes of a planar YUV 4:2:0 picture, sharing its memory.
cv::Mat LumaOf(cv::Mat& frame);
cv::Mat ChromaOf(cv::Mat& frame, int index);  // 1: Cb, 2: Cr

}  // namespace patrol::sim
