// NAL units -> RTP payloads (RFC 6184 packetization-mode 1, RFC 7798 without DONL).

#include <algorithm>

#include "cmd/patrolsim/cameras_clip.h"
#include "lib/video/media/annexb.h"

namespace patrol::sim {
namespace {

constexpr size_t kPayloadBytesMax = kRtpPacketBytesMax - kRtpHeaderBytes;

// NAL unit types and payload structures by number, as the two RFCs have them.
constexpr uint8_t kStapA = 24;
constexpr uint8_t kFuA = 28;
constexpr uint8_t kAp = 48;
constexpr uint8_t kFu = 49;

std::string_view Text(const media::NalUnit& nal) {
  return {reinterpret_cast<const char*>(nal.data.data()), nal.data.size()};
}

bool IsDelimiter(media::Codec codec, uint8_t type) {
  return type == (codec == media::Codec::kH264 ? 9 : 35);
}

class Packer {
 public:
  explicit Packer(Clip& clip) : clip_(clip) {}

  void Single(std::string_view nal) {
    Begin();
    Append(nal);
    End();
  }

  // All in one packet; they must fit.
  void Aggregate(const std::vector<std::string>& nals) {
    Begin();
    if (clip_.codec == media::Codec::kH264) {
      // F and NRI as the greatest of the aggregated units: parameter sets carry NRI 3.
      Byte(0x60 | kStapA);
    } else {
      Byte(kAp << 1);
      Byte(1);
    }
    for (const std::string& nal : nals) {
      Byte(static_cast<uint8_t>(nal.size() >> 8));
      Byte(static_cast<uint8_t>(nal.size()));
      Append(nal);
    }
    End();
  }

  void Fragments(std::string_view nal, uint8_t type) {
    const bool h264 = clip_.codec == media::Codec::kH264;
    const size_t nal_header = h264 ? 1 : 2;
    const size_t room = kPayloadBytesMax - nal_header - 1;
    for (size_t at = nal_header; at < nal.size(); at += room) {
      const std::string_view part = nal.substr(at, room);
      const bool first = at == nal_header;
      const bool last = at + part.size() == nal.size();
      const auto fu_bits = static_cast<uint8_t>((first ? 0x80 : 0) | (last ? 0x40 : 0) | type);
      Begin();
      if (h264) {
        Byte((static_cast<uint8_t>(nal[0]) & 0xE0) | kFuA);
      } else {
        Byte((static_cast<uint8_t>(nal[0]) & 0x81) | (kFu << 1));
        Byte(static_cast<uint8_t>(nal[1]));
      }
      Byte(fu_bits);
      Append(part);
      End();
    }
  }

 private:
  void Begin() { begin_ = clip_.payload.size(); }
  void Byte(int value) { clip_.payload.push_back(static_cast<uint8_t>(value)); }
  void Append(std::string_view bytes) {
    clip_.payload.insert(clip_.payload.end(), bytes.begin(), bytes.end());
  }
  void End() {
    clip_.packets.push_back(
        {static_cast<uint32_t>(begin_), static_cast<uint32_t>(clip_.payload.size() - begin_)});
  }

  Clip& clip_;
  size_t begin_ = 0;
};

}  // namespace

void PacketisePicture(absl::Span<const uint8_t> annexb, bool keyframe, int64_t time_ticks,
                      Clip& clip) {
  std::vector<std::string> sets;
  std::vector<media::NalUnit> others;
  media::NalReader reader(clip.codec, {annexb.data(), annexb.size()});
  for (media::NalUnit nal; reader.Next(nal);) {
    if (media::KindOf(clip.codec, nal.type) == media::NalKind::kParameterSet) {
      sets.emplace_back(Text(nal));
    } else if (!IsDelimiter(clip.codec, nal.type)) {
      others.push_back(nal);
    }
  }
  if (!sets.empty() && clip.parameter_sets.empty()) clip.parameter_sets = sets;
  if (keyframe && sets.empty()) sets = clip.parameter_sets;

  ClipPicture picture;
  picture.first_packet = static_cast<uint32_t>(clip.packets.size());
  picture.keyframe = keyframe;
  picture.time_ticks = time_ticks;
  const size_t begin = clip.payload.size();

  Packer packer(clip);
  size_t sets_bytes = 2;
  for (const std::string& set : sets) sets_bytes += 2 + set.size();
  if (sets.size() > 1 && sets_bytes <= kPayloadBytesMax) {
    packer.Aggregate(sets);
  } else {
    for (const std::string& set : sets) packer.Single(set);
  }
  for (const media::NalUnit& nal : others) {
    if (nal.data.size() <= kPayloadBytesMax) {
      packer.Single(Text(nal));
    } else {
      packer.Fragments(Text(nal), nal.type);
    }
  }
  picture.packets = static_cast<uint32_t>(clip.packets.size()) - picture.first_packet;
  picture.bytes = static_cast<uint32_t>(clip.payload.size() - begin);
  if (picture.packets > 0) clip.pictures.push_back(picture);
}

}  // namespace patrol::sim
