#include "lib/video/ingest/gop_ring.h"

#include <algorithm>
#include <utility>

namespace patrol::ingest {
namespace {

// The unit itself, its control block and the pointers to it; the coded bytes come on top.
constexpr size_t kBytesPerUnit = sizeof(media::AccessUnit) + 64;

size_t BytesOf(const media::AccessUnit& unit) { return unit.data.size() + kBytesPerUnit; }

}  // namespace

GopRing::GopRing(size_t bytes_max, absl::Duration pre_roll, RingBudget* budget)
    : bytes_max_(bytes_max), pre_roll_(pre_roll), budget_(budget) {}

GopRing::~GopRing() { Clear(); }

bool GopRing::Fits(size_t more) const {
  return bytes_ + more <= bytes_max_ &&
         budget_->bytes.load(std::memory_order_relaxed) + more <= budget_->bytes_max;
}

bool GopRing::BeyondPreRoll(absl::Time now) const {
  return gops_.size() > 1 && gops_[1].begin <= now - pre_roll_;
}

void GopRing::DropOldest() {
  bytes_ -= gops_.front().bytes;
  budget_->bytes.fetch_sub(gops_.front().bytes, std::memory_order_relaxed);
  gops_.pop_front();
}

void GopRing::Clear() {
  while (!gops_.empty()) DropOldest();
  accepting_ = false;
}

void GopRing::Hold() {
  if (newest_ >= held_until_) held_until_ = newest_ + kHold;
}

bool GopRing::Enters(const media::AccessUnit& unit) const {
  if (unit.refresh == media::Refresh::kNone) return false;
  if (accepting_) return gops_.back().entered;
  // A GOP that begins with a keyframe is worth more than what nobody promised to be decodable.
  return unit.refresh == media::Refresh::kAnnounced || gops_.empty() || gops_.back().entered;
}

void GopRing::Add(media::AccessUnitPtr unit) {
  if (unit->damaged) accepting_ = false;
  const bool begins = unit->keyframe || Enters(*unit);
  if (unit->damaged || (!accepting_ && !begins)) return;
  newest_ = std::max(newest_, unit->time);
  const bool held = newest_ < held_until_;
  while (!held && BeyondPreRoll(unit->time)) DropOldest();

  const size_t bytes = BytesOf(*unit);
  // What begins may push out everything before it, another unit only older GOPs than its own.
  const size_t keep = begins ? 0 : 1;
  bool shortened = false;
  while (!Fits(bytes) && gops_.size() > keep) {
    shortened = shortened || !BeyondPreRoll(unit->time);
    DropOldest();
  }
  const bool fits = Fits(bytes);
  if (shortened || !fits) ++shortenings_;
  const bool continues = std::exchange(accepting_, fits) && !gops_.empty();
  if (!fits) return;
  if (begins) {
    gops_.push_back({.begin = unit->time, .entered = !unit->keyframe, .continues = continues});
  }
  gops_.back().units.push_back(std::move(unit));
  gops_.back().bytes += bytes;
  bytes_ += bytes;
  budget_->bytes.fetch_add(bytes, std::memory_order_relaxed);
}

std::vector<media::AccessUnitPtr> GopRing::LastGop() const {
  if (gops_.empty()) return {};
  size_t from = gops_.size() - 1;
  while (from > 0 && gops_[from].entered && gops_[from].continues) --from;
  std::vector<media::AccessUnitPtr> units = gops_[from].units;
  for (++from; from < gops_.size(); ++from) {
    units.insert(units.end(), gops_[from].units.begin(), gops_[from].units.end());
  }
  return units;
}

std::vector<media::AccessUnitPtr> GopRing::All() const {
  std::vector<media::AccessUnitPtr> all;
  for (const Gop& gop : gops_) all.insert(all.end(), gop.units.begin(), gop.units.end());
  return all;
}

}  // namespace patrol::ingest
