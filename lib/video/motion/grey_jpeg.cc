#include "lib/video/motion/grey_jpeg.h"

#include <memory>

#include <turbojpeg.h>

namespace patrol::motion {

namespace {

struct Destroy {
  void operator()(void* coder) const { tjDestroy(coder); }
};
using Coder = std::unique_ptr<void, Destroy>;

}  // namespace

std::vector<uint8_t> EncodeGreyJpeg(const PlaneView& plane, int quality) {
  if (plane.data == nullptr || plane.width < 1 || plane.height < 1) return {};
  const Coder coder(tjInitCompress());
  if (coder == nullptr) return {};
  std::vector<uint8_t> jpeg(tjBufSize(plane.width, plane.height, TJSAMP_GRAY));
  unsigned char* bytes = jpeg.data();
  unsigned long size = jpeg.size();
  if (tjCompress2(coder.get(), plane.data, plane.width, plane.stride, plane.height, TJPF_GRAY,
                  &bytes, &size, TJSAMP_GRAY, quality,
                  TJFLAG_ACCURATEDCT | TJFLAG_NOREALLOC) != 0) {
    return {};
  }
  return {jpeg.data(), jpeg.data() + size};
}

bool DecodeGreyJpeg(const std::vector<uint8_t>& jpeg, Plane& out) {
  const Coder coder(tjInitDecompress());
  int width = 0, height = 0, subsampling = 0, colours = 0;
  return coder != nullptr &&
         tjDecompressHeader3(coder.get(), jpeg.data(), jpeg.size(), &width, &height, &subsampling,
                             &colours) == 0 &&
         width == out.width() && height == out.height() &&
         tjDecompress2(coder.get(), jpeg.data(), jpeg.size(), out.row(0), width, out.stride(),
                       height, TJPF_GRAY, TJFLAG_ACCURATEDCT) == 0;
}

}  // namespace patrol::motion
