#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/video/media/access_unit.h"
#include "lib/video/media/hardware.h"
#include "lib/video/media/picture.h"

struct AVCodecParameters;

namespace patrol::media {

// Whether pictures may come later than their access units.
enum class Reordering : uint8_t {
  // A picture is returned by the call that decodes it: live cameras, which code without B-frames. A
  // stream with B-frames is decoded too, but some of its pictures are late or missing.
  kNone,
  // Pictures come in order of display, as late as the stream needs: clips. Drain() gives the last.
  kDisplayOrder,
};

// One decoder context (about 3.5 MB at 640x360). It may serve many cameras in turn: Flush() between
// two cameras, and hand in the other camera's parameter sets in front of its keyframe. A keyframe
// decoded with another camera's parameter sets gives a grey picture, so an access unit that carries
// none after a Flush must have them prepended (ParameterSetsOf in annexb.h finds them).
//
// Threads: one call at a time; may move between threads between calls. Uses no thread of its own.
class Decoder {
 public:
  // Errors: UNIMPLEMENTED when FFmpeg was built without this codec, RESOURCE_EXHAUSTED, INTERNAL.
  // hardware: decodes where it can do the stream; where it cannot, or fails time and again,
  // software does from the next keyframe on. Null: software. Pictures come in system memory either
  // way.
  static absl::StatusOr<std::unique_ptr<Decoder>> Create(
      Codec codec, Reordering reordering = Reordering::kNone,
      std::shared_ptr<const Hardware> hardware = nullptr);
  // For any codec of a clip, with the parameter sets its container holds.
  static absl::StatusOr<std::unique_ptr<Decoder>> Create(const AVCodecParameters& parameters,
                                                         Reordering reordering);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // Decodes one access unit. Any other pixel format than 8-bit 4:2:0 is converted to it.
  //
  // A stream without keyframes is entered at a unit that says so (AccessUnit::refresh): at a
  // recovery point, or where nothing is announced; its pictures then come once they are whole.
  //
  // Returns: a picture with the access unit's time; nullopt when the decoder has none yet (no
  //   keyframe since the start or the last Flush; not all of the picture renewed since it was
  //   entered; a picture shown before the keyframe that the stream was entered at; or reordering).
  // Errors: DATA_LOSS when the picture is damaged: slices were missing or did not parse, a picture
  //   it refers to was lost, or the access unit is marked damaged. After a loss inside an H.264 or
  //   H.265 GOP all pictures up to the next keyframe are damaged and reported so.
  //   INVALID_ARGUMENT for an empty access unit, one of another codec, or over
  //   limits::kAccessUnitBytesMax; FAILED_PRECONDITION after Drain without Flush.
  //   The decoder stays usable after every error.
  absl::StatusOr<std::optional<Picture>> Decode(const AccessUnit& unit);

  // Whether the units decoded from now on are filtered against block edges, as H.264 and H.265 ask
  // for; true until told. Without, decoding costs a fifth to a quarter less, and what refers to a
  // picture differs ever more from what the camera coded, up to the next keyframe: for a short
  // look.
  void FilterEdges(bool filter);

  // A keyframe that nothing decoded after it refers to, of any camera: flushes before it, and does
  // not filter edges, which is for what refers to the picture, and for the eye.
  // Returns, errors: as Decode; what FFmpeg would have held for reordering is drained.
  absl::StatusOr<std::optional<Picture>> DecodeAlone(const AccessUnit& keyframe);

  // As Decode, with bare bytes in the container's own form (not Annex B): clips only.
  absl::StatusOr<std::optional<Picture>> DecodePacket(const uint8_t* data, size_t size,
                                                      absl::Time time);

  // Pictures still held for reordering, one a call; nullopt when there are no more.
  absl::StatusOr<std::optional<Picture>> Drain();

  // Forgets all pictures and any loss: the next access unit comes from another place of the stream
  // or from another camera.
  void Flush();

  // What decoded the last picture: "software", "vaapi" or "cuda"; "" before the first.
  std::string_view decoded_by() const;
  // Why a decoder with hardware decodes in software; "" while it does not.
  const std::string& fallback() const;

  uint64_t pictures() const;  // returned since creation
  uint64_t damaged() const;   // found damaged since creation

 private:
  struct Impl;
  explicit Decoder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace patrol::media
