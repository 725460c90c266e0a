#include "lib/video/rtsp/stream_receiver.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace patrol::rtsp {

StreamReceiver::StreamReceiver(const VideoTrack& track, SessionStats* stats, SessionSink* sink)
    : track_(track),
      stats_(stats),
      sink_(sink),
      depacketiser_(track, &stats->quirks),
      clock_(track.clock_rate, &stats->quirks) {}

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
  const SequenceTracker::Verdict verdict = sequence_.OnPacket(packet->sequence, packet->ssrc);
  if (sequence_.ssrc_changed()) CountQuirk(&stats_->quirks, "ssrc_changed");
  if (verdict == SequenceTracker::Verdict::kOld) {
    CountQuirk(&stats_->quirks, "rtp_old_sequence");
    return true;
  }
  if (verdict == SequenceTracker::Verdict::kRestart) {
    CountQuirk(&stats_->quirks, "rtp_sequence_restart");
  }
  has_ssrc_ = true;
  ssrc_ = packet->ssrc;
  ++stats_->packets;
  stats_->bytes += static_cast<int64_t>(packet->payload.size());
  stats_->packets_lost = sequence_.lost();

  const bool lost_before = verdict != SequenceTracker::Verdict::kInOrder;
  finished_.clear();
  depacketiser_.OnPacket(*packet, lost_before, &finished_);
  for (AssembledUnit& assembled : finished_) {
    auto unit = std::make_shared<media::AccessUnit>();
    unit->codec = track_.codec;
    unit->keyframe = assembled.keyframe;
    unit->damaged = assembled.damaged;
    unit->rtp_time = assembled.rtp_time;
    unit->time = clock_.OnUnit(assembled.rtp_time, received.utc, received.monotonic);
    unit->data = std::move(assembled.data);
    ++stats_->access_units;
    if (unit->damaged) ++stats_->damaged_units;
    sink_->OnAccessUnit(std::move(unit));
  }
  return true;
}

void StreamReceiver::OnRtcp(std::span<const uint8_t> bytes) {
  const ParsedRtcp parsed = ParseRtcp(bytes);
  if (parsed.truncated) CountQuirk(&stats_->quirks, "rtcp_malformed");
  if (const auto& report = parsed.report.sender_report) {
    // A report of another SSRC may be of another track on our channel.
    if (!has_ssrc_ || report->ssrc == ssrc_) {
      clock_.OnSenderReport(report->ntp, report->rtp_time);
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

}  // namespace patrol::rtsp
