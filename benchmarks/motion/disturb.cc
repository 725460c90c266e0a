// Lays disturbances over real clips with pixel truth and measures what the detector makes of them.
//
// usage: disturb SHARED_DIR [--instances N] [--only NAME] [--every PICTURES]
//
// An instance is a clip and an instant, drawn by seed; the detector learns for 10 s before it. Then
// the disturbance sets in and goes on, or happens, for 10 s. Printed per disturbance over all
// instances: foreground outside of the truth as a share of the picture, mean from 2 to 10 s after
// the onset and the worst instance's; recall of the truth in the 10 s after the onset; each beside
// the same instances undisturbed; and the share of pictures at which judgement was suspended.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "lib/video/media/picture.h"
#include "lib/video/motion/detector.h"

extern "C" {
#include <libavutil/frame.h>
}

namespace {

using patrol::media::Picture;
using patrol::motion::Detection;
using patrol::motion::Detector;

constexpr int kBefore = 260, kAfter = 250;  // pictures: 10.4 s and 10 s
constexpr double kFramesPerSecond = 25;

struct Clip {
  std::string name;
  int width = 0, height = 0;
  std::vector<cv::Mat> pictures, truth;
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
  double t = 0;     // seconds; below zero before the onset
  int picture = 0;  // since the onset
  std::minstd_rand* random = nullptr;

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
  for (int y = 0; y < picture.rows; ++y) {
    uint8_t* row = picture.ptr(y);
    for (int x = 0; x < picture.cols; ++x) {
      const double r = std::hypot(2.0 * x / picture.cols - 1, 2.0 * y / picture.rows - 1);
      const double lamp = 1.25 - 0.6 * std::min(1.2, r);
      const double bent = 255 * std::pow(row[x] / 255.0, 0.8);
      row[x] = cv::saturate_cast<uint8_t>(bent * lamp);
    }
  }
  Noise(at, picture, 3);
}

// A beam of light that crosses the picture in two seconds, again and again.
void Headlights(const Moment& at, cv::Mat& picture) {
  const double centre_x = (std::fmod(at.t, 2.5) / 2.0 * 1.6 - 0.3) * picture.cols;
  const double centre_y = 0.6 * picture.rows, wide = 0.16 * picture.cols, high = 0.2 * picture.rows;
  for (int y = 0; y < picture.rows; ++y) {
    uint8_t* row = picture.ptr(y);
    for (int x = 0; x < picture.cols; ++x) {
      const double dx = (x - centre_x) / wide, dy = (y - centre_y) / high;
      row[x] = cv::saturate_cast<uint8_t>(row[x] * (1 + 1.5 * std::exp(-dx * dx - dy * dy)));
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

std::map<std::string, Disturbance> Disturbances() {
  std::map<std::string, Disturbance> all;
  for (const int percent : {30, 60, -30, -60}) {
    all["light " + std::to_string(percent) + " %"] = [percent](const Moment& at, cv::Mat& picture,
                                                               cv::Mat&) {
      if (at.t >= 0) Light(picture, 1 + percent / 100.0);
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
  all["headlights at night"] = [](const Moment& at, cv::Mat& picture, cv::Mat&) {
    Light(picture, 0.4);
    if (at.t >= 0) Headlights(at, picture);
  };
  all["night, for comparison"] = [](const Moment&, cv::Mat& picture, cv::Mat&) {
    Light(picture, 0.4);
  };
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

struct Sum {
  double outside = 0, outside_worst = 0;
  int64_t pictures = 0, suspended = 0, found = 0, truth = 0;
};

void Run(const Clip& clip, int onset, uint32_t seed, int every, const Disturbance* disturbance,
         Sum& sum) {
  Detector detector{Detector::Options()};
  std::minstd_rand random(seed);
  double outside = 0;
  int outside_pictures = 0;
  for (int i = onset - kBefore * std::max(1, every / 12); i < onset + kAfter; ++i) {
    // Where pictures are few the scene is learnt from more of the clip, from its start on.
    if (i < 0 || (i - onset) % every != 0) continue;
    cv::Mat picture = clip.pictures[static_cast<size_t>(i)].clone();
    cv::Mat truth = clip.truth[static_cast<size_t>(i)].clone();
    if (disturbance != nullptr) {
      const Moment at = {(i - onset) / kFramesPerSecond, i - onset, &random};
      (*disturbance)(at, picture, truth);
    }
    AVFrame* frame = av_frame_alloc();
    frame->format = AV_PIX_FMT_YUV420P;
    frame->width = clip.width;
    frame->height = clip.height;
    if (av_frame_get_buffer(frame, 0) < 0) std::abort();
    for (int y = 0; y < clip.height; ++y) {
      std::memcpy(frame->data[0] + y * frame->linesize[0], picture.ptr(y),
                  static_cast<size_t>(clip.width));
    }
    const Detection detection = detector.Process(
        Picture(*frame, absl::UnixEpoch() + absl::Seconds(i / kFramesPerSecond), false));
    av_frame_free(&frame);
    if (i < onset) continue;
    ++sum.pictures;
    const bool suspended = detection.learning || detection.light_step;
    sum.suspended += suspended ? 1 : 0;
    int wrong = 0, judged = 0;
    for (int y = 0; y < clip.height; ++y) {
      const uint8_t* is = truth.ptr(y);
      const uint8_t* said = detection.mask.data + static_cast<ptrdiff_t>(y) * detection.mask.stride;
      for (int x = 0; x < clip.width; ++x) {
        if (is[x] == 85 || is[x] == 170) continue;
        const bool moving = said[x] != 0 && !detection.learning && !detection.view_lost;
        ++judged;
        sum.truth += is[x] == 255 ? 1 : 0;
        sum.found += is[x] == 255 && moving ? 1 : 0;
        wrong += is[x] != 255 && moving && !suspended ? 1 : 0;
      }
    }
    if (i < onset + 2 * static_cast<int>(kFramesPerSecond) || judged == 0) continue;
    outside += static_cast<double>(wrong) / judged;
    ++outside_pictures;
  }
  if (outside_pictures == 0) return;
  outside /= outside_pictures;
  sum.outside += outside;
  sum.outside_worst = std::max(sum.outside_worst, outside);
}

double Recall(const Sum& sum) {
  return sum.truth == 0 ? 0 : static_cast<double>(sum.found) / static_cast<double>(sum.truth);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: disturb SHARED_DIR [--instances N] [--only NAME] [--every N]\n");
    return 2;
  }
  int instances = 40, every = 1;
  std::string only;
  for (int i = 2; i + 1 < argc; i += 2) {
    if (std::string(argv[i]) == "--instances") instances = std::atoi(argv[i + 1]);
    if (std::string(argv[i]) == "--every") every = std::max(1, std::atoi(argv[i + 1]));
    if (std::string(argv[i]) == "--only") only = argv[i + 1];
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
    clips.push_back(std::move(clip));
  }
  struct Instance {
    size_t clip;
    int onset;
  };
  std::vector<Instance> chosen;
  std::minstd_rand random(1);
  // The truth is labelled from picture 470 and 300 on.
  constexpr int kLabelledFrom[] = {470, 300, 470, 300};
  for (int i = 0; i < instances; ++i) {
    const size_t clip = static_cast<size_t>(i) % clips.size();
    const int last = static_cast<int>(clips[clip].truth.size()) - kAfter - 1;
    const int from = kLabelledFrom[clip];
    chosen.push_back(
        {clip, from + static_cast<int>(random() % static_cast<unsigned>(last - from))});
  }
  Sum base;
  for (size_t i = 0; i < chosen.size(); ++i) {
    Run(clips[chosen[i].clip], chosen[i].onset, 0, every, nullptr, base);
  }
  const auto n = static_cast<double>(chosen.size());
  std::printf(
      "%zu instances over %zu clips, a picture every %.2f s; undisturbed: %.5f outside, "
      "worst %.5f, recall %.3f\n\n",
      chosen.size(), clips.size(), every / kFramesPerSecond, base.outside / n, base.outside_worst,
      Recall(base));
  std::printf(
      "| disturbance | outside the truth, 2-10 s after | worst instance | recall, 0-10 s | "
      "of undisturbed | suspended |\n| --- | --- | --- | --- | --- | --- |\n");
  for (const auto& [name, disturbance] : Disturbances()) {
    if (!only.empty() && name.find(only) == std::string::npos) continue;
    Sum sum;
    for (size_t i = 0; i < chosen.size(); ++i) {
      Run(clips[chosen[i].clip], chosen[i].onset, static_cast<uint32_t>(i + 1), every, &disturbance,
          sum);
    }
    std::printf("| %s | %.5f | %.5f | %.3f | %.3f | %.1f %% |\n", name.c_str(), sum.outside / n,
                sum.outside_worst, Recall(sum), Recall(sum) / Recall(base),
                100.0 * static_cast<double>(sum.suspended) / static_cast<double>(sum.pictures));
    std::fflush(stdout);
  }
  return 0;
}
