#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "cmd/patrolsim/cameras_places.h"

namespace patrol::sim {

// The truth beside a clip has the box of each mover every so often.
inline constexpr int kBoxEveryFrames = 5;

// Who comes by in a scene.
enum class SceneMotion {
  kMixed,   // movers, with quiet between
  kQuiet,   // nobody; the light drifts and no more
  kMoving,  // movers, with little quiet between
  kBusy,    // one group of movers after the other
};

struct SceneOptions {
  int number = 0;  // of the place, see MakePlace
  bool night = false;
  int width = 640;  // pixels, even
  int height = 360;
  int fps = 15;
  uint64_t seed = 1;
  SceneMotion motion = SceneMotion::kMixed;
  int seconds = 0;  // 0: 60 to 84, as the seed has it
};

// A place over a minute or so: movers come and go with quiet between, the light changes, the sensor
// is noisy, a clock runs in the corner. Its end looks as its begin, so that it can be looped.
//
// Threads: one at a time.
class Scene {
 public:
  explicit Scene(const SceneOptions& options);

  const std::string& name() const { return place_.name; }
  int frames() const { return frames_; }

  // Draws frame n; to be called for 0, 1, 2, ... in order.
  // frame: becomes planar YUV 4:2:0, 3/2 height rows of width bytes.
  void Draw(int n, cv::Mat& frame);

  // What moved in the frames drawn so far, as JSON: {"version", "fps", "frames", "width", "height",
  // "moving": [{"begin_s", "end_s"}], "movers": [{"kind", "begin_s", "end_s", "boxes": [{"frame",
  // "left", "top", "right", "bottom"}]}], "light": [{"kind", "begin_s", "end_s"}]}; boxes in
  // pixels, one every fifth frame, of movers only while they move and at least 40 pixels of them
  // show.
  std::string TruthJson() const;

 private:
  struct Actor {
    MoverLook look;
    Route route;
    float begin_s = 0;
    float speed = 1;   // metres a second
    float stop_s = 0;  // how long it stands where the route says so
    float aside = 0;   // metres to the left of the route
    float length = 0;  // metres
    float end_s() const { return begin_s + length / speed + stop_s; }
  };
  struct Sight {
    int frame;
    cv::Rect box;
  };
  struct Dimming {  // less sun, or less light, for a while
    const char* kind;
    float begin_s, end_s, ramp_s, depth;
  };

  void PlanActors();
  void PlanLight();
  Actor MakeActor(float begin_s);
  bool PoseAt(const Actor& actor, float at_s, MoverPose& pose) const;
  float Dimmed(const char* kind, float at_s) const;
  void DrawParked();
  void MakeNoise();
  void AddNoise(int n, cv::Mat& frame) const;
  void DrawClock(float at_s, cv::Mat& frame);

  const SceneOptions options_;
  std::mt19937_64 random_;
  Place place_;
  Backdrop backdrop_;
  MoverPainter painter_;
  int frames_ = 0;
  float seconds_ = 0;
  std::vector<size_t> routes_left_;  // not yet taken in this turn
  std::vector<Actor> actors_;
  std::vector<Dimming> dimmings_;
  cv::Mat lit_;  // the backdrop in the light of lit_sun_, lit_gain_
  float lit_sun_ = -1;
  float lit_gain_ = -1;
  cv::Mat brighter_;  // noise, in two halves because pixels have no sign
  cv::Mat darker_;
  cv::Mat clock_ink_;
  cv::Mat clock_edge_;
  int clock_second_ = -1;
  std::map<size_t, std::vector<Sight>> sights_;  // by actor
};

}  // namespace patrol::sim
