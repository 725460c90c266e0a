#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/video/rtsp/auth.h"
#include "lib/video/rtsp/message.h"
#include "lib/video/rtsp/quirks.h"
#include "lib/video/rtsp/sdp.h"
#include "lib/video/rtsp/url.h"

namespace patrol::rtsp {

// The client's side of an RTSP conversation without the connection: writes the requests, reads the
// replies, and remembers what later requests need of earlier replies.
class Dialogue {
 public:
  // user and password win over the address's own. quirks: outlives this.
  Dialogue(Url url, std::string user, std::string password, std::string user_agent,
           QuirkCounts* quirks);

  // Each returns the request, ready to send, and makes it the current one.
  std::string Options();
  std::string Describe();
  std::string Setup();  // over TCP, interleaved
  // Over UDP, to these ports of ours.
  std::string SetupUdp(uint16_t rtp_port, uint16_t rtcp_port);
  std::string Play();
  std::string KeepAlive();
  std::string Teardown();
  // The current request once more, with a new CSeq and the newest answer to the challenges.
  std::string Repeat();

  int64_t cseq() const { return cseq_; }  // of the current request
  const std::string& method() const { return method_; }

  // Judges the status of a reply to the current request. True: fine. False: it was a 401 that can
  // be answered: send Repeat(). Errors: by status code, naming request and status; never
  // credentials.
  absl::StatusOr<bool> OnReply(const Message& reply);

  // Takes the methods the server knows. A server without OPTIONS is asked to DESCRIBE all the same.
  void ReadOptions(const Message& reply);
  // Chooses the video. Errors: of ParseSdp and ChooseVideo.
  absl::Status ReadDescribe(const Message& reply);
  // Errors: UNIMPLEMENTED when the camera answers with a transport other than TCP interleaved.
  absl::Status ReadSetup(const Message& reply);
  // What the camera told of its side of the UDP transport. A camera that answers with TCP
  // interleaved all the same is taken at its word: `tcp`, and the channels are known.
  struct UdpPeer {
    bool tcp = false;
    std::optional<uint16_t> rtp_port;
    std::optional<uint16_t> rtcp_port;
    std::string source;
  };
  UdpPeer ReadSetupUdp(const Message& reply);
  void ReadPlay(const Message& reply);
  // Falls back to another method where this one was refused. False: the session is gone (454).
  bool ReadKeepAlive(const Message& reply);
  // The camera does not answer them at all: the next one is of another method.
  void OnKeepAliveUnanswered() { NextKeepAlive(); }

  // A new connection: what the last one agreed on is forgotten, but for the credentials' challenge.
  void OnReconnect();

  const VideoTrack& track() const { return track_; }
  uint8_t rtp_channel() const { return rtp_channel_; }
  uint8_t rtcp_channel() const { return rtcp_channel_; }
  // The camera's, or RFC 2326's 60 s.
  absl::Duration session_timeout() const { return absl::Seconds(session_timeout_s_); }
  bool has_session() const { return !session_id_.empty(); }

 private:
  std::string Request(std::string_view method, std::string uri, std::string_view field = {},
                      std::string_view value = {});
  std::string Write();
  // The address for PLAY, TEARDOWN and keep-alive.
  std::string AggregateUri() const;
  void ReadSession(const Message& reply);
  TransportHeader ReadTransport(const Message& reply);
  void ReadChannels(const TransportHeader& transport);
  void NextKeepAlive();

  const Url url_;
  const std::string user_agent_;
  QuirkCounts* const quirks_;
  Authenticator authenticator_;

  int64_t cseq_ = 0;
  std::string method_;
  std::string uri_;
  std::string extra_field_;
  std::string extra_value_;
  int answers_ = 0;  // to challenges of the current request

  // In the order they are tried; the last stays.
  std::vector<std::string> keep_alive_methods_ = {"OPTIONS"};
  std::string base_;
  std::string session_control_;
  VideoTrack track_;
  std::string session_id_;
  int session_timeout_s_ = 60;
  uint8_t rtp_channel_ = 0;
  uint8_t rtcp_channel_ = 1;
};

}  // namespace patrol::rtsp
