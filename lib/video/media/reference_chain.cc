#include "lib/video/media/reference_chain.h"

#include "lib/video/media/annexb.h"

namespace patrol::media {

namespace {

constexpr uint8_t kSlice = 1, kPartitionA = 2, kIdr = 5, kSei = 6, kSps = 7, kPps = 8;

}  // namespace

bool ReferenceChain::Follow(std::span<const uint8_t> annexb) {
  std::optional<H264Slice> slice;
  std::optional<uint32_t> recovery_frame_count;
  NalReader reader(Codec::kH264, annexb);
  for (NalUnit nal; !slice.has_value() && reader.Next(nal);) {
    switch (nal.type) {
      case kSps:
        headers_.ReadSps(nal.data);
        break;
      case kPps:
        headers_.ReadPps(nal.data);
        break;
      case kSei:
        if (const auto count = RecoveryPoint(nal.data.subspan(1), false)) {
          recovery_frame_count = static_cast<uint32_t>(*count);
        }
        break;
      case kSlice:
      case kPartitionA:
      case kIdr:
        slice = headers_.ReadSlice(nal.data);
        // A header we cannot read says nothing; the decoder will speak.
        if (!slice->frame_num.has_value()) return !broken_;
        break;
      default:
        break;
    }
  }
  if (!slice.has_value()) return !broken_;
  if (slice->idr) {
    broken_ = false;
    recovered_at_.reset();
  } else {
    const uint32_t mask = slice->max_frame_num - 1;
    // The next reference counts one further; a second field, or a picture after one that is no
    // reference, may repeat the number.
    if (last_frame_num_.has_value() && !slice->gaps_allowed &&
        ((*slice->frame_num - *last_frame_num_) & mask) > 1) {
      broken_ = true;
      recovered_at_.reset();
    }
    if (broken_ && recovery_frame_count.has_value()) {
      recovered_at_ = (*slice->frame_num + *recovery_frame_count) & mask;
    }
    if (recovered_at_.has_value() &&
        ((*slice->frame_num - *recovered_at_) & mask) < slice->max_frame_num / 2) {
      broken_ = false;
      recovered_at_.reset();
    }
  }
  // A picture that is no reference has the number the next reference will have.
  if (slice->reference) {
    last_frame_num_ = slice->frame_num;
  } else if (!last_frame_num_.has_value()) {
    last_frame_num_ = (*slice->frame_num - 1) & (slice->max_frame_num - 1);
  }
  last_was_reference_ = slice->reference;
  return !broken_;
}

void ReferenceChain::MarkDamaged() {
  if (last_was_reference_) broken_ = true;
}

void ReferenceChain::Reset() { *this = ReferenceChain(); }

}  // namespace patrol::media
