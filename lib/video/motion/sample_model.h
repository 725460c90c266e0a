#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "lib/video/motion/mask_gaps.h"
#include "lib/video/motion/plane.h"
#include "lib/video/motion/relight.h"

namespace patrol::motion {

// The pixels' background model: eight samples of 8-bit luma a pixel, compared and taught with SIMD
// (sample_rows.h). It knows nothing of pictures' times: it is told how much time
// passed. See detector.h for the idea and its sources. Ten bytes a pixel are kept; what one picture
// needs besides is shared by all models of a thread.
//
// Threads: one call at a time; Segment, mask and Learn of one picture on the same thread, with no
// other model's Segment between.
class SampleModel {
 public:
  static constexpr int kSamples = 8;
  static constexpr int kReachMax = 3;

  // Every value was chosen on benchmarks/motion (RESULTS.md); none by clip.
  struct Parameters {
    // A pixel is foreground when most of the square of so many pixels to each side is: 3 is 7x7, 1
    // is 3x3.
    int reach = 3;
    int base_distance = 11;  // grey levels; always near below this
    // The same of black; every eight levels above it one more, until base_distance. In the dark all
    // differences are smaller, and so is what a camera's coding leaves of its noise.
    int dark_distance = 4;
    // A pixel's flicker: the distance to its nearest sample, followed upwards and downwards by so
    // many eighths of a grey level a second; as many each way make it the median. Its half is added
    // to the distance (so 4 times the flicker in grey levels) ...
    double flicker_up_per_s = 20;
    double flicker_down_per_s = 20;
    // ... but for so many grey levels, which the noise of any camera makes: a majority of pixels
    // is not misled by as little, and what they add hides what is pale or in a dim light.
    int flicker_spared = 4;
    // A pixel's blink score: grey levels added to its distance while it flips between still and
    // moving outside of moving things.
    double blink_up_per_s = 100;
    double blink_down_per_s = 5;
    // How often a still pixel replaces one of its samples, and one of a neighbour's.
    double replace_per_s = 1.0;
    double diffuse_per_s = 0.2;
    // Share of pixels taught per picture at most, however long ago the last one was.
    double replace_share_max = 0.3;
    // How often a pixel of a moving thing that has not changed for a while replaces a sample.
    double absorb_per_s = 0.016;
  };

  SampleModel(int width, int height, Parameters parameters);

  int width() const { return width_; }
  int height() const { return height_; }

  // Makes the picture sample `index` (0..kSamples-1) of every pixel.
  void SetSample(int index, const Plane& picture);

  // Makes the picture all samples of the pixels from left, top to before right, bottom.
  void SetBlock(int left, int top, int right, int bottom, const Plane& picture);

  // Takes out of the samples what passed by while they were set: where at least half of them are
  // near one another, those that are near fewer become like them. Not where it blinks: what sways
  // looks like that as well.
  void ForgetPassing();

  // Compares: fills mask() (0 or 255), and follows flicker and blinking.
  // elapsed_s: since the picture before, seconds.
  void Segment(const Plane& picture, double elapsed_s);

  // Closes the gaps that a thing has in mask() where it looks like its background.
  void CloseGaps();

  // Teaches the samples with the picture last segmented.
  // recent: what each place looked like a moment ago.
  void Learn(const Plane& picture, const Plane& recent, double elapsed_s);

  // Multiplies all samples: the light changed for good.
  void Scale(double gain);

  // Brings the samples into the new light of some regions.
  void Relight(const LightRegions& lit, const Plane& picture, const Plane& background);

  // Makes a remembered view the model.
  void Adopt(const Plane& background, const Plane& flicker);

  // Of the next pictures, pixels from this on count as "at least": the picture was saturated there.
  // They are near every brighter sample and teach nothing. 256: none.
  void set_saturated_from(int luma) { saturated_from_ = luma; }

  // Grey levels that never count in the next pictures, up to the parameters' base_distance.
  void set_base_distance(int levels) { base_distance_ = levels; }

  // The samples' mean: what the place looks like without what passes by. With `near`, only the rows
  // where that mask has foreground and `margin` rows around them; others are left as they are.
  void Mean(Plane& out) const;
  void MeanNear(const Plane& near, int margin, Plane& out) const;

  // Foreground (255) of the picture last segmented; valid until any model of this thread segments
  // another.
  const Plane& mask() const { return scratch().mask; }
  Plane& mutable_mask() { return scratch().mask; }
  const Plane& sample(int index) const { return samples_[static_cast<size_t>(index)]; }
  // Eighths of a grey level by which each pixel's nearest sample is usually missed.
  const Plane& flicker() const { return flicker_; }
  size_t memory_bytes() const;

 private:
  // How far flicker and blink may move with one picture.
  struct Steps {
    int flicker_up = 0;
    int flicker_down = 0;
    int blink_up = 0;
    int blink_down = 0;
  };
  // What is needed only from Segment to Learn of one picture, so that the models of a thread share
  // it.
  struct Scratch {
    // bit 0: moving before the majority; bit 1: the nearest sample is further than half of what
    // counts there; bits 2..7: distance to the nearest sample, 63 at most
    Plane raw;
    Plane mask;  // 0 or 255; its border is 255: nothing is learnt from there
    MaskGaps gaps;
  };
  // Chances of 256 of one row's pixels.
  struct Chances {
    int replace = 0;
    int diffuse = 0;
    int absorb = 0;
  };

  void CompareRow(const Plane& picture, int y, Scratch& scratch);
  void DecideRow(const uint8_t* sums, int y, const Steps& steps, Scratch& scratch);
  void MeanRow(int y, Plane& out) const;
  void TeachRow(const Plane& picture, const Plane& recent, const Plane& moving, int y,
                const Chances& chances);
  // This thread's, of the model's size.
  Scratch& scratch() const;
  // A random whole number whose mean is `value`.
  int Dither(double value);

  const int width_;
  const int height_;
  const Parameters parameters_;
  std::array<Plane, kSamples> samples_;
  Plane flicker_;  // eighths of a grey level
  Plane blink_;    // bits 0..6: grey levels; bit 7: a speck in the picture before
  int saturated_from_ = 256;
  int base_distance_;
  std::minstd_rand random_{1};
};

}  // namespace patrol::motion
