// Draws a stage once: depth by rasterising, then light, shadow and haze for every sample.

#include <algorithm>
#include <limits>

#include <opencv2/imgproc.hpp>

#include "cmd/patrolsim/cameras_stage.h"

namespace patrol::sim {
namespace {

// Samples a pixel in each direction.
constexpr int kSamples = 2;
constexpr float kDepthMax = 3000;
constexpr float kDepthMin = 0.3f;
constexpr int kSky = -1;
constexpr int kGround = -2;
constexpr int kTreeBase = 1'000'000;

struct Bounds {
  int left, top, right, bottom;  // right and bottom exclusive
};

class Drawer {
 public:
  explicit Drawer(const Stage& stage)
      : stage_(stage),
        width_(stage.view.width() * kSamples),
        height_(stage.view.height() * kSamples),
        depth_(static_cast<size_t>(width_ * height_), kDepthMax),
        what_(depth_.size(), kSky),
        sun_(Normalised(stage.light.sun)),
        facets_(stage.sheets.begin(), stage.sheets.end()) {}

  Backdrop Draw() {
    DrawGround();
    for (size_t i = 0; i < stage_.sheets.size(); ++i) DrawSheet(static_cast<int>(i));
    for (size_t i = 0; i < stage_.trees.size(); ++i) DrawTree(static_cast<int>(i));
    Backdrop backdrop = Shade();
    DrawWires(backdrop);
    return backdrop;
  }

 private:
  struct Sample {
    Vec3 shade;
    Vec3 sunlit;
    float sun = 0;
    float lamps = 0;
    float albedo = 0;
  };

  Vec3 RayAt(int x, int y) const {
    return stage_.view.Ray((static_cast<float>(x) + 0.5f) / kSamples - 0.5f,
                           (static_cast<float>(y) + 0.5f) / kSamples - 0.5f);
  }
  size_t Index(int x, int y) const { return static_cast<size_t>(y * width_ + x); }

  void DrawGround() {
    for (int y = 0; y < height_; ++y) {
      for (int x = 0; x < width_; ++x) {
        const Vec3 ray = RayAt(x, y);
        if (ray.z > -1e-4f) continue;
        const float t = stage_.view.eye().z / -ray.z;
        if (t >= kDepthMax) continue;
        depth_[Index(x, y)] = t;
        what_[Index(x, y)] = kGround;
      }
    }
  }

  // Where on the picture's samples a set of points may show; all of it when one is behind.
  Bounds BoundsOf(std::initializer_list<Vec3> points) const {
    float left = 1e9f, top = 1e9f, right = -1e9f, bottom = -1e9f;
    for (const Vec3& point : points) {
      cv::Point2f pixel;
      float depth = 0;
      if (!stage_.view.Project(point, pixel, depth)) return {0, 0, width_, height_};
      left = std::min(left, pixel.x);
      right = std::max(right, pixel.x);
      top = std::min(top, pixel.y);
      bottom = std::max(bottom, pixel.y);
    }
    const auto clamp = [](float value, int high) {
      return static_cast<int>(std::clamp(value * kSamples, 0.f, static_cast<float>(high)));
    };
    return {clamp(left - 1, width_), clamp(top - 1, height_), clamp(right + 2, width_),
            clamp(bottom + 2, height_)};
  }

  // A sheet made ready for being met by millions of rays: s = from_s . p + base_s, r likewise, and
  // t = (base - normal . from) / (normal . ray).
  struct Facet {
    explicit Facet(const Sheet& sheet) : normal(Cross(sheet.u, sheet.v)), triangle(sheet.triangle) {
      const float uu = Dot(sheet.u, sheet.u);
      const float vv = Dot(sheet.v, sheet.v);
      const float uv = Dot(sheet.u, sheet.v);
      const float determinant = uu * vv - uv * uv;
      from_s = (sheet.u * vv - sheet.v * uv) * (1 / determinant);
      from_r = (sheet.v * uu - sheet.u * uv) * (1 / determinant);
      base_s = -Dot(sheet.origin, from_s);
      base_r = -Dot(sheet.origin, from_r);
      base = Dot(sheet.origin, normal);
      railing = sheet.material.stuff == Stuff::kRailing;
    }

    // Which point of it a ray meets. False when none.
    bool Meet(Vec3 from, Vec3 ray, float& t, float& s, float& r) const {
      const float across = Dot(ray, normal);
      const float ahead = base - Dot(from, normal);
      if (ahead * across <= 0) return false;  // behind, or along it
      t = ahead / across;
      const Vec3 at = from + ray * t;
      s = Dot(at, from_s) + base_s;
      r = Dot(at, from_r) + base_r;
      return s >= 0 && r >= 0 && (triangle ? s + r <= 1 : s <= 1 && r <= 1);
    }

    Vec3 normal, from_s, from_r;
    float base_s, base_r, base;
    bool triangle, railing;
  };

  Surface SheetSurface(const Sheet& sheet, float s, float r) const {
    return SurfaceAt(sheet.material, s * Length(sheet.u), r * Length(sheet.v),
                     stage_.seed * 131 + sheet.seed, stage_.light.night);
  }

  void DrawSheet(int number) {
    const Sheet& sheet = stage_.sheets[static_cast<size_t>(number)];
    const Facet& facet = facets_[static_cast<size_t>(number)];
    const Bounds b = BoundsOf({sheet.origin, sheet.origin + sheet.u, sheet.origin + sheet.v,
                               sheet.origin + sheet.u + sheet.v});
    for (int y = b.top; y < b.bottom; ++y) {
      for (int x = b.left; x < b.right; ++x) {
        float t = 0, s = 0, r = 0;
        if (!facet.Meet(stage_.view.eye(), RayAt(x, y), t, s, r)) continue;
        // A little nearer than what lies on the ground: a wall's foot must not flicker.
        if (t < kDepthMin || t >= depth_[Index(x, y)] + 1e-3f) continue;
        if (facet.railing && SheetSurface(sheet, s, r).open) continue;
        depth_[Index(x, y)] = t;
        what_[Index(x, y)] = number;
      }
    }
  }

  // A tree is a flat cut-out that faces the camera.
  void DrawTree(int number) {
    const Tree& tree = stage_.trees[static_cast<size_t>(number)];
    const Vec3 foot{tree.x, tree.y, 0};
    const Vec3 side = Normalised(Vec3{tree.y, -tree.x, 0});
    const float reach = tree.radius * 1.35f;
    const Bounds b = BoundsOf({foot + side * reach, foot - side * reach,
                               foot + side * reach + Vec3{0, 0, tree.height + reach * 0.3f},
                               foot - side * reach + Vec3{0, 0, tree.height + reach * 0.3f}});
    const Vec3 normal = Normalised(Vec3{tree.x, tree.y, 0});
    for (int y = b.top; y < b.bottom; ++y) {
      for (int x = b.left; x < b.right; ++x) {
        const Vec3 ray = RayAt(x, y);
        const float t = Dot(foot - stage_.view.eye(), normal) / Dot(ray, normal);
        if (t < kDepthMin || t >= depth_[Index(x, y)]) continue;
        const Vec3 at = stage_.view.eye() + ray * t - foot;
        if (!InTree(tree, static_cast<uint32_t>(number), Dot(at, side), at.z)) continue;
        depth_[Index(x, y)] = t;
        what_[Index(x, y)] = kTreeBase + number;
      }
    }
  }

  bool InTree(const Tree& tree, uint32_t number, float a, float b) const {
    const float middle = tree.height - tree.radius;
    if (b < 0) return false;
    if (b < middle && std::abs(a + 0.1f * std::sin(b)) < 0.06f + 0.02f * tree.radius) return true;
    const float da = a / tree.radius;
    const float db = (b - middle) / tree.radius;
    const uint32_t seed = stage_.seed * 31 + number;
    const float edge =
        1 + 0.35f * Fractal(a * 1.3f / tree.radius * 2, b * 1.3f / tree.radius * 2, seed);
    const float r = std::sqrt(da * da + db * db) / std::max(edge, 0.3f);
    if (r > 1) return false;
    // Sky shows between the leaves towards the rim.
    return Noise(a * 5, b * 5, seed + 5) > -1.2f + 0.9f * r * r;
  }

  // 0 in full shadow, 1 in full sun.
  float SunAt(Vec3 at, Vec3 normal, int what) const {
    if (stage_.light.indoors || stage_.light.night || Dot(normal, sun_) <= 0) return 0;
    const Vec3 from = at + normal * 0.02f;
    for (size_t i = 0; i < facets_.size(); ++i) {
      if (static_cast<int>(i) == what) continue;
      float t = 0, s = 0, r = 0;
      if (!facets_[i].Meet(from, sun_, t, s, r) || t <= 0.01f) continue;
      if (facets_[i].railing && SheetSurface(stage_.sheets[i], s, r).open) continue;
      return 0;
    }
    float light = 1;
    for (size_t i = 0; i < stage_.trees.size(); ++i) {
      const Tree& tree = stage_.trees[i];
      if (what == kTreeBase + static_cast<int>(i)) continue;
      const Vec3 centre{tree.x, tree.y, tree.height - tree.radius};
      const Vec3 to = centre - from;
      const float along = Dot(to, sun_);
      if (along < 0) continue;
      const float miss = Length(to - sun_ * along) / tree.radius;
      const Vec3 through = from + sun_ * along;
      const float leaves = Noise(through.x * 2.2f, through.y * 2.2f + through.z, stage_.seed + 77);
      if (miss < 1 + 0.3f * leaves) light *= leaves > 0.55f - 0.4f * miss ? 0.75f : 0.12f;
    }
    return light;
  }

  Vec3 LampsAt(Vec3 at, Vec3 normal) const {
    Vec3 light;
    for (const Lamp& lamp : stage_.lamps) {
      const Vec3 to = lamp.at - at;
      const float distance2 = Dot(to, to) + 0.5f;
      const float distance = std::sqrt(distance2);
      const float facing = std::max(0.15f, Dot(to, normal) / distance);
      const float down = std::max(0.12f, to.z / distance);  // the shade above the bulb
      light = light + lamp.light * (facing * down / distance2);
    }
    return light;
  }

  // Less sky reaches the foot of walls.
  float OpenSky(Vec3 at) const {
    float open = 1;
    for (const Sheet& sheet : stage_.sheets) {
      if (sheet.v.z < 0.5f || sheet.origin.z > 0.5f || sheet.triangle) continue;
      const float length2 = Dot(sheet.u, sheet.u);
      const float s = std::clamp(Dot(at - sheet.origin, sheet.u) / length2, 0.f, 1.f);
      Vec3 to = at - (sheet.origin + sheet.u * s);
      to.z = 0;
      const float distance = Length(to);
      if (distance < 3) {
        open *= 1 - 0.35f * std::min(1.f, std::sqrt(length2)) * std::exp(-distance / 0.6f);
      }
    }
    return std::max(open, 0.35f);
  }

  Vec3 Sky(Vec3 ray) const {
    const Light& light = stage_.light;
    const Vec3 up = Normalised(ray);
    const float height = std::clamp(up.z * 2.2f, 0.f, 1.f);
    Vec3 colour = Mix(light.haze, light.sky, std::sqrt(height));
    if (up.z > 0.01f) {
      const float scale = 1.2f / (up.z + 0.12f);
      const float cloud = Fractal(up.x * scale, up.y * scale * 0.6f, stage_.seed + 900);
      const float cover = std::clamp(cloud * 1.6f, 0.f, 0.75f);
      colour = Mix(colour, light.haze * (light.night ? 1.3f : 1.18f), cover);
    }
    return colour;
  }

  Surface GroundSurface(float x, float y) const {
    const Material* material = &stage_.ground;
    for (const Patch& patch : stage_.patches) {
      if (Inside(patch.outline, x, y)) material = &patch.material;
    }
    return SurfaceAt(*material, x, y, stage_.seed * 17, stage_.light.night);
  }

  static bool Inside(const std::vector<cv::Point2f>& outline, float x, float y) {
    bool inside = false;
    for (size_t i = 0, j = outline.size() - 1; i < outline.size(); j = i++) {
      if ((outline[i].y > y) != (outline[j].y > y) &&
          x < (outline[j].x - outline[i].x) * (y - outline[i].y) / (outline[j].y - outline[i].y) +
                  outline[i].x) {
        inside = !inside;
      }
    }
    return inside;
  }

  bool IsWater(float x, float y) const {
    const Material* material = &stage_.ground;
    for (const Patch& patch : stage_.patches) {
      if (Inside(patch.outline, x, y)) material = &patch.material;
    }
    return material->stuff == Stuff::kWater;
  }

  // What is there: its surface, and the side it turns to the light.
  Surface Seen(int what, Vec3 at, Vec3 ray, Vec3& normal) const {
    if (what == kGround) {
      normal = {0, 0, 1};
      return GroundSurface(at.x, at.y);
    }
    if (what >= kTreeBase) {
      const Tree& tree = stage_.trees[static_cast<size_t>(what - kTreeBase)];
      const Vec3 side = Normalised(Vec3{tree.y, -tree.x, 0});
      const float a = Dot(at - Vec3{tree.x, tree.y, 0}, side);
      const float middle = tree.height - tree.radius;
      Surface surface;
      const bool trunk = at.z < middle - 0.7f * tree.radius;
      const float leaves = Noise(a * 6, at.z * 6, stage_.seed + 11) +
                           0.6f * Noise(a * 15, at.z * 15, stage_.seed + 12);
      surface.albedo =
          trunk ? Vec3{0.18f, 0.14f, 0.10f} : tree.colour * std::max(0.3f, 1 + 0.5f * leaves);
      // Round, as the light falls on it.
      normal = Normalised(side * (a / tree.radius) +
                          Vec3{-tree.x, -tree.y, 0} * (0.6f / std::hypot(tree.x, tree.y)) +
                          Vec3{0, 0, (at.z - middle) / tree.radius + 0.35f});
      return surface;
    }
    const Sheet& sheet = stage_.sheets[static_cast<size_t>(what)];
    normal = Normalised(Cross(sheet.u, sheet.v));
    if (Dot(normal, ray) > 0) normal = normal * -1;
    float t = 0, s = 0, r = 0;
    facets_[static_cast<size_t>(what)].Meet(stage_.view.eye(), ray, t, s, r);
    return SheetSurface(sheet, s, r);
  }

  Sample ShadeOne(int x, int y) const {
    const Light& light = stage_.light;
    const Vec3 ray = RayAt(x, y);
    const float depth = depth_[Index(x, y)];
    const int what = what_[Index(x, y)];
    Sample sample;
    if (what == kSky) {
      sample.shade = Sky(ray);
      sample.sunlit = sample.shade;
      sample.albedo = 0;
      return sample;
    }
    const Vec3 at = stage_.view.eye() + ray * depth;
    Vec3 normal;
    const Surface surface = Seen(what, at, ray, normal);
    sample.albedo = (surface.albedo.x + surface.albedo.y + surface.albedo.z) / 3;
    sample.sun = SunAt(at, normal, what);
    const float open = what == kGround ? OpenSky(at) : 1;
    Vec3 lamps = LampsAt(at, normal);
    if (light.infrared > 0) {
      const float distance = depth / 12;
      const float facing = std::max(0.25f, -Dot(Normalised(ray), normal));
      lamps = lamps + Vec3{1, 1, 1} * (light.infrared * facing / (0.25f + distance * distance));
    }
    sample.lamps = (lamps.x + lamps.y + lamps.z) / 3;
    const Vec3 sky = light.sky_light * (open * (0.65f + 0.35f * normal.z));
    const float sun_facing = std::max(0.f, Dot(normal, sun_)) * sample.sun;
    // Indoors the lamps are what goes on and off; outdoors the sun is.
    const Vec3 always = light.indoors ? sky : sky + lamps;
    const Vec3 sometimes = light.indoors ? lamps : light.sun_light * sun_facing;
    sample.shade = surface.albedo * always + surface.glow;
    sample.sunlit = sample.shade + surface.albedo * sometimes;
    if (what == kGround && IsWater(at.x, at.y)) {
      const Vec3 mirrored{ray.x, ray.y, -ray.z};
      const float share = 0.25f + 0.6f * std::pow(1 + ray.z / Length(ray), 3.f);
      const float ripple = 1 + 0.25f * Fractal(at.x * 1.1f, at.y * 3.1f, stage_.seed + 60);
      sample.shade = Mix(sample.shade, Sky(mirrored) * ripple, share);
      sample.sunlit = Mix(sample.sunlit, Sky(mirrored) * (1.1f * ripple), share);
    }
    const float haze = light.indoors ? 0 : 1 - std::exp(-depth / light.haze_distance);
    sample.shade = Mix(sample.shade, light.haze * 0.8f, haze);
    sample.sunlit = Mix(sample.sunlit, light.haze, haze);
    return sample;
  }

  Backdrop Shade() const {
    const int width = stage_.view.width();
    const int height = stage_.view.height();
    cv::Mat shade(height, width, CV_8UC3);
    cv::Mat sunlit(height, width, CV_8UC3);
    Backdrop backdrop;
    backdrop.depth.create(height, width, CV_32F);
    backdrop.ground.create(height, width, CV_8U);
    backdrop.sun.create(height, width, CV_8U);
    backdrop.lamps.create(height, width, CV_32F);
    backdrop.albedo.create(height, width, CV_32F);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        Vec3 dim;
        Vec3 bright;
        float sun = 0, lamps = 0, albedo = 0, nearest = kDepthMax;
        int ground = 0;
        constexpr float kShare = 1.0f / (kSamples * kSamples);
        for (int i = 0; i < kSamples * kSamples; ++i) {
          const int sx = x * kSamples + i % kSamples;
          const int sy = y * kSamples + i / kSamples;
          const Sample sample = ShadeOne(sx, sy);
          dim = dim + Tone(sample.shade) * kShare;
          bright = bright + Tone(sample.sunlit) * kShare;
          sun += sample.sun * kShare;
          lamps += sample.lamps * kShare;
          albedo += sample.albedo * kShare;
          nearest = std::min(nearest, depth_[Index(sx, sy)]);
          if (what_[Index(sx, sy)] == kGround) ++ground;
        }
        const float vignette = Vignette(x, y);
        Put(shade, x, y, dim * vignette);
        Put(sunlit, x, y, bright * vignette);
        backdrop.depth.at<float>(y, x) = nearest;
        backdrop.ground.at<uint8_t>(y, x) = ground * 2 >= kSamples * kSamples ? 255 : 0;
        backdrop.sun.at<uint8_t>(y, x) = static_cast<uint8_t>(sun * 255);
        backdrop.lamps.at<float>(y, x) = lamps;
        backdrop.albedo.at<float>(y, x) = albedo;
      }
    }
    backdrop.shade = Planar(shade);
    backdrop.sunlit = Planar(sunlit);
    return backdrop;
  }

  float Vignette(int x, int y) const {
    const float dx = static_cast<float>(x) / static_cast<float>(stage_.view.width()) - 0.5f;
    const float dy = static_cast<float>(y) / static_cast<float>(stage_.view.height()) - 0.5f;
    return 1 - 0.32f * (dx * dx + dy * dy);
  }

  void Put(cv::Mat& to, int x, int y, Vec3 rgb) const {
    if (stage_.light.infrared > 0) {
      const float grey = 0.3f * rgb.x + 0.5f * rgb.y + 0.2f * rgb.z;
      rgb = {grey, grey, grey};
    }
    to.at<cv::Vec3b>(y, x) = {cv::saturate_cast<uint8_t>(rgb.z), cv::saturate_cast<uint8_t>(rgb.y),
                              cv::saturate_cast<uint8_t>(rgb.x)};
  }

  // A lens is never as sharp as a drawing.
  static cv::Mat Planar(const cv::Mat& bgr) {
    cv::Mat soft;
    cv::GaussianBlur(bgr, soft, cv::Size(3, 3), 0.55);
    cv::Mat planar;
    cv::cvtColor(soft, planar, cv::COLOR_BGR2YUV_I420);
    return planar;
  }

  void DrawWires(Backdrop& backdrop) const {
    const int height = stage_.view.height();
    for (const Wire& wire : stage_.wires) {
      std::vector<cv::Point> line;
      for (int i = 0; i <= 16; ++i) {
        const float share = static_cast<float>(i) / 16;
        Vec3 at = Mix(wire.from, wire.to, share);
        at.z -= wire.sag * 4 * share * (1 - share);
        cv::Point2f pixel;
        float depth = 0;
        if (!stage_.view.Project(at, pixel, depth)) continue;
        line.emplace_back(static_cast<int>(pixel.x * 16), static_cast<int>(pixel.y * 16));
      }
      for (cv::Mat* picture : {&backdrop.shade, &backdrop.sunlit}) {
        cv::Mat luma = picture->rowRange(0, height);
        cv::polylines(luma, line, false, cv::Scalar(stage_.light.night ? 22 : 50), 1, cv::LINE_AA,
                      4);
      }
    }
  }

  const Stage& stage_;
  const int width_;
  const int height_;
  std::vector<float> depth_;
  std::vector<int> what_;
  const Vec3 sun_;
  const std::vector<Facet> facets_;  // of the stage's sheets
};

}  // namespace

Backdrop DrawBackdrop(const Stage& stage) { return Drawer(stage).Draw(); }

Vec3 Tone(Vec3 light) {
  const auto tone = [](float value) {
    return 255 * std::sqrt(1 - std::exp(-kExposure * std::max(value, 0.f)));
  };
  return {tone(light.x), tone(light.y), tone(light.z)};
}

cv::Vec3b ToYuv(Vec3 rgb) {
  const float r = std::clamp(rgb.x, 0.f, 255.f);
  const float g = std::clamp(rgb.y, 0.f, 255.f);
  const float b = std::clamp(rgb.z, 0.f, 255.f);
  return {cv::saturate_cast<uint8_t>(16 + 0.257f * r + 0.504f * g + 0.098f * b),
          cv::saturate_cast<uint8_t>(128 - 0.148f * r - 0.291f * g + 0.439f * b),
          cv::saturate_cast<uint8_t>(128 + 0.439f * r - 0.368f * g - 0.071f * b)};
}

}  // namespace patrol::sim
