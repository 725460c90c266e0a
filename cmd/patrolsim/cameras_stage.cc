#include "cmd/patrolsim/cameras_stage.h"

#include <algorithm>

namespace patrol::sim {
namespace {

constexpr float kRadians = 3.14159265f / 180;

Vec3 At(cv::Point2f point, float z) { return {point.x, point.y, z}; }

// Corners of a rectangle about x, y, turned; anticlockwise from the near left.
std::vector<cv::Point2f> Corners(float x, float y, float width, float length, float yaw_deg) {
  const float c = std::cos(yaw_deg * kRadians);
  const float s = std::sin(yaw_deg * kRadians);
  std::vector<cv::Point2f> corners;
  for (auto [i, j] : {std::pair{-1, -1}, {1, -1}, {1, 1}, {-1, 1}}) {
    const float dx = static_cast<float>(i) * width / 2;
    const float dy = static_cast<float>(j) * length / 2;
    corners.emplace_back(x + dx * c - dy * s, y + dx * s + dy * c);
  }
  return corners;
}

}  // namespace

View::View(int width, int height, float height_m, float pitch_deg, float hfov_deg)
    : width_(width),
      height_(height),
      focal_(static_cast<float>(width) / 2 / std::tan(hfov_deg * kRadians / 2)),
      eye_{0, 0, height_m},
      forward_{0, std::cos(pitch_deg * kRadians), -std::sin(pitch_deg * kRadians)},
      up_{0, std::sin(pitch_deg * kRadians), std::cos(pitch_deg * kRadians)} {}

bool View::Project(Vec3 point, cv::Point2f& pixel, float& depth) const {
  const Vec3 to = point - eye_;
  depth = Dot(to, forward_);
  if (depth < 0.5f) return false;
  pixel.x = static_cast<float>(width_ - 1) / 2 + focal_ * to.x / depth;
  pixel.y = static_cast<float>(height_ - 1) / 2 - focal_ * Dot(to, up_) / depth;
  return true;
}

Vec3 View::Ray(float x, float y) const {
  const float right = (x - static_cast<float>(width_ - 1) / 2) / focal_;
  const float up = (static_cast<float>(height_ - 1) / 2 - y) / focal_;
  return forward_ + Vec3{right, 0, 0} + up_ * up;
}

void Stage::AddBlock(float x, float y, float width, float length, float height, float yaw_deg,
                     Material walls, Material top) {
  const auto corners = Corners(x, y, width, length, yaw_deg);
  for (size_t i = 0; i < 4; ++i) AddWall(corners[i], corners[(i + 1) % 4], 0, height, walls);
  sheets.push_back({At(corners[0], height), At(corners[1] - corners[0], 0),
                    At(corners[3] - corners[0], 0), top, false,
                    static_cast<uint32_t>(sheets.size())});
}

void Stage::AddHouse(float x, float y, float width, float length, float eaves, float ridge,
                     float yaw_deg, Material walls, Material roof) {
  const auto c = Corners(x, y, width, length, yaw_deg);
  for (size_t i = 0; i < 4; ++i) AddWall(c[i], c[(i + 1) % 4], 0, eaves, walls);
  const auto seed_of = [this] { return static_cast<uint32_t>(sheets.size()); };
  const Vec3 ridge_near = At((c[0] + c[1]) * 0.5f, ridge);
  const Vec3 ridge_far = At((c[2] + c[3]) * 0.5f, ridge);
  const Vec3 along = ridge_far - ridge_near;
  // The roof stands out over the walls.
  const Vec3 left = At(c[0], eaves) - ridge_near;
  const Vec3 right = At(c[1], eaves) - ridge_near;
  sheets.push_back(
      {ridge_near - along * 0.04f, along * 1.08f, left * 1.12f, roof, false, seed_of()});
  sheets.push_back(
      {ridge_near - along * 0.04f, along * 1.08f, right * 1.12f, roof, false, seed_of()});
  const Material gable{Stuff::kPlaster, walls.colour, 1};
  sheets.push_back({ridge_near, left, right, gable, true, seed_of()});
  sheets.push_back({ridge_far, At(c[3], eaves) - ridge_far, At(c[2], eaves) - ridge_far, gable,
                    true, seed_of()});
}

void Stage::AddWall(cv::Point2f from, cv::Point2f to, float bottom, float top, Material material) {
  sheets.push_back({At(from, bottom),
                    At(to - from, 0),
                    {0, 0, top - bottom},
                    material,
                    false,
                    static_cast<uint32_t>(sheets.size())});
}

void Stage::AddPole(float x, float y, float height, float width) {
  const Material pole{Stuff::kConcrete, {0.42f, 0.42f, 0.40f}, 1};
  AddBlock(x, y, width, width, height, 0, pole, pole);
}

void Stage::AddStreetLamp(float x, float y, float arm_x, float brightness) {
  AddPole(x, y, 7, 0.16f);
  const Material arm{Stuff::kMetal, {0.4f, 0.42f, 0.43f}, 1};
  AddBlock(x + arm_x / 2, y, std::abs(arm_x), 0.12f, 7.1f, 0, arm, arm);
  // The block stands on the ground as built; only its top end is an arm.
  for (size_t i = sheets.size() - 5; i + 1 < sheets.size(); ++i) {
    sheets[i].origin.z = 6.95f;
    sheets[i].v = {0, 0, 0.15f};
  }
  lamps.push_back({{x + arm_x, y, 6.8f}, Vec3{1.0f, 0.78f, 0.5f} * brightness});
}

void Stage::AddPatch(std::vector<cv::Point2f> outline, Material material) {
  patches.push_back({std::move(outline), material});
}

void Stage::AddBand(cv::Point2f from, cv::Point2f to, float width, Material material) {
  const cv::Point2f along = to - from;
  const float length = std::hypot(along.x, along.y);
  const cv::Point2f side(-along.y / length * width / 2, along.x / length * width / 2);
  AddPatch({from + side, from - side, to - side, to + side}, material);
}

void Stage::AddDashes(cv::Point2f from, cv::Point2f to, float width, float dash, float gap) {
  const cv::Point2f along = to - from;
  const float length = std::hypot(along.x, along.y);
  const Material paint{Stuff::kPaint, {0.62f, 0.62f, 0.58f}, 1};
  for (float at = 0; at < length; at += dash + gap) {
    AddBand(from + along * (at / length), from + along * (std::min(at + dash, length) / length),
            width, paint);
  }
}

void Stage::AddZebra(cv::Point2f from, cv::Point2f to, float length) {
  const cv::Point2f along = to - from;
  const float width = std::hypot(along.x, along.y);
  const cv::Point2f half(-along.y / width * length / 2, along.x / width * length / 2);
  const Material paint{Stuff::kPaint, {0.68f, 0.68f, 0.65f}, 1};
  for (float at = 0.25f; at < width; at += 1.0f) {
    const cv::Point2f middle = from + along * (at / width);
    AddBand(middle - half, middle + half, 0.5f, paint);
  }
}

}  // namespace patrol::sim
