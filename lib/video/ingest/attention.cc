#include "lib/video/ingest/attention.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace patrol::ingest {
namespace {

// The background model learns from eight pictures: every keyframe of a new stream for this long.
constexpr absl::Duration kGetToKnow = absl::Seconds(20);
// Long enough for the analyser to confirm what comes slowly nearer. A burst that shows nothing is
// over after kStillPictures (0.6 s at five a second).
constexpr absl::Duration kBurst = absl::Seconds(4);
constexpr int kStillPictures = 3;
// A burst waits for the next keyframe where that is near, for catching up would decode all of the
// GOP before; its onset is then known by so much less. Not where activity is so many times what it
// must be. Waiting and ending once confirmed took a third of the decoding from the real clips
// (RESULTS.md, gated analysis).
constexpr double kNearShare = 0.75;
constexpr absl::Duration kNearMax = absl::Milliseconds(1500);
constexpr double kNoWait = 3;
// Keyframes no further apart than this tell how a confirmed movement goes on (the analyser ends an
// event after 2 s without).
constexpr absl::Duration kKeyframesSuffice = absl::Milliseconds(3200);
// While activity of this level says that a confirmed movement goes on, a keyframe this often is
// enough to see.
constexpr double kGoesOnLevel = 1;
constexpr absl::Duration kGoesOnEvery = absl::Seconds(4);
// Where every keyframe counts, no oftener than this: cameras may send nothing else (MJPEG).
constexpr absl::Duration kEagerEvery = absl::Milliseconds(200);
// After motion ended in pixels every keyframe counts: what paused goes on within this.
constexpr absl::Duration kLinger = absl::Seconds(4);
// Opening a decoder and catching up with the GOP costs about a second of decoding.
constexpr absl::Duration kStayMin = absl::Seconds(2);
// Who has been decoded for this long makes room when others wait, unless it is looked at.
constexpr absl::Duration kHoldMax = absl::Seconds(30);
// The level a burst begins at. Once one was rejected activity must rise above that by a fifth, by
// half more within kPause; the threshold falls back, to 1/e of the excess in kForget. Movement
// confirmed lowers it. Tuned with benchmarks/ingest/gated (RESULTS.md, gated analysis).
constexpr double kThresholdLeast = 1.6;
constexpr double kThresholdMost = 8;
constexpr double kRejectedRise = 1.2;
constexpr double kPauseRise = 1.5;
constexpr double kConfirmedFall = 0.7;
constexpr absl::Duration kPause = absl::Seconds(1);
constexpr absl::Duration kForget = absl::Minutes(4);
// At a keyframe so much of the least is enough, where keyframes are this far apart. What is
// rejected there raises a threshold of its own, forgotten sooner: such a burst is short.
constexpr double kFaintShare = 0.7;
constexpr absl::Duration kFaintGop = absl::Seconds(1);
constexpr absl::Duration kForgetFaint = absl::Minutes(1);
// Of full_decodes_max at most this share is spent on decoding sparse cameras forward.
constexpr int kSparseShare = 4;
// A stream that can be entered without keyframes and had none for this long has none: longer than
// the GOPs of cameras that stretch them.
constexpr absl::Duration kKeylessAfter = absl::Minutes(2);
// A picture is asked for within this share of blind_after, so that it is there in time.
constexpr double kBlindMargin = 0.8;
// Of a quiet camera the keyframes with most activity before them are looked at, and where there is
// none such one after so many times the interval. A fifth more of them than what is left of the
// interval's share, since one that is looked at puts the due time off; with CPU to spare so many
// that at a GOP of half the interval two keyframes of three are looked at instead of one of two.
constexpr double kQuietMost = 1.65;
constexpr double kChosenShareLeast = 1.2;
constexpr double kChosenShare = 2.3;
// Nearly every keyframe is looked at anyway.
constexpr double kNearlyAll = 0.9;
// Jitter of keyframe times, as a share of the GOP.
constexpr double kGopTolerance = 0.9;

constexpr const char* kKeyframeShows = "a decoded keyframe shows movement";

std::string Seconds(absl::Duration duration) {
  const double seconds = absl::ToDoubleSeconds(duration);
  return seconds < 9.95 ? absl::StrFormat("%.2g s", seconds) : absl::StrFormat("%.0f s", seconds);
}

}  // namespace

std::string_view AttentionName(AttentionLevel level) {
  switch (level) {
    case AttentionLevel::kNone:
      return "none";
    case AttentionLevel::kQuiet:
      return "quiet";
    case AttentionLevel::kKeyframes:
      return "keyframes";
    case AttentionLevel::kWaiting:
      return "waiting";
    case AttentionLevel::kFull:
      return "full";
  }
  return "unknown";
}

Attention::Attention(AttentionOptions options, uint64_t seed)
    : options_(options), seed_(seed), budget_(options.budget_cores, options.full_decodes_max) {}

Attention::Camera& Attention::At(Key key) {
  Camera& camera = cameras_[key];
  camera.key = key;
  return camera;
}

void Attention::Begin(Key key, absl::Duration now) {
  Camera& camera = At(key);
  End(key);
  camera.streaming = true;
  camera.begun = now;
  CountStreaming(1);
}

void Attention::CountStreaming(int more) {
  streaming_ += more;
  room_for_all_ = options_.all_while_room && streaming_ <= options_.full_decodes_max;
}

void Attention::End(Key key) {
  Camera& camera = At(key);
  if (camera.full) --full_;
  if (camera.streaming) CountStreaming(-1);
  if (camera.burst) CountUnconfirmed(camera);
  Camera fresh;
  fresh.key = key;
  fresh.candidates = camera.candidates;
  fresh.focus_until = camera.focus_until;
  fresh.unattended = camera.unattended;
  camera = fresh;
}

void Attention::Forget(Key key) {
  End(key);
  cameras_.erase(key);
}

// 0..1, the same for the same camera and salt.
double Attention::Share(Key key, uint64_t salt) const {
  uint64_t x = key * 0x9E3779B97F4A7C15u + salt * 0xD1B54A32D192ED03u + seed_;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return static_cast<double>((x ^ (x >> 31)) >> 11) * 0x1.0p-53;
}

absl::Duration Attention::QuietEvery(const Camera& camera) const {
  // Nobody can be there in three minutes: the sooner it is seen the better.
  const double wanted = camera.unattended ? 0.5 : 1.0;
  return std::min(options_.quiet_picture_every * wanted, options_.blind_after * kBlindMargin) *
         budget_.stretch();
}

bool Attention::Keyless(const Camera& camera, absl::Duration now) const {
  return camera.streaming && camera.last_refresh > camera.last_keyframe &&
         now - camera.last_keyframe > kKeylessAfter;
}

void Attention::OnRefresh(Key key, absl::Duration now) {
  Camera& camera = At(key);
  if (camera.streaming) camera.last_refresh = now;
}

bool Attention::Sparse(const Camera& camera, absl::Duration now) const {
  if (Keyless(camera, now)) return true;
  return camera.streaming && camera.last_keyframe != -absl::InfiniteDuration() &&
         std::max(camera.gop, now - camera.last_keyframe) > options_.blind_after;
}

Attention::Turn Attention::OnUnit(Key key, bool keyframe, const ActivityReading& activity,
                                  absl::Duration now) {
  Camera& camera = At(key);
  if (!camera.streaming) return {};
  const bool burst_before = camera.burst;
  const std::optional<double> unusual = keyframe ? camera.gops.OnKeyframe() : std::nullopt;
  camera.gops.OnLevel(activity.level);
  OnActivity(camera, activity, now);
  Turn turn;
  turn.decide = camera.burst && !burst_before;
  if (!keyframe) return turn;
  const bool faint = FaintBurst(camera, activity, now);
  // What it waited for is here; the decoder begins with this one.
  if (camera.burst && camera.burst_from > now) camera.burst_from = now;
  if (camera.last_keyframe != -absl::InfiniteDuration()) {
    const absl::Duration gop = now - camera.last_keyframe;
    camera.gop = camera.gop == absl::ZeroDuration() ? gop : camera.gop * 0.75 + gop * 0.25;
  }
  camera.last_keyframe = now;
  if (camera.full) {
    camera.due = now + QuietEvery(camera);
    return turn;
  }
  // Where something may be going on every keyframe counts; without a budget for it, as for all.
  const bool getting_to_know = now - camera.begun < kGetToKnow;
  const bool eager = camera.wants || camera.moving || now < camera.linger_until ||
                     now < camera.pause_until || getting_to_know;
  const absl::Duration every = !eager ? QuietEvery(camera)
                               : budget_.stretch() > 1
                                   ? std::max(camera.gop, kEagerEvery) * budget_.stretch()
                               : GoesOn(camera) ? kGoesOnEvery
                                                : kEagerEvery;
  const bool first = camera.decoded == -absl::InfiniteDuration();
  turn.decode = first || (eager ? now >= camera.decoded + every * kGopTolerance
                                : QuietTurn(camera, unusual, now));
  if (!turn.decode && !faint) return turn;
  if (faint) turn.decode = false;  // full decoding begins with it
  camera.decoded = now;
  camera.due = now + QuietEvery(camera);
  if (getting_to_know) camera.due = RandomDue(camera, now);
  return turn;
}

bool Attention::QuietTurn(const Camera& camera, std::optional<double> unusual,
                          absl::Duration now) const {
  // Due, unless the next one is in time as well.
  const absl::Duration next = now + camera.gop * kGopTolerance;
  const absl::Duration every = QuietEvery(camera);
  const double share = absl::FDivDuration(camera.gop, every);  // of its keyframes
  if (!unusual.has_value() || share > kNearlyAll) return next > camera.due;
  const absl::Duration most = std::max(
      every, std::min(every * kQuietMost, options_.blind_after * kBlindMargin * budget_.stretch()));
  if (next > camera.due + (most - every)) return true;
  const double due = absl::FDivDuration(camera.gop, most);
  return *unusual >=
         1 - (budget_.Spare() ? kChosenShare : kChosenShareLeast) * (share - due) / (1 - due);
}

// At a random one of the keyframes within the interval: cameras that began together, with aligned
// GOPs, come due one after the other from then on.
absl::Duration Attention::RandomDue(const Camera& camera, absl::Duration now) const {
  if (camera.gop <= absl::ZeroDuration()) return camera.due;
  const double gops =
      std::max(1.0, std::floor(absl::FDivDuration(QuietEvery(camera), camera.gop) + 0.1));
  return now + camera.gop * (kGopTolerance + Share(camera.key, 1) * gops);
}

void Attention::OnActivity(Camera& camera, const ActivityReading& activity, absl::Duration now) {
  camera.level = activity.level;
  camera.cause = activity.cause == nullptr ? "" : activity.cause;
  if (activity.active && !camera.active) camera.active_since = now;
  camera.active = activity.active;
  if (camera.burst && now >= camera.burst_until) EndBurst(camera, now);
  if (camera.moving) return;
  const double threshold = Threshold(camera, now) * (now < camera.pause_until ? kPauseRise : 1.0);
  if (!camera.burst && activity.level >= threshold) {
    BeginBurst(camera, camera.cause, activity.time, now);
  }
  if (camera.burst && activity.level >= threshold * kNoWait) {
    camera.burst_from = std::min(camera.burst_from, now);
  }
}

absl::Duration Attention::BurstFrom(const Camera& camera, absl::Duration now) const {
  const absl::Duration left = camera.last_keyframe + camera.gop - now;
  if (left <= absl::ZeroDuration() || left > std::min(camera.gop * kNearShare, kNearMax)) {
    return now;
  }
  return now + left + camera.gop * (1 - kGopTolerance);
}

void Attention::BeginBurst(Camera& camera, const char* cause, absl::Time time, absl::Duration now) {
  // Before the analyser has learnt the scene it could not confirm anything.
  if (now - camera.begun < kGetToKnow) return;
  camera.burst = true;
  camera.burst_cause = cause;
  camera.burst_level = camera.level;
  camera.burst_time = time;
  camera.burst_still = 0;
  camera.burst_seen = camera.burst_moved = false;
  camera.burst_from = BurstFrom(camera, now);
  camera.burst_until = camera.burst_from + kBurst;
}

double Attention::Bar::Level(double least, absl::Duration forget, absl::Duration now) const {
  const double excess = std::max(raised - least, 0.0);
  if (excess == 0) return least;
  return least + excess * std::exp(-absl::FDivDuration(now - at, forget));
}

void Attention::Bar::Set(double level, absl::Duration now) {
  raised = std::min(level, kThresholdMost);
  at = now;
}

double Attention::Threshold(const Camera& camera, absl::Duration now) {
  return camera.bar.Level(kThresholdLeast, kForget, now);
}

double Attention::KeyframeThreshold(const Camera& camera, absl::Duration now) {
  return camera.keyframe_bar.Level(kThresholdLeast * kFaintShare, kForgetFaint, now);
}

// Here a burst costs least: there is nothing to catch up with. Whatever else needs the budget goes
// first.
bool Attention::FaintBurst(Camera& camera, const ActivityReading& activity, absl::Duration now) {
  if (camera.burst || camera.moving || camera.full || now < camera.pause_until) return false;
  if (!budget_.Spare() || !budget_.RoomForOneMore(full_) || camera.gop < kFaintGop) return false;
  // Of this stretch of activity pixels have shown nothing already.
  if (camera.active && camera.rejected_at >= camera.active_since) return false;
  if (activity.level < KeyframeThreshold(camera, now)) return false;
  BeginBurst(camera, camera.cause, activity.time, now);
  return camera.burst;
}

void Attention::CountUnconfirmed(Camera& camera) {
  if (camera.burst_cause == kKeyframeShows) return;
  ++(!camera.burst_seen    ? camera.candidates.undecided
     : !camera.burst_moved ? camera.candidates.rejected
                           : camera.candidates.no_event);
}

void Attention::EndBurst(Camera& camera, absl::Duration now) {
  camera.burst = false;
  CountUnconfirmed(camera);
  if (camera.moving) return;
  const double level = camera.burst_level;
  if (level >= Threshold(camera, now)) {
    camera.bar.Set(level * kRejectedRise, now);
  } else {
    camera.keyframe_bar.Set(std::max(level, KeyframeThreshold(camera, now)) * kRejectedRise, now);
  }
  camera.rejected_at = now;
  camera.pause_until = now + kPause;
}

void Attention::OnMotion(Key key, bool moving, absl::Duration now) {
  Camera& camera = At(key);
  if (!camera.streaming || camera.moving == moving) return;
  camera.moving = moving;
  if (moving) {
    camera.moving_since = now;
    if (camera.burst && camera.burst_cause != kKeyframeShows) ++camera.candidates.confirmed;
    camera.burst = false;
    camera.bar.Set(Threshold(camera, now) * kConfirmedFall, now);
    camera.keyframe_bar.Set(KeyframeThreshold(camera, now) * kConfirmedFall, now);
    camera.seen_moving = true;
    camera.pause_until = -absl::InfiniteDuration();
  } else {
    camera.linger_until = now + kLinger;
  }
}

void Attention::OnPixels(Key key, absl::Time time, bool moving, absl::Duration now) {
  Camera& camera = At(key);
  camera.seen_moving = moving;
  if (!camera.streaming || camera.moving) return;
  if (!camera.burst) {
    // A keyframe that shows something: more pictures will tell.
    if (moving && now >= camera.pause_until) BeginBurst(camera, kKeyframeShows, time, now);
    return;
  }
  // What is caught up with is from before.
  if (time < camera.burst_time) return;
  camera.burst_seen = true;
  camera.burst_moved |= moving;
  camera.burst_still = moving ? 0 : camera.burst_still + 1;
  if (camera.burst_still >= kStillPictures) EndBurst(camera, now);
}

bool Attention::GoesOn(const Camera& camera) const {
  return camera.moving && camera.seen_moving && !camera.wants && camera.level >= kGoesOnLevel;
}

bool Attention::KeyframesSuffice(const Camera& camera) const {
  return camera.gop > absl::ZeroDuration() && camera.gop <= kKeyframesSuffice;
}

void Attention::SetFocus(Key key, absl::Duration until) {
  Camera& camera = At(key);
  camera.focus_until = std::max(camera.focus_until, until);
}

void Attention::SetUnattended(Key key, bool unattended) { At(key).unattended = unattended; }

void Attention::OnCpu(absl::Duration total, absl::Duration now) {
  const DecodeBudget::Steered steered = budget_.OnCpu(total, full_, now);
  if (steered.over) room_for_all_ = false;
  if (!steered.oftener_ended) return;
  // Those whose GOPs are aligned have come due together.
  for (auto& [key, camera] : cameras_) camera.due = RandomDue(camera, now);
}

Attention::Want Attention::WantOf(const Camera& camera, absl::Duration now) const {
  if (!camera.streaming) return Want::kNone;
  if (now < camera.focus_until) return Want::kFocus;
  if (camera.moving && !KeyframesSuffice(camera)) return Want::kMotion;
  if (camera.burst && now >= camera.burst_from && now < camera.burst_until) return Want::kActivity;
  if (Sparse(camera, now)) return Want::kSparse;
  if (options_.everything) return Want::kEverything;
  return room_for_all_ ? Want::kRoom : Want::kNone;
}

std::vector<Attention::Change> Attention::Decide(absl::Duration now) {
  struct Wish {
    Camera* camera;
    Want want;
    bool stays;       // began a moment ago
    bool had_enough;  // held a slot for long
    int rank;
  };
  std::vector<Wish> wishes;
  std::vector<Change> changes;
  for (auto& [key, camera] : cameras_) {
    if (camera.burst && now >= camera.burst_until) EndBurst(camera, now);
    const Want want = WantOf(camera, now);
    const bool wants = want != Want::kNone;
    if (wants && !camera.wants) camera.wants_since = now;
    camera.wants = wants;
    const bool stays = wants && camera.full && now - camera.full_since < kStayMin;
    if (!wants) {
      if (!camera.full) continue;
      camera.full = false;
      --full_;
      changes.push_back({key, false});
      continue;
    }
    wishes.push_back({&camera, want, stays,
                      camera.full && want != Want::kFocus && now - camera.full_since > kHoldMax,
                      static_cast<int>(want) * 2 + (camera.unattended ? 1 : 0)});
  }
  std::sort(wishes.begin(), wishes.end(), [](const Wish& a, const Wish& b) {
    if (a.stays != b.stays) return a.stays;
    if (a.had_enough != b.had_enough) return b.had_enough;
    if (a.rank != b.rank) return a.rank > b.rank;
    if (a.camera->full != b.camera->full) return a.camera->full;
    if (a.camera->wants_since != b.camera->wants_since) {
      return a.camera->wants_since < b.camera->wants_since;
    }
    return a.camera->key < b.camera->key;
  });
  int left = budget_.full_allowed();
  int sparse_left = std::max(1, budget_.full_allowed() / kSparseShare);
  for (const Wish& wish : wishes) {
    Camera& camera = *wish.camera;
    const bool sparse = wish.want == Want::kSparse;
    const bool full = left > 0 && (!sparse || sparse_left > 0);
    if (full) --left;
    if (full && sparse) --sparse_left;
    if (full == camera.full) continue;
    camera.full = full;
    full_ += full ? 1 : -1;
    if (full) {
      camera.full_since = now;
      // A burst is time to look, not time to wait.
      if (camera.burst) camera.burst_until = std::max(camera.burst_until, now + kBurst / 2);
    } else {
      camera.wants_since = now;  // to the end of the line
    }
    changes.push_back({camera.key, full});
  }
  // First those that make room.
  std::stable_partition(changes.begin(), changes.end(), [](const Change& c) { return !c.full; });
  return changes;
}

std::string Attention::Why(const Camera& camera, Want want, absl::Duration now) const {
  const char* unattended = camera.unattended ? ", no unit within reach" : "";
  switch (want) {
    case Want::kFocus:
      return "an operator looks at it";
    case Want::kMotion:
      return absl::StrCat("motion confirmed for ", Seconds(now - camera.moving_since), unattended);
    case Want::kActivity:
      return camera.burst_cause == kKeyframeShows
                 ? absl::StrCat(kKeyframeShows, unattended)
                 : absl::StrFormat("activity %.1f spreads above usual for %s, by %s%s",
                                   camera.level, Seconds(now - camera.active_since),
                                   camera.burst_cause, unattended);
    case Want::kSparse:
      if (Keyless(camera, now)) return "it sends no keyframes";
      return absl::StrCat("keyframes only every ",
                          Seconds(std::max(camera.gop, now - camera.last_keyframe)));
    case Want::kEverything:
      return "everything is decoded, as configured";
    case Want::kRoom:
      return "there is room for all cameras";
    case Want::kNone:
      return "nothing more to see";
  }
  return "";
}

AttentionState Attention::State(Key key, absl::Duration now) const {
  AttentionState state;
  const auto found = cameras_.find(key);
  if (found != cameras_.end()) state.candidates = found->second.candidates;
  if (found == cameras_.end() || !found->second.streaming) {
    state.why = "not streaming";
    return state;
  }
  const Camera& camera = found->second;
  const Want want = WantOf(camera, now);
  state.activity = camera.level;
  state.gop = camera.gop;
  state.sparse = Sparse(camera, now);
  state.keyless = Keyless(camera, now);
  state.quiet_every = QuietEvery(camera);
  state.since = camera.begun;
  const std::string short_of_cpu =
      budget_.stretch() > 1
          ? absl::StrFormat("CPU budget of %.3g cores spent: ", options_.budget_cores)
          : "";
  if (camera.full) {
    state.level = AttentionLevel::kFull;
    state.since = camera.full_since;
    state.why = absl::StrCat("full: ", Why(camera, want, now));
  } else if (want != Want::kNone) {
    state.level = AttentionLevel::kWaiting;
    state.since = camera.wants_since;
    const bool budget = budget_.full_allowed() < options_.full_decodes_max;
    state.why =
        absl::StrCat(short_of_cpu, "full decode wanted (", Why(camera, want, now), "), waits: ",
                     budget ? absl::StrFormat("the CPU budget of %.3g cores allows %d",
                                              options_.budget_cores, budget_.full_allowed())
                            : absl::StrCat("all ", options_.full_decodes_max, " in use"));
  } else if (now - camera.begun < kGetToKnow) {
    state.level = AttentionLevel::kKeyframes;
    state.why = absl::StrCat(short_of_cpu, "every keyframe: its scene is being learnt");
  } else if (camera.moving) {
    state.level = AttentionLevel::kKeyframes;
    state.since = camera.moving_since;
    state.why = absl::StrCat(short_of_cpu, "every keyframe: motion confirmed for ",
                             Seconds(now - camera.moving_since));
  } else if (now < camera.linger_until) {
    state.level = AttentionLevel::kKeyframes;
    state.since = camera.linger_until - kLinger;
    state.why = absl::StrCat(short_of_cpu, "every keyframe: motion ended a moment ago");
  } else if (camera.active) {
    state.level = AttentionLevel::kKeyframes;
    state.since = camera.active_since;
    state.why = absl::StrFormat(
        "%severy keyframe: activity %.1f by %s, %s", short_of_cpu, camera.level, camera.cause,
        camera.burst ? "its next keyframe is near"
                     : absl::StrFormat("pixels showed nothing up to %.1f", Threshold(camera, now)));
  } else {
    state.level = AttentionLevel::kQuiet;
    state.why = absl::StrCat(short_of_cpu, "keyframes every ",
                             Seconds(std::max(QuietEvery(camera), camera.gop)),
                             camera.unattended ? ": quiet, no unit within reach" : ": quiet");
  }
  return state;
}

AttentionTotals Attention::Totals(absl::Duration now) const {
  AttentionTotals totals;
  totals.budget_cores = options_.budget_cores;
  totals.used_cores = budget_.used_cores();
  totals.full_decodes = full_;
  totals.full_decodes_allowed = budget_.full_allowed();
  totals.stretch = budget_.stretch();
  for (const auto& [key, camera] : cameras_) {
    if (Sparse(camera, now)) ++totals.sparse;
    if (camera.wants && !camera.full) ++totals.waiting;
  }
  return totals;
}

}  // namespace patrol::ingest
