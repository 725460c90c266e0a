#include "lib/video/rtsp/sdp.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace patrol::rtsp {
namespace {

constexpr size_t kMediaMax = 32;
constexpr size_t kMediaNamedMax = 8;
constexpr size_t kPayloadTypesMax = 32;
constexpr size_t kParameterSetsMax = 16;
constexpr size_t kParameterSetBytesMax = 4096;
constexpr int kStaticJpegType = 26;  // RFC 3551 section 6

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// "96 H264/90000" -> 96 and the rest.
std::optional<std::pair<int, absl::string_view>> SplitPayloadType(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  const size_t space = text.find_first_of(" \t");
  int type = -1;
  if (!absl::SimpleAtoi(text.substr(0, space), &type) || type < 0 || type > 127) {
    return std::nullopt;
  }
  if (space == absl::string_view::npos) return std::make_pair(type, absl::string_view());
  return std::make_pair(type, absl::StripAsciiWhitespace(text.substr(space)));
}

// Some cameras put rtpmap and fmtp under the wrong m= line; payload types tell where they belong.
struct Attribute {
  int payload_type;
  size_t media;  // index of the m= section it stood in
  std::string value;
};

const Attribute* Find(const std::vector<Attribute>& attributes, int payload_type, size_t media) {
  const Attribute* elsewhere = nullptr;
  for (const Attribute& attribute : attributes) {
    if (attribute.payload_type != payload_type) continue;
    if (attribute.media == media) return &attribute;
    elsewhere = &attribute;
  }
  return elsewhere;
}

absl::StatusOr<SdpMedia> ParseMediaLine(absl::string_view value, size_t line) {
  const std::vector<absl::string_view> words =
      absl::StrSplit(value, absl::ByAnyChar(" \t"), absl::SkipEmpty());
  SdpMedia media;
  if (!words.empty()) media.kind = absl::AsciiStrToLower(words[0]);
  for (size_t i = 3; i < words.size(); ++i) {
    int type = 0;
    if (!absl::SimpleAtoi(words[i], &type) || type < 0 || type > 127) continue;
    if (media.payload_types.size() >= kPayloadTypesMax) {
      return absl::ResourceExhaustedError(
          absl::StrCat("sdp line ", line, ": more than ", kPayloadTypesMax, " payload types"));
    }
    media.payload_types.push_back(type);
  }
  return media;
}

// Value of a parameter of an fmtp line; "" when absent.
absl::string_view Parameter(absl::string_view fmtp, absl::string_view name) {
  for (absl::string_view part : absl::StrSplit(fmtp, ';')) {
    part = absl::StripAsciiWhitespace(part);
    const size_t equals = part.find('=');
    if (equals == absl::string_view::npos) continue;
    if (absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(part.substr(0, equals)), name)) {
      return absl::StripAsciiWhitespace(part.substr(equals + 1));
    }
  }
  return {};
}

void AddParameterSets(absl::string_view list, media::Codec codec, VideoTrack* track) {
  static constexpr char kStartCode[] = {0, 0, 0, 1};
  for (absl::string_view text : absl::StrSplit(list, ',', absl::SkipEmpty())) {
    std::string bytes;
    if (!absl::Base64Unescape(absl::StripAsciiWhitespace(text), &bytes)) {
      track->sprop_broken = true;
      continue;
    }
    // Some encoders leave the start code on.
    absl::string_view nal = bytes;
    absl::ConsumePrefix(&nal, absl::string_view(kStartCode, 4));
    absl::ConsumePrefix(&nal, absl::string_view(kStartCode + 1, 3));
    if (nal.size() < 3 || nal.size() > kParameterSetBytesMax ||
        track->parameter_sets.size() >= kParameterSetsMax) {
      track->sprop_broken = true;
      continue;
    }
    const auto first = static_cast<uint8_t>(nal[0]);
    const int type = codec == media::Codec::kH264 ? first & 0x1f : (first >> 1) & 0x3f;
    const bool is_set =
        codec == media::Codec::kH264 ? (type == 7 || type == 8) : (type >= 32 && type <= 34);
    if (!is_set) {
      track->sprop_broken = true;
      continue;
    }
    track->parameter_sets.emplace_back(nal.begin(), nal.end());
  }
}

std::optional<media::Codec> CodecOf(const SdpMedia::Format& format) {
  if (format.encoding == "H264") return media::Codec::kH264;
  if (format.encoding == "H265" || format.encoding == "HEVC") return media::Codec::kH265;
  if (format.encoding == "JPEG") return media::Codec::kMjpeg;
  if (!format.encoding.empty()) return std::nullopt;
  if (format.payload_type == kStaticJpegType) return media::Codec::kMjpeg;
  // No rtpmap: what the fmtp says gives it away.
  if (!Parameter(format.fmtp, "sprop-vps").empty()) return media::Codec::kH265;
  if (!Parameter(format.fmtp, "sprop-parameter-sets").empty() ||
      !Parameter(format.fmtp, "profile-level-id").empty()) {
    return media::Codec::kH264;
  }
  return std::nullopt;
}

// For messages: short, whatever the camera wrote.
std::string Describe(const SdpMedia& media, const SdpMedia::Format& format) {
  return absl::StrCat(
      media.kind.substr(0, 32), " ",
      format.encoding.empty() ? absl::StrCat(format.payload_type) : format.encoding.substr(0, 32));
}

}  // namespace

absl::StatusOr<SdpSession> ParseSdp(std::string_view text) {
  SdpSession session;
  std::vector<Attribute> rtpmaps;
  std::vector<Attribute> fmtps;
  std::string absent = "vost";  // of the lines that must be there
  size_t number = 0;
  for (absl::string_view line : absl::StrSplit(View(text), absl::ByAnyChar("\r\n"))) {
    line = absl::StripAsciiWhitespace(line);
    if (line.empty()) continue;
    ++number;
    if (line.size() < 2 || line[1] != '=') continue;
    std::erase(absent, absl::ascii_tolower(line[0]));
    absl::string_view value = absl::StripAsciiWhitespace(line.substr(2));
    if (absl::ascii_tolower(line[0]) == 'm') {
      if (session.media.size() >= kMediaMax) {
        return absl::ResourceExhaustedError(
            absl::StrCat("sdp line ", number, ": more than ", kMediaMax, " media"));
      }
      absl::StatusOr<SdpMedia> media = ParseMediaLine(value, number);
      if (!media.ok()) return media.status();
      session.foreign_media =
          session.foreign_media || (media->kind != "video" && media->kind != "audio");
      session.media.push_back(*std::move(media));
      continue;
    }
    if (absl::ascii_tolower(line[0]) != 'a') continue;
    const size_t index = session.media.empty() ? 0 : session.media.size() - 1;
    if (absl::ConsumePrefix(&value, "control:")) {
      std::string& control = session.media.empty() ? session.control : session.media.back().control;
      control = std::string(absl::StripAsciiWhitespace(value));
    } else if (absl::ConsumePrefix(&value, "rtpmap:")) {
      if (auto split = SplitPayloadType(value); split && rtpmaps.size() < kMediaMax * 4) {
        rtpmaps.push_back({split->first, index, std::string(split->second)});
      }
    } else if (absl::ConsumePrefix(&value, "fmtp:")) {
      if (auto split = SplitPayloadType(value); split && fmtps.size() < kMediaMax * 4) {
        fmtps.push_back({split->first, index, std::string(split->second)});
      }
    } else if (!session.media.empty() && (absl::ConsumePrefix(&value, "framerate:") ||
                                          absl::ConsumePrefix(&value, "x-framerate:"))) {
      double rate = 0;
      if (absl::SimpleAtod(absl::StripAsciiWhitespace(value), &rate) && rate > 0 && rate < 1000) {
        session.media.back().frame_rate = rate;
      }
    }
  }
  if (session.media.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("sdp: no m= line in ", number, " lines (", text.size(), " bytes)"));
  }
  session.line_absent = !absent.empty();
  for (size_t i = 0; i < session.media.size(); ++i) {
    for (int type : session.media[i].payload_types) {
      SdpMedia::Format format;
      format.payload_type = type;
      if (const Attribute* rtpmap = Find(rtpmaps, type, i)) {
        const std::vector<absl::string_view> parts = absl::StrSplit(rtpmap->value, '/');
        format.encoding = absl::AsciiStrToUpper(absl::StripAsciiWhitespace(parts[0]));
        int rate = 0;
        if (parts.size() > 1 && absl::SimpleAtoi(absl::StripAsciiWhitespace(parts[1]), &rate) &&
            rate > 0) {
          format.clock_rate = rate;
        }
        format.elsewhere = rtpmap->media != i;
      }
      if (const Attribute* fmtp = Find(fmtps, type, i)) {
        format.fmtp = fmtp->value;
        format.elsewhere = format.elsewhere || fmtp->media != i;
      }
      session.media[i].formats.push_back(std::move(format));
    }
  }
  return session;
}

absl::StatusOr<VideoTrack> ChooseVideo(const SdpSession& session) {
  std::vector<std::string> seen;
  std::optional<VideoTrack> jpeg;
  for (const SdpMedia& media : session.media) {
    for (const SdpMedia::Format& format : media.formats) {
      if (seen.size() < kMediaNamedMax) seen.push_back(Describe(media, format));
      if (media.kind != "video") continue;
      const std::optional<media::Codec> codec = CodecOf(format);
      if (!codec) continue;
      VideoTrack track;
      track.codec = *codec;
      track.payload_type = format.payload_type;
      // RFC 2435, 6184 and 7798 know no other rate; a camera that names another one is wrong.
      track.clock_rate = 90000;
      track.control = media.control;
      track.frame_rate = media.frame_rate;
      track.format_elsewhere = format.elsewhere;
      if (*codec == media::Codec::kMjpeg) {
        if (!jpeg) jpeg = std::move(track);
        continue;
      }
      if (*codec == media::Codec::kH264) {
        AddParameterSets(Parameter(format.fmtp, "sprop-parameter-sets"), *codec, &track);
      } else {
        for (const char* name : {"sprop-vps", "sprop-sps", "sprop-pps"}) {
          AddParameterSets(Parameter(format.fmtp, name), *codec, &track);
        }
      }
      return track;
    }
    if (media.formats.empty() && seen.size() < kMediaNamedMax) {
      seen.push_back(absl::StrCat(media.kind.substr(0, 32), " without payload type"));
    }
  }
  if (jpeg) return *std::move(jpeg);
  return absl::UnimplementedError(absl::StrCat(
      "sdp: no H.264, H.265 or JPEG video among its media (", absl::StrJoin(seen, ", "), ")"));
}

}  // namespace patrol::rtsp
