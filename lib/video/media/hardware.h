#pragma once

#include <memory>
#include <string>
#include <string_view>

struct AVBufferRef;

namespace patrol::media {

// What decodes where it can. kAuto: CUDA (NVDEC), else VAAPI, else software.
enum class HardwareChoice { kAuto, kOff, kVaapi, kCuda };

// "auto", "off", "vaapi", "cuda".
std::string_view HardwareChoiceName(HardwareChoice choice);
// False where it is none of these.
bool ParseHardwareChoice(std::string_view name, HardwareChoice* choice);

// A device that decodes, shared by all decoders that use it, through FFmpeg's hwaccel.
//
// Threads: const; safe from any number of threads.
class Hardware {
 public:
  // kind: kVaapi or kCuda. device: of that kind, taken over; null stands for one that is not there
  // any more, which a Decoder notices and decodes in software.
  Hardware(HardwareChoice kind, AVBufferRef* device);
  ~Hardware();
  Hardware(const Hardware&) = delete;
  Hardware& operator=(const Hardware&) = delete;

  std::string_view name() const { return HardwareChoiceName(kind_); }
  HardwareChoice kind() const { return kind_; }
  AVBufferRef* device() const { return device_; }

 private:
  const HardwareChoice kind_;
  AVBufferRef* device_;
};

struct OpenedHardware {
  std::shared_ptr<const Hardware> hardware;  // null: software decodes
  // Which device, or why there is none, in words.
  std::string why;
};

// Opens the device of the choice, or finds that there is none.
// Cost: milliseconds without a device; CUDA's first use up to a second.
OpenedHardware OpenHardware(HardwareChoice choice);

}  // namespace patrol::media
