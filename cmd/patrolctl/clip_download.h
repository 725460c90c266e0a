#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace patrol::ctl {

// Where the gateway of patrold answers HTTP.
struct HttpPlace {
  std::string host;
  std::string port;
};

// "HOST:PORT", an IPv6 address in brackets. Errors: INVALID_ARGUMENT.
absl::StatusOr<HttpPlace> ParseHttpPlace(const std::string& text);

struct Download {
  int64_t bytes = 0;    // the file's
  int64_t resumed = 0;  // of these, there from an earlier attempt
  int attempts = 1;
};

// Fetches `target` of `place` into the file `path`. What came is kept in `path`.part: an attempt
// that broke off, of this call or of an earlier one, is gone on with by a Range request.
//
// token: sent as a bearer token; "": none. progress: called with bytes had and bytes in all (0:
// not known).
// Errors: as the service says (NOT_FOUND: no such clip); UNAVAILABLE when it does not answer, or
//   breaks off time and again: what came stays for the next call; INVALID_ARGUMENT: the file cannot
//   be written.
absl::StatusOr<Download> DownloadFile(const HttpPlace& place, const std::string& target,
                                      const std::string& token, const std::string& path,
                                      const std::function<void(int64_t, int64_t)>& progress);

}  // namespace patrol::ctl
