#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace patrol::sim {

// A header block longer than this is not a request; real clients' are under 1 KB.
inline constexpr size_t kRequestBytesMax = 16 * 1024;

// One RTSP request (RFC 2326).
struct RtspRequest {
  std::string method;
  std::string uri;
  std::map<std::string, std::string> headers;  // names in lower case

  std::string_view header(const std::string& lower_case_name) const;
  int cseq() const;  // 0 where there is none
};

// Takes the first request off the front of `buffer`, its body dropped.
// Returns: nullopt while it is not complete.
// Errors:  INVALID_ARGUMENT when it is none or too long.
absl::StatusOr<std::optional<RtspRequest>> TakeRequest(std::string& buffer);

// The camera's path ("cam-0001") of a request URI, "rtsp://host:port/cam-0001[/track1][?query]".
std::string CameraPath(std::string_view uri);

// Who may watch, and how they prove it.
struct RtspCredentials {
  std::string user;  // empty: everyone may
  std::string password;
  bool basic = true;   // offered and taken
  bool digest = true;  // MD5
  bool sha256 = false;
};

// The WWW-Authenticate headers of a 401, each with "\r\n".
std::string Challenges(const RtspCredentials& credentials, std::string_view nonce);

// Whether the request's Authorization header proves the password under `nonce`.
bool IsAuthorized(const RtspRequest& request, const RtspCredentials& credentials,
                  std::string_view nonce);

// What a client asked for in its Transport header: the first alternative that we can serve.
struct RtspTransport {
  bool tcp = false;
  int rtp_channel = -1;     // of TCP; -1: not said
  int client_rtp_port = 0;  // of UDP; RTCP's is the next
};
std::optional<RtspTransport> ParseTransport(std::string_view header);

}  // namespace patrol::sim
