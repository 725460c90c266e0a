#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace patrol::rtsp {

// The header fields of a message, in order, names as received; looked up without regard to case.
class Headers {
 public:
  void Add(std::string name, std::string value);
  // Appends to the value of the last field: a folded line.
  void Continue(std::string_view text);
  bool Has(std::string_view name) const;
  // Value of the first field of that name; "" when there is none.
  std::string_view Get(std::string_view name) const;
  // Values of all fields of that name.
  std::vector<std::string_view> GetAll(std::string_view name) const;
  size_t size() const { return fields_.size(); }
  // "Name: value\r\n" for each.
  void AppendTo(std::string* text) const;

 private:
  struct Field {
    std::string name;
    std::string value;
  };
  std::vector<Field> fields_;
};

// One RTSP message, either way.
struct Message {
  // Of a response 100..999; 0 for a request.
  int status = 0;
  std::string reason;
  // Of a request.
  std::string method;
  std::string uri;

  Headers headers;
  std::string body;

  bool is_request() const { return status == 0; }
  // nullopt when absent or not a number.
  std::optional<int64_t> cseq() const;
};

// Reads one message from the front of `bytes`. Takes CRLF, LF or CR CRLF ends of lines, header
// names in any case, spaces around the colon, folded lines, and status lines without a reason.
//
// Returns: how many bytes the message took and the message; nullopt when more bytes are needed.
// Errors:  DATA_LOSS for what is no RTSP message, naming line and what is wrong;
//          RESOURCE_EXHAUSTED past limits::kRtspHeaderBytesMax or kRtspBodyBytesMax.
struct ParsedMessage {
  Message message;
  size_t bytes = 0;
};
absl::StatusOr<std::optional<ParsedMessage>> ParseMessage(std::string_view bytes);

// "METHOD uri RTSP/1.0" or the status line, the fields, an empty line, the body.
std::string SerializeRequest(std::string_view method, std::string_view uri, const Headers& headers,
                             std::string_view body = {});
std::string SerializeResponse(int status, std::string_view reason, int64_t cseq);

// "Session: 1234;timeout=60" taken apart; timeout 0 when not given or not sensible.
struct SessionHeader {
  std::string id;
  int timeout_s = 0;
};
SessionHeader ParseSessionHeader(std::string_view value);

// What a SETUP reply says of the transport.
struct TransportHeader {
  bool tcp = false;  // the profile names TCP
  bool interleaved_given = false;
  std::optional<uint8_t> rtp_channel;  // of interleaved=a-b
  std::optional<uint8_t> rtcp_channel;
  std::optional<uint32_t> ssrc;
  bool ssrc_with_spaces = false;
  bool client_port_given = false;
  std::optional<uint16_t> server_rtp_port;  // of server_port=a-b
  std::optional<uint16_t> server_rtcp_port;
  std::string source;  // the address it sends from; "" when not told
};
TransportHeader ParseTransportHeader(std::string_view value);

// What is odd in the RTP-Info of a PLAY reply. It is not relied on: cameras that have it right are
// no better off, for the stream itself tells where it begins.
struct RtpInfoHeader {
  bool trailing_semicolon = false;
  bool sequence_zero = false;  // "seq=0", which nearly always says nothing; so the next
  bool rtp_time_zero = false;
};
RtpInfoHeader ParseRtpInfoHeader(std::string_view value);

}  // namespace patrol::rtsp
