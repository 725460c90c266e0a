#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/time/time.h"
#include "lib/video/motion/plane.h"
#include "lib/video/motion/registration.h"

namespace patrol::media {
class Picture;
}

namespace patrol::motion {

// What one picture showed. Shares are of the analysed pixels, 0..1.
//
// What stands still but was not there when the background was learnt is foreground, but not moving.
struct Detection {
  bool learning = false;    // the model has not seen enough yet: the mask is a first guess, and
                            // nothing else is to be believed
  bool light_step = false;  // most of the picture changed at once (light, or the camera was moved):
                            // the mask says nothing
  double foreground_share = 0;  // everything that differs from the background
  PlaneView mask;               // foreground: 0 or 255, at the size of analysis
  // How far the camera has shaken from the view that was learnt. The mask is the picture's own:
  // what is at p of the learnt view is at p + displacement of them.
  Displacement displacement;
  // Share of the view's structure that was found again, whatever the light, 0..1; 1 where there is
  // too little of it to say.
  double view_found = 1;
  // There is enough of it to say, and most was found: the camera looks where it did.
  bool in_place = false;
  // The same where the learnt view has it: what shakes with the camera stays in its place.
  PlaneView aligned_mask;
  // How far each place of the learnt view differs from what it looked like a moment ago, in the
  // same light; grey levels. Valid as long as the mask.
  PlaneView change;
  // The camera turns, is covered, or shows a view that is still to be learnt: light_step is set.
  bool view_lost = false;
  // Changes whenever another view is taken for the camera's: learnt, or recalled.
  int64_t view = 0;
  // Share that differs only by its light (headlights, a cloud's shadow); it is not in the mask.
  double lit_share = 0;
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
// Light: a gain common to the whole picture is taken out before comparing, and the model follows it
//   once it stays.
// Memory: 11 bytes per analysed pixel and the rows' padding (320x180: 0.7 MB). Cost: RESULTS.md.
// Threads: one call at a time; may move between threads between calls. Uses none of its own.
class Detector {
 public:
  struct Options {
    // The picture is reduced by a whole number (area average) until no more than this many pixels
    // are left: 384x240. More finds smaller things and costs more.
    int pixels_max = 92160;
    // Smallest thing that must be found, pixels of the picture across. Below 10 the picture is left
    // four times as large and specks are told by a 3x3 majority: finds distant things of a few
    // pixels, more noise, and costs up to four times as much of everything.
    int min_object_size = 10;
    // Difference (grey levels) that never counts. Smaller: finds fainter things and more noise.
    int base_distance = 11;
    // How long what stands still stays foreground, roughly.
    absl::Duration absorb_after = absl::Seconds(120);
    // Learning takes eight pictures, at least `learn_min`; while much moves it goes on until
    // `learn_max`.
    absl::Duration learn_min = absl::Seconds(2);
    absl::Duration learn_max = absl::Seconds(10);
  };

  explicit Detector(Options options);
  ~Detector();
  Detector(const Detector&) = delete;
  Detector& operator=(const Detector&) = delete;

  // Compares a picture with the model and teaches the model with it. The view in the result is
  // valid until the next call for any detector on this thread.
  //
  // A picture of another size than before, or one after a gap of more than an hour, starts the
  // model anew. One with an earlier time than the last (the camera's clock was set) goes on with
  // the model.
  Detection Process(const media::Picture& picture);

  // Forgets everything: the next picture is the first.
  void Reset();

  size_t memory_bytes() const;  // held by the model

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patrol::motion
