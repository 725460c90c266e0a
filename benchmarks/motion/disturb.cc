// Lays disturbances over real clips with pixel truth and measures what the detector makes of them.
//
// usage: motion_disturb SHARED_DIR [--instances N] [--only NAME]... [--every PICTURES] [--peer
// mog2]
//
// An instance is a clip and an instant, drawn by seed; the detector learns for 10 s before it. Then
// the disturbance sets in and goes on, or happens, for 10 s. Printed per disturbance over all
// instances: foreground outside of the truth as a share of the picture, mean from 2 to 10 s after
// the onset and the worst instance's; instances for which that is no more than a large thing (what
// begins an event, 0.25 % of the picture) above the same instance undisturbed; recall of the truth
// in the 10 s after the onset, and as a share of the undisturbed; and the share of pictures at
// which judgement was suspended. What happens at night is held against the undisturbed night.
// Where the disturbance stays, one column is the recall of a detector that has known nothing else.
// For changes of light, what they hide from anybody: a pixel of the truth is seen when it differs
// by kSeen grey levels or more from the background under the same disturbance without its noise
// (the background: the median of what was there while nothing moved). Printed are the share of the
// truth that is seen, and the recall of that; not over the shaken clip, whose background is not
// known.
// --peer: OpenCV's MOG2 with its defaults in the detector's place.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/video/background_segm.hpp>

#include "benchmarks/motion/shown.h"
#include "lib/video/media/picture.h"
#include "lib/video/motion/detector.h"

namespace {

using patrol::bench::MaskOf;
using patrol::bench::PictureOf;
using patrol::motion::Detection;
using patrol::motion::Detector;

constexpr int kBefore = 260, kAfter = 250;  // pictures: 10.4 s and 10 s
constexpr double kFramesPerSecond = 25;
constexpr double kLargeShare = 0.0025;
constexpr int kSeen = 5;

struct Clip {
  std::string name;
  int width = 0, height = 0;
  std::vector<cv::Mat> pictures, truth;
  bool shaken = false;
};

std::vector<cv::Mat> Read(const std::string& path, const char* filter, int width, int height) {
  const std::string command =
      "ffmpeg -v error -i '" + path + "' " + filter + " -vsync 0 -f rawvideo -pix_fmt gray -";
  std::vector<cv::Mat> pictures;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return pictures;
  while (true) {
    cv::Mat picture(height, width, CV_8UC1);
    if (std::fread(picture.data, 1, picture.total(), pipe) != picture.total()) break;
    pictures.push_back(picture);
  }
  pclose(pipe);
  return pictures;
}

// What a disturbance may use: the instance's own random numbers, and the seconds since its onset.
struct Moment {
  double t = 0;                        // seconds; below zero before the onset
  int picture = 0;                     // since the onset
  std::minstd_rand* random = nullptr;  // none: without noise

  double Random(double from, double to) const {
    return from + (to - from) * static_cast<double>((*random)()) / 2147483647.0;
  }
};

// Changes the picture, and the truth with it where things move.
using Disturbance = std::function<void(const Moment&, cv::Mat& picture, cv::Mat& truth)>;

void Light(cv::Mat& picture, double gain) { picture.convertTo(picture, CV_8U, gain); }

void Warp(cv::Mat& picture, cv::Mat& truth, double dx, double dy, double degrees) {
  const double a = degrees * CV_PI / 180, cx = picture.cols / 2.0, cy = picture.rows / 2.0;
  const cv::Matx23d matrix(std::cos(a), -std::sin(a), dx + cx - cx * std::cos(a) + cy * std::sin(a),
                           std::sin(a), std::cos(a), dy + cy - cx * std::sin(a) - cy * std::cos(a));
  cv::Mat seen, true_seen;
  cv::warpAffine(picture, seen, matrix, picture.size(), cv::INTER_CUBIC, cv::BORDER_REFLECT);
  cv::warpAffine(truth, true_seen, matrix, truth.size(), cv::INTER_NEAREST, cv::BORDER_CONSTANT,
                 cv::Scalar(85));
  picture = seen;
  truth = true_seen;
}

void Noise(const Moment& at, cv::Mat& picture, double sigma) {
  cv::RNG generator(static_cast<uint64_t>((*at.random)()));
  cv::Mat noise(picture.size(), CV_16S), sum;
  generator.fill(noise, cv::RNG::NORMAL, 0, sigma);
  picture.convertTo(sum, CV_16S);
  sum += noise;
  sum.convertTo(picture, CV_8U);
}

// A camera that switches to its own infrared lamp: bright in the middle, dark at the edges, tones
// bent (leaves and cloth shine), more noise.
void Infrared(const Moment& at, cv::Mat& picture) {
  static const std::array<double, 256> bent = [] {
    std::array<double, 256> filled{};
    for (size_t i = 0; i < filled.size(); ++i) {
      filled[i] = 255 * std::pow(static_cast<double>(i) / 255.0, 0.8);
    }
    return filled;
  }();
  static cv::Mat lamp;  // of the size last asked for
  if (lamp.size() != picture.size()) {
    lamp.create(picture.size(), CV_64F);
    for (int y = 0; y < picture.rows; ++y) {
      for (int x = 0; x < picture.cols; ++x) {
        const double r = std::hypot(2.0 * x / picture.cols - 1, 2.0 * y / picture.rows - 1);
        lamp.at<double>(y, x) = 1.25 - 0.6 * std::min(1.2, r);
      }
    }
  }
  for (int y = 0; y < picture.rows; ++y) {
    uint8_t* row = picture.ptr(y);
    const double* lit = lamp.ptr<double>(y);
    for (int x = 0; x < picture.cols; ++x) {
      row[x] = cv::saturate_cast<uint8_t>(bent[row[x]] * lit[x]);
    }
  }
  if (at.random != nullptr) Noise(at, picture, 3);
}

// A beam of light that crosses the picture in two seconds, again and again.
void Headlights(const Moment& at, cv::Mat& picture) {
  const double centre_x = (std::fmod(at.t, 2.5) / 2.0 * 1.6 - 0.3) * picture.cols;
  const double centre_y = 0.6 * picture.rows, wide = 0.16 * picture.cols, high = 0.2 * picture.rows;
  std::vector<double> across(static_cast<size_t>(picture.cols));
  for (int x = 0; x < picture.cols; ++x) {
    const double dx = (x - centre_x) / wide;
    across[static_cast<size_t>(x)] = 1.5 * std::exp(-dx * dx);
  }
  for (int y = 0; y < picture.rows; ++y) {
    uint8_t* row = picture.ptr(y);
    const double dy = (y - centre_y) / high, down = std::exp(-dy * dy);
    for (int x = 0; x < picture.cols; ++x) {
      row[x] = cv::saturate_cast<uint8_t>(row[x] * (1 + down * across[static_cast<size_t>(x)]));
    }
  }
}

void Flakes(const Moment& at, cv::Mat& picture, bool rain) {
  const int count = picture.cols * picture.rows / 900;
  for (int i = 0; i < count; ++i) {
    const cv::Point from(static_cast<int>(at.Random(0, picture.cols)),
                         static_cast<int>(at.Random(0, picture.rows)));
    if (rain) {
      cv::line(picture, from, from + cv::Point(2, 9), cv::Scalar(at.Random(150, 220)), 1);
    } else {
      cv::circle(picture, from, static_cast<int>(at.Random(1, 2.5)), cv::Scalar(235), cv::FILLED);
    }
  }
}

void Insect(const Moment& at, cv::Mat& picture) {
  const double since = std::fmod(at.t, 2.0);
  if (since > 0.36) return;
  const cv::Point centre(static_cast<int>(since / 0.36 * 1.2 * picture.cols - 0.1 * picture.cols),
                         static_cast<int>((0.3 + 0.4 * since) * picture.rows));
  cv::Mat layer = picture.clone();
  cv::circle(layer, centre, picture.cols / 16, cv::Scalar(200), cv::FILLED);
  cv::GaussianBlur(layer, layer, cv::Size(15, 15), 5);
  cv::Mat near(picture.size(), CV_8U, cv::Scalar(0));
  cv::circle(near, centre, picture.cols / 12, cv::Scalar(255), cv::FILLED);
  layer.copyTo(picture, near);
}

// Every two seconds a keyframe codes everything anew, coarser by turns, and the error fades.
void Pulse(const Moment& at, cv::Mat& picture) {
  const int since = at.picture % 50;
  const int step = std::max(2, 14 - since);
  for (int y = 0; y < picture.rows; ++y) {
    uint8_t* row = picture.ptr(y);
    for (int x = 0; x < picture.cols; ++x)
      row[x] = static_cast<uint8_t>(row[x] / step * step + step / 2);
  }
}

// A clock in the corner, as recorders write it; its last digits change every second.
void Clock(const Moment& at, cv::Mat& picture) {
  char text[32];
  const int seconds = static_cast<int>(std::floor(at.t)) + 3600;
  std::snprintf(text, sizeof(text), "08:%02d:%02d", seconds / 60 % 60, seconds % 60);
  const cv::Point where(6, 18);
  cv::putText(picture, text, where, cv::FONT_HERSHEY_SIMPLEX, 0.45, cv::Scalar(16), 3);
  cv::putText(picture, text, where, cv::FONT_HERSHEY_SIMPLEX, 0.45, cv::Scalar(235), 1);
}

constexpr char kNight[] = "night, for comparison";
constexpr char kComparison[] = ", for comparison";

// A disturbance that stays, from the start on.
std::string AllAlong(const std::string& name) { return name + kComparison; }

std::map<std::string, Disturbance> Disturbances() {
  std::map<std::string, Disturbance> all;
  for (const int percent : {30, 60, -30, -60}) {
    all["light " + std::to_string(percent) + " %"] = [percent](const Moment& at, cv::Mat& picture,
                                                               cv::Mat&) {
      if (at.t >= 0) Light(picture, 1 + percent / 100.0);
    };
    all[AllAlong("light " + std::to_string(percent) + " %")] =
        [percent](const Moment&, cv::Mat& picture, cv::Mat&) {
          Light(picture, 1 + percent / 100.0);
        };
  }
  all["light switched to and fro"] = [](const Moment& at, cv::Mat& picture, cv::Mat&) {
    if (at.t >= 0 && std::fmod(at.t, 4.0) < 2) Light(picture, 1.6);
  };
  all["slow sun, 1 to 1.6 in 10 s"] = [](const Moment& at, cv::Mat& picture, cv::Mat&) {
    if (at.t >= 0) Light(picture, 1 + 0.06 * at.t);
  };
  all["infrared flip"] = [](const Moment& at, cv::Mat& picture, cv::Mat&) {
    if (at.t >= 0) Infrared(at, picture);
  };
  all[AllAlong("infrared flip")] = [](const Moment& at, cv::Mat& picture, cv::Mat&) {
    Infrared(at, picture);
  };
  all["headlights at night"] = [](const Moment& at, cv::Mat& picture, cv::Mat&) {
    Light(picture, 0.4);
    if (at.t >= 0) Headlights(at, picture);
  };
  all["clock overlay"] = [](const Moment& at, cv::Mat& picture, cv::Mat&) { Clock(at, picture); };
  all[kNight] = [](const Moment&, cv::Mat& picture, cv::Mat&) { Light(picture, 0.4); };
  all["rain"] = [](const Moment& at, cv::Mat& picture, cv::Mat&) {
    if (at.t >= -3) Flakes(at, picture, true);
  };
  all["snow"] = [](const Moment& at, cv::Mat& picture, cv::Mat&) {
    if (at.t >= -3) Flakes(at, picture, false);
  };
  all["insects"] = [](const Moment& at, cv::Mat& picture, cv::Mat&) {
    if (at.t >= 0) Insect(at, picture);
  };
  all["keyframe pulsing"] = [](const Moment& at, cv::Mat& picture, cv::Mat&) {
    if (at.t >= 0) Pulse(at, picture);
  };
  for (const double pixels : {0.3, 1.0, 3.0, 8.0}) {
    char name[64];
    std::snprintf(name, sizeof(name), "shake %.1f pixels, 0.3 degrees", pixels);
    all[name] = [pixels](const Moment& at, cv::Mat& picture, cv::Mat& truth) {
      if (at.t < 0) return;
      Warp(picture, truth, at.Random(-pixels, pixels), at.Random(-pixels, pixels),
           at.Random(-0.3, 0.3));
    };
  }
  all["drift, 4 pixels in 10 s"] = [](const Moment& at, cv::Mat& picture, cv::Mat& truth) {
    if (at.t >= 0) Warp(picture, truth, 0.4 * at.t, -0.2 * at.t, 0);
  };
  all["pan for 2 s and back"] = [](const Moment& at, cv::Mat& picture, cv::Mat& truth) {
    if (at.t < 0 || at.t >= 2) return;
    const double away = at.t < 1 ? at.t : 2 - at.t;
    Warp(picture, truth, 0.8 * away * picture.cols, 0, 0);
    truth.setTo(85);  // what it shows meanwhile is not judged
  };
  return all;
}

// Those that change nothing but light: what they hide is known.
bool IsLight(const std::string& name) {
  return name.starts_with("light") || name.find("night") != std::string::npos ||
         name.starts_with("infrared") || name.starts_with("slow sun");
}

// What is there within 10 s of an instant while nothing moves; 0 where something always does.
cv::Mat BackgroundOf(const Clip& clip, int instant) {
  constexpr int kEvery = 10;
  cv::Mat background(clip.height, clip.width, CV_8U, cv::Scalar(0));
  const int from = std::max(0, instant - kAfter);
  std::vector<uint8_t> values;
  for (int y = 0; y < clip.height; ++y) {
    for (int x = 0; x < clip.width; ++x) {
      values.clear();
      for (int i = from; i < instant + kAfter; i += kEvery) {
        const auto index = static_cast<size_t>(i);
        if (clip.truth[index].at<uint8_t>(y, x) == 0) {
          values.push_back(clip.pictures[index].at<uint8_t>(y, x));
        }
      }
      if (values.empty()) continue;
      const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
      std::nth_element(values.begin(), middle, values.end());
      background.at<uint8_t>(y, x) = *middle;
    }
  }
  return background;
}

// 255 where a picture differs from the background under the same disturbance.
cv::Mat SeenOf(const cv::Mat& picture, const cv::Mat& background, const Moment& at,
               const Disturbance* disturbance) {
  cv::Mat clean = picture.clone(), empty = background.clone(), ignored(picture.size(), CV_8U);
  if (disturbance != nullptr) {
    (*disturbance)(at, clean, ignored);
    (*disturbance)(at, empty, ignored);
  }
  cv::Mat seen;
  cv::absdiff(clean, empty, seen);
  cv::threshold(seen, seen, kSeen - 1, 255, cv::THRESH_BINARY);
  seen.setTo(0, background == 0);
  return seen;
}

struct Sum {
  double outside = 0, outside_worst = 0;
  int64_t pictures = 0, suspended = 0, found = 0, truth = 0;
  int64_t seen = 0, seen_found = 0, seen_of = 0;  // of the truth where the background is known
  std::vector<double> instances;                  // outside, of each
};

// What is told of a picture, by the detector or a peer.
struct Said {
  cv::Mat mask;
  bool suspended = false;  // judgement
  bool blind = false;      // nothing is told
};

class Subject {
 public:
  explicit Subject(bool peer) {
    if (peer) peer_ = cv::createBackgroundSubtractorMOG2();
  }

  Said Show(const cv::Mat& picture, absl::Time time) {
    if (peer_ != nullptr) {
      Said said;
      peer_->apply(picture, said.mask);
      cv::threshold(said.mask, said.mask, 200, 255, cv::THRESH_BINARY);
      return said;
    }
    const Detection detection = detector_.Process(PictureOf(picture, time));
    return {MaskOf(detection), detection.learning || detection.light_step,
            detection.learning || detection.view_lost};
  }

 private:
  Detector detector_{Detector::Options()};
  cv::Ptr<cv::BackgroundSubtractor> peer_;
};

// An instance: a clip, an instant of it, and what is there when nothing moves (empty: not known).
struct Instance {
  size_t clip;
  int onset;
  cv::Mat background;
};

// light: the disturbance changes nothing but the light.
void Run(const Clip& clip, const Instance& instance, uint32_t seed, int every, bool peer,
         const Disturbance* disturbance, bool light, Sum& sum) {
  const int onset = instance.onset;
  Subject subject(peer);
  std::minstd_rand random(seed);
  double outside = 0;
  int outside_pictures = 0;
  for (int i = onset - kBefore * std::max(1, every / 12); i < onset + kAfter; ++i) {
    // Where pictures are few the scene is learnt from more of the clip, from its start on.
    if (i < 0 || (i - onset) % every != 0) continue;
    cv::Mat picture = clip.pictures[static_cast<size_t>(i)].clone();
    cv::Mat truth = clip.truth[static_cast<size_t>(i)].clone();
    Moment at = {(i - onset) / kFramesPerSecond, i - onset, &random};
    if (disturbance != nullptr) (*disturbance)(at, picture, truth);
    const Said said =
        subject.Show(picture, absl::UnixEpoch() + absl::Seconds(i / kFramesPerSecond));
    if (i < onset) continue;
    const bool known = light && !instance.background.empty();
    at.random = nullptr;
    const cv::Mat seen =
        known ? SeenOf(clip.pictures[static_cast<size_t>(i)], instance.background, at, disturbance)
              : cv::Mat(truth.size(), CV_8U, cv::Scalar(0));
    ++sum.pictures;
    sum.suspended += said.suspended ? 1 : 0;
    int wrong = 0, judged = 0;
    for (int y = 0; y < clip.height; ++y) {
      const uint8_t* is = truth.ptr(y);
      const uint8_t* mask = said.mask.ptr(y);
      for (int x = 0; x < clip.width; ++x) {
        if (is[x] == 85 || is[x] == 170) continue;
        const bool moving = mask[x] != 0 && !said.blind;
        ++judged;
        sum.truth += is[x] == 255 ? 1 : 0;
        sum.found += is[x] == 255 && moving ? 1 : 0;
        if (known && is[x] == 255) {
          ++sum.seen_of;
          sum.seen += seen.at<uint8_t>(y, x) != 0 ? 1 : 0;
          sum.seen_found += seen.at<uint8_t>(y, x) != 0 && moving ? 1 : 0;
        }
        wrong += is[x] != 255 && moving && !said.suspended ? 1 : 0;
      }
    }
    if (i < onset + 2 * static_cast<int>(kFramesPerSecond) || judged == 0) continue;
    outside += static_cast<double>(wrong) / judged;
    ++outside_pictures;
  }
  outside /= std::max(1, outside_pictures);
  sum.outside += outside;
  sum.outside_worst = std::max(sum.outside_worst, outside);
  sum.instances.push_back(outside);
}

double Share(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

double Recall(const Sum& sum) { return Share(sum.found, sum.truth); }

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr,
                 "usage: motion_disturb SHARED_DIR [--instances N] [--only NAME]... "
                 "[--every N] [--peer mog2]\n");
    return 2;
  }
  int instances = 40, every = 1;
  std::vector<std::string> only;
  bool peer = false;
  for (int i = 2; i + 1 < argc; i += 2) {
    if (std::string(argv[i]) == "--instances") instances = std::atoi(argv[i + 1]);
    if (std::string(argv[i]) == "--every") every = std::max(1, std::atoi(argv[i + 1]));
    if (std::string(argv[i]) == "--only") only.push_back(argv[i + 1]);
    if (std::string(argv[i]) == "--peer") peer = true;
  }
  cv::setNumThreads(1);
  const std::string video = std::string(argv[1]) + "/data/video/";
  std::vector<Clip> clips;
  struct Source {
    const char *clip, *truth;
    int width, height;
  };
  for (const Source& source :
       {Source{"highway", "highway", 320, 240}, Source{"pedestrians", "pedestrians", 360, 240},
        Source{"highway_rain", "highway", 320, 240},
        Source{"pedestrians_jitter", "pedestrians_jitter", 344, 224}}) {
    Clip clip{
        source.clip, source.width, source.height,
        Read(video + source.clip + ".h264.mp4", "-vf extractplanes=y", source.width, source.height),
        Read(video + source.truth + ".gt.png.mkv", "", source.width, source.height)};
    if (clip.pictures.empty() || clip.truth.empty()) {
      std::printf("skipped: %s is not here\n", source.clip);
      return 0;
    }
    clip.shaken = clip.name == "pedestrians_jitter";
    clips.push_back(std::move(clip));
  }
  std::vector<Instance> chosen;
  std::minstd_rand random(1);
  // The truth is labelled from picture 470 and 300 on.
  constexpr int kLabelledFrom[] = {470, 300, 470, 300};
  for (int i = 0; i < instances; ++i) {
    const size_t clip = static_cast<size_t>(i) % clips.size();
    const int last = static_cast<int>(clips[clip].truth.size()) - kAfter - 1;
    const int from = kLabelledFrom[clip];
    const int onset = from + static_cast<int>(random() % static_cast<unsigned>(last - from));
    chosen.push_back(
        {clip, onset, clips[clip].shaken ? cv::Mat() : BackgroundOf(clips[clip], onset)});
  }
  const std::map<std::string, Disturbance> disturbances = Disturbances();
  const auto run_all = [&](const Disturbance* disturbance, bool light) {
    Sum sum;
    for (size_t i = 0; i < chosen.size(); ++i) {
      Run(clips[chosen[i].clip], chosen[i], static_cast<uint32_t>(i + 1), every, peer, disturbance,
          light, sum);
    }
    return sum;
  };
  const Sum base = run_all(nullptr, true);
  std::optional<Sum> night;
  const auto n = static_cast<double>(chosen.size());
  std::printf(
      "%s, %zu instances over %zu clips, a picture every %.2f s; undisturbed: %.5f outside, "
      "worst %.5f, recall %.3f; %.3f of the truth seen, recall of that %.3f\n\n",
      peer ? "MOG2 grey" : "ours", chosen.size(), clips.size(), every / kFramesPerSecond,
      base.outside / n, base.outside_worst, Recall(base), Share(base.seen, base.seen_of),
      Share(base.seen_found, base.seen));
  std::printf(
      "| disturbance | outside the truth, 2-10 s after | worst instance | below the threshold | "
      "recall, 0-10 s | of undisturbed | suspended | recall of one that learnt in it | seen | "
      "recall of that |\n"
      "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
  for (const auto& [name, disturbance] : disturbances) {
    const auto named = [&name = name](const std::string& part) {
      return name.find(part) != std::string::npos;
    };
    if (!only.empty() && std::none_of(only.begin(), only.end(), named)) continue;
    if (name.find(kComparison) != std::string::npos) continue;
    const bool at_night = name.find("at night") != std::string::npos;
    if (at_night && !night) {
      night = run_all(&disturbances.at(kNight), true);
      std::printf("| undisturbed night | %.5f | %.5f | | %.3f | | | | %.3f | %.3f |\n",
                  night->outside / n, night->outside_worst, Recall(*night),
                  Share(night->seen, night->seen_of), Share(night->seen_found, night->seen));
    }
    const Sum& undisturbed = at_night ? *night : base;
    const Sum sum = run_all(&disturbance, IsLight(name));
    int below = 0;
    for (size_t i = 0; i < undisturbed.instances.size(); ++i) {
      below += sum.instances[i] < undisturbed.instances[i] + kLargeShare ? 1 : 0;
    }
    std::printf("| %s | %.5f | %.5f | %d of %zu | %.3f | %.3f | %.1f %% |", name.c_str(),
                sum.outside / n, sum.outside_worst, below, chosen.size(), Recall(sum),
                Recall(sum) / Recall(undisturbed),
                100.0 * static_cast<double>(sum.suspended) / static_cast<double>(sum.pictures));
    if (const auto same = disturbances.find(AllAlong(name)); same != disturbances.end()) {
      std::printf(" %.3f |", Recall(run_all(&same->second, false)));
    } else {
      std::printf(" |");
    }
    if (sum.seen_of > 0) {
      std::printf(" %.3f | %.3f |\n", Share(sum.seen, sum.seen_of),
                  Share(sum.seen_found, sum.seen));
    } else {
      std::printf(" | |\n");
    }
    std::fflush(stdout);
  }
  return 0;
}
