#include "lib/video/rtsp/message.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lib/base/limits.h"

namespace patrol::rtsp {
namespace {

// More fields than any server sends; a flood of tiny ones would otherwise cost a vector each.
constexpr size_t kFieldsMax = 256;

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

std::string_view Trim(std::string_view text) {
  const absl::string_view trimmed = absl::StripAsciiWhitespace(View(text));
  return {trimmed.data(), trimmed.size()};
}

// Position after the end of the header block (an empty line), or npos. Lines end in LF; CRs before
// it belong to the end.
size_t FindHeaderEnd(std::string_view bytes) {
  size_t line = 0;
  for (size_t at = bytes.find('\n'); at != std::string_view::npos; at = bytes.find('\n', line)) {
    size_t end = at;
    while (end > line && bytes[end - 1] == '\r') --end;
    // Empty lines before the first line are skipped by the caller.
    if (end == line) return at + 1;
    line = at + 1;
  }
  return std::string_view::npos;
}

bool IsToken(std::string_view text) {
  if (text.empty()) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7f && c != ':' && c != '"' && c != '(' && c != ')' && c != ',';
  });
}

absl::Status ParseStartLine(std::string_view line, Message* message) {
  if (absl::StartsWithIgnoreCase(View(line), "RTSP/")) {
    const size_t space = line.find(' ');
    const std::string_view rest =
        space == std::string_view::npos ? std::string_view() : Trim(line.substr(space));
    int status = 0;
    if (rest.size() < 3 || !absl::SimpleAtoi(View(rest.substr(0, 3)), &status) || status < 100 ||
        (rest.size() > 3 && rest[3] != ' ')) {
      return absl::DataLossError("line 1: a status line without a status of three digits");
    }
    message->status = status;
    message->reason = std::string(Trim(rest.substr(3)));
    return absl::OkStatus();
  }
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || last == first ||
      !absl::StartsWithIgnoreCase(View(line.substr(last + 1)), "RTSP/") ||
      !IsToken(line.substr(0, first))) {
    return absl::DataLossError("line 1: neither a status line nor a request line");
  }
  message->method = std::string(line.substr(0, first));
  message->uri = std::string(Trim(line.substr(first, last - first)));
  return absl::OkStatus();
}

}  // namespace

void Headers::Add(std::string name, std::string value) {
  fields_.push_back({std::move(name), std::move(value)});
}

void Headers::Continue(std::string_view text) {
  if (fields_.empty()) return;
  std::string& value = fields_.back().value;
  if (!value.empty()) value.push_back(' ');
  value.append(text);
}

bool Headers::Has(std::string_view name) const {
  return std::any_of(fields_.begin(), fields_.end(), [name](const Field& field) {
    return absl::EqualsIgnoreCase(field.name, View(name));
  });
}

std::string_view Headers::Get(std::string_view name) const {
  for (const Field& field : fields_) {
    if (absl::EqualsIgnoreCase(field.name, View(name))) return field.value;
  }
  return {};
}

std::vector<std::string_view> Headers::GetAll(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const Field& field : fields_) {
    if (absl::EqualsIgnoreCase(field.name, View(name))) values.push_back(field.value);
  }
  return values;
}

std::optional<int64_t> Message::cseq() const {
  int64_t number = 0;
  if (!absl::SimpleAtoi(View(headers.Get("CSeq")), &number)) return std::nullopt;
  return number;
}

absl::StatusOr<std::optional<ParsedMessage>> ParseMessage(std::string_view bytes) {
  // RFC 2326 allows empty lines before a message; some cameras send them after a body.
  size_t begin = 0;
  while (begin < bytes.size() && (bytes[begin] == '\r' || bytes[begin] == '\n')) ++begin;
  std::string_view text = bytes.substr(begin);
  const size_t header_bytes = FindHeaderEnd(text.substr(0, limits::kRtspHeaderBytesMax));
  if (header_bytes == std::string_view::npos) {
    if (text.size() >= limits::kRtspHeaderBytesMax) {
      return absl::ResourceExhaustedError(
          absl::StrCat("no end of the header within ", limits::kRtspHeaderBytesMax, " bytes"));
    }
    return std::nullopt;
  }
  ParsedMessage parsed;
  Message& message = parsed.message;
  int number = 0;
  std::string_view header = text.substr(0, header_bytes);
  while (!header.empty()) {
    const size_t at = header.find('\n');
    std::string_view line = header.substr(0, at);
    header.remove_prefix(at + 1);
    ++number;
    while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) break;
    if (number == 1) {
      if (auto status = ParseStartLine(line, &message); !status.ok()) return status;
      continue;
    }
    if (line.front() == ' ' || line.front() == '\t') {
      message.headers.Continue(Trim(line));
      continue;
    }
    const size_t colon = line.find(':');
    // A line that is no field is passed over: cameras write notes there.
    if (colon == std::string_view::npos) continue;
    if (message.headers.size() >= kFieldsMax) {
      return absl::ResourceExhaustedError(
          absl::StrCat("line ", number, ": more than ", kFieldsMax, " header fields"));
    }
    message.headers.Add(std::string(Trim(line.substr(0, colon))),
                        std::string(Trim(line.substr(colon + 1))));
  }
  size_t body_bytes = 0;
  const std::string_view length = message.headers.Get("Content-Length");
  if (!length.empty()) {
    uint64_t value = 0;
    if (!absl::SimpleAtoi(View(length), &value)) {
      return absl::DataLossError("content-length is not a number");
    }
    if (value > limits::kRtspBodyBytesMax) {
      return absl::ResourceExhaustedError(
          absl::StrCat("content-length ", value, " bytes, at most ", limits::kRtspBodyBytesMax));
    }
    body_bytes = static_cast<size_t>(value);
  }
  if (text.size() - header_bytes < body_bytes) return std::nullopt;
  message.body = std::string(text.substr(header_bytes, body_bytes));
  parsed.bytes = begin + header_bytes + body_bytes;
  return parsed;
}

std::string SerializeRequest(std::string_view method, std::string_view uri, const Headers& headers,
                             std::string_view body) {
  std::string text = absl::StrCat(View(method), " ", View(uri), " RTSP/1.0\r\n");
  headers.AppendTo(&text);
  if (!body.empty()) absl::StrAppend(&text, "Content-Length: ", body.size(), "\r\n");
  absl::StrAppend(&text, "\r\n", View(body));
  return text;
}

std::string SerializeResponse(int status, std::string_view reason, int64_t cseq) {
  return absl::StrCat("RTSP/1.0 ", status, " ", View(reason), "\r\nCSeq: ", cseq, "\r\n\r\n");
}

void Headers::AppendTo(std::string* text) const {
  for (const Field& field : fields_) {
    absl::StrAppend(text, field.name, ": ", field.value, "\r\n");
  }
}

SessionHeader ParseSessionHeader(std::string_view value) {
  SessionHeader header;
  bool first = true;
  for (absl::string_view part : absl::StrSplit(View(value), ';')) {
    part = absl::StripAsciiWhitespace(part);
    if (first) {
      header.id = std::string(part);
      first = false;
    } else if (absl::StartsWithIgnoreCase(part, "timeout")) {
      const size_t equals = part.find('=');
      int seconds = 0;
      if (equals != absl::string_view::npos &&
          absl::SimpleAtoi(absl::StripAsciiWhitespace(part.substr(equals + 1)), &seconds) &&
          seconds > 0 && seconds <= 24 * 3600) {
        header.timeout_s = seconds;
      }
    }
  }
  return header;
}

RtpInfoHeader ParseRtpInfoHeader(std::string_view value) {
  RtpInfoHeader header;
  absl::string_view text = absl::StripAsciiWhitespace(View(value));
  header.trailing_semicolon = absl::EndsWith(text, ";");
  // The separators of streams and of their parameters; a comma or a semicolon within an address
  // only makes one more part that has no name we look for.
  for (absl::string_view part : absl::StrSplit(text, absl::ByAnyChar(",;"))) {
    part = absl::StripAsciiWhitespace(part);
    header.sequence_zero = header.sequence_zero || absl::EqualsIgnoreCase(part, "seq=0");
    header.rtp_time_zero = header.rtp_time_zero || absl::EqualsIgnoreCase(part, "rtptime=0");
  }
  return header;
}

TransportHeader ParseTransportHeader(std::string_view value) {
  TransportHeader header;
  const auto channel = [](absl::string_view text) -> std::optional<uint8_t> {
    uint32_t number = 0;
    if (!absl::SimpleAtoi(absl::StripAsciiWhitespace(text), &number) || number > 255) {
      return std::nullopt;
    }
    return static_cast<uint8_t>(number);
  };
  const auto port = [](absl::string_view text) -> std::optional<uint16_t> {
    uint32_t number = 0;
    if (!absl::SimpleAtoi(absl::StripAsciiWhitespace(text), &number) || number == 0 ||
        number > 65535) {
      return std::nullopt;
    }
    return static_cast<uint16_t>(number);
  };
  bool first = true;
  for (absl::string_view part : absl::StrSplit(View(value), ';')) {
    part = absl::StripAsciiWhitespace(part);
    if (first) {
      header.tcp = absl::EndsWithIgnoreCase(part, "/TCP");
      first = false;
      continue;
    }
    const size_t equals = part.find('=');
    if (equals == absl::string_view::npos) continue;
    const absl::string_view name = absl::StripAsciiWhitespace(part.substr(0, equals));
    const absl::string_view written = part.substr(equals + 1);
    const absl::string_view text = absl::StripAsciiWhitespace(written);
    if (absl::EqualsIgnoreCase(name, "interleaved")) {
      header.interleaved_given = true;
      const size_t dash = text.find('-');
      header.rtp_channel = channel(text.substr(0, dash));
      if (dash != absl::string_view::npos) header.rtcp_channel = channel(text.substr(dash + 1));
    } else if (absl::EqualsIgnoreCase(name, "client_port")) {
      header.client_port_given = true;
    } else if (absl::EqualsIgnoreCase(name, "server_port")) {
      const size_t dash = text.find('-');
      header.server_rtp_port = port(text.substr(0, dash));
      if (dash != absl::string_view::npos) header.server_rtcp_port = port(text.substr(dash + 1));
    } else if (absl::EqualsIgnoreCase(name, "source")) {
      header.source = std::string(text);
    } else if (absl::EqualsIgnoreCase(name, "ssrc")) {
      absl::string_view digits = text;
      if (absl::StartsWithIgnoreCase(digits, "0x")) digits.remove_prefix(2);
      header.ssrc_with_spaces = text.size() != written.size();
      uint32_t ssrc = 0;
      // More than eight digits is a decimal number, as some Dahua cameras write it.
      const bool read =
          digits.size() > 8 ? absl::SimpleAtoi(digits, &ssrc) : absl::SimpleHexAtoi(digits, &ssrc);
      if (read) header.ssrc = ssrc;
    }
  }
  return header;
}

}  // namespace patrol::rtsp
