#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/time/time.h"

namespace patrol::media {
class Picture;
}

namespace patrol::motion {

// A view of one-byte-a-pixel data; valid until its owner's next call.
struct PlaneView {
  const uint8_t* data = nullptr;
  int width = 0;
  int height = 0;
  int stride = 0;  // bytes from row to row
};

// What one picture showed.
struct Detection {
  bool learning = false;    // the model has not seen enough yet; mask and share are empty
  bool light_step = false;  // the whole picture changed at once; the model was re-based on it
  double moving_share = 0;  // of the analysed pixels, 0..1
  PlaneView mask;           // 0 still, 255 moving, at the size of analysis
};

// Says for every pixel whether something moves there: a background model by sample consensus.
//
// For each pixel of a reduced luma picture it keeps eight samples of what was seen there. A pixel
// is still when at least two samples are near enough to it; how near is learnt per pixel from how
// much the place flickers. Only still pixels teach the model (at random, and their neighbours with
// them), so what stops moving is absorbed slowly from its borders. A 7x7 majority removes specks.
// Uniform light changes are compensated by a gain. All time constants are seconds of the pictures'
// own times: one picture every two seconds or 25 a second give the same model.
//
// Source: after ViBe (Barnich & Van Droogenbroeck 2011), PBAS (Hofmann et al. 2012) and SuBSENSE's
//   blink score (St-Charles et al. 2015); written anew for 8-bit luma.
// Memory: 13 bytes per analysed pixel (76,800 pixels: 1.0 MB). Cost: RESULTS.md.
// Threads: one call at a time; may move between threads between calls. Uses none of its own.
class Detector {
 public:
  struct Options {
    // The picture is reduced by whole numbers (area average) until no more than this many pixels
    // are left: 320x240. More finds smaller things and costs more.
    int pixels_max = 76800;
    // Distance (grey levels) below which a value is always near a sample. Smaller: finds fainter
    // things and more noise.
    int base_distance = 14;
    // How long a still thing needs to become background, roughly.
    absl::Duration absorb_after = absl::Seconds(120);
  };

  explicit Detector(Options options);
  ~Detector();
  Detector(const Detector&) = delete;
  Detector& operator=(const Detector&) = delete;

  // Compares a picture with the model and teaches the model with it. The view in the result is
  // valid until the next call.
  //
  // A picture of another size than before, one older than the last, or one after a gap longer than
  // an hour, starts the model anew.
  Detection Process(const media::Picture& picture);

  // Forgets everything: the next picture is the first.
  void Reset();

  size_t memory_bytes() const;  // held by the model and its scratch planes

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patrol::motion
