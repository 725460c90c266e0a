#include "lib/video/media/hardware.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lib/video/media/av_error.h"

extern "C" {
#include <libavutil/buffer.h>
#include <libavutil/hwcontext.h>
}

namespace patrol::media {

namespace {

constexpr HardwareChoice kChoices[] = {HardwareChoice::kAuto, HardwareChoice::kOff,
                                       HardwareChoice::kVaapi, HardwareChoice::kCuda};

AVHWDeviceType TypeOf(HardwareChoice kind) {
  return kind == HardwareChoice::kCuda ? AV_HWDEVICE_TYPE_CUDA : AV_HWDEVICE_TYPE_VAAPI;
}

}  // namespace

std::string_view HardwareChoiceName(HardwareChoice choice) {
  switch (choice) {
    case HardwareChoice::kAuto:
      return "auto";
    case HardwareChoice::kOff:
      return "off";
    case HardwareChoice::kVaapi:
      return "vaapi";
    case HardwareChoice::kCuda:
      return "cuda";
  }
  return "unknown";
}

bool ParseHardwareChoice(std::string_view name, HardwareChoice* choice) {
  for (const HardwareChoice known : kChoices) {
    if (name != HardwareChoiceName(known)) continue;
    *choice = known;
    return true;
  }
  return false;
}

Hardware::Hardware(HardwareChoice kind, AVBufferRef* device) : kind_(kind), device_(device) {}

Hardware::~Hardware() { av_buffer_unref(&device_); }

OpenedHardware OpenHardware(HardwareChoice choice) {
  if (choice == HardwareChoice::kOff) return {nullptr, "software decodes: so configured"};
  RouteFfmpegLog();
  std::vector<HardwareChoice> tried = {choice};
  if (choice == HardwareChoice::kAuto) tried = {HardwareChoice::kCuda, HardwareChoice::kVaapi};
  std::vector<std::string> faults;
  for (const HardwareChoice kind : tried) {
    AVBufferRef* device = nullptr;
    const int result = av_hwdevice_ctx_create(&device, TypeOf(kind), nullptr, nullptr, 0);
    const std::string name(HardwareChoiceName(kind));
    if (result >= 0) {
      return {std::make_shared<Hardware>(kind, device), absl::StrCat(name, " decodes")};
    }
    faults.emplace_back(StatusFromAv(result, name).message());
  }
  return {nullptr, absl::StrCat("software decodes: no device (", absl::StrJoin(faults, "; "), ")")};
}

}  // namespace patrol::media
