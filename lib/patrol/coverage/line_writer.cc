#include "lib/patrol/coverage/line_writer.h"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"

namespace patrol::coverage {
namespace {

void AppendDegrees(double degrees, std::string* out) {
  int64_t scaled = std::llround(degrees * 1e6);
  if (scaled < 0) {
    out->push_back('-');
    scaled = -scaled;
  }
  absl::StrAppend(out, scaled / 1000000);
  int64_t rest = scaled % 1000000;
  if (rest == 0) return;
  char digits[7];
  for (int i = 5; i >= 0; --i) {
    digits[i] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  }
  size_t count = 6;
  while (digits[count - 1] == '0') --count;
  out->push_back('.');
  out->append(digits, count);
}

}  // namespace

LineWriter::LineWriter() : text_(R"({"type":"FeatureCollection","features":[)") {}

void LineWriter::Begin(geo::LonLat place) {
  text_.append(first_ ? "\n" : ",\n");
  first_ = false;
  text_.append(R"({"type":"Feature","geometry":{"type":"LineString","coordinates":[)");
  Place(place);
}

void LineWriter::Add(geo::LonLat place) {
  text_.push_back(',');
  Place(place);
}

void LineWriter::End(std::string_view properties) {
  text_.append("]},\"properties\":{");
  text_.append(properties);
  text_.append("}}");
}

std::string LineWriter::Finish() && {
  text_.append("\n]}\n");
  return std::move(text_);
}

void LineWriter::Place(geo::LonLat place) {
  text_.push_back('[');
  AppendDegrees(place.lon, &text_);
  text_.push_back(',');
  AppendDegrees(place.lat, &text_);
  text_.push_back(']');
}

geo::LonLat PlaceAtShare(const roadnet::Network& network, roadnet::PieceIndex piece, double share) {
  return network.Place({piece, network.piece(piece).length_m * share});
}

}  // namespace patrol::coverage
