#include "benchmarks/ingest/gated_run.h"

#include <time.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "lib/base/check.h"
#include "lib/video/ingest/activity.h"
#include "lib/video/ingest/attention.h"
#include "lib/video/ingest/gop_ring.h"
#include "lib/video/media/decoder.h"
#include "lib/video/motion/analyser.h"

namespace patrol::bench {
namespace {

// As DecodePool hands pictures on (decode_pool.cc).
constexpr absl::Duration kAnalysedEvery = absl::Milliseconds(200);
constexpr double kEarly = 0.9;
constexpr absl::Duration kUnfilteredMax = absl::Seconds(4);
// As Fleet decides.
constexpr absl::Duration kTick = absl::Milliseconds(100);
constexpr ingest::Attention::Key kKey = 1;
constexpr absl::Duration kBegin = absl::Seconds(1000);  // of the monotonic clock

double ThreadCpu() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double SecondsOf(absl::Time time) { return absl::ToDoubleSeconds(time - absl::UnixEpoch()); }

// Decodes and analyses one camera's units, as the pool's threads and patrold's watcher do.
class Eyes : public motion::MotionSink {
 public:
  Eyes(Outcome& outcome, ingest::Attention* attention, ingest::Activity* activity)
      : outcome_(outcome),
        attention_(attention),
        activity_(activity),
        analyser_("camera", {}, this) {}

  // from: the keyframe it begins with, where that has come already.
  void BeginFull(media::Codec codec, absl::Time from = absl::InfinitePast()) {
    unfiltered_from_ = from;
    const double before = ThreadCpu();
    full_ = MakeDecoder(codec);
    if (!counting()) return;
    outcome_.open_cpu_s += ThreadCpu() - before;
    outcome_.decode_cpu_s += ThreadCpu() - before;
    ++outcome_.bursts;
  }
  void EndFull() { full_.reset(); }

  void DecodeFull(const media::AccessUnit& unit) {
    if (unit.keyframe && unit.time > unfiltered_from_) unfiltered_from_ = absl::InfinitePast();
    full_->FilterEdges(unit.time >= unfiltered_from_ + kUnfilteredMax);
    Decode(*full_, unit, false);
  }
  void DecodeKeyframe(const media::AccessUnit& unit) {
    if (!shared_) shared_ = MakeDecoder(unit.codec);
    Decode(*shared_, unit, true);
  }
  void Finish(absl::Time time) { analyser_.OnStreamLost(time); }

  void OnMotion(const motion::MotionEvent& event) override {
    if (event.phase == motion::Phase::kBegin) {
      outcome_.events.push_back({.begin = SecondsOf(event.begin),
                                 .end = SecondsOf(event.time),
                                 .told = SecondsOf(event.time)});
    }
    outcome_.events.back().end = SecondsOf(event.time);
  }

  absl::Duration now = kBegin;  // monotonic

 private:
  // What a camera costs once it is known.
  bool counting() const { return now >= kBegin + absl::Seconds(kLearningSeconds); }

  static std::unique_ptr<media::Decoder> MakeDecoder(media::Codec codec) {
    auto decoder = media::Decoder::Create(codec);
    PATROL_CHECK(decoder.ok());
    return *std::move(decoder);
  }

  void Decode(media::Decoder& decoder, const media::AccessUnit& unit, bool keyframe) {
    double before = ThreadCpu();
    const auto picture = keyframe ? decoder.DecodeAlone(unit) : decoder.Decode(unit);
    if (counting()) {
      const double cpu = ThreadCpu() - before;
      outcome_.decode_cpu_s += cpu;
      ++outcome_.decoded;
      if (keyframe) {
        ++outcome_.keyframes;
        outcome_.keyframe_cpu_s += cpu;
      }
    }
    if (!picture.ok() || !*picture) return;
    const absl::Time time = (*picture)->time();
    if (time <= newest_) return;
    newest_ = time;
    if (!keyframe && time < handed_on_ + kAnalysedEvery * kEarly) return;
    handed_on_ = time;
    before = ThreadCpu();
    analyser_.OnPicture(**picture);
    if (counting()) {
      outcome_.analysis_cpu_s += ThreadCpu() - before;
      ++outcome_.analysed;
    }
    if (attention_ == nullptr) return;
    // As patrold tells it.
    const bool event = analyser_.state() == motion::Analyser::State::kMoving;
    if (event != event_) attention_->OnMotion(kKey, event, now);
    event_ = event;
    const std::optional<bool> moving = analyser_.SeesMovement();
    if (!moving.has_value()) return;
    attention_->OnPixels(kKey, time, *moving, now);
    if (activity_ != nullptr) activity_->OnPixels(*moving);
  }

  Outcome& outcome_;
  ingest::Attention* const attention_;
  ingest::Activity* const activity_;
  std::unique_ptr<media::Decoder> full_;
  std::unique_ptr<media::Decoder> shared_;
  // Of the GOP that full decoding began in edges are not filtered.
  absl::Time unfiltered_from_ = absl::InfinitePast();
  absl::Time newest_ = absl::InfinitePast();
  absl::Time handed_on_ = absl::InfinitePast();
  bool event_ = false;
  motion::Analyser analyser_;
};

}  // namespace

std::vector<double> Levels(const Stream& stream) {
  ingest::Activity activity;
  std::vector<double> levels;
  for (const media::AccessUnitPtr& unit : stream.units) {
    levels.push_back(activity.OnUnit(*unit).level);
  }
  return levels;
}

Outcome RunFull(const Stream& stream, const std::string& kept) {
  Outcome outcome;
  if (stream.units.empty()) return outcome;
  if (std::ifstream in(kept);
      in >> outcome.decoded >> outcome.analysed >> outcome.decode_cpu_s >> outcome.analysis_cpu_s) {
    for (Told event; in >> event.begin >> event.end >> event.told;) {
      outcome.events.push_back(event);
    }
    return outcome;
  }
  outcome = Outcome();
  Eyes eyes(outcome, nullptr, nullptr);
  eyes.BeginFull(stream.units.front()->codec);
  for (const media::AccessUnitPtr& unit : stream.units) {
    eyes.now = kBegin + (unit->time - absl::UnixEpoch());
    eyes.DecodeFull(*unit);
  }
  eyes.Finish(stream.units.back()->time);
  if (kept.empty()) return outcome;
  std::ofstream out(kept);
  out << outcome.decoded << ' ' << outcome.analysed << ' ' << outcome.decode_cpu_s << ' '
      << outcome.analysis_cpu_s << '\n';
  for (const Told& event : outcome.events) {
    out << event.begin << ' ' << event.end << ' ' << event.told << '\n';
  }
  return outcome;
}

Outcome RunGated(const Stream& stream, const ingest::AttentionOptions& attention_options,
                 uint64_t seed) {
  Outcome outcome;
  ingest::AttentionOptions options = attention_options;
  options.all_while_room = false;
  ingest::Attention attention(options, seed);
  ingest::Activity activity;
  ingest::RingBudget budget(size_t{1} << 30);
  ingest::GopRing ring(limits::kGopRingBytesPerCamera, absl::Seconds(5), &budget);
  Eyes eyes(outcome, &attention, &activity);
  attention.Begin(kKey, kBegin);
  bool full = false;
  absl::Duration full_since;
  absl::Duration next_tick = kBegin;
  const auto decide = [&](const media::AccessUnit& unit) {
    for (const ingest::Attention::Change& change : attention.Decide(eyes.now)) {
      if (change.full == full) continue;
      full = change.full;
      if (!full) {
        outcome.full_s += absl::ToDoubleSeconds(eyes.now - full_since);
        eyes.EndFull();
        continue;
      }
      full_since = eyes.now;
      std::vector<media::AccessUnitPtr> gop;
      if (ring.accepting()) gop = ring.LastGop();
      eyes.BeginFull(unit.codec, gop.empty() ? absl::InfinitePast() : gop.front()->time);
      for (const media::AccessUnitPtr& kept : gop) eyes.DecodeFull(*kept);
    }
  };
  for (const media::AccessUnitPtr& unit : stream.units) {
    eyes.now = kBegin + (unit->time - absl::UnixEpoch());
    if (eyes.now >= next_tick) {
      decide(*unit);
      next_tick = eyes.now + kTick;
    }
    const ingest::Attention::Turn turn =
        attention.OnUnit(kKey, unit->keyframe, activity.OnUnit(*unit), eyes.now);
    if (turn.decide) decide(*unit);
    ring.Add(unit);
    if (full) {
      eyes.DecodeFull(*unit);
    } else if (turn.decode) {
      eyes.DecodeKeyframe(*unit);
    }
  }
  if (full) outcome.full_s += absl::ToDoubleSeconds(eyes.now - full_since);
  eyes.Finish(stream.units.back()->time);
  return outcome;
}

}  // namespace patrol::bench
