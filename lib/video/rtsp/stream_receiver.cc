#include "lib/video/rtsp/stream_receiver.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <utility>

namespace patrol::rtsp {
namespace {

// A step of RTP time that no network explains: it says nothing about jitter.
constexpr double kTransitStepSecondsMax = 5;

uint32_t RandomSsrc() {
  std::random_device device;
  return device();
}

std::variant<Depacketiser, JpegDepacketiser> DepacketiserFor(const VideoTrack& track,
                                                             QuirkCounts* quirks) {
  if (track.codec == media::Codec::kMjpeg) return JpegDepacketiser(quirks);
  return Depacketiser(track, quirks);
}

}  // namespace

StreamReceiver::StreamReceiver(const VideoTrack& track, bool reordering, SessionStats* stats,
                               SessionSink* sink)
    : track_(track),
      stats_(stats),
      sink_(sink),
      depacketiser_(DepacketiserFor(track, &stats->quirks)),
      clock_(track.clock_rate, &stats->quirks),
      habits_(track, &stats->quirks),
      own_ssrc_(RandomSsrc()) {
  if (reordering) window_.emplace();
}

bool StreamReceiver::OnRtp(std::span<const uint8_t> bytes, const Received& received) {
  const absl::StatusOr<RtpPacket> packet = ParseRtp(bytes);
  if (!packet.ok()) {
    CountQuirk(&stats_->quirks, "rtp_malformed");
    return false;
  }
  // Other payload types on our channel (metadata, a second track) number their packets themselves.
  if (packet->payload_type != track_.payload_type) {
    CountQuirk(&stats_->quirks, "rtp_other_payload_type");
    return false;
  }
  MeasureJitter(packet->timestamp, received.monotonic);
  if (!window_) {
    Take(*packet, received);
    return true;
  }
  const auto release = [this](std::span<const uint8_t> ordered, const Received& when) {
    if (const auto held = ParseRtp(ordered); held.ok()) Take(*held, when);
  };
  const int64_t duplicates = window_->duplicates();
  window_->OnPacket(packet->sequence, packet->ssrc, bytes, received, release);
  stats_->packets_reordered = window_->reordered();
  stats_->packets_late = window_->late();
  if (window_->duplicates() != duplicates) CountQuirk(&stats_->quirks, "rtp_duplicate");
  return true;
}

void StreamReceiver::OnTime(absl::Duration monotonic) {
  if (!window_) return;
  const auto release = [this](std::span<const uint8_t> ordered, const Received& when) {
    if (const auto held = ParseRtp(ordered); held.ok()) Take(*held, when);
  };
  window_->OnTime(monotonic, release);
}

std::optional<absl::Duration> StreamReceiver::due() const {
  return window_ ? window_->due() : std::nullopt;
}

void StreamReceiver::MeasureJitter(uint32_t rtp_time, absl::Duration monotonic) {
  if (has_transit_) {
    const double sent = static_cast<int32_t>(rtp_time - last_rtp_);
    const double arrived = absl::ToDoubleSeconds(monotonic - last_arrival_) * track_.clock_rate;
    const double step = std::abs(arrived - sent);
    if (step < kTransitStepSecondsMax * track_.clock_rate) jitter_ += (step - jitter_) / 16;
    stats_->jitter = absl::Seconds(jitter_ / track_.clock_rate);
  }
  has_transit_ = true;
  last_rtp_ = rtp_time;
  last_arrival_ = monotonic;
}

void StreamReceiver::Take(const RtpPacket& packet, const Received& received) {
  const SequenceTracker::Verdict verdict = sequence_.OnPacket(packet.sequence, packet.ssrc);
  if (sequence_.ssrc_changed()) CountQuirk(&stats_->quirks, "ssrc_changed");
  if (verdict == SequenceTracker::Verdict::kOld) {
    CountQuirk(&stats_->quirks, "rtp_old_sequence");
    return;
  }
  if (verdict == SequenceTracker::Verdict::kRestart) {
    CountQuirk(&stats_->quirks, "rtp_sequence_restart");
  }
  has_ssrc_ = true;
  ssrc_ = packet.ssrc;
  ++stats_->packets;
  stats_->bytes += static_cast<int64_t>(packet.payload.size());
  stats_->packets_lost = sequence_.lost();

  const bool lost_before = verdict != SequenceTracker::Verdict::kInOrder;
  finished_.clear();
  std::visit([&](auto& depacketiser) { depacketiser.OnPacket(packet, lost_before, &finished_); },
             depacketiser_);
  for (AssembledUnit& assembled : finished_) HandOn(std::move(assembled), received);
}

void StreamReceiver::HandOn(AssembledUnit assembled, const Received& received) {
  auto unit = std::make_shared<media::AccessUnit>();
  unit->codec = track_.codec;
  unit->keyframe = assembled.keyframe;
  unit->refresh = assembled.refresh;
  unit->damaged = assembled.damaged;
  unit->rtp_time = assembled.rtp_time;
  unit->time = clock_.OnUnit(assembled.rtp_time, received.utc, received.monotonic);
  habits_.OnUnit(assembled.rtp_time, received.monotonic);
  unit->data = std::move(assembled.data);
  stats_->unit_age = clock_.AgeOf(assembled.rtp_time, received.utc);
  ++stats_->access_units;
  if (unit->damaged) ++stats_->damaged_units;
  sink_->OnAccessUnit(std::move(unit));
}

void StreamReceiver::OnRtcp(std::span<const uint8_t> bytes, absl::Duration monotonic) {
  const ParsedRtcp parsed = ParseRtcp(bytes);
  if (parsed.truncated) CountQuirk(&stats_->quirks, "rtcp_malformed");
  if (const auto& report = parsed.report.sender_report) {
    // A report of another SSRC may be of another track on our channel.
    if (!has_ssrc_ || report->ssrc == ssrc_) {
      habits_.OnSenderReport();
      clock_.OnSenderReport(report->ntp, report->rtp_time);
      last_report_ntp_ = report->ntp;
      last_report_at_ = monotonic;
    } else {
      CountQuirk(&stats_->quirks, "sender_report_other_ssrc");
    }
  }
  if (parsed.report.has_bye) {
    const std::vector<uint32_t>& bye = parsed.report.bye;
    if (bye.empty() || !has_ssrc_ || std::find(bye.begin(), bye.end(), ssrc_) != bye.end()) {
      ended_ = true;
    } else {
      CountQuirk(&stats_->quirks, "bye_other_ssrc");
    }
  }
}

void StreamReceiver::WriteReport(absl::Duration monotonic, std::vector<uint8_t>* bytes) {
  ReceiverReport report;
  report.own_ssrc = own_ssrc_;
  report.ssrc = ssrc_;
  const int64_t lost = stats_->packets_lost - reported_lost_;
  const int64_t expected = stats_->packets - reported_packets_ + lost;
  if (expected > 0) report.fraction_lost = static_cast<uint8_t>(lost * 255 / expected);
  reported_lost_ = stats_->packets_lost;
  reported_packets_ = stats_->packets;
  report.lost = stats_->packets_lost;
  report.extended_highest = sequence_.extended_highest();
  report.jitter = static_cast<uint32_t>(jitter_);
  if (last_report_ntp_ != 0) {
    report.last_sender_report = static_cast<uint32_t>(last_report_ntp_ >> 16);
    report.since_sender_report =
        static_cast<uint32_t>(absl::ToDoubleSeconds(monotonic - last_report_at_) * 65536);
  }
  WriteReceiverReport(report, has_ssrc_, bytes);
}

}  // namespace patrol::rtsp
