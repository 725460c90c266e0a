#include "lib/video/rtsp/udp_transport.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"

namespace patrol::rtsp {
namespace {

using asio::ip::udp;
using boost::system::error_code;

// Datagrams taken with one system call, each with room for a jumbo frame: together the shared
// buffer. A picture of the usual camera is one to five.
constexpr size_t kDatagramBytesMax = 9 * 1024;
constexpr size_t kBatch = limits::kReceiveBufferBytes / kDatagramBytesMax;
// Calls in a row for one camera; then the others have their turn.
constexpr int kBatchesMax = 64;

bool Comes(const sockaddr_storage& from, const asio::ip::address& address, uint16_t* port) {
  if (from.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &from, sizeof(v4));
    *port = ntohs(v4.sin_port);
    return address.is_v4() && ntohl(v4.sin_addr.s_addr) == address.to_v4().to_uint();
  }
  if (from.ss_family != AF_INET6) return false;
  sockaddr_in6 v6;
  std::memcpy(&v6, &from, sizeof(v6));
  *port = ntohs(v6.sin6_port);
  return address.is_v6() && std::memcmp(v6.sin6_addr.s6_addr, address.to_v6().to_bytes().data(),
                                        sizeof(v6.sin6_addr.s6_addr)) == 0;
}

}  // namespace

UdpTransport::UdpTransport(asio::io_context& loop, const Clock& clock,
                           std::span<uint8_t> read_buffer, ReadTurns& read_turns, UdpSink& sink,
                           QuirkCounts* quirks)
    : rtp_(loop),
      rtcp_(loop),
      clock_(clock),
      read_buffer_(read_buffer),
      read_turns_(read_turns),
      sink_(&sink),
      quirks_(quirks) {}

absl::StatusOr<std::shared_ptr<UdpTransport>> UdpTransport::Open(
    asio::io_context& loop, const asio::ip::address& local, const Clock& clock,
    std::span<uint8_t> read_buffer, ReadTurns& read_turns, UdpSink& sink, QuirkCounts* quirks) {
  auto transport =
      std::make_shared<UdpTransport>(loop, clock, read_buffer, read_turns, sink, quirks);
  for (int tried = 0; tried < limits::kUdpPortPairsTriedMax; ++tried) {
    if (transport->Bind(local, 0)) return transport;
  }
  return absl::ResourceExhaustedError(absl::StrCat("no free pair of UDP ports on ",
                                                   local.to_string(), " in ",
                                                   limits::kUdpPortPairsTriedMax, " attempts"));
}

bool UdpTransport::Bind(const asio::ip::address& local, uint16_t port) {
  error_code error;
  for (Socket* socket : {&rtp_, &rtcp_}) {
    error_code ignored;
    socket->close(ignored);
    socket->open(local.is_v6() ? udp::v6() : udp::v4(), error);
    if (error) return false;
    socket->bind(udp::endpoint(local, port), error);
    if (error) return false;
    if (socket == &rtp_) {
      rtp_port_ = socket->local_endpoint(error).port();
      if (error) return false;
      if (rtp_port_ % 2 != 0) {
        // The kernel chose an odd one: its lower neighbour may be free.
        return port == 0 && Bind(local, static_cast<uint16_t>(rtp_port_ - 1));
      }
      port = rtcp_port();
      socket->set_option(asio::socket_base::receive_buffer_size(limits::kUdpReceiveBufferBytes),
                         ignored);
    }
    socket->non_blocking(true, error);
    if (error) return false;
  }
  return true;
}

absl::Status UdpTransport::Start(const asio::ip::address& camera, const asio::ip::address& source,
                                 std::optional<uint16_t> rtp_port,
                                 std::optional<uint16_t> rtcp_port) {
  camera_ = camera;
  source_ = source;
  camera_rtp_port_ = rtp_port;
  camera_rtcp_port_ = rtcp_port;
  // An RTP header without payload and an empty receiver report: harmless to whoever reads them.
  static constexpr std::array<uint8_t, 12> kRtpPunch = {0x80};
  static constexpr std::array<uint8_t, 8> kRtcpPunch = {0x80, 201, 0, 1};
  error_code ignored;
  if (camera_rtp_port_) {
    rtp_.send_to(asio::buffer(kRtpPunch), udp::endpoint(camera_, *camera_rtp_port_), 0, ignored);
  }
  SendRtcp(kRtcpPunch);
  const absl::Status status = Read(false);
  return status.ok() ? Read(true) : status;
}

void UdpTransport::SendRtcp(std::span<const uint8_t> bytes) {
  if (!camera_rtcp_port_) return;
  error_code ignored;
  rtcp_.send_to(asio::buffer(bytes.data(), bytes.size()),
                udp::endpoint(camera_, *camera_rtcp_port_), 0, ignored);
}

absl::Status UdpTransport::Read(bool rtcp) {
  const std::weak_ptr<UdpTransport> weak = weak_from_this();
  absl::StatusOr<ReadTurns::Watch> watch =
      read_turns_.Add((rtcp ? rtcp_ : rtp_).native_handle(), [weak, rtcp] {
        const std::shared_ptr<UdpTransport> self = weak.lock();
        if (self == nullptr || self->sink_ == nullptr) return false;
        const bool more = self->Drain(rtcp);
        if (self->sink_ != nullptr) self->sink_->OnUdpDrained();
        return more;
      });
  if (watch.ok()) (rtcp ? rtcp_watch_ : rtp_watch_) = *std::move(watch);
  return watch.status();
}

bool UdpTransport::Drain(bool rtcp) {
  std::array<mmsghdr, kBatch> messages{};
  std::array<iovec, kBatch> parts{};
  std::array<sockaddr_storage, kBatch> senders;
  for (size_t i = 0; i < kBatch; ++i) {
    parts[i] = {read_buffer_.data() + i * kDatagramBytesMax, kDatagramBytesMax};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    messages[i].msg_hdr.msg_name = &senders[i];
  }
  for (int batch = 0; batch < kBatchesMax && sink_ != nullptr; ++batch) {
    for (mmsghdr& message : messages) message.msg_hdr.msg_namelen = sizeof(sockaddr_storage);
    const int count = ::recvmmsg((rtcp ? rtcp_ : rtp_).native_handle(), messages.data(), kBatch,
                                 MSG_DONTWAIT, nullptr);
    // Nothing there, or an ICMP answer to what we sent: the silence of the camera ends the session.
    if (count <= 0) return false;
    const Received received = {clock_.Now(), clock_.Monotonic()};
    for (int i = 0; i < count && sink_ != nullptr; ++i) {
      const mmsghdr& message = messages[static_cast<size_t>(i)];
      uint16_t port = 0;
      const sockaddr_storage& sender = senders[static_cast<size_t>(i)];
      if (!Comes(sender, camera_, &port) && !Comes(sender, source_, &port)) {
        CountQuirk(quirks_, "udp_foreign_sender");
        continue;
      }
      if ((message.msg_hdr.msg_flags & MSG_TRUNC) != 0) {
        CountQuirk(quirks_, "udp_datagram_too_large");
        continue;
      }
      const std::span<const uint8_t> bytes =
          read_buffer_.subspan(static_cast<size_t>(i) * kDatagramBytesMax, message.msg_len);
      if (rtcp) {
        if (!camera_rtcp_port_) camera_rtcp_port_ = port;
        sink_->OnRtcpDatagram(bytes);
      } else {
        sink_->OnRtpDatagram(bytes, received);
      }
    }
    if (static_cast<size_t>(count) < kBatch) return false;
  }
  return sink_ != nullptr;
}

void UdpTransport::Close() {
  sink_ = nullptr;
  rtp_watch_.Stop();
  rtcp_watch_.Stop();
  error_code ignored;
  rtp_.close(ignored);
  rtcp_.close(ignored);
}

}  // namespace patrol::rtsp
