#pragma once

#include <string>
#include <string_view>

#include "lib/service/web/transcode.h"

namespace patrol::web {

// A clip's file as video/mp4, or the part of it that a Range header asks for (RFC 9110, 14: one
// range of bytes; anything else is answered with the whole). A clip that is still being written is
// sent as far as it is.
//
// range: the header's value; empty when there was none.
// Returns: 200, 206 with Content-Range, 416 past the end, 404 when the file is gone.
Answer ClipAnswer(const std::string& path, std::string_view range);

}  // namespace patrol::web
