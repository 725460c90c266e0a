#include "lib/patrol/tracks/line_reader.h"

#include "lib/base/limits.h"

namespace patrol::tracks {

LineRead ReadLine(std::istream& in, std::string* text) {
  text->clear();
  std::streambuf* buffer = in.rdbuf();
  bool any = false;
  bool too_long = false;
  for (;;) {
    const int c = buffer->sbumpc();
    if (c == std::char_traits<char>::eof()) {
      if (!any) return LineRead::kEnd;
      break;
    }
    any = true;
    if (c == '\n') break;
    if (text->size() >= limits::kCsvLineBytesMax) {
      too_long = true;
      continue;
    }
    text->push_back(static_cast<char>(c));
  }
  if (!text->empty() && text->back() == '\r') text->pop_back();
  return too_long ? LineRead::kTooLong : LineRead::kRead;
}

}  // namespace patrol::tracks
