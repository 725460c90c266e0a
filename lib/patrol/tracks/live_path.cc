#include "lib/patrol/tracks/live_path.h"

#include <optional>
#include <utility>
#include <vector>

#include "lib/base/check.h"
#include "lib/patrol/tracks/chain.h"
#include "lib/patrol/tracks/speed_jumps.h"

namespace patrol::tracks {

namespace {

// Instants are whole microseconds, as live (FixIntake).
bool SameInstant(absl::Time a, absl::Time b) {
  return absl::ToUnixMicros(a) == absl::ToUnixMicros(b);
}

}  // namespace

struct LivePath::Impl {
  Impl(std::string unit_id, roadnet::Mode mode, const roadnet::Network& network, Hmm* hmm,
       const LivePathOptions& options)
      : delay_max(options.delay_max),
        writer(std::move(unit_id), mode, network, hmm->options(), options.tell_settlements),
        chain(hmm, &writer,
              delay_max == absl::InfiniteDuration() && !options.tell_settlements
                  ? Chain::Handing::kInBatches
                  : Chain::Handing::kAtOnce),
        jumps(hmm->options().speed_max_mps) {}

  void Use(const Fix& fix, uint32_t number) {
    switch (chain.Feed(fix, number)) {
      case Chain::Took::kUsed:
        break;
      case Chain::Took::kThinned:
        writer.Thin(number);
        break;
      case Chain::Took::kOffNetwork:
        writer.Settle(number, MatchVerdict::kOffNetwork);
        break;
    }
  }

  void UseHeld() {
    for (const SpeedJumps::Held& held : judged) {
      if (held.jump) {
        writer.Settle(held.number, MatchVerdict::kOutlier, OutlierReason::kSpeedJump);
      } else {
        Use(held.fix, held.number);
      }
    }
    judged.clear();
  }

  // Settles the first fix that is not.
  void SettleFirst() {
    const uint32_t number = writer.first();
    if (jumps.Tell(number)) {
      writer.Settle(number, MatchVerdict::kOutlier, OutlierReason::kSpeedJump);
    } else if (!chain.Decide(number)) {
      writer.Stand(number);
    }
    PATROL_CHECK(writer.first() != number);
  }

  // Lets the time before `until` pass, or up to and including it: ends of delays and of paths, in
  // their order.
  void Pass(absl::Time until, bool inclusive) {
    for (;;) {
      const absl::Time due = writer.waiting() + delay_max;
      // A fix that is held may still go on with the path.
      const absl::Time ends =
          jumps.waiting() > chain.ends() ? chain.ends() : absl::InfiniteFuture();
      const bool over = inclusive ? due <= until : due < until;
      if (over && due <= ends && due < absl::InfiniteFuture()) {
        writer.SetNow(due, true);
        SettleFirst();
      } else if (ends < until) {
        writer.SetNow(ends, false);
        chain.Finish();
      } else {
        return;
      }
    }
  }

  const absl::Duration delay_max;
  TrackWriter writer;
  Chain chain;
  SpeedJumps jumps;
  std::optional<absl::Time> newest;
  std::vector<SpeedJumps::Held> judged;
};

LivePath::LivePath(std::string unit_id, roadnet::Mode mode, const roadnet::Network& network,
                   Hmm* hmm, const LivePathOptions& options)
    : impl_(std::make_unique<Impl>(std::move(unit_id), mode, network, hmm, options)) {}

LivePath::~LivePath() = default;

void LivePath::Feed(const Fix& fix) {
  Impl& own = *impl_;
  const bool same = own.newest && SameInstant(*own.newest, fix.time);
  if (same || (own.newest && fix.time < *own.newest)) {
    own.writer.SetNow(*own.newest, false);
    own.writer.Settle(own.writer.Take(fix), same ? MatchVerdict::kDuplicate : MatchVerdict::kLate);
    return;
  }
  own.Pass(fix.time, false);
  own.newest = fix.time;
  own.writer.SetNow(fix.time, false);
  const uint32_t number = own.writer.Take(fix);
  const bool counts = own.jumps.Take(fix, number, &own.judged);
  own.UseHeld();
  if (counts) own.Use(fix, number);
  own.Pass(fix.time, true);
}

void LivePath::Advance(absl::Time now) { impl_->Pass(now, true); }

void LivePath::Finish() {
  Impl& own = *impl_;
  if (own.newest) own.writer.SetNow(*own.newest, false);
  own.jumps.Finish(&own.judged);
  own.UseHeld();
  own.chain.Finish();
}

size_t LivePath::held() const { return impl_->writer.held() + impl_->chain.held(); }

PathPiece LivePath::Take() { return impl_->writer.TakePiece(); }

}  // namespace patrol::tracks
