#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace patrol::rtsp {

// An rtsp or rtsps address, taken apart. It never prints its credentials.
class Url {
 public:
  // Reads "rtsp[s]://[user[:password]@]host[:port][/path[?query]]"; the host may be a name, an IPv4
  // address or an IPv6 address in brackets. User and password are percent-decoded; an '@' inside a
  // password is taken as part of it (cameras' manuals write it so). The path is kept as written.
  //
  // Errors: INVALID_ARGUMENT, naming the part and its position, never user or password.
  static absl::StatusOr<Url> Parse(std::string_view text);

  const std::string& host() const { return host_; }  // without brackets, lower case
  // Where none is given 554, for rtsps 322.
  uint16_t port() const { return port_; }
  bool tls() const { return tls_; }  // rtsps
  // Path and query as written; "" or begins with '/' or '?'.
  const std::string& path() const { return path_; }
  const std::string& user() const { return user_; }
  const std::string& password() const { return password_; }

  // "host:port", brackets around IPv6: one device, as far as an address tells.
  std::string Authority() const;
  // What goes into a request line: no credentials; the port only where it was given.
  std::string ForRequest() const;

 private:
  Url() = default;

  std::string host_;
  bool tls_ = false;
  uint16_t port_ = 554;
  bool port_given_ = false;
  std::string path_;
  std::string user_;
  std::string password_;
};

// The address of one media or of the whole presentation: `control` from the SDP, put behind `base`
// as cameras mean it (an absolute address stands alone; "*" and "" are the base itself; anything
// else is appended after one '/', which also works behind a query).
std::string ResolveControl(std::string_view base, std::string_view control);

}  // namespace patrol::rtsp
