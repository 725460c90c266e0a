#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "gtest/gtest.h"
#include "lib/video/ingest/attention.h"

namespace patrol::ingest {

inline constexpr absl::Duration kStep = absl::Milliseconds(100);
inline constexpr ActivityReading kCalm{};
inline constexpr ActivityReading kFaint{
    .level = 1.3, .active = true, .onset = false, .cause = "size"};
inline constexpr ActivityReading kBusy{.level = 6, .active = true, .onset = false, .cause = "size"};

// Cameras with a unit every 100 ms and a keyframe every `gop`, all at the same instants.
class Simulation {
 public:
  explicit Simulation(AttentionOptions options, absl::Duration gop = absl::Seconds(2))
      : attention(options, 7), gop_(gop) {}
  // As a town larger than what can be decoded in full.
  static AttentionOptions Large(AttentionOptions options) {
    options.all_while_room = false;
    return options;
  }

  void Begin(Attention::Key key) {
    attention.Begin(key, now);
    keys_.push_back(key);
    last_turn_[key] = now;
  }

  // Costs are of the streams: a keyframe and its analysis 1.7 ms, full decoding 11 ms/s.
  void Run(absl::Duration how_long) {
    for (const absl::Duration end = now + how_long; now < end; now += kStep) {
      const bool keyframe = now % gop_ < kStep;
      turns_now = 0;
      for (const Attention::Key key : keys_) {
        ActivityReading activity = busy.contains(key)    ? kBusy
                                   : faint.contains(key) ? kFaint
                                                         : kCalm;
        activity.time = absl::UnixEpoch() + now;
        const Attention::Turn turn = attention.OnUnit(key, keyframe, activity, now);
        if (full.contains(key) && pixels_tell) {
          attention.OnPixels(key, activity.time, shows.contains(key), now);
        }
        if (turn.decode || full.contains(key)) {
          oldest = std::max(oldest, now - last_turn_[key]);
          last_turn_[key] = now;
        }
        if (turn.decode) {
          ++turns;
          ++turns_now;
          cpu += absl::Microseconds(1700) * price;
        }
      }
      turns_at_once = std::max(turns_at_once, turns_now);
      cpu += kStep * (0.011 * price * static_cast<double>(full.size()));
      attention.OnCpu(cpu, now);
      for (const Attention::Change& change : attention.Decide(now)) {
        if (change.full) {
          EXPECT_TRUE(full.insert(change.key).second);
          ever_full.insert(change.key);
        } else {
          EXPECT_EQ(full.erase(change.key), 1u);
        }
      }
      full_seconds += absl::ToDoubleSeconds(kStep) * static_cast<double>(full.size());
      most_full = std::max(most_full, full.size());
    }
  }

  Attention attention;
  absl::Duration now = absl::Seconds(100);
  std::set<Attention::Key> busy;   // activity is up
  std::set<Attention::Key> faint;  // and this only faintly
  std::set<Attention::Key> shows;  // pixels see movement
  bool pixels_tell = true;         // of whom is decoded in full
  std::set<Attention::Key> full;
  std::set<Attention::Key> ever_full;
  size_t most_full = 0;
  double full_seconds = 0;
  double price = 1;
  absl::Duration cpu;
  absl::Duration oldest;  // longest wait for a picture
  int turns = 0;
  int turns_now = 0;
  int turns_at_once = 0;
  AttentionState State(Attention::Key key) const { return attention.State(key, now); }

 private:
  const absl::Duration gop_;
  std::vector<Attention::Key> keys_;
  std::map<Attention::Key, absl::Duration> last_turn_;
};

}  // namespace patrol::ingest
