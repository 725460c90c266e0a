#include "lib/video/motion/motion_event.h"

namespace patrol::motion {

std::string_view DirectionName(Direction direction) {
  switch (direction) {
    case Direction::kNone:
      return "";
    case Direction::kRight:
      return "right";
    case Direction::kDownRight:
      return "down-right";
    case Direction::kDown:
      return "down";
    case Direction::kDownLeft:
      return "down-left";
    case Direction::kLeft:
      return "left";
    case Direction::kUpLeft:
      return "up-left";
    case Direction::kUp:
      return "up";
    case Direction::kUpRight:
      return "up-right";
  }
  return "";
}

std::string_view EndingName(Ending ending) {
  switch (ending) {
    case Ending::kOpen:
      return "open";
    case Ending::kGone:
      return "gone";
    case Ending::kLeft:
      return "left";
    case Ending::kWentOn:
      return "went_on";
    case Ending::kBusy:
      return "busy";
    case Ending::kStreamLost:
      return "stream_lost";
    case Ending::kSnoozed:
      return "snoozed";
    case Ending::kViewLost:
      return "view_lost";
  }
  return "";
}

std::string_view OnsetSourceName(OnsetSource source) {
  return source == OnsetSource::kReplay ? "replay" : "pictures";
}

std::string_view SuppressionName(Suppression cause) {
  switch (cause) {
    case Suppression::kLightStep:
      return "light_step";
    case Suppression::kTooBrief:
      return "too_brief";
    case Suppression::kInPlace:
      return "in_place";
    case Suppression::kOutsideZones:
      return "outside_zones";
    case Suppression::kUnscheduled:
      return "unscheduled";
    case Suppression::kSnoozed:
      return "snoozed";
    case Suppression::kBusy:
      return "busy";
    case Suppression::kLimit:
      return "limit";
    case Suppression::kRejected:
      return "rejected";
  }
  return "";
}

}  // namespace patrol::motion
