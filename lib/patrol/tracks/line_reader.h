#pragma once

#include <istream>
#include <string>

namespace patrol::tracks {

enum class LineRead { kRead, kTooLong, kEnd };

// The next line of `in`, without its end (LF or CRLF). kTooLong: *text is its first
// limits::kCsvLineBytesMax bytes, the rest is passed over. kEnd: there is none.
LineRead ReadLine(std::istream& in, std::string* text);

}  // namespace patrol::tracks
