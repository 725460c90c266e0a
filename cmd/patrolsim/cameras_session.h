#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cmd/patrolsim/cameras_clip.h"
#include "cmd/patrolsim/cameras_request.h"
#include "lib/base/asio.h"

namespace patrol::sim {

// One camera of the simulator: a clip and where in it the camera is.
struct SimCamera {
  std::string name;         // path of its address
  ClipPtr clip;             // what it shows from its next keyframe at or after clip_ticks on
  int64_t clip_ticks = 0;   // of its own clock, which has phase_ticks at the server's start
  int64_t phase_ticks = 0;  // into the clip at the server's start
  // For cameras whose clip changes: two clips of one place with the same beat and the same
  // keyframes, and when something moves in the second (ticks from its begin), and when something
  // that is not tiny: a box of 0.25 % of the picture.
  ClipPtr quiet;
  ClipPtr moving;
  std::vector<std::pair<int64_t, int64_t>> moving_ticks;
  std::vector<std::pair<int64_t, int64_t>> seen_ticks;
};

// RTP goes out of the first and RTCP out of the second.
struct DatagramSockets {
  explicit DatagramSockets(asio::io_context& io) : rtp(io), rtcp(io) {}
  asio::ip::udp::socket rtp;
  asio::ip::udp::socket rtcp;
};

// What the server counts over all clients.
struct ServerTotals {
  uint64_t connections = 0;
  uint64_t connections_refused = 0;  // over the limit of clients
  uint64_t streams = 0;              // PLAYs
  uint64_t streams_now = 0;
  uint64_t auth_refused = 0;
  uint64_t requests_bad = 0;
  uint64_t sessions_timed_out = 0;
  uint64_t pictures = 0;
  uint64_t packets = 0;
  uint64_t bytes = 0;             // of RTP payload and headers
  uint64_t pictures_dropped = 0;  // of slow clients: always to the end of a group of pictures
  uint64_t gops_cut = 0;
  uint64_t datagrams_dropped = 0;                     // the socket was full
  std::chrono::steady_clock::duration blocked_max{};  // a client's TCP took nothing for so long
};

// What all sessions share. Outlives them.
struct ServerShared {
  std::vector<SimCamera> cameras;
  RtspCredentials credentials;
  bool loop = true;
  bool send_per_packet = false;  // one call of the kernel for each RTP packet, as cameras do
  std::chrono::steady_clock::time_point start;
  ServerTotals totals;
};

// A session that was asked nothing for this long is closed; the reply to SETUP says 60 s.
inline constexpr std::chrono::seconds kSessionTimeout{75};

// One client's connection: answers its requests and sends it one camera's pictures.
//
// Threads: the loop's.
class CameraSession : public std::enable_shared_from_this<CameraSession> {
 public:
  // Told when a session has a next picture to send at next_due().
  class Pacer {
   public:
    virtual ~Pacer() = default;
    virtual void Schedule(std::shared_ptr<CameraSession> session) = 0;
  };

  // id: distinguishes the session and seeds its SSRC and first sequence number.
  // datagrams: of the address that the client came to; null: no UDP. Outlive the session.
  CameraSession(asio::ip::tcp::socket socket, DatagramSockets* datagrams, ServerShared& shared,
                Pacer& pacer, uint64_t id);

  // Reads and answers requests until the connection ends.
  asio::awaitable<void> Serve();

  // Sends the picture that is due and moves on to the next.
  void SendDue();

  // Ends the stream (with RTCP BYE where there is one) and the connection.
  void Close();

  bool playing() const { return playing_; }
  std::chrono::steady_clock::time_point next_due() const { return next_due_; }
  std::chrono::steady_clock::time_point last_heard() const { return last_heard_; }

 private:
  // Bytes on their way to the client: text, or a picture's packets behind their headers.
  struct Outgoing {
    std::string head;            // the text, or 16 bytes (interleaved and RTP header) a packet
    const Clip* clip = nullptr;  // whose packets; null: text
    uint32_t first_packet = 0;
    uint32_t packets = 0;
    uint32_t packet = 0;     // the one being sent
    size_t packet_sent = 0;  // bytes of it (or of the text) already gone
  };

  bool TakeInput();
  void Answer(const RtspRequest& request);
  void Describe(const RtspRequest& request);
  void SetUp(const RtspRequest& request);
  void Play(const RtspRequest& request);
  void Reply(const RtspRequest& request, int code, std::string_view headers = {},
             std::string_view body = {});
  bool HasSession(const RtspRequest& request);

  // The nth picture since the clip's begin, counted on across loops.
  const ClipPicture& PictureAt(uint64_t n) const;
  int64_t SendTicks(uint64_t n) const;
  int64_t TimeTicks(uint64_t n) const;
  void MoveTo(uint64_t n);

  void SendPicture(const ClipPicture& picture, uint32_t rtp_time);
  void SendDatagrams(const ClipPicture& picture, uint32_t rtp_time);
  void SendReport(uint32_t rtp_time, bool bye);
  void WriteRtpHeader(uint8_t* to, bool marker, uint32_t rtp_time);
  void Queue(Outgoing outgoing, size_t bytes);
  void Flush();
  void Consume(size_t bytes);
  void StopPlaying();

  asio::ip::tcp::socket socket_;
  DatagramSockets* const datagrams_;
  ServerShared& shared_;
  Pacer& pacer_;
  const std::string nonce_;
  const std::string session_id_;
  const uint32_t ssrc_;

  std::string input_;
  std::chrono::steady_clock::time_point last_heard_;

  const SimCamera* camera_ = nullptr;  // set by SETUP
  ClipPtr clip_;                       // the camera's at the last keyframe; set by SETUP
  bool tcp_ = true;
  uint8_t channel_ = 0;
  asio::ip::udp::endpoint client_rtp_;
  asio::ip::udp::endpoint client_rtcp_;

  bool playing_ = false;
  bool ended_ = false;
  std::chrono::steady_clock::time_point epoch_;  // of picture 0
  uint64_t next_ = 0;
  std::chrono::steady_clock::time_point next_due_;
  int64_t first_time_ticks_ = 0;
  uint32_t rtp_base_ = 0;
  uint16_t sequence_ = 0;
  uint32_t sent_packets_ = 0;  // for sender reports
  uint32_t sent_octets_ = 0;
  uint32_t last_rtp_time_ = 0;
  std::chrono::steady_clock::time_point next_report_;
  bool skip_to_keyframe_ = false;

  std::deque<Outgoing> queue_;
  size_t queued_bytes_ = 0;
  std::vector<asio::const_buffer> gather_;
  bool waiting_ = false;  // for the socket to take more
  std::chrono::steady_clock::time_point waiting_since_;
};

}  // namespace patrol::sim
