#include "lib/video/rtsp/jpeg_depacketiser.h"

#include <algorithm>
#include <utility>

#include "lib/base/limits.h"

namespace patrol::rtsp {
namespace {

constexpr size_t kHeaderBytes = 8;
constexpr size_t kRestartHeaderBytes = 4;
constexpr size_t kTableHeaderBytes = 4;

// RFC 2435 appendix A, in zigzag order: the tables of quality 50 (ITU-T T.81 annex K).
constexpr std::array<uint8_t, 64> kLuma = {
    16, 11, 12,  14,  12,  10, 16, 14,  13,  14,  18,  17,  16, 19,  24,  40,
    26, 24, 22,  22,  24,  49, 35, 37,  29,  40,  58,  51,  61, 60,  57,  51,
    56, 55, 64,  72,  92,  78, 64, 68,  87,  69,  55,  56,  80, 109, 81,  87,
    95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99};
constexpr std::array<uint8_t, 64> kChroma = {
    17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99};

// ITU-T T.81 annex K.3: how many codes of each length 1..16, then their values.
constexpr std::array<uint8_t, 28> kDcLuma = {0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0,  0,
                                             0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
constexpr std::array<uint8_t, 28> kDcChroma = {0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0,  0,
                                               0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
constexpr std::array<uint8_t, 178> kAcLuma = {
    0,    2,    1,    3,    3,    2,    4,    3,    5,    5,    4,    4,    0,    0,    1,
    0x7d, 0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51,
    0x61, 0x07, 0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15,
    0x52, 0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a,
    0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44,
    0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63,
    0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a,
    0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98,
    0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5,
    0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2,
    0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7,
    0xe8, 0xe9, 0xea, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa};
constexpr std::array<uint8_t, 178> kAcChroma = {
    0,    2,    1,    2,    4,    4,    3,    4,    7,    5,    4,    4,    0,    1,    2,
    0x77, 0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07,
    0x61, 0x71, 0x13, 0x22, 0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xa1, 0xb1, 0xc1, 0x09, 0x23,
    0x33, 0x52, 0xf0, 0x15, 0x62, 0x72, 0xd1, 0x0a, 0x16, 0x24, 0x34, 0xe1, 0x25, 0xf1, 0x17,
    0x18, 0x19, 0x1a, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43,
    0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a,
    0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79,
    0x7a, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96,
    0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3,
    0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9,
    0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6,
    0xe7, 0xe8, 0xe9, 0xea, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa};

// RFC 2435 section 4.2: quality 1..99 scales the tables as the Independent JPEG Group does.
void ScaleTables(int quality, std::array<uint8_t, 128>* tables) {
  const int factor = std::clamp(quality, 1, 99);
  const int scale = factor < 50 ? 5000 / factor : 200 - factor * 2;
  for (size_t i = 0; i < 64; ++i) {
    (*tables)[i] = static_cast<uint8_t>(std::clamp((kLuma[i] * scale + 50) / 100, 1, 255));
    (*tables)[64 + i] = static_cast<uint8_t>(std::clamp((kChroma[i] * scale + 50) / 100, 1, 255));
  }
}

class Writer {
 public:
  explicit Writer(std::vector<uint8_t>* data) : data_(data) {}
  void Put(std::initializer_list<int> bytes) {
    for (int byte : bytes) data_->push_back(static_cast<uint8_t>(byte));
  }
  void Put16(size_t value) {
    Put({static_cast<int>(value >> 8 & 0xff), static_cast<int>(value & 0xff)});
  }
  void Put(std::span<const uint8_t> bytes) {
    data_->insert(data_->end(), bytes.begin(), bytes.end());
  }
  // One Huffman table: class and id in one byte.
  void Huffman(int which, std::span<const uint8_t> codes) {
    Put({0xff, 0xc4});
    Put16(3 + codes.size());
    Put({which});
    Put(codes);
  }

 private:
  std::vector<uint8_t>* const data_;
};

}  // namespace

void JpegDepacketiser::OnPacket(const RtpPacket& packet, bool lost_before,
                                std::vector<AssembledUnit>* finished) {
  if (open_ && lost_before) damaged_ = true;
  if (open_ && packet.timestamp != rtp_time_) {
    CountQuirk(quirks_, "jpeg_marker_absent");
    Finish(finished);
  }
  Bytes payload = packet.payload;
  if (payload.size() < kHeaderBytes) {
    CountQuirk(quirks_, "empty_payload");
    return;
  }
  const size_t offset =
      static_cast<size_t>(payload[1]) << 16 | static_cast<size_t>(payload[2]) << 8 | payload[3];
  Form form{payload[4], payload[5], payload[6], payload[7], 0};
  payload = payload.subspan(kHeaderBytes);
  // Types 64..127 are 0..63 with restart markers.
  if (form.type >= 64 && form.type < 128) {
    if (payload.size() < kRestartHeaderBytes) return Drop("jpeg_header_broken");
    form.restart_interval = static_cast<uint16_t>(payload[0] << 8 | payload[1]);
    payload = payload.subspan(kRestartHeaderBytes);
  }
  if (offset == 0) {
    // The picture before it did not end with a marker, or this one begins anew.
    if (open_) Finish(finished);
    if ((form.type & 0x3f) > 1 || form.type >= 128 || form.width == 0 || form.height == 0) {
      return Drop("jpeg_type_unknown");
    }
    if (!TakeTables(form, &payload)) return Drop("jpeg_tables_absent");
    open_ = true;
    damaged_ = false;
    rtp_time_ = packet.timestamp;
    form_ = form;
    WriteHeaders(form);
    scan_begin_ = data_.size();
  } else if (!open_) {
    // Its first packet, or tables that we need, were lost.
    if (!lost_before) CountQuirk(quirks_, "jpeg_begin_absent");
    return;
  } else if (!(form == form_)) {
    CountQuirk(quirks_, "jpeg_header_changed");
    damaged_ = true;
  }
  const size_t at = scan_begin_ + offset;
  if (at > data_.size()) {
    // Behind a hole a decoder could go on at a restart marker at best; nothing uses it.
    damaged_ = true;
  } else if (at + payload.size() > limits::kAccessUnitBytesMax) {
    CountQuirk(quirks_, "access_unit_too_large");
    damaged_ = true;
  } else {
    if (at < data_.size()) {
      CountQuirk(quirks_, "jpeg_offset_repeated");
      data_.resize(at);
    }
    data_.insert(data_.end(), payload.begin(), payload.end());
  }
  if (packet.marker) Finish(finished);
}

bool JpegDepacketiser::TakeTables(const Form& form, Bytes* payload) {
  if (form.quality < 128) {
    if (form.quality == 0 || form.quality > 99) CountQuirk(quirks_, "jpeg_quality_reserved");
    ScaleTables(form.quality, &tables_);
    return true;
  }
  if (payload->size() < kTableHeaderBytes) return false;
  const uint8_t precision = (*payload)[1];
  const size_t size = static_cast<size_t>((*payload)[2]) << 8 | (*payload)[3];
  *payload = payload->subspan(kTableHeaderBytes);
  if (size == 0) {
    // As sent before; quality 255 must send them each time.
    if (form.quality == 255 || kept_quality_ != form.quality) return false;
    tables_ = kept_;
    return true;
  }
  if (size > payload->size() || precision != 0 || (size != 64 && size != 128)) {
    if (precision != 0) CountQuirk(quirks_, "jpeg_tables_of_16_bits");
    return false;
  }
  std::copy_n(payload->begin(), size, tables_.begin());
  // Some send one table for all components.
  if (size == 64) std::copy_n(payload->begin(), 64, tables_.begin() + 64);
  *payload = payload->subspan(size);
  if (form.quality != 255) {
    kept_quality_ = form.quality;
    kept_ = tables_;
  }
  return true;
}

// RFC 2435 appendix B.
void JpegDepacketiser::WriteHeaders(const Form& form) {
  data_.clear();
  Writer writer(&data_);
  writer.Put({0xff, 0xd8});
  for (size_t table = 0; table < 2; ++table) {
    writer.Put({0xff, 0xdb, 0, 67, static_cast<int>(table)});
    writer.Put(Bytes(tables_).subspan(table * 64, 64));
  }
  if (form.restart_interval != 0) {
    writer.Put({0xff, 0xdd, 0, 4});
    writer.Put16(form.restart_interval);
  }
  writer.Put({0xff, 0xc0, 0, 17, 8});
  writer.Put16(static_cast<size_t>(form.height) * 8);
  writer.Put16(static_cast<size_t>(form.width) * 8);
  // Type 0 is 4:2:2, type 1 is 4:2:0.
  const int luma_sampling = (form.type & 0x3f) == 0 ? 0x21 : 0x22;
  writer.Put({3, 0, luma_sampling, 0, 1, 0x11, 1, 2, 0x11, 1});
  writer.Huffman(0x00, kDcLuma);
  writer.Huffman(0x10, kAcLuma);
  writer.Huffman(0x01, kDcChroma);
  writer.Huffman(0x11, kAcChroma);
  writer.Put({0xff, 0xda, 0, 12, 3, 0, 0x00, 1, 0x11, 2, 0x11, 0, 63, 0});
}

void JpegDepacketiser::Finish(std::vector<AssembledUnit>* finished) {
  AssembledUnit unit;
  unit.keyframe = true;
  unit.damaged = damaged_;
  unit.rtp_time = rtp_time_;
  const size_t size = data_.size();
  if (size < 2 || data_[size - 2] != 0xff || data_[size - 1] != 0xd9) {
    data_.push_back(0xff);
    data_.push_back(0xd9);
  }
  const size_t capacity = data_.capacity();
  unit.data.assign(data_.begin(), data_.end());
  finished->push_back(std::move(unit));
  open_ = false;
  damaged_ = false;
  data_.clear();
  // One huge picture must not keep its memory for the life of the session.
  if (capacity > 512 * 1024) std::vector<uint8_t>().swap(data_);
}

void JpegDepacketiser::Drop(const char* quirk) {
  CountQuirk(quirks_, quirk);
  open_ = false;
}

}  // namespace patrol::rtsp
