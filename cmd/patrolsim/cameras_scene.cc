#include "cmd/patrolsim/cameras_scene.h"

#include <algorithm>

#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>

#include "absl/strings/str_format.h"

namespace patrol::sim {
namespace {

// Fewer pixels of a mover than this are nothing that anybody could see move.
constexpr int kSightPixelsMin = 40;
// Moving intervals closer than this are one.
constexpr float kMergeSeconds = 1;

float Speed(MoverKind kind, float share) {
  switch (kind) {
    case MoverKind::kPerson:
      return 1.1f + 0.5f * share;
    case MoverKind::kEbike:
      return 4 + 2.5f * share;
    case MoverKind::kBoat:
      return 4 + 1.5f * share;
    case MoverKind::kTruck:
      return 7 + 3 * share;
    default:
      return 7 + 6 * share;
  }
}

const char* KindName(MoverKind kind) {
  switch (kind) {
    case MoverKind::kPerson:
      return "person";
    case MoverKind::kEbike:
      return "ebike";
    case MoverKind::kCar:
      return "car";
    case MoverKind::kVan:
      return "van";
    case MoverKind::kTruck:
      return "truck";
    case MoverKind::kBoat:
      return "boat";
  }
  return "";
}

double Rounded(double seconds) { return std::round(seconds * 1000) / 1000; }

}  // namespace

Scene::Scene(const SceneOptions& options)
    : options_(options),
      random_(options.seed * 1000003 + static_cast<uint64_t>(options.number) * 2 + options.night),
      place_(MakePlace(options.number, options.night, options.width, options.height, options.seed)),
      backdrop_(DrawBackdrop(place_.stage)),
      painter_(place_.stage, backdrop_) {
  seconds_ = 60 + 6 * static_cast<float>(random_() % 5);  // 60..84 s, whole pairs of seconds
  if (options.seconds > 0) seconds_ = static_cast<float>(options.seconds);
  frames_ = static_cast<int>(seconds_) * options.fps;
  if (options.motion != SceneMotion::kQuiet) PlanActors();
  if (options.motion == SceneMotion::kMixed) PlanLight();
  DrawParked();
  MakeNoise();
}

Scene::Actor Scene::MakeActor(float begin_s) {
  const auto unit = [this] { return static_cast<float>(random_() % 10000) / 10000; };
  Actor actor;
  // Every route in turn before any comes again.
  if (routes_left_.empty()) {
    for (size_t i = 0; i < place_.routes.size(); ++i) routes_left_.push_back(i);
  }
  const size_t pick = random_() % routes_left_.size();
  actor.route = place_.routes[routes_left_[pick]];
  routes_left_.erase(routes_left_.begin() + static_cast<ptrdiff_t>(pick));
  const MoverKind kind = actor.route.kinds[random_() % actor.route.kinds.size()];
  actor.look = RandomLook(kind, random_);
  actor.begin_s = begin_s;
  actor.speed = Speed(kind, unit());
  actor.stop_s = actor.route.stop_at >= 0 ? 3 + 5 * unit() : 0;
  actor.aside = (kind == MoverKind::kPerson ? 1.0f : 0.5f) * (unit() - 0.5f);
  for (size_t i = 1; i < actor.route.points.size(); ++i) {
    const cv::Point2f step = actor.route.points[i] - actor.route.points[i - 1];
    actor.length += std::hypot(step.x, step.y);
  }
  return actor;
}

// Groups of movers with ten to forty seconds of quiet between, and quiet where the loop closes.
void Scene::PlanActors() {
  const auto unit = [this] { return static_cast<float>(random_() % 10000) / 10000; };
  const bool busy = options_.motion == SceneMotion::kBusy;
  const float quiet_at_ends = busy ? 1 : 4;
  float at = quiet_at_ends + (busy ? 1 : 4) * unit();
  while (at < seconds_ - quiet_at_ends - (busy ? 3 : 6)) {
    // A busy place has at least two at a time.
    const int least = place_.group_max > 2 ? 2 : 1;
    const int group = least + static_cast<int>(random_() % static_cast<uint64_t>(place_.group_max));
    float last = at;
    for (int i = 0; i < group; ++i) {
      for (int attempt = 0; attempt < 8; ++attempt) {
        Actor actor = MakeActor(at + (i == 0 ? 0 : 0.7f * (last - at) * unit()));
        if (actor.end_s() > seconds_ - quiet_at_ends) continue;
        last = std::max(last, actor.end_s());
        actors_.push_back(std::move(actor));
        break;
      }
    }
    if (busy) {
      // The next come before the last are gone; a group that found no room leaves time to others.
      at = std::max(at + 1, last - 1);
      continue;
    }
    at = options_.motion == SceneMotion::kMoving ? last + 3 + 3 * unit()
                                                 : last + 10 + (seconds_ > 70 ? 14 : 6) * unit();
  }
}

void Scene::PlanLight() {
  const auto unit = [this] { return static_cast<float>(random_() % 10000) / 10000; };
  if (place_.clouds) {
    const float begin = seconds_ * (0.2f + 0.3f * unit());
    dimmings_.push_back({"cloud", begin, begin + 14 + 8 * unit(), 4, 0.75f});
  }
  if (place_.step) {
    const float begin = seconds_ * (0.35f + 0.2f * unit());
    dimmings_.push_back({place_.stage.light.indoors ? "lamps" : "exposure", begin, begin + 15,
                         0.12f, place_.stage.light.indoors ? 0.5f : 0.16f});
  }
}

float Scene::Dimmed(const char* kind, float at_s) const {
  float left = 1;
  for (const Dimming& dimming : dimmings_) {
    if (std::string_view(dimming.kind) != kind) continue;
    const float in = std::clamp((at_s - dimming.begin_s) / dimming.ramp_s, 0.f, 1.f);
    const float out = std::clamp((dimming.end_s - at_s) / dimming.ramp_s, 0.f, 1.f);
    const float share = std::min(in, out);
    left *= 1 - dimming.depth * share * share * (3 - 2 * share);
  }
  return left;
}

// False before its begin and after its end.
bool Scene::PoseAt(const Actor& actor, float at_s, MoverPose& pose) const {
  if (at_s < actor.begin_s || at_s > actor.end_s()) return false;
  float gone = (at_s - actor.begin_s) * actor.speed;
  pose.standing = false;
  float before = 0;
  for (size_t i = 1; i < actor.route.points.size(); ++i) {
    const cv::Point2f from = actor.route.points[i - 1];
    const cv::Point2f way = actor.route.points[i] - from;
    const float length = std::hypot(way.x, way.y);
    if (static_cast<int>(i) - 1 == actor.route.stop_at) {
      const float stopped = actor.stop_s * actor.speed;
      if (gone < before + stopped) {
        pose.standing = gone > before;
        gone = std::min(gone, before);
      } else {
        gone -= stopped;
      }
    }
    if (gone <= before + length || i + 1 == actor.route.points.size()) {
      const float share = std::clamp((gone - before) / length, 0.f, 1.f);
      const cv::Point2f ahead = way / length;
      pose.heading = std::atan2(ahead.y, ahead.x);
      // Round the corners: turn over the last and first metres of two legs.
      const float turn = std::min(2.5f, length / 2);
      const auto heading_of = [&actor](size_t leg) {
        const cv::Point2f step = actor.route.points[leg] - actor.route.points[leg - 1];
        return std::atan2(step.y, step.x);
      };
      const auto towards = [&pose](float other, float part) {
        pose.heading += part * std::remainder(other - pose.heading, 6.2831853f);
      };
      const float from_end = length - (gone - before);
      if (from_end < turn && i + 1 < actor.route.points.size()) {
        towards(heading_of(i + 1), 0.5f * (1 - from_end / turn));
      } else if (gone - before < turn && i > 1) {
        towards(heading_of(i - 1), 0.5f * (1 - (gone - before) / turn));
      }
      const cv::Point2f side(-std::sin(pose.heading), std::cos(pose.heading));
      const cv::Point2f at = from + way * share + side * actor.aside;
      pose.x = at.x;
      pose.y = at.y;
      pose.gone = gone;
      return true;
    }
    before += length;
  }
  return false;
}

void Scene::DrawParked() {
  auto parked = place_.parked;
  std::sort(parked.begin(), parked.end(),
            [](const auto& a, const auto& b) { return a.second.y > b.second.y; });
  for (const auto& [look, pose] : parked) {
    for (auto [picture, sun] : {std::pair{&backdrop_.shade, 0.f}, {&backdrop_.sunlit, 1.f}}) {
      MoverLight light;
      light.sun = sun;
      const MoverSight sight = painter_.Paint(look, pose, light, *picture);
      if (sight.box.empty() || sun == 0) continue;
      // What passes behind it is hidden by it, and what it hides is no ground.
      backdrop_.depth(sight.box).setTo(sight.depth, sight.pixels);
      backdrop_.ground(sight.box).setTo(0, sight.pixels);
    }
  }
}

void Scene::MakeNoise() {
  const cv::Size size(options_.width + 64, options_.height + 64);
  cv::Mat noise(size, CV_32F);
  cv::RNG rng(options_.seed * 77 + static_cast<uint64_t>(options_.number));
  rng.fill(noise, cv::RNG::NORMAL, 0, 1);
  // A camera's own processing leaves noise a little blotchy.
  cv::GaussianBlur(noise, noise, cv::Size(3, 3), 0.6);
  cv::Scalar mean, deviation;
  cv::meanStdDev(noise, mean, deviation);
  noise *= place_.noise / static_cast<float>(deviation[0]);
  cv::Mat(cv::max(noise, 0)).convertTo(brighter_, CV_8U);
  cv::Mat(cv::max(-noise, 0)).convertTo(darker_, CV_8U);
}

void Scene::AddNoise(int n, cv::Mat& frame) const {
  std::mt19937 random(static_cast<uint32_t>(options_.seed * 31 + static_cast<uint64_t>(n)));
  const cv::Rect window(static_cast<int>(random() % 64), static_cast<int>(random() % 64),
                        options_.width, options_.height);
  cv::Mat luma = LumaOf(frame);
  cv::add(luma, brighter_(window), luma);
  cv::subtract(luma, darker_(window), luma);
}

void Scene::DrawClock(float at_s, cv::Mat& frame) {
  const double scale = options_.height / 360.0 * 0.55;
  const int second = static_cast<int>(at_s);
  const cv::Size size(static_cast<int>(options_.width * 0.62), static_cast<int>(26 * scale / 0.55));
  if (second != clock_second_) {
    clock_second_ = second;
    const int of_day = (options_.night ? 22 * 3600 : 8 * 3600) + options_.number * 611 + second;
    const std::string text = absl::StrFormat("2026-03-02 %02d:%02d:%02d", of_day / 3600 % 24,
                                             of_day / 60 % 60, of_day % 60);
    clock_ink_ = cv::Mat::zeros(size, CV_8U);
    const cv::Point at(4, size.height - static_cast<int>(8 * scale / 0.55));
    cv::putText(clock_ink_, text, at, cv::FONT_HERSHEY_DUPLEX, scale, cv::Scalar(255), 1,
                cv::LINE_AA);
    cv::dilate(clock_ink_, clock_edge_, cv::Mat::ones(3, 3, CV_8U));
  }
  const cv::Rect area(8, 6, size.width, size.height);
  cv::Mat luma = LumaOf(frame)(area);
  luma.setTo(20, clock_edge_ > 96);
  luma.setTo(232, clock_ink_ > 110);
}

void Scene::Draw(int n, cv::Mat& frame) {
  const float at_s = static_cast<float>(n) / static_cast<float>(options_.fps);
  const float turn = at_s / seconds_ * 6.2831853f;
  MoverLight light;
  light.headlamps = options_.night;
  light.sun = place_.sun * Dimmed("cloud", at_s) * Dimmed("lamps", at_s);
  // The sun's slow way, and the iris after it.
  light.gain = Dimmed("exposure", at_s) * (1 + (options_.night ? 0 : 0.025f) * std::sin(turn));
  if (std::abs(light.sun - lit_sun_) > 0.004f || std::abs(light.gain - lit_gain_) > 0.003f) {
    lit_sun_ = light.sun;
    lit_gain_ = light.gain;
    cv::addWeighted(backdrop_.shade, 1 - light.sun, backdrop_.sunlit, light.sun, 0, lit_);
    cv::Mat luma = LumaOf(lit_);
    luma.convertTo(luma, -1, light.gain);
  }
  light.sun = lit_sun_;
  light.gain = lit_gain_;
  lit_.copyTo(frame);

  std::vector<std::pair<MoverPose, size_t>> present;
  for (size_t i = 0; i < actors_.size(); ++i) {
    MoverPose pose;
    if (PoseAt(actors_[i], at_s, pose)) present.emplace_back(pose, i);
  }
  std::sort(present.begin(), present.end(),
            [](const auto& a, const auto& b) { return a.first.y > b.first.y; });
  for (const auto& [pose, actor] : present) {
    const cv::Rect box = painter_.Paint(actors_[actor].look, pose, light, frame).box;
    if (box.area() >= kSightPixelsMin && !pose.standing) sights_[actor].push_back({n, box});
  }
  AddNoise(n, frame);
  DrawClock(at_s, frame);
}

std::string Scene::TruthJson() const {
  using nlohmann::ordered_json;
  const double step = 1.0 / options_.fps;
  ordered_json truth = {{"version", 1},
                        {"fps", options_.fps},
                        {"frames", frames_},
                        {"width", options_.width},
                        {"height", options_.height}};
  std::vector<std::pair<double, double>> intervals;
  ordered_json movers = ordered_json::array();
  for (const auto& [actor, sights] : sights_) {
    ordered_json boxes = ordered_json::array();
    for (const Sight& sight : sights) {
      const double begin = sight.frame * step;
      intervals.emplace_back(begin, begin + step);
      if (sight.frame % kBoxEveryFrames != 0) continue;
      boxes.push_back({{"frame", sight.frame},
                       {"left", sight.box.x},
                       {"top", sight.box.y},
                       {"right", sight.box.br().x},
                       {"bottom", sight.box.br().y}});
    }
    movers.push_back({{"kind", KindName(actors_[actor].look.kind)},
                      {"begin_s", Rounded(sights.front().frame * step)},
                      {"end_s", Rounded((sights.back().frame + 1) * step)},
                      {"boxes", boxes}});
  }
  std::sort(intervals.begin(), intervals.end());
  std::vector<std::pair<double, double>> merged;
  for (const auto& [begin, end] : intervals) {
    if (merged.empty() || begin > merged.back().second + kMergeSeconds) {
      merged.emplace_back(begin, end);
    } else {
      merged.back().second = std::max(merged.back().second, end);
    }
  }
  truth["moving"] = ordered_json::array();
  for (const auto& [begin, end] : merged) {
    truth["moving"].push_back({{"begin_s", Rounded(begin)}, {"end_s", Rounded(end)}});
  }
  truth["movers"] = movers;
  truth["light"] = ordered_json::array();
  for (const Dimming& dimming : dimmings_) {
    truth["light"].push_back({{"kind", dimming.kind},
                              {"begin_s", Rounded(dimming.begin_s)},
                              {"end_s", Rounded(dimming.end_s)}});
  }
  return truth.dump(1);
}

}  // namespace patrol::sim
