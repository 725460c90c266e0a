#include "lib/video/rtsp/auth.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lib/base/check.h"

namespace patrol::rtsp {
namespace {

using Scheme = Challenge::Scheme;

// A challenge with more than this is no challenge.
constexpr size_t kChallengesMax = 16;

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

struct Parameter {
  std::string name;  // lower case
  std::string value;
};

// What a WWW-Authenticate value is made of: a scheme, then parameters; then perhaps another scheme.
struct RawChallenge {
  std::string scheme;  // lower case
  std::vector<Parameter> parameters;
};

void SkipSeparators(std::string_view* text) {
  while (!text->empty() && (absl::ascii_isspace(text->front()) || text->front() == ',')) {
    text->remove_prefix(1);
  }
}

void SkipSpaces(std::string_view* text) {
  while (!text->empty() && absl::ascii_isspace(text->front())) text->remove_prefix(1);
}

std::string TakeToken(std::string_view* text) {
  size_t end = 0;
  while (end < text->size() && !absl::ascii_isspace((*text)[end]) && (*text)[end] != ',' &&
         (*text)[end] != '=' && (*text)[end] != '"') {
    ++end;
  }
  std::string token(text->substr(0, end));
  text->remove_prefix(end);
  return token;
}

// A quoted string with its escapes undone, or a token. A missing closing quote ends at the end.
std::string TakeValue(std::string_view* text) {
  if (text->empty() || text->front() != '"') return TakeToken(text);
  text->remove_prefix(1);
  std::string value;
  while (!text->empty() && text->front() != '"') {
    if (text->front() == '\\' && text->size() > 1) text->remove_prefix(1);
    value.push_back(text->front());
    text->remove_prefix(1);
  }
  if (!text->empty()) text->remove_prefix(1);
  return value;
}

std::vector<RawChallenge> Split(std::string_view text) {
  std::vector<RawChallenge> challenges;
  for (SkipSeparators(&text); !text.empty(); SkipSeparators(&text)) {
    const std::string token = TakeToken(&text);
    if (token.empty()) {
      text.remove_prefix(1);
      continue;
    }
    std::string_view ahead = text;
    SkipSpaces(&ahead);
    if (!ahead.empty() && ahead.front() == '=') {
      text = ahead.substr(1);
      SkipSpaces(&text);
      std::string value = TakeValue(&text);
      if (!challenges.empty()) {
        challenges.back().parameters.push_back({absl::AsciiStrToLower(token), std::move(value)});
      }
      continue;
    }
    if (challenges.size() >= kChallengesMax) break;
    challenges.push_back({absl::AsciiStrToLower(token), {}});
  }
  return challenges;
}

std::optional<Challenge> Understand(const RawChallenge& raw) {
  Challenge challenge;
  std::string algorithm = "MD5";
  bool has_qop = false;
  for (const Parameter& parameter : raw.parameters) {
    if (parameter.name == "realm") challenge.realm = parameter.value;
    if (parameter.name == "nonce") challenge.nonce = parameter.value;
    if (parameter.name == "opaque") {
      challenge.opaque = parameter.value;
      challenge.has_opaque = true;
    }
    if (parameter.name == "stale")
      challenge.stale = absl::EqualsIgnoreCase(parameter.value, "true");
    if (parameter.name == "algorithm" && !parameter.value.empty()) {
      algorithm = absl::AsciiStrToUpper(parameter.value);
    }
    if (parameter.name == "qop" && !parameter.value.empty()) {
      has_qop = true;
      for (absl::string_view qop : absl::StrSplit(parameter.value, ',')) {
        if (absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(qop), "auth")) {
          challenge.qop_auth = true;
        }
      }
    }
  }
  if (raw.scheme == "basic") {
    challenge.scheme = Scheme::kBasic;
    return challenge;
  }
  if (raw.scheme != "digest" || challenge.nonce.empty()) return std::nullopt;
  // auth-int alone would need bodies hashed; no camera is known that asks for it.
  if (has_qop && !challenge.qop_auth) return std::nullopt;
  challenge.session_algorithm = absl::EndsWith(algorithm, "-SESS");
  if (challenge.session_algorithm) algorithm.resize(algorithm.size() - 5);
  if (algorithm == "MD5") {
    challenge.scheme = Scheme::kDigestMd5;
  } else if (algorithm == "SHA-256" || algorithm == "SHA256") {
    challenge.scheme = Scheme::kDigestSha256;
  } else {
    return std::nullopt;
  }
  return challenge;
}

std::string HexDigest(Scheme scheme, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  const EVP_MD* kind = scheme == Scheme::kDigestSha256 ? EVP_sha256() : EVP_md5();
  PATROL_CHECK(EVP_Digest(text.data(), text.size(), digest.data(), &size, kind, nullptr) == 1);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), size));
}

std::string RandomHex() {
  std::array<unsigned char, 8> bytes;
  PATROL_CHECK(RAND_bytes(bytes.data(), bytes.size()) == 1);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

std::string Quote(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    // A line end in a configured user name must not become a header of its own.
    quoted.push_back(c == '\r' || c == '\n' ? ' ' : c);
  }
  quoted.push_back('"');
  return quoted;
}

}  // namespace

std::vector<Challenge> ParseChallenges(const std::vector<std::string_view>& header_values) {
  std::vector<Challenge> challenges;
  for (std::string_view value : header_values) {
    for (const RawChallenge& raw : Split(value)) {
      if (auto challenge = Understand(raw); challenge && challenges.size() < kChallengesMax) {
        challenges.push_back(*std::move(challenge));
      }
    }
  }
  return challenges;
}

Authenticator::Authenticator(std::string user, std::string password)
    : user_(std::move(user)), password_(std::move(password)) {}

absl::Status Authenticator::OnUnauthorized(const std::vector<std::string_view>& header_values,
                                           bool attempted) {
  if (user_.empty() && password_.empty()) {
    return absl::UnauthenticatedError("the camera asks for a user and none is configured");
  }
  const std::vector<Challenge> challenges = ParseChallenges(header_values);
  const auto strongest =
      std::max_element(challenges.begin(), challenges.end(),
                       [](const Challenge& a, const Challenge& b) { return a.scheme < b.scheme; });
  if (strongest == challenges.end()) {
    return absl::UnauthenticatedError(
        absl::StrCat("the camera offers no authentication that is understood (Basic, Digest with "
                     "MD5 or SHA-256) "
                     "in ",
                     header_values.size(), " WWW-Authenticate headers"));
  }
  // Some cameras renew the nonce in mid-session without saying stale: an answer that was accepted
  // before is worth one more try. A wrong password is not.
  const bool renewed = accepted_ && challenge_ && strongest->nonce != challenge_->nonce;
  if (attempted && !strongest->stale && !renewed) {
    return absl::UnauthenticatedError("the camera refused the user or the password");
  }
  accepted_ = false;
  challenge_ = *strongest;
  nonce_count_ = 0;
  return absl::OkStatus();
}

std::string Authenticator::Answer(std::string_view method, std::string_view uri) {
  if (!challenge_) return {};
  const Challenge& challenge = *challenge_;
  if (challenge.scheme == Scheme::kBasic) {
    return absl::StrCat("Basic ", absl::Base64Escape(absl::StrCat(user_, ":", password_)));
  }
  const std::string client_nonce = client_nonce_.empty() ? RandomHex() : client_nonce_;
  ++nonce_count_;
  std::array<char, 9> count;
  std::snprintf(count.data(), count.size(), "%08x", nonce_count_);
  std::string ha1 =
      HexDigest(challenge.scheme, absl::StrCat(user_, ":", challenge.realm, ":", password_));
  if (challenge.session_algorithm) {
    ha1 = HexDigest(challenge.scheme, absl::StrCat(ha1, ":", challenge.nonce, ":", client_nonce));
  }
  const std::string ha2 = HexDigest(challenge.scheme, absl::StrCat(View(method), ":", View(uri)));
  const std::string response =
      challenge.qop_auth
          ? HexDigest(challenge.scheme, absl::StrCat(ha1, ":", challenge.nonce, ":", count.data(),
                                                     ":", client_nonce, ":auth:", ha2))
          : HexDigest(challenge.scheme, absl::StrCat(ha1, ":", challenge.nonce, ":", ha2));
  std::string answer = absl::StrCat(
      "Digest username=", Quote(user_), ", realm=", Quote(challenge.realm),
      ", nonce=", Quote(challenge.nonce), ", uri=", Quote(uri), ", response=\"", response, "\"");
  // Old cameras choke on an algorithm they did not name: MD5 without qop is RFC 2069's default.
  if (challenge.scheme == Scheme::kDigestSha256 || challenge.session_algorithm ||
      challenge.qop_auth) {
    absl::StrAppend(&answer,
                    ", algorithm=", challenge.scheme == Scheme::kDigestSha256 ? "SHA-256" : "MD5",
                    challenge.session_algorithm ? "-sess" : "");
  }
  if (challenge.has_opaque) absl::StrAppend(&answer, ", opaque=", Quote(challenge.opaque));
  if (challenge.qop_auth || challenge.session_algorithm) {
    if (challenge.qop_auth) absl::StrAppend(&answer, ", qop=auth, nc=", count.data());
    absl::StrAppend(&answer, ", cnonce=", Quote(client_nonce));
  }
  return answer;
}

}  // namespace patrol::rtsp
