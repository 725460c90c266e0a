#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "lib/base/clock.h"
#include "lib/base/limits.h"
#include "lib/video/media/access_unit.h"
#include "lib/video/rtsp/tls.h"

namespace boost::asio {
class io_context;
}

namespace patrol::rtsp {

class ReadTurns;

// How the pictures come.
enum class Transport : uint8_t {
  kAuto,  // asked for: TCP, and UDP where the camera refuses TCP; in use: not yet known
  kTcp,   // interleaved on the connection
  kUdp,
};

// "auto", "tcp", "udp".
std::string_view TransportName(Transport transport);
// False where it is none of these.
bool ParseTransport(std::string_view name, Transport* transport);

struct SessionOptions {
  // rtsp[s]://[user:password@]host[:port]/path. What stands in `user` and `password` wins.
  std::string url;
  std::string user;
  std::string password;
  std::string user_agent = "patrolcircle";
  Transport transport = Transport::kAuto;
  // For rtsps; where any certificate is taken, that is counted as tls_certificate_unverified.
  TlsTrust tls;
  // Shared by the sessions of one loop; null: a session has its own.
  std::shared_ptr<TlsContexts> tls_contexts;
  // Where media are read; shared by the sessions of one loop. Null: a session has its own.
  std::shared_ptr<ReadTurns> read_turns;
  absl::Duration connect_timeout = limits::kConnectTimeout;
  absl::Duration request_timeout = limits::kRequestTimeout;
  // No access unit for this long ends the session, whatever else comes.
  absl::Duration silence_max = limits::kStreamSilenceMax;
  absl::Duration teardown_timeout = limits::kTeardownTimeout;
  // Keep-alives go out this often; zero: half the timeout the server names (60 s if it names none).
  absl::Duration keep_alive_interval = absl::ZeroDuration();
};

// What a session has seen so far.
struct SessionStats {
  int64_t access_units = 0;
  int64_t damaged_units = 0;      // of those
  int64_t packets = 0;            // RTP packets of our stream
  int64_t packets_lost = 0;       // gaps in their sequence numbers
  int64_t packets_reordered = 0;  // of UDP: put back in order
  int64_t packets_late = 0;       // of UDP: came after they were given up; among packets_lost
  int64_t bytes = 0;              // of RTP payload
  int64_t keep_alives = 0;        // sent
  absl::Duration jitter;          // of arrivals, RFC 3550 section 6.4.1
  // Of the last access unit when its last packet arrived; infinite where the camera does not tell
  // (StreamClock::AgeOf).
  absl::Duration unit_age = absl::InfiniteDuration();
  Transport transport = Transport::kAuto;
  // Faults of the other side that were survived, by name: "content_base_absent": 1.
  std::map<std::string, int64_t, std::less<>> quirks;
};

// Who takes what a session receives. Called on the loop's thread; must not block.
class SessionSink {
 public:
  virtual ~SessionSink() = default;
  // PLAY was answered; access units may come (a few may have come before).
  virtual void OnPlaying(media::Codec codec) = 0;
  // In decoding order. Times never step back but for B-frames, which come after a picture that is
  // shown after them.
  virtual void OnAccessUnit(media::AccessUnitPtr unit) = 0;
  // The session has to connect once more: the camera closed the connection with its challenge or
  // with its refusal of TCP. True: at once. False: only when Session::Continue is called, which may
  // be from within this call.
  virtual bool OnReconnect() { return true; }
};

// One RTSP session with one camera: connect, authenticate, describe, set up the first video, over
// TCP interleaved or UDP, play, keep alive, tear down. It does not reconnect, its owner does; but
// for a camera that closes the connection after its challenge or after refusing TCP.
//
//   Session session(loop, options, SystemClock::Get(), buffer, sink);
//   session.Start([](absl::Status status) { ... });   // called once, when all is over
//
// The end tells why: OK after Stop(); OUT_OF_RANGE at the end of the stream (RTCP BYE, TEARDOWN
// from the server); UNAVAILABLE unreachable or closed by the camera; DEADLINE_EXCEEDED no answer or
// no media in time; UNAUTHENTICATED, PERMISSION_DENIED, NOT_FOUND as the camera said;
// INVALID_ARGUMENT a bad address; UNIMPLEMENTED nothing in it that we can play;
// DATA_LOSS what came makes no sense; RESOURCE_EXHAUSTED a limit. Messages name the step, the fact
// and the place in the stream, never credentials.
//
// Threads: all members on the loop's thread; the loop must be run by one thread only.
class Session {
 public:
  // read_buffer: shared by all sessions of the loop, limits::kReceiveBufferBytes large; nothing is
  // kept in it between two calls.
  // loop, clock, read_buffer and sink must outlive the end of the session.
  Session(boost::asio::io_context& loop, SessionOptions options, const Clock& clock,
          std::span<uint8_t> read_buffer, SessionSink& sink);
  // Closes the connection at once without TEARDOWN; neither sink nor `on_end` is called any more.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Begins. on_end is called exactly once, never from within Start or Stop; the session may be
  // destroyed in it.
  void Start(std::function<void(absl::Status)> on_end);

  // Planned close: TEARDOWN where there is something to tear down, bounded by teardown_timeout.
  void Stop();

  // Lets a session connect whose OnReconnect was answered with false; nothing otherwise.
  void Continue();

  const SessionStats& stats() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace patrol::rtsp
