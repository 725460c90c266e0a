#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "lib/base/limits.h"
#include "lib/video/ingest/activity.h"
#include "lib/video/ingest/decode_budget.h"
#include "lib/video/ingest/unusual_gop.h"

namespace patrol::ingest {

// What is decoded of a camera now.
enum class AttentionLevel : uint8_t {
  kNone,       // it does not stream
  kQuiet,      // a keyframe now and then
  kKeyframes,  // every keyframe
  kWaiting,    // every keyframe; full decoding is wanted and not to be had
  kFull,       // every picture
};

// "none", "quiet", "keyframes", "waiting", "full".
std::string_view AttentionName(AttentionLevel level);

struct AttentionOptions {
  // CPU of decoding and analysis together, cores. Above it there are fewer full decodes, then
  // longer keyframe intervals.
  double budget_cores = 1.0;
  int full_decodes_max = limits::kFullDecodesMaxDefault;
  absl::Duration blind_after = absl::Seconds(10);
  // A quiet camera's keyframe is decoded this often in the mean: rather those with more activity
  // before them, the next one after at most 1.65 times as long, and always within blind_after. Two
  // in five more of them unless the budget is nearly spent, up to twice as many where little of it
  // is.
  absl::Duration quiet_picture_every = absl::Seconds(4);
  // Every streaming camera wants to be decoded in full: what attention is measured against.
  bool everything = false;
  // So do all while there is room for all of them: no more than full_decodes_max stream, and the
  // budget has not been exceeded since a stream last began or ended.
  bool all_while_room = true;
};

// What became of the movement that activity suggested (its candidates), since a camera was added.
// Activity alone is no event: pixels have the word.
struct CandidateCounts {
  int64_t confirmed = 0;  // an event began
  int64_t rejected = 0;   // the pictures showed nothing
  int64_t no_event = 0;   // they showed movement that was none: too brief, in no zone, snoozed
  int64_t undecided = 0;  // none was decoded in time: no full decode to be had, the stream ended

  friend bool operator==(const CandidateCounts&, const CandidateCounts&) = default;
};

// Why a camera gets what it gets.
struct AttentionState {
  AttentionLevel level = AttentionLevel::kNone;
  std::string why;             // one plain sentence
  absl::Duration since;        // monotonic: in this level since
  double activity = 0;         // of the last unit, in spreads above its baseline
  absl::Duration gop;          // between its last keyframes; zero until known
  absl::Duration quiet_every;  // a keyframe is decoded this often while it is quiet
  bool sparse = false;         // its GOP is longer than blind_after, or it sends no keyframes
  bool keyless = false;        // it sends no keyframes
  CandidateCounts candidates;
};

struct AttentionTotals {
  double budget_cores = 0;
  double used_cores = 0;  // over the last seconds
  int full_decodes = 0;
  int full_decodes_allowed = 0;  // by budget and full_decodes_max
  int waiting = 0;               // for full decoding
  int sparse = 0;
  double stretch = 1;  // keyframe intervals are so many times as long as wanted, 0.5 and more
};

// Which pictures are worth decoding now, given the CPU there is. It decides; others decode.
//
// A quiet camera has a due time for its next keyframe, spread at random over its interval so that
// cameras whose GOPs are aligned do not all come due at once. Where activity differs from GOP to
// GOP most of its turns go to the keyframes with most of it before them, and the due time is for
// when there are none. Full decoding is wanted, in this order, by who is looked at, where pixels
// confirmed motion, where activity or a decoded keyframe says that something begins, and by sparse
// cameras, those without keyframes among them; no unit within reach comes first among equals.
//
// A burst that activity begins is its candidate for a movement, at its unit's time. It begins at
// the last keyframe in the ring, so that the pictures from before the candidate tell when it began;
// one that is not strong waits for the next keyframe where that is near. It is over as soon as a
// few pictures of it show nothing moving. The level that was not worth it, less with time, is what
// the camera's activity must then rise above: a camera whose stream flickers costs a few bursts a
// minute and is not blinded. At a keyframe fainter activity is enough while there is CPU to spare:
// there is nothing to catch up with, and a few pictures show what one keyframe does not. As soon as
// pixels confirm motion its keyframes tell how it goes on, where they are no further apart than
// kKeyframesSuffice: full decoding goes to who may begin to move; each of them is looked at once
// one showed nothing, for what moves next is another event. When more want than may, those that
// wait longest come first and nobody holds a slot longer than kHoldMax.
//
// All instants are of one monotonic clock and are passed in; a simulation owns them.
// Threads: one call at a time.
class Attention {
 public:
  using Key = uint64_t;
  struct Change {
    Key key;
    bool full;
  };

  Attention(AttentionOptions options, uint64_t seed);

  // A stream begins or ends; a camera that ended is forgotten but for focus and reach.
  void Begin(Key camera, absl::Duration now);
  void End(Key camera);
  void Forget(Key camera);

  struct Turn {
    bool decode = false;  // this keyframe, where the camera is not decoded in full
    bool decide = false;  // a burst began: Decide is worth calling at once
  };
  // Each unit that came. activity: its reading.
  Turn OnUnit(Key camera, bool keyframe, const ActivityReading& activity, absl::Duration now);

  // A unit at which decoding may begin although it is no keyframe (AccessUnit::refresh).
  void OnRefresh(Key camera, absl::Duration now);
  // An event began, or ended.
  void OnMotion(Key camera, bool moving, absl::Duration now);
  // An analysed picture shows something moving, or nothing; not to be called where the analyser
  // can't say. time: the picture's.
  void OnPixels(Key camera, absl::Time time, bool moving, absl::Duration now);
  // An operator looks at it until then.
  void SetFocus(Key camera, absl::Duration until);
  // No unit can be there in time.
  void SetUnattended(Key camera, bool unattended);
  // What decoding and analysis have cost in all, CPU time; every second or so.
  void OnCpu(absl::Duration total, absl::Duration now);

  // Who is to be decoded in full from now on, and who no longer. Call it a few times a second.
  std::vector<Change> Decide(absl::Duration now);

  AttentionState State(Key camera, absl::Duration now) const;
  double stretch() const { return budget_.stretch(); }
  AttentionTotals Totals(absl::Duration now) const;

 private:
  // A threshold that was raised and falls back.
  struct Bar {
    double raised = 0;
    absl::Duration at = -absl::InfiniteDuration();

    double Level(double least, absl::Duration forget, absl::Duration now) const;
    void Set(double level, absl::Duration now);
  };
  struct Camera {
    Key key = 0;
    bool streaming = false;
    absl::Duration begun;
    // Keyframes.
    absl::Duration last_keyframe = -absl::InfiniteDuration();
    absl::Duration last_refresh = -absl::InfiniteDuration();
    absl::Duration gop = absl::ZeroDuration();
    absl::Duration decoded = -absl::InfiniteDuration();  // the last keyframe given its turn
    absl::Duration due = -absl::InfiniteDuration();
    // What speaks for it.
    double level = 0;
    UnusualGop gops;
    const char* cause = "";
    bool active = false;
    absl::Duration active_since;
    // Wants full decoding because something may begin to move.
    bool burst = false;
    const char* burst_cause = "";
    double burst_level = 0;
    absl::Duration burst_from;  // not before: its next keyframe is near
    absl::Duration burst_until;
    absl::Time burst_time;     // of the unit it began at
    int burst_still = 0;       // pictures since then that showed nothing, one after the other
    bool burst_seen = false;   // pictures since then were judged
    bool burst_moved = false;  // and one showed movement
    CandidateCounts candidates;
    // What activity must rise above for a burst; and at a keyframe for a faint one.
    Bar bar;
    Bar keyframe_bar;
    absl::Duration rejected_at = -absl::InfiniteDuration();  // the last burst without an event
    absl::Duration pause_until = -absl::InfiniteDuration();
    bool moving = false;
    absl::Duration moving_since;
    bool seen_moving = false;  // by the last picture that was judged
    absl::Duration linger_until = -absl::InfiniteDuration();
    absl::Duration focus_until = -absl::InfiniteDuration();
    bool unattended = false;
    // Full decoding.
    bool full = false;
    absl::Duration full_since;
    bool wants = false;
    absl::Duration wants_since;
  };
  enum class Want : uint8_t { kNone, kRoom, kEverything, kSparse, kActivity, kMotion, kFocus };

  Camera& At(Key camera);
  Want WantOf(const Camera& camera, absl::Duration now) const;
  void OnActivity(Camera& camera, const ActivityReading& activity, absl::Duration now);
  void BeginBurst(Camera& camera, const char* cause, absl::Time time, absl::Duration now);
  // When a burst that is wanted now begins to decode.
  absl::Duration BurstFrom(const Camera& camera, absl::Duration now) const;
  // No event came of it.
  void EndBurst(Camera& camera, absl::Duration now);
  // Counts a candidate that no event came of; not one of pixels' own.
  static void CountUnconfirmed(Camera& camera);
  // A burst that begins at this keyframe because activity is up, if only faintly.
  // Returns: whether it did.
  bool FaintBurst(Camera& camera, const ActivityReading& activity, absl::Duration now);
  static double Threshold(const Camera& camera, absl::Duration now);
  static double KeyframeThreshold(const Camera& camera, absl::Duration now);
  // A confirmed movement, by activity.
  bool GoesOn(const Camera& camera) const;
  // Its keyframes alone tell how a movement goes on.
  bool KeyframesSuffice(const Camera& camera) const;
  void CountStreaming(int more);
  bool Sparse(const Camera& camera, absl::Duration now) const;
  // It renews its picture piece by piece: there is nothing that could be decoded alone.
  bool Keyless(const Camera& camera, absl::Duration now) const;
  absl::Duration RandomDue(const Camera& camera, absl::Duration now) const;
  absl::Duration QuietEvery(const Camera& camera) const;
  // Whether a quiet camera's keyframe has its turn. unusual: of UnusualGop.
  bool QuietTurn(const Camera& camera, std::optional<double> unusual, absl::Duration now) const;
  double Share(Key camera, uint64_t salt) const;
  std::string Why(const Camera& camera, Want want, absl::Duration now) const;

  const AttentionOptions options_;
  const uint64_t seed_;
  absl::flat_hash_map<Key, Camera> cameras_;
  int full_ = 0;
  int streaming_ = 0;
  bool room_for_all_ = false;
  DecodeBudget budget_;
};

}  // namespace patrol::ingest
