// OpenCV's own background subtractors on grey pictures, for comparison with ours.
//
// usage: opencv_subtractor WIDTH HEIGHT mog2|knn MASKS_DIR < raw grey pictures
// Writes mask_%06d.png (0 or 255; shadows count as still) from 1, and milliseconds a picture to
// stdout.

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/video/background_segm.hpp>

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: opencv_subtractor WIDTH HEIGHT mog2|knn MASKS_DIR\n");
    return 2;
  }
  cv::setNumThreads(1);
  cv::Mat picture(std::atoi(argv[2]), std::atoi(argv[1]), CV_8UC1);
  cv::Ptr<cv::BackgroundSubtractor> subtractor;
  if (std::string(argv[3]) == "knn") {
    subtractor = cv::createBackgroundSubtractorKNN();
  } else {
    subtractor = cv::createBackgroundSubtractorMOG2();
  }
  cv::Mat mask;
  double milliseconds = 0;
  int pictures = 0;
  while (std::fread(picture.data, 1, picture.total(), stdin) == picture.total()) {
    const std::clock_t start = std::clock();
    subtractor->apply(picture, mask);
    milliseconds += 1000.0 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    cv::threshold(mask, mask, 200, 255, cv::THRESH_BINARY);
    char name[32];
    std::snprintf(name, sizeof(name), "/mask_%06d.png", ++pictures);
    cv::imwrite(argv[4] + std::string(name), mask, {cv::IMWRITE_PNG_COMPRESSION, 1});
  }
  if (pictures == 0) return 1;
  std::printf("%.3f\n", milliseconds / pictures);
  return 0;
}
