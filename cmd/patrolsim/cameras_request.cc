#include "cmd/patrolsim/cameras_request.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace patrol::sim {
namespace {

constexpr char kRealm[] = "patrolsim";

std::string Hash(const EVP_MD* algorithm, std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, algorithm, nullptr);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), size));
}

// name=value and name="value" pairs, split at commas outside quotes.
std::map<std::string, std::string> DigestFields(std::string_view text) {
  std::map<std::string, std::string> fields;
  size_t at = 0;
  while (at < text.size()) {
    bool quoted = false;
    size_t end = at;
    while (end < text.size() && (quoted || text[end] != ',')) {
      if (text[end] == '"') quoted = !quoted;
      ++end;
    }
    const std::string_view pair = text.substr(at, end - at);
    const size_t equals = pair.find('=');
    if (equals != std::string_view::npos) {
      const auto name = absl::StripAsciiWhitespace(absl::string_view(pair.data(), equals));
      auto value = absl::StripAsciiWhitespace(
          absl::string_view(pair.data() + equals + 1, pair.size() - equals - 1));
      if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
        value = value.substr(1, value.size() - 2);
      }
      fields[absl::AsciiStrToLower(name)] = std::string(value);
    }
    at = end + 1;
  }
  return fields;
}

bool DigestHolds(const RtspRequest& request, const RtspCredentials& credentials,
                 std::string_view nonce, std::string_view text) {
  auto fields = DigestFields(text);
  const std::string algorithm = absl::AsciiStrToUpper(fields["algorithm"]);
  const EVP_MD* hash = nullptr;
  if ((algorithm.empty() || algorithm == "MD5") && credentials.digest) hash = EVP_md5();
  if (algorithm == "SHA-256" && credentials.sha256) hash = EVP_sha256();
  if (hash == nullptr || fields["username"] != credentials.user ||
      fields["nonce"] != std::string(nonce)) {
    return false;
  }
  const std::string ha1 =
      Hash(hash, absl::StrCat(credentials.user, ":", kRealm, ":", credentials.password));
  const std::string ha2 = Hash(hash, absl::StrCat(request.method, ":", fields["uri"]));
  const std::string nonce_part = fields["qop"].empty()
                                     ? fields["nonce"]
                                     : absl::StrCat(fields["nonce"], ":", fields["nc"], ":",
                                                    fields["cnonce"], ":", fields["qop"]);
  return absl::EqualsIgnoreCase(fields["response"],
                                Hash(hash, absl::StrCat(ha1, ":", nonce_part, ":", ha2)));
}

}  // namespace

std::string_view RtspRequest::header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

int RtspRequest::cseq() const {
  int value = 0;
  const std::string_view text = header("cseq");
  return absl::SimpleAtoi(absl::string_view(text.data(), text.size()), &value) ? value : 0;
}

absl::StatusOr<std::optional<RtspRequest>> TakeRequest(std::string& buffer) {
  // Some clients send blank lines between requests.
  buffer.erase(0, buffer.find_first_not_of("\r\n"));
  const size_t end = buffer.find("\r\n\r\n");
  if (end == std::string::npos) {
    if (buffer.size() > kRequestBytesMax) {
      return absl::InvalidArgumentError(
          absl::StrCat("request: no end of headers within ", kRequestBytesMax, " bytes"));
    }
    return std::optional<RtspRequest>();
  }
  RtspRequest request;
  const std::vector<std::string> lines = absl::StrSplit(buffer.substr(0, end), "\r\n");
  const std::vector<std::string> words = absl::StrSplit(lines[0], ' ');
  if (words.size() != 3 || !absl::StartsWith(words[2], "RTSP/")) {
    return absl::InvalidArgumentError("request: first line is not \"METHOD URI RTSP/1.0\"");
  }
  request.method = words[0];
  request.uri = words[1];
  for (size_t i = 1; i < lines.size(); ++i) {
    const size_t colon = lines[i].find(':');
    if (colon == std::string::npos) continue;
    request.headers[absl::AsciiStrToLower(lines[i].substr(0, colon))] =
        std::string(absl::StripAsciiWhitespace(lines[i].substr(colon + 1)));
  }
  size_t body = 0;
  const std::string_view length = request.header("content-length");
  if (!length.empty() &&
      (!absl::SimpleAtoi(absl::string_view(length.data(), length.size()), &body) ||
       body > kRequestBytesMax)) {
    return absl::InvalidArgumentError("request: content-length is no number up to 16384");
  }
  if (buffer.size() < end + 4 + body) return std::optional<RtspRequest>();
  buffer.erase(0, end + 4 + body);
  return std::optional<RtspRequest>(std::move(request));
}

std::string CameraPath(std::string_view uri) {
  if (const size_t scheme = uri.find("://"); scheme != std::string_view::npos) {
    const size_t slash = uri.find('/', scheme + 3);
    uri = slash == std::string_view::npos ? std::string_view() : uri.substr(slash + 1);
  } else if (!uri.empty() && uri.front() == '/') {
    uri.remove_prefix(1);
  }
  return std::string(uri.substr(0, uri.find_first_of("/?")));
}

std::string Challenges(const RtspCredentials& credentials, std::string_view nonce) {
  const absl::string_view nonce_text(nonce.data(), nonce.size());
  std::string text;
  if (credentials.sha256) {
    absl::StrAppend(&text, "WWW-Authenticate: Digest realm=\"", kRealm, "\", nonce=\"", nonce_text,
                    "\", algorithm=SHA-256, qop=\"auth\"\r\n");
  }
  if (credentials.digest) {
    absl::StrAppend(&text, "WWW-Authenticate: Digest realm=\"", kRealm, "\", nonce=\"", nonce_text,
                    "\"\r\n");
  }
  if (credentials.basic) {
    absl::StrAppend(&text, "WWW-Authenticate: Basic realm=\"", kRealm, "\"\r\n");
  }
  return text;
}

bool IsAuthorized(const RtspRequest& request, const RtspCredentials& credentials,
                  std::string_view nonce) {
  if (credentials.user.empty()) return true;
  const std::string_view header = request.header("authorization");
  absl::string_view text(header.data(), header.size());
  if (credentials.basic && absl::ConsumePrefix(&text, "Basic ")) {
    std::string pair;
    return absl::Base64Unescape(text, &pair) &&
           pair == absl::StrCat(credentials.user, ":", credentials.password);
  }
  if (absl::ConsumePrefix(&text, "Digest ")) {
    return DigestHolds(request, credentials, nonce, std::string_view(text.data(), text.size()));
  }
  return false;
}

std::optional<RtspTransport> ParseTransport(std::string_view header) {
  for (absl::string_view alternative :
       absl::StrSplit(absl::string_view(header.data(), header.size()), ',')) {
    RtspTransport transport;
    bool unicast = true;
    bool first = true;
    bool served = false;
    for (absl::string_view field : absl::StrSplit(alternative, ';')) {
      field = absl::StripAsciiWhitespace(field);
      if (first) {
        transport.tcp = absl::EqualsIgnoreCase(field, "RTP/AVP/TCP");
        served = transport.tcp || absl::EqualsIgnoreCase(field, "RTP/AVP") ||
                 absl::EqualsIgnoreCase(field, "RTP/AVP/UDP");
        first = false;
      } else if (absl::EqualsIgnoreCase(field, "multicast")) {
        unicast = false;
      } else if (absl::ConsumePrefix(&field, "interleaved=")) {
        const std::vector<absl::string_view> channels = absl::StrSplit(field, '-');
        if (!absl::SimpleAtoi(channels[0], &transport.rtp_channel) || transport.rtp_channel < 0 ||
            transport.rtp_channel > 254) {
          served = false;
        }
      } else if (absl::ConsumePrefix(&field, "client_port=")) {
        const std::vector<absl::string_view> ports = absl::StrSplit(field, '-');
        if (!absl::SimpleAtoi(ports[0], &transport.client_rtp_port) ||
            transport.client_rtp_port < 1 || transport.client_rtp_port > 65534) {
          served = false;
        }
      }
    }
    if (served && unicast && (transport.tcp || transport.client_rtp_port > 0)) return transport;
  }
  return std::nullopt;
}

}  // namespace patrol::sim
