#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "benchmarks/ingest/gated_stream.h"
#include "lib/video/ingest/attention.h"

namespace patrol::bench {

// An event as it was told.
struct Told {
  double begin = 0;  // of the movement, seconds from the stream's begin
  double end = 0;
  double told = 0;  // when its begin was known
};

// Attention decodes every keyframe of a new stream for so long, and the analyser learns its scene:
// neither costs nor events of that time are counted.
inline constexpr double kLearningSeconds = 20;

// What one way of analysing a stream found and cost.
struct Outcome {
  std::vector<Told> events;
  int decoded = 0;    // pictures
  int analysed = 0;   // pictures
  int bursts = 0;     // times that full decoding began
  double full_s = 0;  // in full decode
  double decode_cpu_s = 0;
  // Of it: keyframes alone, and opening decoders.
  int keyframes = 0;
  double keyframe_cpu_s = 0;
  double open_cpu_s = 0;
  double analysis_cpu_s = 0;
};

// The level that activity gave each unit.
std::vector<double> Levels(const Stream& stream);

// Every picture decoded, five a second analysed.
// kept: a file that keeps the outcome for the next run, which then takes it from there; for tuning
//   what is gated. Empty: none.
Outcome RunFull(const Stream& stream, const std::string& kept);

// What attention asks for decoded, as one of many cameras: all_while_room does not apply.
// seed: phases of due times.
Outcome RunGated(const Stream& stream, const ingest::AttentionOptions& options, uint64_t seed);

}  // namespace patrol::bench
