#include "lib/video/rtsp/url.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace patrol::rtsp {
namespace {

constexpr size_t kUrlBytesMax = 2048;
constexpr uint16_t kTlsPort = 322;  // RFC 7826 section 4.2

// nullopt where a '%' is not followed by two hexadecimal digits.
std::optional<std::string> PercentDecode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    const auto digit = [&](size_t at) -> int {
      if (at >= text.size() || !std::isxdigit(static_cast<unsigned char>(text[at]))) return -1;
      const char c = absl::ascii_tolower(text[at]);
      return c <= '9' ? c - '0' : c - 'a' + 10;
    };
    const int high = digit(i + 1);
    const int low = digit(i + 2);
    if (high < 0 || low < 0) return std::nullopt;
    decoded.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return decoded;
}

bool StartsWithScheme(std::string_view text) {
  return absl::StartsWithIgnoreCase(absl::string_view(text.data(), text.size()), "rtsp://") ||
         absl::StartsWithIgnoreCase(absl::string_view(text.data(), text.size()), "rtsps://");
}

bool IsHostCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_';
}

bool IsIpv6Character(char c) {
  return std::isxdigit(static_cast<unsigned char>(c)) || c == ':' || c == '.' || c == '%';
}

}  // namespace

absl::StatusOr<Url> Url::Parse(std::string_view text) {
  if (text.size() > kUrlBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("address: ", text.size(), " bytes, at most ", kUrlBytesMax));
  }
  const absl::string_view view(text.data(), text.size());
  if (!StartsWithScheme(text)) {
    return absl::InvalidArgumentError("address: must begin with \"rtsp://\" or \"rtsps://\"");
  }
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte <= 0x20 || byte == 0x7f) {
      return absl::InvalidArgumentError(
          absl::StrCat("address: a space or control character at position ", i + 1));
    }
  }
  Url url;
  url.tls_ = absl::StartsWithIgnoreCase(view, "rtsps://");
  if (url.tls_) url.port_ = kTlsPort;
  std::string_view rest = text.substr(text.find("://") + 3);
  // Credentials end at the last '@' before the path. A password may hold '/' or '?' only encoded.
  const size_t path_at = std::min(rest.find_first_of("/?"), rest.size());
  const size_t at = rest.substr(0, path_at).rfind('@');
  if (at != std::string_view::npos) {
    const std::string_view credentials = rest.substr(0, at);
    const size_t colon = credentials.find(':');
    const auto user = PercentDecode(credentials.substr(0, colon));
    const auto password = PercentDecode(
        colon == std::string_view::npos ? std::string_view() : credentials.substr(colon + 1));
    if (!user || !password) {
      return absl::InvalidArgumentError(
          "address: a '%' in user or password is not followed by two hexadecimal digits");
    }
    url.user_ = *user;
    url.password_ = *password;
    rest.remove_prefix(at + 1);
  }
  const size_t host_position = text.size() - rest.size() + 1;
  const size_t end = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, end);
  url.path_ = std::string(rest.substr(end));
  const size_t fragment = url.path_.find('#');
  if (fragment != std::string::npos) url.path_.resize(fragment);

  std::string_view host = authority;
  std::string_view port;
  bool has_port = false;
  if (!authority.empty() && authority.front() == '[') {
    const size_t close = authority.find(']');
    if (close == std::string_view::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("address: no ']' after the '[' at position ", host_position));
    }
    host = authority.substr(1, close - 1);
    const std::string_view tail = authority.substr(close + 1);
    if (!tail.empty() && tail.front() != ':') {
      return absl::InvalidArgumentError("address: only \":port\" may follow the ']' of the host");
    }
    has_port = !tail.empty();
    if (has_port) port = tail.substr(1);
    // Every IPv6 address has a colon; without one it could not be told from a name again.
    if (!std::all_of(host.begin(), host.end(), IsIpv6Character) ||
        host.find(':') == std::string_view::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("address: not an IPv6 address at position ", host_position + 1));
    }
  } else {
    const size_t colon = authority.find(':');
    host = authority.substr(0, colon);
    has_port = colon != std::string_view::npos;
    if (has_port) port = authority.substr(colon + 1);
    for (char c : host) {
      if (!IsHostCharacter(c)) {
        return absl::InvalidArgumentError(
            absl::StrCat("address: a character a host cannot have near position ", host_position));
      }
    }
  }
  if (host.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("address: no host at position ", host_position));
  }
  url.host_ = absl::AsciiStrToLower(absl::string_view(host.data(), host.size()));
  if (has_port) {
    uint32_t number = 0;
    if (port.empty() || port.find_first_not_of("0123456789") != std::string_view::npos ||
        !absl::SimpleAtoi(absl::string_view(port.data(), port.size()), &number) || number == 0 ||
        number > 65535) {
      return absl::InvalidArgumentError("address: the port must be 1..65535");
    }
    url.port_ = static_cast<uint16_t>(number);
    url.port_given_ = true;
  }
  return url;
}

std::string Url::Authority() const {
  const bool ipv6 = host_.find(':') != std::string::npos;
  return absl::StrCat(ipv6 ? "[" : "", host_, ipv6 ? "]" : "", ":", port_);
}

std::string Url::ForRequest() const {
  const bool ipv6 = host_.find(':') != std::string::npos;
  std::string text =
      absl::StrCat(tls_ ? "rtsps://" : "rtsp://", ipv6 ? "[" : "", host_, ipv6 ? "]" : "");
  if (port_given_) absl::StrAppend(&text, ":", port_);
  absl::StrAppend(&text, path_);
  return text;
}

std::string ResolveControl(std::string_view base, std::string_view control) {
  if (control.empty() || control == "*") return std::string(base);
  if (StartsWithScheme(control)) return std::string(control);
  std::string joined(base);
  const bool has = !joined.empty() && joined.back() == '/';
  const bool begins = control.front() == '/';
  if (has && begins) {
    joined.pop_back();
  } else if (!has && !begins) {
    joined.push_back('/');
  }
  joined.append(control);
  return joined;
}

}  // namespace patrol::rtsp
