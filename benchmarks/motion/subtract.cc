// Our detector and OpenCV's background subtractors on the same pictures, for comparison.
//
// usage: motion_subtract METHOD grey|colour WIDTH HEIGHT EVERY MASKS_DIR < raw pictures at 25 a
// second
//
// METHOD: ours, ours-small (min_object_size 4), mog2, knn, cnt or gsoc, with their defaults. Raw
// pictures: gray, or bgr24 for colour; only every EVERYth is shown. Writes mask_%06d.png (0 or 255;
// shadows count as still), numbered as the pictures from 1. Prints CPU milliseconds a picture shown
// and the bytes a pixel that are held between pictures.

#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <memory>
#include <string>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/video/background_segm.hpp>
#ifdef PATROL_BENCH_BGSEGM
#include <opencv2/bgsegm.hpp>
#endif

#include "benchmarks/motion/shown.h"
#include "lib/video/media/picture.h"
#include "lib/video/motion/detector.h"
#include "lib/video/motion/grey_png.h"

namespace {

using patrol::bench::MaskOf;
using patrol::bench::PictureOf;
using patrol::media::Picture;
using patrol::motion::Detection;
using patrol::motion::Detector;
using patrol::motion::PlaneView;

constexpr double kPicturesPerSecond = 25;

// Bytes held on the heap.
double Held() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}

class Subtractor {
 public:
  virtual ~Subtractor() = default;
  // CPU milliseconds it took.
  virtual double Apply(const cv::Mat& picture, int number, cv::Mat& mask) = 0;
};

double Milliseconds(const std::function<void()>& work) {
  const std::clock_t start = std::clock();
  work();
  return 1000.0 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

class Ours : public Subtractor {
 public:
  explicit Ours(const Detector::Options& options) : detector_(options) {}

  double Apply(const cv::Mat& picture, int number, cv::Mat& mask) override {
    const Picture shown =
        PictureOf(picture, absl::UnixEpoch() + absl::Seconds((number - 1) / kPicturesPerSecond));
    Detection detection;
    const double took = Milliseconds([&] { detection = detector_.Process(shown); });
    cv::resize(MaskOf(detection), mask, picture.size(), 0, 0, cv::INTER_NEAREST);
    return took;
  }

 private:
  Detector detector_;
};

class OpenCvs : public Subtractor {
 public:
  OpenCvs(cv::Ptr<cv::BackgroundSubtractor> subtractor, bool needs_colour)
      : subtractor_(std::move(subtractor)), needs_colour_(needs_colour) {}

  double Apply(const cv::Mat& picture, int /*number*/, cv::Mat& mask) override {
    cv::Mat shown = picture;
    if (needs_colour_ && picture.channels() == 1) {
      cv::cvtColor(picture, shown, cv::COLOR_GRAY2BGR);
    }
    cv::Mat found;
    const double took = Milliseconds([&] { subtractor_->apply(shown, found); });
    cv::threshold(found, mask, 200, 255, cv::THRESH_BINARY);
    return took;
  }

 private:
  cv::Ptr<cv::BackgroundSubtractor> subtractor_;
  const bool needs_colour_;
};

std::unique_ptr<Subtractor> Make(const std::string& method) {
  if (method == "ours") return std::make_unique<Ours>(Detector::Options());
  if (method == "ours-small") {
    Detector::Options options;
    options.min_object_size = 4;
    return std::make_unique<Ours>(options);
  }
  if (method == "mog2") {
    return std::make_unique<OpenCvs>(cv::createBackgroundSubtractorMOG2(), false);
  }
  if (method == "knn") {
    return std::make_unique<OpenCvs>(cv::createBackgroundSubtractorKNN(), false);
  }
#ifdef PATROL_BENCH_BGSEGM
  if (method == "cnt") {
    return std::make_unique<OpenCvs>(cv::bgsegm::createBackgroundSubtractorCNT(), false);
  }
  if (method == "gsoc") {  // takes three channels only
    return std::make_unique<OpenCvs>(cv::bgsegm::createBackgroundSubtractorGSOC(), true);
  }
#endif
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr,
                 "usage: motion_subtract METHOD grey|colour WIDTH HEIGHT EVERY MASKS_DIR\n");
    return 2;
  }
  cv::setNumThreads(1);
  const bool colour = std::string(argv[2]) == "colour";
  cv::Mat picture(std::atoi(argv[4]), std::atoi(argv[3]), colour ? CV_8UC3 : CV_8UC1);
  const int every = std::max(1, std::atoi(argv[5]));
  const double held_before = Held();
  const std::unique_ptr<Subtractor> subtractor = Make(argv[1]);
  if (subtractor == nullptr) {
    std::fprintf(stderr, "motion_subtract: %s is not in this build\n", argv[1]);
    return 2;
  }
  const size_t bytes = picture.total() * picture.elemSize();
  double milliseconds = 0, held = 0;
  int pictures = 0;
  for (int number = 1; std::fread(picture.data, 1, bytes, stdin) == bytes; ++number) {
    if ((number - 1) % every != 0) continue;
    {
      cv::Mat mask;
      milliseconds += subtractor->Apply(picture, number, mask);
      char name[32];
      std::snprintf(name, sizeof(name), "/mask_%06d.png", number);
      const PlaneView plane{mask.data, mask.cols, mask.rows, static_cast<int>(mask.step)};
      if (!patrol::motion::WriteGreyPng(plane, argv[6] + std::string(name)).ok()) return 1;
    }
    ++pictures;
    held = Held() - held_before;
  }
  if (pictures == 0) return 1;
  std::printf("%.4f %.1f\n", milliseconds / pictures, held / static_cast<double>(picture.total()));
  return 0;
}
