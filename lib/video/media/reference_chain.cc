#include "lib/video/media/reference_chain.h"

#include <algorithm>

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
        if (!slice->frame_num.has_value()) {
          begun_ = true;
          return !broken_;
        }
        break;
      default:
        break;
    }
  }
  if (!slice.has_value()) return !broken_;
  if (slice->idr) {
    MarkWhole();
  } else {
    if (!begun_) broken_ = true;
    const uint32_t mask = slice->max_frame_num - 1;
    const uint32_t step = (*slice->frame_num - last_frame_num_.value_or(*slice->frame_num)) & mask;
    // The next reference counts one further; a second field, or a picture after one that is no
    // reference, may repeat the number.
    if (step > 1 && !slice->gaps_allowed) {
      broken_ = true;
      until_recovered_.reset();
    }
    if (until_recovered_.has_value()) *until_recovered_ -= std::min(step, *until_recovered_);
    // One that is at once and is not intra cannot be.
    const bool possible = recovery_frame_count.value_or(0) > 0 || slice->type == H264Slice::kI;
    if (broken_ && recovery_frame_count.has_value() && possible) {
      until_recovered_ =
          std::min(until_recovered_.value_or(slice->max_frame_num), *recovery_frame_count);
    }
    if (broken_ && until_recovered_ == 0u) MarkWhole();
  }
  begun_ = true;
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
  if (!last_was_reference_) return;
  broken_ = true;
  until_recovered_.reset();
}

void ReferenceChain::MarkWhole() {
  broken_ = false;
  until_recovered_.reset();
}

void ReferenceChain::Reset() { *this = ReferenceChain(); }

}  // namespace patrol::media
