#include "lib/video/rtsp/dialogue.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lib/base/status.h"

namespace patrol::rtsp {
namespace {

// A challenge answered more often than this within one request is a server that never agrees.
constexpr int kAnswersMax = 3;
// A session that ends so soon without a sign of life: RFC 2326's own is 60 s.
constexpr int kShortTimeoutSeconds = 10;

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// RFC 2326 section 7.1.1 to our status codes: what the owner of the session should do about it.
//   401 UNAUTHENTICATED, 403 PERMISSION_DENIED       wrong configuration: try again slowly
//   404, 410 NOT_FOUND                               no such stream: try again slowly
//   454 UNAVAILABLE                                  session gone: begin anew
//   461, 501, 505, 551 UNIMPLEMENTED                 we and the camera do not fit
//   453, 503 RESOURCE_EXHAUSTED                      too many clients: back off
//   other 4xx INVALID_ARGUMENT, other 5xx UNAVAILABLE
absl::StatusCode CodeOf(int status) {
  switch (status) {
    case 401:
      return absl::StatusCode::kUnauthenticated;
    case 403:
      return absl::StatusCode::kPermissionDenied;
    case 404:
    case 410:
      return absl::StatusCode::kNotFound;
    case 454:
      return absl::StatusCode::kUnavailable;
    case 461:
    case 501:
    case 505:
    case 551:
      return absl::StatusCode::kUnimplemented;
    case 453:
    case 503:
      return absl::StatusCode::kResourceExhausted;
    default:
      return status < 500 ? absl::StatusCode::kInvalidArgument : absl::StatusCode::kUnavailable;
  }
}

}  // namespace

Dialogue::Dialogue(Url url, std::string user, std::string password, std::string user_agent,
                   QuirkCounts* quirks)
    : url_(std::move(url)),
      user_agent_(std::move(user_agent)),
      quirks_(quirks),
      authenticator_(user.empty() ? url_.user() : std::move(user),
                     password.empty() ? url_.password() : std::move(password)),
      base_(url_.ForRequest()) {}

std::string Dialogue::Options() { return Request("OPTIONS", url_.ForRequest()); }

std::string Dialogue::Describe() {
  return Request("DESCRIBE", url_.ForRequest(), "Accept", "application/sdp");
}

std::string Dialogue::Setup() {
  return Request("SETUP", ResolveControl(base_, track_.control), "Transport",
                 "RTP/AVP/TCP;unicast;interleaved=0-1");
}

std::string Dialogue::SetupUdp(uint16_t rtp_port, uint16_t rtcp_port) {
  return Request("SETUP", ResolveControl(base_, track_.control), "Transport",
                 absl::StrCat("RTP/AVP;unicast;client_port=", rtp_port, "-", rtcp_port));
}

std::string Dialogue::Play() { return Request("PLAY", AggregateUri(), "Range", "npt=0.000-"); }

std::string Dialogue::KeepAlive() { return Request(keep_alive_methods_.front(), AggregateUri()); }

std::string Dialogue::Teardown() { return Request("TEARDOWN", AggregateUri()); }

std::string Dialogue::Request(std::string_view method, std::string uri, std::string_view field,
                              std::string_view value) {
  method_ = std::string(method);
  uri_ = std::move(uri);
  extra_field_ = std::string(field);
  extra_value_ = std::string(value);
  answers_ = 0;
  return Write();
}

std::string Dialogue::Repeat() { return Write(); }

std::string Dialogue::Write() {
  Headers headers;
  headers.Add("CSeq", absl::StrCat(++cseq_));
  if (!session_id_.empty()) headers.Add("Session", session_id_);
  if (!extra_field_.empty()) headers.Add(extra_field_, extra_value_);
  if (std::string answer = authenticator_.Answer(method_, uri_); !answer.empty()) {
    headers.Add("Authorization", std::move(answer));
    ++answers_;
  }
  headers.Add("User-Agent", user_agent_);
  return SerializeRequest(method_, uri_, headers);
}

std::string Dialogue::AggregateUri() const {
  // Only an absolute session control names something else than the base.
  if (absl::StartsWithIgnoreCase(session_control_, "rtsp://") ||
      absl::StartsWithIgnoreCase(session_control_, "rtsps://"))
    return session_control_;
  return base_;
}

absl::StatusOr<bool> Dialogue::OnReply(const Message& reply) {
  if (reply.status >= 200 && reply.status < 300) {
    if (answers_ > 0) authenticator_.OnAccepted();
    return true;
  }
  const std::string what = absl::StrCat(method_, ": the camera answers ", reply.status, " \"",
                                        reply.reason.substr(0, 80), "\"");
  if (reply.status == 401) {
    if (answers_ >= kAnswersMax) return absl::UnauthenticatedError(what);
    PATROL_RETURN_IF_ERROR(Annotate(
        authenticator_.OnUnauthorized(reply.headers.GetAll("WWW-Authenticate"), answers_ > 0),
        what));
    return false;
  }
  if (reply.status >= 300 && reply.status < 400) {
    return absl::UnimplementedError(absl::StrCat(what, ", and redirects are not followed"));
  }
  return absl::Status(CodeOf(reply.status), what);
}

void Dialogue::ReadOptions(const Message& reply) {
  const std::string_view methods = reply.headers.Get("Public");
  if (methods.empty()) {
    CountQuirk(quirks_, "public_absent");
    return;
  }
  // GET_PARAMETER was made for it; SET_PARAMETER is what some cameras offer instead; OPTIONS is
  // known to everyone, but not everywhere counted as a sign of life.
  std::vector<std::string> order;
  for (const char* known : {"GET_PARAMETER", "SET_PARAMETER"}) {
    for (absl::string_view method : absl::StrSplit(View(methods), ',')) {
      if (!absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(method), known)) continue;
      order.emplace_back(known);
      break;
    }
  }
  order.emplace_back("OPTIONS");
  keep_alive_methods_ = std::move(order);
}

void Dialogue::NextKeepAlive() {
  if (keep_alive_methods_.size() > 1) keep_alive_methods_.erase(keep_alive_methods_.begin());
}

void Dialogue::OnReconnect() {
  session_id_.clear();
  session_timeout_s_ = 60;
  rtp_channel_ = 0;
  rtcp_channel_ = 1;
  base_ = url_.ForRequest();
}

absl::Status Dialogue::ReadDescribe(const Message& reply) {
  if (!reply.headers.Has("Content-Type")) CountQuirk(quirks_, "content_type_absent");
  std::string_view base = reply.headers.Get("Content-Base");
  if (base.empty()) {
    CountQuirk(quirks_, "content_base_absent");
    base = reply.headers.Get("Content-Location");
  }
  if (!base.empty()) {
    if (Url::Parse(base).ok()) {
      base_ = std::string(base);
    } else {
      CountQuirk(quirks_, "content_base_broken");
    }
  }
  PATROL_ASSIGN_OR_RETURN(const SdpSession session, ParseSdp(reply.body));
  session_control_ = session.control;
  if (session.line_absent) CountQuirk(quirks_, "sdp_line_absent");
  if (session.foreign_media) CountQuirk(quirks_, "sdp_foreign_media");
  PATROL_ASSIGN_OR_RETURN(track_, ChooseVideo(session));
  if (track_.format_elsewhere) CountQuirk(quirks_, "sdp_format_elsewhere");
  if (track_.sprop_broken) {
    CountQuirk(quirks_, "sprop_broken");
  } else if (track_.parameter_sets.empty() && track_.codec != media::Codec::kMjpeg) {
    CountQuirk(quirks_, "sprop_absent");
  }
  return absl::OkStatus();
}

TransportHeader Dialogue::ReadTransport(const Message& reply) {
  TransportHeader transport = ParseTransportHeader(reply.headers.Get("Transport"));
  if (transport.ssrc_with_spaces) CountQuirk(quirks_, "ssrc_with_spaces");
  return transport;
}

absl::Status Dialogue::ReadSetup(const Message& reply) {
  ReadSession(reply);
  if (session_id_.empty()) CountQuirk(quirks_, "session_absent");
  if (!reply.headers.Has("Transport")) {
    CountQuirk(quirks_, "transport_absent");
    return absl::OkStatus();
  }
  const TransportHeader transport = ReadTransport(reply);
  if (!transport.tcp && !transport.interleaved_given) {
    return absl::UnimplementedError(
        "SETUP: the camera answers with a transport that is not TCP interleaved");
  }
  ReadChannels(transport);
  return absl::OkStatus();
}

Dialogue::UdpPeer Dialogue::ReadSetupUdp(const Message& reply) {
  ReadSession(reply);
  if (session_id_.empty()) CountQuirk(quirks_, "session_absent");
  UdpPeer peer;
  if (!reply.headers.Has("Transport")) {
    CountQuirk(quirks_, "transport_absent");
    return peer;
  }
  const TransportHeader transport = ReadTransport(reply);
  if (transport.tcp || transport.interleaved_given) {
    CountQuirk(quirks_, "tcp_chosen_by_server");
    peer.tcp = true;
    ReadChannels(transport);
    return peer;
  }
  peer.rtp_port = transport.server_rtp_port;
  peer.rtcp_port = transport.server_rtcp_port;
  peer.source = transport.source;
  if (!peer.rtp_port) {
    CountQuirk(quirks_, "server_port_absent");
  } else if (!peer.rtcp_port) {
    CountQuirk(quirks_, "server_port_half_given");
    peer.rtcp_port = static_cast<uint16_t>(*peer.rtp_port + 1);
  }
  return peer;
}

void Dialogue::ReadChannels(const TransportHeader& transport) {
  if (!transport.rtp_channel) {
    CountQuirk(quirks_, "interleaved_absent");
    return;
  }
  rtp_channel_ = *transport.rtp_channel;
  rtcp_channel_ = static_cast<uint8_t>(rtp_channel_ + 1);
  if (transport.rtcp_channel) {
    rtcp_channel_ = *transport.rtcp_channel;
  } else {
    CountQuirk(quirks_, "interleaved_half_given");
  }
  if (rtp_channel_ != 0) CountQuirk(quirks_, "interleaved_chosen_by_server");
}

void Dialogue::ReadPlay(const Message& reply) {
  ReadSession(reply);
  const RtpInfoHeader info = ParseRtpInfoHeader(reply.headers.Get("RTP-Info"));
  if (info.trailing_semicolon) CountQuirk(quirks_, "rtp_info_trailing_semicolon");
  if (info.sequence_zero) CountQuirk(quirks_, "rtp_info_sequence_zero");
  if (info.rtp_time_zero) CountQuirk(quirks_, "rtp_info_time_zero");
}

bool Dialogue::ReadKeepAlive(const Message& reply) {
  if (reply.status >= 200 && reply.status < 300) {
    // Its next nonce too may come without "stale".
    if (answers_ > 0) authenticator_.OnAccepted();
    return true;
  }
  if (reply.status == 454) return false;
  CountQuirk(quirks_, "keep_alive_refused");
  // Many refuse the method and count it as a sign of life all the same.
  NextKeepAlive();
  return true;
}

void Dialogue::ReadSession(const Message& reply) {
  const std::string_view value = reply.headers.Get("Session");
  if (value.empty()) return;
  const SessionHeader header = ParseSessionHeader(value);
  if (!session_id_.empty() && header.id != session_id_) CountQuirk(quirks_, "session_id_changed");
  if (!header.id.empty()) session_id_ = header.id;
  if (header.timeout_s > 0) session_timeout_s_ = header.timeout_s;
  if (header.timeout_s > 0 && header.timeout_s < kShortTimeoutSeconds) {
    CountQuirk(quirks_, "session_timeout_short");
  }
}

}  // namespace patrol::rtsp
