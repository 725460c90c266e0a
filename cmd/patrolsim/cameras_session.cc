#include "cmd/patrolsim/cameras_session.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace patrol::sim {
namespace {

using std::chrono::steady_clock;

constexpr size_t kInterleavedHeaderBytes = 4;  // RFC 2326 10.12: $, channel, length
constexpr size_t kPacketHeadBytes = kInterleavedHeaderBytes + kRtpHeaderBytes;
constexpr uint8_t kPayloadType = 96;
constexpr std::chrono::seconds kReportInterval{5};
// A client that takes nothing gets no more memory than this, or two of the clip's largest groups of
// pictures where those are more.
constexpr size_t kQueueBytesMin = 512 * 1024;
// Asio gives the kernel no more pieces in one call.
constexpr size_t kGatherMax = 64;

// A well-mixed number for the nth of what belongs to one session (splitmix64's finaliser).
uint64_t Mix(uint64_t id, uint64_t n) {
  uint64_t z = id * 0x9E3779B97F4A7C15u + n * 0xBF58476D1CE4E5B9u + 0x94D049BB133111EBu;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

void Put16(uint8_t* to, uint32_t value) {
  to[0] = static_cast<uint8_t>(value >> 8);
  to[1] = static_cast<uint8_t>(value);
}

void Put32(uint8_t* to, uint32_t value) {
  Put16(to, value >> 16);
  Put16(to + 2, value);
}

steady_clock::duration FromTicks(int64_t ticks) {
  return std::chrono::duration_cast<steady_clock::duration>(
      std::chrono::duration<int64_t, std::ratio<1, kRtpTicksPerSecond>>(ticks));
}

const char* Reason(int code) {
  switch (code) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 404:
      return "Not Found";
    case 454:
      return "Session Not Found";
    case 455:
      return "Method Not Valid in This State";
    case 461:
      return "Unsupported Transport";
    default:
      return "Not Implemented";
  }
}

std::string Base64(const std::string& bytes) { return absl::Base64Escape(bytes); }

std::string FormatParameters(const Clip& clip) {
  if (clip.codec == media::Codec::kH264) {
    std::vector<std::string> sets;
    std::string profile = "42001E";
    for (const std::string& set : clip.parameter_sets) {
      if ((set[0] & 0x1F) == 7 && set.size() >= 4) {
        profile = absl::AsciiStrToUpper(absl::BytesToHexString(set.substr(1, 3)));
      }
      sets.push_back(Base64(set));
    }
    return absl::StrCat("packetization-mode=1;profile-level-id=", profile,
                        ";sprop-parameter-sets=", absl::StrJoin(sets, ","));
  }
  std::vector<std::string> fields;
  for (const std::string& set : clip.parameter_sets) {
    const int type = (set[0] >> 1) & 0x3F;
    const char* name = type == 32 ? "sprop-vps" : type == 33 ? "sprop-sps" : "sprop-pps";
    fields.push_back(absl::StrCat(name, "=", Base64(set)));
  }
  return absl::StrJoin(fields, ";");
}

std::string Sdp(const SimCamera& camera, const std::string& session_id,
                const std::string& address) {
  const Clip& clip = *camera.clip;
  return absl::StrCat(
      "v=0\r\no=- ", std::stoull(session_id, nullptr, 16), " 1 IN IP4 ", address,
      "\r\ns=", camera.name, "\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=range:npt=now-\r\na=control:*\r\n",
      "m=video 0 RTP/AVP ", kPayloadType, "\r\nb=AS:", static_cast<int>(clip.kbps) + 1,
      "\r\na=rtpmap:", kPayloadType, clip.codec == media::Codec::kH264 ? " H264" : " H265",
      "/90000\r\na=fmtp:", kPayloadType, " ", FormatParameters(clip),
      absl::StrFormat("\r\na=framerate:%.2f", clip.fps), "\r\na=control:track1\r\n");
}

}  // namespace

CameraSession::CameraSession(asio::ip::tcp::socket socket, DatagramSockets* datagrams,
                             ServerShared& shared, Pacer& pacer, uint64_t id)
    : socket_(std::move(socket)),
      datagrams_(datagrams),
      shared_(shared),
      pacer_(pacer),
      nonce_(absl::StrFormat("%016x%016x", Mix(id, 1), Mix(id, 2))),
      session_id_(absl::StrFormat("%08X", static_cast<uint32_t>(Mix(id, 3)))),
      ssrc_(static_cast<uint32_t>(Mix(id, 4))),
      last_heard_(steady_clock::now()),
      rtp_base_(static_cast<uint32_t>(Mix(id, 5))),
      sequence_(static_cast<uint16_t>(Mix(id, 6))) {
  gather_.reserve(kGatherMax);
}

asio::awaitable<void> CameraSession::Serve() {
  const auto self = shared_from_this();
  boost::system::error_code error;
  socket_.non_blocking(true, error);
  socket_.set_option(asio::ip::tcp::no_delay(true), error);
  // What a slow client holds in the kernel; the rest of its delay is ours to bound.
  socket_.set_option(asio::socket_base::send_buffer_size(128 * 1024), error);
  std::array<char, 4096> buffer;
  while (!ended_) {
    const size_t size = co_await socket_.async_read_some(
        asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
    last_heard_ = steady_clock::now();
    input_.append(buffer.data(), size);
    if (!TakeInput()) break;
  }
  Close();
}

bool CameraSession::TakeInput() {
  while (!input_.empty() && !ended_) {
    if (input_[0] == '$') {  // RTCP of the client: a sign of life and no more
      if (input_.size() < kInterleavedHeaderBytes) return true;
      const size_t size = kInterleavedHeaderBytes + (static_cast<uint8_t>(input_[2]) << 8) +
                          static_cast<uint8_t>(input_[3]);
      if (input_.size() < size) return true;
      input_.erase(0, size);
      continue;
    }
    auto request = TakeRequest(input_);
    if (!request.ok()) {
      ++shared_.totals.requests_bad;
      Reply(RtspRequest(), 400);
      return false;
    }
    if (!request->has_value()) return true;
    Answer(**request);
  }
  return true;
}

void CameraSession::Answer(const RtspRequest& request) {
  if (request.method == "OPTIONS") {
    Reply(request, 200,
          "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, SET_PARAMETER, TEARDOWN\r\n");
    return;
  }
  if (!IsAuthorized(request, shared_.credentials, nonce_)) {
    if (!request.header("authorization").empty()) ++shared_.totals.auth_refused;
    Reply(request, 401, Challenges(shared_.credentials, nonce_));
    return;
  }
  if (request.method == "DESCRIBE") {
    Describe(request);
  } else if (request.method == "SETUP") {
    SetUp(request);
  } else if (request.method == "PLAY") {
    Play(request);
  } else if (request.method == "GET_PARAMETER" || request.method == "SET_PARAMETER") {
    Reply(request, HasSession(request) ? 200 : 454);
  } else if (request.method == "TEARDOWN") {
    StopPlaying();
    Reply(request, 200);
    camera_ = nullptr;  // what is queued of it still goes out
  } else {
    Reply(request, 501);
  }
}

bool CameraSession::HasSession(const RtspRequest& request) {
  const std::string_view given = request.header("session");
  return given.empty() || given.substr(0, given.find(';')) == session_id_;
}

void CameraSession::Describe(const RtspRequest& request) {
  const std::string path = CameraPath(request.uri);
  for (const SimCamera& camera : shared_.cameras) {
    if (camera.name != path) continue;
    boost::system::error_code error;
    const std::string address = socket_.local_endpoint(error).address().to_string();
    std::string base = request.uri.substr(0, request.uri.find('?'));
    if (base.empty() || base.back() != '/') base += '/';
    Reply(request, 200,
          absl::StrCat("Content-Base: ", base, "\r\nContent-Type: application/sdp\r\n"),
          Sdp(camera, session_id_, address));
    return;
  }
  Reply(request, 404);
}

void CameraSession::SetUp(const RtspRequest& request) {
  const std::string path = CameraPath(request.uri);
  const auto camera =
      std::find_if(shared_.cameras.begin(), shared_.cameras.end(),
                   [&path](const SimCamera& candidate) { return candidate.name == path; });
  if (camera == shared_.cameras.end()) return Reply(request, 404);
  if (playing_) return Reply(request, 455);
  const auto transport = ParseTransport(request.header("transport"));
  boost::system::error_code error;
  const auto peer = socket_.remote_endpoint(error);
  if (!transport || (!transport->tcp && datagrams_ == nullptr) || error) {
    return Reply(request, 461);
  }
  camera_ = &*camera;
  clip_ = camera->clip;
  tcp_ = transport->tcp;
  std::string granted;
  if (tcp_) {
    channel_ = static_cast<uint8_t>(std::max(transport->rtp_channel, 0));
    granted = absl::StrCat("RTP/AVP/TCP;unicast;interleaved=", channel_, "-", channel_ + 1);
  } else {
    const auto port = static_cast<uint16_t>(transport->client_rtp_port);
    client_rtp_ = {peer.address(), port};
    client_rtcp_ = {peer.address(), static_cast<uint16_t>(port + 1)};
    granted = absl::StrCat("RTP/AVP;unicast;client_port=", port, "-", port + 1,
                           ";server_port=", datagrams_->rtp.local_endpoint(error).port(), "-",
                           datagrams_->rtcp.local_endpoint(error).port());
  }
  Reply(request, 200,
        absl::StrCat("Transport: ", granted, absl::StrFormat(";ssrc=%08X", ssrc_),
                     "\r\nSession: ", session_id_, ";timeout=60\r\n"));
}

void CameraSession::Play(const RtspRequest& request) {
  if (!HasSession(request)) return Reply(request, 454);
  if (camera_ == nullptr) return Reply(request, 455);
  const bool begins = !playing_;
  if (begins) {
    const auto now = steady_clock::now();
    uint64_t n = 0;
    if (shared_.loop) {
      // The camera was always running: its next keyframe is where this client comes in.
      epoch_ = shared_.start - FromTicks(camera_->phase_ticks);
      const auto running = std::chrono::duration_cast<
          std::chrono::duration<int64_t, std::ratio<1, kRtpTicksPerSecond>>>(now - epoch_);
      n = static_cast<uint64_t>(running.count() / clip_->duration_ticks) * clip_->pictures.size();
      while (epoch_ + FromTicks(SendTicks(n)) < now || !PictureAt(n).keyframe) ++n;
    } else {
      epoch_ = now;
    }
    first_time_ticks_ = TimeTicks(n);
    last_rtp_time_ = rtp_base_;
    next_report_ = now;
    playing_ = true;
    ++shared_.totals.streams;
    ++shared_.totals.streams_now;
    MoveTo(n);
  }
  std::string url = request.uri.substr(0, request.uri.find('?'));
  while (!url.empty() && url.back() == '/') url.pop_back();
  Reply(request, 200,
        absl::StrCat("Range: npt=now-\r\nRTP-Info: url=", url, "/track1;seq=", sequence_,
                     ";rtptime=", rtp_base_, "\r\n"));
  if (begins && playing_) pacer_.Schedule(shared_from_this());
}

void CameraSession::Reply(const RtspRequest& request, int code, std::string_view headers,
                          std::string_view body) {
  Outgoing reply;
  reply.head = absl::StrCat("RTSP/1.0 ", code, " ", Reason(code), "\r\nCSeq: ", request.cseq(),
                            "\r\nServer: patrolsim\r\n");
  if (camera_ != nullptr && request.method != "SETUP") {
    absl::StrAppend(&reply.head, "Session: ", session_id_, "\r\n");
  }
  reply.head.append(headers);
  if (!body.empty()) absl::StrAppend(&reply.head, "Content-Length: ", body.size(), "\r\n");
  reply.head.append("\r\n");
  reply.head.append(body);
  const size_t bytes = reply.head.size();
  Queue(std::move(reply), bytes);
}

const ClipPicture& CameraSession::PictureAt(uint64_t n) const {
  return clip_->pictures[n % clip_->pictures.size()];
}

int64_t CameraSession::SendTicks(uint64_t n) const {
  return static_cast<int64_t>(n / clip_->pictures.size()) * clip_->duration_ticks +
         PictureAt(n).send_ticks;
}

int64_t CameraSession::TimeTicks(uint64_t n) const {
  return SendTicks(n) - PictureAt(n).send_ticks + PictureAt(n).time_ticks;
}

void CameraSession::MoveTo(uint64_t n) {
  next_ = n;
  next_due_ = epoch_ + FromTicks(SendTicks(n));
}

void CameraSession::SendDue() {
  if (!playing_ || ended_) return;
  if (PictureAt(next_).keyframe && SendTicks(next_) >= camera_->clip_ticks) clip_ = camera_->clip;
  const ClipPicture& picture = PictureAt(next_);
  const auto rtp_time = static_cast<uint32_t>(
      rtp_base_ + static_cast<uint64_t>(TimeTicks(next_) - first_time_ticks_));
  last_rtp_time_ = rtp_time;
  if (next_due_ >= next_report_) {
    SendReport(rtp_time, false);
    next_report_ = next_due_ + kReportInterval;
  }

  const size_t queue_max = std::max(kQueueBytesMin, 2 * clip_->gop_bytes_max);
  if (picture.keyframe) skip_to_keyframe_ = false;
  if (!skip_to_keyframe_ && queued_bytes_ + picture.bytes > queue_max) {
    skip_to_keyframe_ = true;
    ++shared_.totals.gops_cut;
  }
  if (skip_to_keyframe_) {
    ++shared_.totals.pictures_dropped;
  } else if (tcp_) {
    SendPicture(picture, rtp_time);
  } else {
    SendDatagrams(picture, rtp_time);
  }
  if (ended_) return;
  if (!shared_.loop && next_ + 1 == clip_->pictures.size()) {
    Close();  // as a recorder at the end of a recording
    return;
  }
  MoveTo(next_ + 1);
}

void CameraSession::WriteRtpHeader(uint8_t* to, bool marker, uint32_t rtp_time) {
  to[0] = 0x80;
  to[1] = static_cast<uint8_t>((marker ? 0x80 : 0) | kPayloadType);
  Put16(to + 2, sequence_++);
  Put32(to + 4, rtp_time);
  Put32(to + 8, ssrc_);
}

void CameraSession::SendPicture(const ClipPicture& picture, uint32_t rtp_time) {
  Outgoing outgoing;
  outgoing.clip = clip_.get();
  outgoing.first_packet = picture.first_packet;
  outgoing.packets = picture.packets;
  outgoing.head.resize(picture.packets * kPacketHeadBytes);
  auto* head = reinterpret_cast<uint8_t*>(outgoing.head.data());
  for (uint32_t i = 0; i < picture.packets; ++i, head += kPacketHeadBytes) {
    const uint32_t size = clip_->packets[picture.first_packet + i].size;
    head[0] = '$';
    head[1] = channel_;
    Put16(head + 2, size + kRtpHeaderBytes);
    WriteRtpHeader(head + kInterleavedHeaderBytes, i + 1 == picture.packets, rtp_time);
  }
  const size_t bytes = outgoing.head.size() + picture.bytes;
  ++shared_.totals.pictures;
  shared_.totals.packets += picture.packets;
  shared_.totals.bytes += bytes;
  sent_packets_ += picture.packets;
  sent_octets_ += picture.bytes;
  Queue(std::move(outgoing), bytes);
}

void CameraSession::SendDatagrams(const ClipPicture& picture, uint32_t rtp_time) {
  std::array<uint8_t, kRtpHeaderBytes> header;
  for (uint32_t i = 0; i < picture.packets; ++i) {
    const ClipPacket& packet = clip_->packets[picture.first_packet + i];
    WriteRtpHeader(header.data(), i + 1 == picture.packets, rtp_time);
    const std::array<asio::const_buffer, 2> parts = {
        asio::buffer(header), asio::buffer(&clip_->payload[packet.offset], packet.size)};
    boost::system::error_code error;
    datagrams_->rtp.send_to(parts, client_rtp_, 0, error);
    if (error) ++shared_.totals.datagrams_dropped;
  }
  ++shared_.totals.pictures;
  shared_.totals.packets += picture.packets;
  shared_.totals.bytes += picture.bytes + picture.packets * kRtpHeaderBytes;
  sent_packets_ += picture.packets;
  sent_octets_ += picture.bytes;
}

// RTCP (RFC 3550 6): a sender report that ties RTP time to the wall clock, and the name; or a BYE.
void CameraSession::SendReport(uint32_t rtp_time, bool bye) {
  std::string text(kInterleavedHeaderBytes + 28 + 20, '\0');
  auto* report = reinterpret_cast<uint8_t*>(text.data()) + kInterleavedHeaderBytes;
  const absl::Time captured = absl::Now() + absl::FromChrono(next_due_ - steady_clock::now());
  const int64_t microseconds = absl::ToUnixMicros(captured);
  constexpr int64_t kNtpToUnixSeconds = 2'208'988'800;  // 1900 to 1970
  report[0] = 0x80;
  report[1] = 200;
  Put16(report + 2, 6);
  Put32(report + 4, ssrc_);
  Put32(report + 8, static_cast<uint32_t>(microseconds / 1'000'000 + kNtpToUnixSeconds));
  Put32(report + 12,
        static_cast<uint32_t>((static_cast<uint64_t>(microseconds % 1'000'000) << 32) / 1'000'000));
  Put32(report + 16, rtp_time);
  Put32(report + 20, sent_packets_);
  Put32(report + 24, sent_octets_);
  uint8_t* second = report + 28;
  size_t size = 0;
  if (bye) {
    second[0] = 0x81;
    second[1] = 203;
    Put16(second + 2, 1);
    Put32(second + 4, ssrc_);
    size = 28 + 8;
  } else {  // SDES with CNAME "patrolsim"
    constexpr std::string_view kName = "patrolsim";
    second[0] = 0x81;
    second[1] = 202;
    Put16(second + 2, 4);
    Put32(second + 4, ssrc_);
    second[8] = 1;
    second[9] = kName.size();
    std::copy(kName.begin(), kName.end(), second + 10);
    size = 28 + 20;
  }
  if (!tcp_) {
    boost::system::error_code error;
    datagrams_->rtcp.send_to(asio::buffer(report, size), client_rtcp_, 0, error);
    return;
  }
  text[0] = '$';
  text[1] = static_cast<char>(channel_ + 1);
  Put16(reinterpret_cast<uint8_t*>(text.data()) + 2, static_cast<uint32_t>(size));
  text.resize(kInterleavedHeaderBytes + size);
  Outgoing outgoing;
  outgoing.head = std::move(text);
  const size_t bytes = outgoing.head.size();
  Queue(std::move(outgoing), bytes);
}

void CameraSession::Queue(Outgoing outgoing, size_t bytes) {
  if (ended_) return;
  queue_.push_back(std::move(outgoing));
  queued_bytes_ += bytes;
  if (!waiting_) Flush();
}

void CameraSession::Flush() {
  while (!queue_.empty() && !ended_) {
    gather_.clear();
    for (const Outgoing& item : queue_) {
      if (item.clip == nullptr) {
        if (gather_.size() == kGatherMax) break;
        gather_.push_back(asio::buffer(item.head) + item.packet_sent);
        continue;
      }
      size_t sent = item.packet_sent;
      for (uint32_t i = item.packet; i < item.packets && gather_.size() + 2 <= kGatherMax; ++i) {
        const ClipPacket& packet = item.clip->packets[item.first_packet + i];
        if (sent < kPacketHeadBytes) {
          gather_.push_back(
              asio::buffer(&item.head[i * kPacketHeadBytes + sent], kPacketHeadBytes - sent));
          sent = kPacketHeadBytes;
        }
        const size_t body_sent = sent - kPacketHeadBytes;
        gather_.push_back(
            asio::buffer(&item.clip->payload[packet.offset + body_sent], packet.size - body_sent));
        sent = 0;
        if (shared_.send_per_packet) break;
      }
      if (shared_.send_per_packet || gather_.size() + 2 > kGatherMax) break;
    }
    boost::system::error_code error;
    const size_t sent = socket_.write_some(gather_, error);
    if (error == asio::error::would_block) {
      waiting_ = true;
      waiting_since_ = steady_clock::now();
      auto on_ready = [self = shared_from_this()](const boost::system::error_code& wait_error) {
        self->waiting_ = false;
        self->shared_.totals.blocked_max =
            std::max(self->shared_.totals.blocked_max, steady_clock::now() - self->waiting_since_);
        if (!wait_error) self->Flush();
      };
      socket_.async_wait(asio::ip::tcp::socket::wait_write, std::move(on_ready));
      return;
    }
    if (error) {
      StopPlaying();
      ended_ = true;
      socket_.close(error);
      return;
    }
    Consume(sent);
  }
}

void CameraSession::Consume(size_t bytes) {
  queued_bytes_ -= bytes;
  while (bytes > 0) {
    Outgoing& item = queue_.front();
    const size_t size =
        item.clip == nullptr
            ? item.head.size()
            : kPacketHeadBytes + item.clip->packets[item.first_packet + item.packet].size;
    const size_t taken = std::min(bytes, size - item.packet_sent);
    item.packet_sent += taken;
    bytes -= taken;
    if (item.packet_sent < size) continue;
    item.packet_sent = 0;
    if (item.clip == nullptr || ++item.packet == item.packets) queue_.pop_front();
  }
}

void CameraSession::StopPlaying() {
  if (!playing_) return;
  playing_ = false;
  --shared_.totals.streams_now;
}

void CameraSession::Close() {
  if (ended_) return;
  if (playing_) SendReport(last_rtp_time_, true);
  StopPlaying();
  ended_ = true;
  boost::system::error_code error;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_both, error);
  socket_.close(error);
}

}  // namespace patrol::sim
