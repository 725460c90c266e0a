#pragma once

#include "absl/time/time.h"

namespace patrol::ingest {

// What the CPU there is allows: how many full decodes, and how long quiet cameras wait for their
// turn. Over the budget one full decode in eight goes, then intervals grow; below it the other way,
// and where little of it is used quiet cameras are looked at twice as often.
//
// Threads: one call at a time.
class DecodeBudget {
 public:
  DecodeBudget(double cores, int full_decodes_max);

  struct Steered {
    bool over = false;           // the budget is exceeded
    bool oftener_ended = false;  // what was to spare is needed: intervals are as wanted again
  };
  // total: what decoding and analysis have cost in all, CPU time; every second or so.
  // full_decodes: that there are now.
  Steered OnCpu(absl::Duration total, int full_decodes, absl::Duration now);

  // Full decodes are not fewer than wanted, nor is the budget nearly spent.
  bool Spare() const;
  // There is a full decode to be had, and the budget has made them no fewer.
  bool RoomForOneMore(int full_decodes) const;

  int full_allowed() const { return full_allowed_; }
  double stretch() const { return stretch_; }  // intervals are so many times as long as wanted
  double used_cores() const { return used_cores_; }

 private:
  void Steer(int full_decodes);

  const double cores_;
  const int full_max_;
  double used_cores_ = 0;
  double used_cores_slowly_;  // from the whole budget on: what is to spare must show first
  int full_allowed_;
  double stretch_ = 1;
  absl::Duration total_ = absl::ZeroDuration();
  absl::Duration total_at_ = -absl::InfiniteDuration();
  absl::Duration steered_at_ = -absl::InfiniteDuration();
};

}  // namespace patrol::ingest
