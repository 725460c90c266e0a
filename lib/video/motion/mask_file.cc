#include "lib/video/motion/mask_file.h"

#include <algorithm>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/video/motion/grey_png.h"

namespace patrol::motion {

absl::Status WriteMask(const PlaneView& mask, int width, int height, const std::string& path) {
  if (width < 1 || height < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("mask \"", path, "\": size ", width, "x", height, " is not a picture's"));
  }
  try {
    cv::Mat enlarged(height, width, CV_8UC1, cv::Scalar(0));
    if (mask.data != nullptr) {
      const cv::Mat small(mask.height, mask.width, CV_8UC1, const_cast<uint8_t*>(mask.data),
                          static_cast<size_t>(mask.stride));
      // The mask covers whole cells only; what is left at the right and bottom edge belongs to
      // none.
      const int factor = std::max(1, width / mask.width);
      const cv::Rect covered(0, 0, std::min(width, mask.width * factor),
                             std::min(height, mask.height * factor));
      cv::Mat target = enlarged(covered);
      cv::resize(small, target, target.size(), 0, 0,
                 factor == 1 ? cv::INTER_NEAREST : cv::INTER_LINEAR);
      cv::threshold(target, target, 127, 255, cv::THRESH_BINARY);
    }
    return Annotate(
        WriteGreyPng({enlarged.data, width, height, static_cast<int>(enlarged.step)}, path),
        absl::StrCat("mask \"", path, "\""));
  } catch (const cv::Exception& fault) {
    return absl::UnavailableError(absl::StrCat("mask \"", path, "\": ", fault.what()));
  }
}

}  // namespace patrol::motion
