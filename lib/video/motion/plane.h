#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace patrol::motion {

// A view of one-byte-a-pixel data; valid until its owner's next call.
struct PlaneView {
  const uint8_t* data = nullptr;
  int width = 0;
  int height = 0;
  int stride = 0;  // bytes from row to row
};

// One byte a pixel with at least kBorder bytes between the rows, before the first and after the
// last, so that SIMD code may read and write whole vectors past a row's end and read one vector's
// neighbours. The bytes after a row are those before the next.
class Plane {
 public:
  static constexpr int kBorder = 16;

  Plane() = default;
  Plane(int width, int height, uint8_t fill = 0)
      : width_(width),
        height_(height),
        stride_((width + 15) / 16 * 16 + kBorder),
        bytes_(static_cast<size_t>(stride_) * static_cast<size_t>(height) + kBorder, fill) {}

  int width() const { return width_; }
  int height() const { return height_; }
  int stride() const { return stride_; }
  size_t size_bytes() const { return bytes_.size(); }

  uint8_t* row(int y) {
    return bytes_.data() + static_cast<size_t>(y) * static_cast<size_t>(stride_) + kBorder;
  }
  const uint8_t* row(int y) const { return const_cast<Plane*>(this)->row(y); }

  PlaneView view() const {
    return bytes_.empty() ? PlaneView{} : PlaneView{row(0), width_, height_, stride_};
  }

 private:
  int width_ = 0;
  int height_ = 0;
  int stride_ = 0;
  std::vector<uint8_t> bytes_;
};

}  // namespace patrol::motion
