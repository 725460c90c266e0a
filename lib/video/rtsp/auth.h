#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace patrol::rtsp {

// One challenge of a WWW-Authenticate header. A header may hold several.
struct Challenge {
  enum class Scheme { kBasic, kDigestMd5, kDigestSha256 };  // weakest first
  Scheme scheme = Scheme::kBasic;
  std::string realm;
  std::string nonce;
  std::string opaque;
  bool has_opaque = false;
  bool qop_auth = false;           // offers qop=auth
  bool session_algorithm = false;  // MD5-sess, SHA-256-sess
  bool stale = false;
};

// All challenges we can answer, in the order given; schemes and algorithms we do not know, and
// Digest challenges without a nonce, are left out.
std::vector<Challenge> ParseChallenges(const std::vector<std::string_view>& header_values);

// Answers the challenges of one server with one user's credentials (RFC 7616, 7617, 2617).
class Authenticator {
 public:
  Authenticator(std::string user, std::string password);

  // Takes the challenges of a 401; the strongest is answered from now on.
  // attempted: the refused request had carried an answer.
  // Errors: UNAUTHENTICATED when there is nothing to try: no credentials configured, nothing we can
  //         answer, or the answer was refused (which a new nonce excuses when the server calls the
  //         old one stale, or had accepted an answer before).
  absl::Status OnUnauthorized(const std::vector<std::string_view>& header_values, bool attempted);

  // A request that carried an answer was served.
  void OnAccepted() { accepted_ = challenge_.has_value(); }

  // Value of the Authorization header for this request; "" before any challenge.
  std::string Answer(std::string_view method, std::string_view uri);

  // For tests: the client nonce instead of a random one.
  void SetClientNonce(std::string nonce) { client_nonce_ = std::move(nonce); }

 private:
  const std::string user_;
  const std::string password_;
  std::optional<Challenge> challenge_;
  std::string client_nonce_;
  uint32_t nonce_count_ = 0;
  bool accepted_ = false;
};

}  // namespace patrol::rtsp
