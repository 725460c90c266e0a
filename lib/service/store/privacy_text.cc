#include "lib/service/store/privacy_text.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace patrol::store {

namespace {

bool ReadHead(absl::string_view text, PrivacyMask* mask) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ' ');
  return parts.size() == 5 && parts[0] == "1" && absl::SimpleAtoi(parts[1], &mask->revision) &&
         absl::SimpleAtoi(parts[2], &mask->width) && absl::SimpleAtoi(parts[3], &mask->height) &&
         absl::SimpleAtoi(parts[4], &mask->rotation_deg);
}

bool ReadPolygon(absl::string_view text, std::vector<PicturePlace>* polygon) {
  for (absl::string_view corner : absl::StrSplit(text, ' ')) {
    const std::vector<absl::string_view> parts = absl::StrSplit(corner, ',');
    PicturePlace place;
    if (parts.size() != 2 || !absl::SimpleAtod(parts[0], &place.x) ||
        !absl::SimpleAtod(parts[1], &place.y)) {
      return false;
    }
    polygon->push_back(place);
  }
  return polygon->size() >= 3;
}

}  // namespace

std::string WritePrivacyMask(const std::optional<PrivacyMask>& mask) {
  if (!mask.has_value()) return "";
  // What could not be read is not made readable by writing it.
  if (mask->unknown) return "unknown";
  std::string text = absl::StrCat("1 ", mask->revision, " ", mask->width, " ", mask->height, " ",
                                  mask->rotation_deg);
  for (const std::vector<PicturePlace>& polygon : mask->polygons) {
    char before = ';';
    for (const PicturePlace& place : polygon) {
      absl::StrAppendFormat(&text, "%c%.17g,%.17g", before, place.x, place.y);
      before = ' ';
    }
  }
  return text;
}

std::optional<PrivacyMask> ReadPrivacyMask(const std::string& text) {
  if (text.empty()) return std::nullopt;
  PrivacyMask mask;
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ';');
  mask.unknown = !ReadHead(parts[0], &mask);
  for (size_t i = 1; i < parts.size(); ++i) {
    mask.polygons.emplace_back();
    mask.unknown = mask.unknown || !ReadPolygon(parts[i], &mask.polygons.back());
  }
  if (mask.unknown || mask.polygons.empty()) {
    mask = PrivacyMask();
    mask.unknown = true;
  }
  return mask;
}

}  // namespace patrol::store
