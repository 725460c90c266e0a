#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/asio.h"
#include "lib/base/clock.h"
#include "lib/video/rtsp/quirks.h"
#include "lib/video/rtsp/read_turns.h"
#include "lib/video/rtsp/reorder_window.h"

namespace patrol::rtsp {

// Who takes what comes over UDP.
class UdpSink {
 public:
  virtual ~UdpSink() = default;
  // `bytes` live until the call returns. False: no RTP packet of our stream.
  virtual bool OnRtpDatagram(std::span<const uint8_t> bytes, const Received& received) = 0;
  virtual void OnRtcpDatagram(std::span<const uint8_t> bytes) = 0;
  // Everything that was there has been handed over; the transport may be closed in it.
  virtual void OnUdpDrained() = 0;
};

// A pair of UDP sockets for the RTP and RTCP of one session (RFC 2326 section 12.39): waits on them
// without a buffer, drains them into the buffer that all share, and takes nothing that does not
// come from the camera's address.
//
// Threads: the loop's.
class UdpTransport : public std::enable_shared_from_this<UdpTransport> {
 public:
  // Binds an even port and the next above it on `local`, the address by which the camera reaches
  // us. clock, read_buffer, read_turns and quirks outlive the transport; sink lives
  // until Close(). Errors: RESOURCE_EXHAUSTED when no pair of ports is free.
  static absl::StatusOr<std::shared_ptr<UdpTransport>> Open(
      asio::io_context& loop, const asio::ip::address& local, const Clock& clock,
      std::span<uint8_t> read_buffer, ReadTurns& read_turns, UdpSink& sink, QuirkCounts* quirks);
  UdpTransport(asio::io_context& loop, const Clock& clock, std::span<uint8_t> read_buffer,
               ReadTurns& read_turns, UdpSink& sink, QuirkCounts* quirks);

  uint16_t rtp_port() const { return rtp_port_; }
  uint16_t rtcp_port() const { return static_cast<uint16_t>(rtp_port_ + 1); }

  // Begins to receive from `camera` and from `source`, where the camera told that it sends from
  // another of its addresses. The ports it sends from, where it told them, are sent a
  // datagram each, so that a firewall or address translation between us lets its own through.
  // Errors: those of ReadTurns.
  absl::Status Start(const asio::ip::address& camera, const asio::ip::address& source,
                     std::optional<uint16_t> rtp_port, std::optional<uint16_t> rtcp_port);

  // To the camera's RTCP port: as told, or as its own RTCP came from; dropped while neither is
  // known.
  void SendRtcp(std::span<const uint8_t> bytes);

  void Close();

 private:
  using Socket = asio::ip::udp::socket;

  bool Bind(const asio::ip::address& local, uint16_t port);
  absl::Status Read(bool rtcp);
  // True: there may be more.
  bool Drain(bool rtcp);

  Socket rtp_;
  Socket rtcp_;
  const Clock& clock_;
  const std::span<uint8_t> read_buffer_;
  ReadTurns& read_turns_;
  ReadTurns::Watch rtp_watch_;
  ReadTurns::Watch rtcp_watch_;
  UdpSink* sink_;
  QuirkCounts* quirks_;
  uint16_t rtp_port_ = 0;
  asio::ip::address camera_;
  asio::ip::address source_;
  std::optional<uint16_t> camera_rtp_port_;
  std::optional<uint16_t> camera_rtcp_port_;
};

}  // namespace patrol::rtsp
