#include "cmd/patrolsim/cameras_movers.h"

#include <algorithm>

#include <opencv2/imgproc.hpp>

namespace patrol::sim {
namespace {

constexpr float kPi = 3.14159265f;
constexpr int kShift = 4;  // OpenCV's fixed point: 1/16 pixel

std::vector<cv::Point> Fixed(const std::vector<cv::Point2f>& outline, bool chroma) {
  std::vector<cv::Point> points;
  points.reserve(outline.size());
  for (const cv::Point2f& point : outline) {
    const float x = chroma ? (point.x - 0.5f) / 2 : point.x;
    const float y = chroma ? (point.y - 0.5f) / 2 : point.y;
    points.emplace_back(cvRound(x * (1 << kShift)), cvRound(y * (1 << kShift)));
  }
  return points;
}

// Linear light from toned luma, and back; see Tone.
float LinearOf(float luma) {
  const float value = std::clamp(luma / 255, 0.f, 0.995f);
  return -std::log(1 - value * value) / kExposure;
}
float LumaOfLinear(float light) { return 255 * std::sqrt(1 - std::exp(-kExposure * light)); }

bool IsVehicle(MoverKind kind) {
  return kind == MoverKind::kCar || kind == MoverKind::kVan || kind == MoverKind::kTruck;
}

float HalfLength(MoverKind kind) {
  switch (kind) {
    case MoverKind::kCar:
      return 2.2f;
    case MoverKind::kVan:
      return 2.4f;
    case MoverKind::kTruck:
      return 3.6f;
    default:
      return 0.8f;
  }
}

}  // namespace

cv::Mat LumaOf(cv::Mat& frame) { return frame.rowRange(0, frame.rows * 2 / 3); }

cv::Mat ChromaOf(cv::Mat& frame, int index) {
  const int height = frame.rows * 2 / 3;
  uint8_t* data = frame.data + static_cast<size_t>(height) * static_cast<size_t>(frame.cols) *
                                   static_cast<size_t>(3 + index) / 4;
  return cv::Mat(height / 2, frame.cols / 2, CV_8U, data);
}

MoverLook RandomLook(MoverKind kind, std::mt19937_64& random) {
  const auto unit = [&random] { return static_cast<float>(random() % 1000) / 1000; };
  static constexpr Vec3 kCoats[] = {
      {0.07f, 0.08f, 0.12f}, {0.45f, 0.08f, 0.07f}, {0.10f, 0.18f, 0.36f}, {0.55f, 0.53f, 0.48f},
      {0.12f, 0.22f, 0.12f}, {0.50f, 0.40f, 0.12f}, {0.03f, 0.03f, 0.03f}, {0.30f, 0.22f, 0.30f}};
  static constexpr Vec3 kPaints[] = {{0.72f, 0.73f, 0.74f}, {0.04f, 0.04f, 0.05f},
                                     {0.38f, 0.40f, 0.42f}, {0.42f, 0.05f, 0.05f},
                                     {0.08f, 0.14f, 0.32f}, {0.62f, 0.60f, 0.52f}};
  static constexpr Vec3 kTrousers[] = {
      {0.05f, 0.06f, 0.10f}, {0.10f, 0.10f, 0.10f}, {0.22f, 0.18f, 0.12f}};
  MoverLook look;
  look.kind = kind;
  look.colour = IsVehicle(kind) ? kPaints[random() % std::size(kPaints)]
                                : kCoats[random() % std::size(kCoats)];
  look.colour2 = IsVehicle(kind) ? kPaints[random() % std::size(kPaints)]
                                 : kTrousers[random() % std::size(kTrousers)];
  look.size = kind == MoverKind::kPerson ? 0.92f + 0.16f * unit() : 0.96f + 0.08f * unit();
  return look;
}

cv::Vec3b MoverPainter::Shaded(Vec3 albedo, Vec3 normal) const {
  const Light& light = stage_.light;
  const Vec3 sun = Normalised(light.sun);
  const float facing = std::max(0.f, Dot(normal, sun)) * sun_here_ * light_.sun;
  const Vec3 lamps = Vec3{1, 0.9f, 0.75f} * (lamps_here_ * (0.7f + 0.3f * normal.z));
  Vec3 total = light.sky_light * (0.65f + 0.35f * normal.z);
  if (light.indoors) {
    total = total + lamps * light_.sun;
  } else {
    total = total + lamps + light.sun_light * facing;
  }
  Vec3 toned = Tone(albedo * total) * light_.gain;
  if (light.infrared > 0) {
    const float grey = (toned.x + toned.y + toned.z) / 3;
    toned = {grey, grey, grey};
  }
  return ToYuv(toned);
}

void MoverPainter::AddPolygon(const std::vector<Vec3>& points, cv::Vec3b colour, Body& body) const {
  Polygon polygon;
  polygon.colour = colour;
  for (const Vec3& point : points) {
    cv::Point2f pixel;
    float depth = 0;
    if (!stage_.view.Project(point, pixel, depth)) return;
    body.depth = std::min(body.depth, depth);
    polygon.outline.push_back(pixel);
  }
  const cv::Rect2f bounds = cv::boundingRect(polygon.outline);
  body.bounds = body.polygons.empty() ? bounds : body.bounds | bounds;
  body.polygons.push_back(std::move(polygon));
}

// A tapered limb, seen flat: the hull of a circle at each end.
void MoverPainter::AddLimb(Vec3 from, Vec3 to, float from_radius, float to_radius, Vec3 albedo,
                           Body& body) const {
  cv::Point2f a, b;
  float depth_a = 0, depth_b = 0;
  if (!stage_.view.Project(from, a, depth_a) || !stage_.view.Project(to, b, depth_b)) return;
  std::vector<cv::Point2f> points;
  for (int i = 0; i < 10; ++i) {
    const float angle = static_cast<float>(i) * 2 * kPi / 10;
    const cv::Point2f way(std::cos(angle), std::sin(angle));
    points.push_back(a + way * (from_radius * stage_.view.Scale(depth_a)));
    points.push_back(b + way * (to_radius * stage_.view.Scale(depth_b)));
  }
  Polygon polygon;
  cv::convexHull(points, polygon.outline);
  const Vec3 to_eye = Normalised(stage_.view.eye() - from);
  polygon.colour = Shaded(albedo, Normalised(to_eye + Vec3{0, 0, 0.5f}));
  const cv::Rect2f bounds = cv::boundingRect(polygon.outline);
  body.bounds = body.polygons.empty() ? bounds : body.bounds | bounds;
  body.depth = std::min({body.depth, depth_a, depth_b});
  body.polygons.push_back(std::move(polygon));

  std::vector<Vec3> solid;
  for (auto [at, radius] : {std::pair{from, from_radius}, {to, to_radius}}) {
    for (int i = 0; i < 4; ++i) {
      const float angle = static_cast<float>(i) * kPi / 2;
      solid.push_back(at + Vec3{std::cos(angle), std::sin(angle), 0} * radius);
    }
  }
  body.solids.push_back(std::move(solid));
}

void MoverPainter::AddBox(const Axes& axes, const Box& box, Vec3 paint, bool glass,
                          Body& body) const {
  const float w = box.half_width;
  const float wt = box.half_width_top;
  const Vec3 low[] = {axes(box.back, -w, box.bottom), axes(box.front, -w, box.bottom),
                      axes(box.front, w, box.bottom), axes(box.back, w, box.bottom)};
  const Vec3 high[] = {axes(box.back_top, -wt, box.top), axes(box.front_top, -wt, box.top),
                       axes(box.front_top, wt, box.top), axes(box.back_top, wt, box.top)};
  body.solids.push_back({low[0], low[1], low[2], low[3], high[0], high[1], high[2], high[3]});
  const auto add = [&](const std::vector<Vec3>& face, Vec3 albedo, bool window) {
    const Vec3 normal = Normalised(Cross(face[1] - face[0], face[2] - face[0]));
    if (Dot(normal, stage_.view.eye() - face[0]) <= 0) return;
    AddPolygon(face, Shaded(albedo, normal), body);
    if (!window) return;
    // Glass, set in from the face's edges; it mirrors some of the sky.
    const Vec3 middle = (face[0] + face[1] + face[2] + face[3]) * 0.25f;
    std::vector<Vec3> pane;
    for (const Vec3& corner : face) pane.push_back(Mix(corner, middle, 0.14f));
    AddPolygon(pane, Shaded({0.09f, 0.11f, 0.13f}, normal), body);
  };
  for (size_t i = 0; i < 4; ++i) {
    const size_t j = (i + 1) % 4;
    add({low[i], low[j], high[j], high[i]}, paint, glass);
  }
  add({high[0], high[1], high[2], high[3]}, paint, false);
}

void MoverPainter::AddWheel(const Axes& axes, float x, float y, float radius, Body& body) const {
  const Vec3 out = axes.left * (y < 0 ? -1.f : 1.f);
  if (Dot(out, stage_.view.eye() - axes(x, y, radius)) <= 0) return;
  for (auto [share, albedo] :
       {std::pair{1.0f, Vec3{0.03f, 0.03f, 0.03f}}, {0.58f, {0.32f, 0.32f, 0.33f}}}) {
    std::vector<Vec3> disc;
    for (int i = 0; i < 12; ++i) {
      const float angle = static_cast<float>(i) * 2 * kPi / 12;
      disc.push_back(
          axes(x + radius * share * std::cos(angle), y, radius + radius * share * std::sin(angle)));
    }
    AddPolygon(disc, Shaded(albedo, out), body);
  }
}

void MoverPainter::AddPerson(const MoverLook& look, const MoverPose& pose, const Axes& axes,
                             bool seated, float lift, Body& body) const {
  const float k = look.size;
  const float swing = pose.standing || seated ? 0 : std::sin(pose.gone / 0.7f * kPi);
  const float bob =
      pose.standing || seated ? 0 : 0.02f * std::abs(std::cos(pose.gone / 0.7f * kPi));
  const float hip = lift + (0.88f + bob) * k;
  const float shoulder = hip + 0.52f * k;
  const Vec3 skin{0.42f, 0.28f, 0.20f};
  // The far side first.
  const float near_side = Dot(axes.left, stage_.view.eye() - axes.at) > 0 ? 1.f : -1.f;
  for (float side : {-near_side, near_side}) {
    const float step = swing * side;
    if (seated) {
      const Vec3 knee = axes(0.38f * k, 0.1f * side, hip - 0.1f * k);
      AddLimb(axes(0, 0.08f * side, hip), knee, 0.085f * k, 0.07f * k, look.colour2, body);
      AddLimb(knee, axes(0.32f * k, 0.12f * side, hip - 0.5f * k), 0.065f * k, 0.05f * k,
              look.colour2, body);
    } else {
      const float bend = std::max(0.f, -step) * 0.16f;
      const Vec3 knee = axes((0.20f * step + bend) * k, 0.09f * side, lift + 0.47f * k);
      AddLimb(axes(0, 0.08f * side, hip), knee, 0.09f * k, 0.07f * k, look.colour2, body);
      AddLimb(knee, axes((0.40f * step - bend) * k, 0.09f * side, lift + (0.06f + bend * 0.5f) * k),
              0.065f * k, 0.05f * k, look.colour2, body);
    }
    const float arm = seated ? 0.45f : -0.28f * step;
    const float arm_down = seated ? 0.28f : 0.52f;
    const auto draw_arm = [&] {
      AddLimb(axes(0, 0.2f * side, shoulder - 0.03f * k),
              axes(arm * k, 0.22f * side, shoulder - arm_down * k), 0.055f * k, 0.045f * k,
              look.colour * 0.85f, body);
    };
    if (side != near_side) {
      draw_arm();
    } else {
      AddLimb(axes(0, 0, hip + 0.04f * k), axes(0.03f, 0, shoulder - 0.05f * k), 0.15f * k,
              0.19f * k, look.colour, body);
      draw_arm();
    }
  }
  const float top = shoulder + 0.22f * k;
  AddLimb(axes(0.02f, 0, shoulder), axes(0.03f, 0, top), 0.06f * k, 0.10f * k, skin, body);
  AddLimb(axes(0.0f, 0, top + 0.03f * k), axes(-0.02f, 0, top + 0.06f * k), 0.10f * k, 0.08f * k,
          {0.03f, 0.03f, 0.03f}, body);
}

void MoverPainter::AddEbike(const MoverLook& look, const MoverPose& pose, const Axes& axes,
                            Body& body) const {
  constexpr Vec3 kTyre{0.04f, 0.04f, 0.04f};
  for (float x : {-0.58f, 0.62f}) {
    // A disc from the side, a narrow upright tyre from ahead: the hull of two rims.
    const Vec3 hub = axes(x, 0, 0.27f);
    for (float angle : {0.f, 0.7854f, 1.5708f, 2.3562f}) {
      const Vec3 spoke = (axes.ahead * std::cos(angle) + Vec3{0, 0, std::sin(angle)}) * 0.2f;
      AddLimb(hub - spoke, hub + spoke, 0.06f, 0.06f, kTyre, body);
    }
  }
  AddLimb(axes(-0.6f, 0, 0.62f), axes(0.05f, 0, 0.58f), 0.13f, 0.12f, look.colour2, body);
  AddLimb(axes(-0.3f, 0, 0.36f), axes(0.25f, 0, 0.34f), 0.10f, 0.09f, look.colour2, body);
  AddLimb(axes(0.38f, 0, 0.35f), axes(0.48f, 0, 0.95f), 0.09f, 0.08f, look.colour2, body);
  AddLimb(axes(0.42f, -0.28f, 1.0f), axes(0.42f, 0.28f, 1.0f), 0.03f, 0.03f, kTyre, body);
  if (pose.standing) return;  // parked
  MoverLook rider = look;
  rider.colour2 = {0.06f, 0.07f, 0.09f};
  AddPerson(rider, pose, axes, true, -0.12f, body);
}

void MoverPainter::AddVehicle(const MoverLook& look, const Axes& axes, bool lamps_on,
                              Body& body) const {
  struct Part {
    Box box;
    Vec3 paint;
    bool glass;
  };
  std::vector<Part> parts;
  const float half = HalfLength(look.kind);
  float width = 0.9f;
  float wheel = 0.32f;
  if (look.kind == MoverKind::kCar) {
    parts.push_back({{-half, half, width, 0.28f, 0.92f, -half + 0.05f, half - 0.15f, width - 0.06f},
                     look.colour,
                     false});
    parts.push_back(
        {{-half + 0.25f, 0.95f, width - 0.07f, 0.92f, 1.45f, -half + 0.8f, 0.25f, width - 0.22f},
         look.colour,
         true});
  } else if (look.kind == MoverKind::kVan) {
    parts.push_back({{-half, half, width, 0.30f, 1.05f, -half, half - 0.1f, width - 0.02f},
                     look.colour,
                     false});
    parts.push_back({{-half, half - 0.15f, width - 0.02f, 1.05f, 1.90f, -half + 0.1f, half - 0.95f,
                      width - 0.12f},
                     look.colour,
                     true});
  } else {
    width = 1.15f;
    wheel = 0.45f;
    const Part cab{{half - 1.7f, half, width, 0.5f, 2.4f, half - 1.7f, half - 0.25f, width - 0.05f},
                   look.colour,
                   true};
    const Part load{
        {-half, half - 1.8f, width + 0.05f, 0.75f, 2.9f, -half, half - 1.8f, width + 0.05f},
        look.colour2,
        false};
    const bool cab_near = Dot(axes.ahead, stage_.view.eye() - axes.at) > 0;
    parts = cab_near ? std::vector<Part>{load, cab} : std::vector<Part>{cab, load};
  }
  for (const Part& part : parts) {
    AddBox(axes, part.box, part.paint, part.glass, body);
    if (&part != &parts.front() && look.kind != MoverKind::kTruck) continue;
    for (float side : {-1.f, 1.f}) {
      for (float x : {-0.62f * half, 0.64f * half}) {
        AddWheel(axes, x, side * (width + 0.01f), wheel, body);
      }
    }
    // Lamps: white ahead, red behind.
    const bool front = Dot(axes.ahead, stage_.view.eye() - axes(half, 0, 0.7f)) > 0;
    const float x = front ? half + 0.01f : -half - 0.01f;
    cv::Vec3b colour = front ? Shaded({0.8f, 0.8f, 0.78f}, axes.ahead)
                             : Shaded({0.45f, 0.03f, 0.03f}, axes.ahead * -1);
    if (lamps_on) colour = front ? cv::Vec3b{235, 126, 130} : cv::Vec3b{110, 112, 190};
    if (stage_.light.infrared > 0) colour[1] = colour[2] = 128;
    for (float side : {-1.f, 1.f}) {
      const float y = side * (width - 0.25f);
      AddPolygon({axes(x, y - 0.17f, 0.60f), axes(x, y + 0.17f, 0.60f), axes(x, y + 0.17f, 0.76f),
                  axes(x, y - 0.17f, 0.76f)},
                 colour, body);
    }
  }
}

void MoverPainter::AddBoat(const MoverLook& look, const Axes& axes, Body& body) const {
  AddBox(axes, {-4, 3.5f, 1.2f, 0, 0.7f, -4.2f, 4.4f, 1.3f}, {0.30f, 0.26f, 0.20f}, false, body);
  AddBox(axes, {-2.5f, 0.5f, 0.9f, 0.7f, 2.1f, -2.4f, 0.4f, 0.8f}, look.colour, true, body);
}

void MoverPainter::PaintShadow(const Body& body, Frame& frame) const {
  const Vec3 sun = Normalised(stage_.light.sun);
  const float strength = stage_.light.indoors ? 0.3f : light_.sun * sun_here_;
  if (stage_.light.night || strength < 0.03f || sun.z < 0.05f) return;
  const cv::Rect whole(0, 0, frame.y.cols, frame.y.rows);
  std::vector<std::vector<cv::Point2f>> outlines;
  cv::Rect2f bounds;
  for (const std::vector<Vec3>& solid : body.solids) {
    std::vector<cv::Point2f> points;
    for (const Vec3& point : solid) {
      const Vec3 ground =
          stage_.light.indoors ? Vec3{point.x, point.y, 0} : point - sun * (point.z / sun.z);
      cv::Point2f pixel;
      float depth = 0;
      if (stage_.view.Project(ground, pixel, depth)) points.push_back(pixel);
    }
    if (points.size() < 3) continue;
    std::vector<cv::Point2f> hull;
    cv::convexHull(points, hull);
    const cv::Rect2f box = cv::boundingRect(hull);
    bounds = outlines.empty() ? box : bounds | box;
    outlines.push_back(std::move(hull));
  }
  cv::Rect area(cvFloor(bounds.x) - 2, cvFloor(bounds.y) - 2, cvCeil(bounds.width) + 5,
                cvCeil(bounds.height) + 5);
  area &= whole;
  if (outlines.empty() || area.empty()) return;
  cv::Mat mask(area.size(), CV_8U, cv::Scalar(0));
  for (std::vector<cv::Point2f>& outline : outlines) {
    for (cv::Point2f& point : outline)
      point -= cv::Point2f(static_cast<float>(area.x), static_cast<float>(area.y));
    cv::fillConvexPoly(mask, Fixed(outline, false), cv::Scalar(255), cv::LINE_AA, kShift);
  }
  cv::GaussianBlur(mask, mask, cv::Size(3, 3), 0.8);
  for (int y = 0; y < area.height; ++y) {
    const uint8_t* m = mask.ptr<uint8_t>(y);
    const uint8_t* ground = backdrop_.ground.ptr<uint8_t>(area.y + y) + area.x;
    const uint8_t* shade = backdrop_.shade.ptr<uint8_t>(area.y + y) + area.x;
    uint8_t* luma = frame.y.ptr<uint8_t>(area.y + y) + area.x;
    for (int x = 0; x < area.width; ++x) {
      if (m[x] == 0 || ground[x] == 0) continue;
      const float share = static_cast<float>(m[x]) / 255 * strength;
      const float dark =
          std::min(static_cast<float>(shade[x]) * light_.gain, static_cast<float>(luma[x]));
      luma[x] = static_cast<uint8_t>(static_cast<float>(luma[x]) * (1 - share) +
                                     dark * share * (stage_.light.indoors ? 0.8f : 1.0f));
    }
  }
}

// What headlamps throw on whatever is ahead.
void MoverPainter::PaintBeams(const MoverLook& look, const Axes& axes, Frame& frame) const {
  const float front = HalfLength(look.kind);
  cv::Rect2f bounds;
  bool first = true;
  for (auto [x, y] : {std::pair{0.5f, -4.f}, {0.5f, 4.f}, {40.f, -25.f}, {40.f, 25.f}}) {
    cv::Point2f pixel;
    float depth = 0;
    if (!stage_.view.Project(axes(front + x, y, 0), pixel, depth)) {
      pixel = {static_cast<float>(frame.y.cols) / 2, static_cast<float>(frame.y.rows)};
    }
    const cv::Rect2f point(pixel.x, pixel.y, 1, 1);
    bounds = first ? point : bounds | point;
    first = false;
  }
  cv::Rect area(
      cv::Rect2f(bounds.x, bounds.y - bounds.height * 0.2f, bounds.width, bounds.height * 1.2f));
  area &= cv::Rect(0, 0, frame.y.cols, frame.y.rows);
  for (int y = area.y & ~1; y + 1 < area.y + area.height; y += 2) {
    for (int x = area.x & ~1; x + 1 < area.x + area.width; x += 2) {
      const float albedo = backdrop_.albedo.at<float>(y, x);
      const Vec3 at =
          stage_.view.eye() + stage_.view.Ray(static_cast<float>(x), static_cast<float>(y)) *
                                  backdrop_.depth.at<float>(y, x);
      const Vec3 from = at - axes(front, 0, 0.65f);
      const float ahead = Dot(from, axes.ahead);
      if (ahead < 0.3f || ahead > 40 || albedo <= 0 || at.z > 3) continue;
      const float across = Dot(from, axes.left) / (0.9f + 0.28f * ahead);
      if (std::abs(across) > 2.3f) continue;
      const float light = 3.2f * std::exp(-across * across) * std::min(1.f, ahead / 3) /
                          (1 + 0.06f * ahead * ahead);
      if (light * albedo < 0.002f) continue;
      for (int i = 0; i < 4; ++i) {
        uint8_t& luma = frame.y.at<uint8_t>(y + i / 2, x + i % 2);
        luma = cv::saturate_cast<uint8_t>(LumaOfLinear(LinearOf(luma) + light * albedo));
      }
    }
  }
}

// The lamp itself, shining into the lens.
void MoverPainter::PaintGlow(Vec3 at, Vec3 facing, float strength, bool red, Frame& frame) const {
  cv::Point2f pixel;
  float depth = 0;
  if (!stage_.view.Project(at, pixel, depth)) return;
  const float towards = Dot(Normalised(stage_.view.eye() - at), facing);
  if (towards <= 0.05f) return;
  const int px = cvRound(pixel.x);
  const int py = cvRound(pixel.y);
  const cv::Rect whole(0, 0, frame.y.cols, frame.y.rows);
  if (!whole.contains({px, py}) || backdrop_.depth.at<float>(py, px) < depth - 0.8f) return;
  const float radius =
      std::clamp((red ? 0.5f : 1.0f) * stage_.view.Scale(depth) * towards, 2.f, 40.f);
  const cv::Rect area = cv::Rect(px - cvCeil(2 * radius), py - cvCeil(2 * radius),
                                 cvCeil(4 * radius), cvCeil(4 * radius)) &
                        whole;
  for (int y = area.y; y < area.y + area.height; ++y) {
    for (int x = area.x; x < area.x + area.width; ++x) {
      const float dx = static_cast<float>(x) - pixel.x;
      const float dy = static_cast<float>(y) - pixel.y;
      const float glow =
          strength * towards * std::exp(-(dx * dx + dy * dy) / (radius * radius) * 2.5f);
      uint8_t& luma = frame.y.at<uint8_t>(y, x);
      luma = cv::saturate_cast<uint8_t>(luma + glow);
      if (red && stage_.light.infrared == 0 && (x & 1) == 0 && (y & 1) == 0) {
        uint8_t& cr = frame.v.at<uint8_t>(y / 2, x / 2);
        cr = cv::saturate_cast<uint8_t>(cr + glow * 0.5f);
      }
    }
  }
}

MoverSight MoverPainter::Paint(const MoverLook& look, const MoverPose& pose,
                               const MoverLight& light, cv::Mat& picture) {
  light_ = light;
  const Axes axes{{pose.x, pose.y, 0},
                  {std::cos(pose.heading), std::sin(pose.heading), 0},
                  {-std::sin(pose.heading), std::cos(pose.heading), 0}};
  Frame frame{LumaOf(picture), ChromaOf(picture, 1), ChromaOf(picture, 2)};
  const cv::Rect whole(0, 0, frame.y.cols, frame.y.rows);
  cv::Point2f foot;
  float foot_depth = 0;
  if (!stage_.view.Project(axes.at, foot, foot_depth)) return {};
  const int fx = std::clamp(cvRound(foot.x), 0, whole.width - 1);
  const int fy = std::clamp(cvRound(foot.y), 0, whole.height - 1);
  const bool ground_shows = backdrop_.ground.at<uint8_t>(fy, fx) != 0;
  sun_here_ = ground_shows ? static_cast<float>(backdrop_.sun.at<uint8_t>(fy, fx)) / 255 : 0.8f;
  lamps_here_ = backdrop_.lamps.at<float>(fy, fx);

  Body body;
  const bool lamps_on = light.headlamps && IsVehicle(look.kind);
  switch (look.kind) {
    case MoverKind::kPerson:
      AddPerson(look, pose, axes, false, 0, body);
      break;
    case MoverKind::kEbike:
      AddEbike(look, pose, axes, body);
      break;
    case MoverKind::kBoat:
      AddBoat(look, axes, body);
      break;
    default:
      AddVehicle(look, axes, lamps_on, body);
  }
  if (lamps_on) PaintBeams(look, axes, frame);
  if (body.polygons.empty()) return {};
  PaintShadow(body, frame);

  cv::Rect area(cvFloor(body.bounds.x) - 1, cvFloor(body.bounds.y) - 1,
                cvCeil(body.bounds.width) + 3, cvCeil(body.bounds.height) + 3);
  area &= whole;
  MoverSight shown;
  shown.depth = body.depth;
  if (area.width >= 2 && area.height >= 2) {
    // Even bounds, so that chroma is restored with the luma above it.
    area = cv::Rect(cv::Point(area.x & ~1, area.y & ~1),
                    cv::Point((area.br().x + 1) & ~1, (area.br().y + 1) & ~1)) &
           whole;
    const cv::Rect half(area.x / 2, area.y / 2, area.width / 2, area.height / 2);
    const cv::Mat before_y = frame.y(area).clone();
    const cv::Mat before_u = frame.u(half).clone();
    const cv::Mat before_v = frame.v(half).clone();
    for (const Polygon& polygon : body.polygons) {
      const auto luma = Fixed(polygon.outline, false);
      const auto chroma = Fixed(polygon.outline, true);
      cv::fillConvexPoly(frame.y, luma, cv::Scalar(polygon.colour[0]), cv::LINE_AA, kShift);
      cv::fillConvexPoly(frame.u, chroma, cv::Scalar(polygon.colour[1]), cv::LINE_AA, kShift);
      cv::fillConvexPoly(frame.v, chroma, cv::Scalar(polygon.colour[2]), cv::LINE_AA, kShift);
    }
    // What stands nearer than the mover comes back over it.
    const cv::Mat nearer = backdrop_.depth(area) < body.depth - 0.3f;
    before_y.copyTo(frame.y(area), nearer);
    cv::Mat nearer_half;
    cv::resize(nearer, nearer_half, half.size(), 0, 0, cv::INTER_NEAREST);
    before_u.copyTo(frame.u(half), nearer_half);
    before_v.copyTo(frame.v(half), nearer_half);
    const cv::Mat hidden_not = nearer == 0;
    cv::Mat drawn = (before_y != frame.y(area)) & hidden_not;
    if (cv::countNonZero(drawn) >= 12) {
      const cv::Rect tight = cv::boundingRect(drawn);
      shown.pixels = drawn(tight);
      shown.box = tight + area.tl();
    }
  }
  if (lamps_on) {
    const float ahead = HalfLength(look.kind) + 0.05f;
    for (float side : {-0.65f, 0.65f}) {
      PaintGlow(axes(ahead, side, 0.68f), axes.ahead, 190, false, frame);
      PaintGlow(axes(-ahead, side, 0.68f), axes.ahead * -1, 70, true, frame);
    }
  }
  return shown;
}

}  // namespace patrol::sim
