// Gated analysis beside full decoding: what it finds, when, and for how much of the decoding.
//
// usage: gated_bench --shared DIR [--cache DIR] [--scene NAME ...] [--coding NAME ...]
//                    [--levels] [--quiet-every SECONDS] [CLIP.mp4 ...]
//
// The coding as-rendered is for clips of patrolsim's load and takes them as they are coded.
// Clips are scenes that patrolsim rendered, with their truth beside them.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmarks/ingest/gated_run.h"
#include "benchmarks/ingest/gated_stream.h"
#include "lib/video/media/slice_headers.h"

namespace patrol::bench {
namespace {

constexpr double kSlack = 2;     // seconds that an event may begin or end away from what moved
constexpr double kEventMin = 1;  // shorter ones need not be found

bool Touches(double begin, double end, const Interval& other, double slack) {
  return begin <= other.end + slack && other.begin <= end + slack;
}

template <typename List>
bool TouchesAny(double begin, double end, const List& others, double slack) {
  return std::any_of(others.begin(), others.end(), [&](const auto& other) {
    return Touches(begin, end, {other.begin, other.end}, slack);
  });
}

// An event is false when all of it lies where nothing moves, half a second of slack at either end.
int CountFalse(const Stream& stream, const Outcome& outcome) {
  return static_cast<int>(
      std::count_if(outcome.events.begin(), outcome.events.end(), [&](const Told& event) {
        return event.begin >= kLearningSeconds &&
               !TouchesAny(event.begin, event.end, stream.motion, 1) &&
               std::any_of(stream.quiet.begin(), stream.quiet.end(), [&](const Interval& quiet) {
                 return event.begin >= quiet.begin - 0.5 && event.end <= quiet.end + 0.5;
               });
      }));
}

double Quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1,
                         static_cast<size_t>(share * static_cast<double>(values.size())))];
}

// Area under the ROC curve of the levels against the truth: the chance that a unit of movement has
// a higher one than a quiet unit.
double Auc(const Stream& stream, const std::vector<double>& levels) {
  std::vector<std::pair<double, bool>> judged;
  double positive = 0;
  for (size_t i = 0; i < levels.size(); ++i) {
    const double time = absl::ToDoubleSeconds(stream.units[i]->time - absl::UnixEpoch());
    if (time < kLearningSeconds) continue;
    const bool moves = TouchesAny(time, time, stream.motion, 0);
    if (!moves && !TouchesAny(time, time, stream.quiet, 0)) continue;
    judged.emplace_back(levels[i], moves);
    positive += moves ? 1 : 0;
  }
  std::sort(judged.begin(), judged.end());
  double ranks = 0;
  for (size_t i = 0; i < judged.size();) {
    size_t end = i;
    double of_these = 0;
    while (end < judged.size() && judged[end].first == judged[i].first) {
      of_these += judged[end++].second ? 1 : 0;
    }
    ranks += of_these * (static_cast<double>(i + end + 1) / 2);
    i = end;
  }
  const double negative = static_cast<double>(judged.size()) - positive;
  if (positive == 0 || negative == 0) return -1;
  return (ranks - positive * (positive + 1) / 2) / (positive * negative);
}

struct Sum {
  double hours = 0;
  double full_cpu = 0, gated_cpu = 0, analysis_cpu = 0;
  int full_pictures = 0, gated_pictures = 0;
  int full_events = 0, found_of_full = 0;
  int moved = 0, full_found = 0, gated_found = 0;
  int full_false = 0, gated_false = 0;
  int bursts = 0;
  double moving_s = 0, full_s = 0;
  std::vector<double> gated_latency, full_latency;
  double auc = -1;

  void operator+=(const Sum& more) {
    hours += more.hours;
    full_cpu += more.full_cpu;
    gated_cpu += more.gated_cpu;
    analysis_cpu += more.analysis_cpu;
    full_pictures += more.full_pictures;
    gated_pictures += more.gated_pictures;
    full_events += more.full_events;
    found_of_full += more.found_of_full;
    moved += more.moved;
    full_found += more.full_found;
    gated_found += more.gated_found;
    full_false += more.full_false;
    gated_false += more.gated_false;
    bursts += more.bursts;
    moving_s += more.moving_s;
    full_s += more.full_s;
    gated_latency.insert(gated_latency.end(), more.gated_latency.begin(), more.gated_latency.end());
    full_latency.insert(full_latency.end(), more.full_latency.begin(), more.full_latency.end());
  }
};

Sum Measure(const Stream& stream, const ingest::AttentionOptions& attention,
            const std::string& kept, bool verbose) {
  const Outcome full = RunFull(stream, kept);
  const Outcome gated = RunGated(stream, attention, 1);
  Sum sum{.hours = std::max(stream.seconds - kLearningSeconds, 1.0) / 3600,
          .full_cpu = full.decode_cpu_s,
          .gated_cpu = gated.decode_cpu_s,
          .analysis_cpu = gated.analysis_cpu_s,
          .full_pictures = full.decoded,
          .gated_pictures = gated.decoded,
          .full_false = CountFalse(stream, full),
          .gated_false = CountFalse(stream, gated),
          .bursts = gated.bursts,
          .full_s = gated.full_s,
          .auc = Auc(stream, Levels(stream))};
  if (verbose) {
    std::printf(
        "  %s: full decodes %d pictures, %.2f s; gated %d, %.2f s: %d keyframes alone %.2f s, "
        "%d bursts, opening decoders %.2f s\n",
        stream.name.c_str(), full.decoded, full.decode_cpu_s, gated.decoded, gated.decode_cpu_s,
        gated.keyframes, gated.keyframe_cpu_s, gated.bursts, gated.open_cpu_s);
  }
  for (const Told& event : full.events) {
    if (event.begin < kLearningSeconds || event.end - event.begin < kEventMin) continue;
    ++sum.full_events;
    const bool found = TouchesAny(event.begin, event.end, gated.events, kSlack);
    sum.found_of_full += found ? 1 : 0;
    if (!found && verbose) {
      std::printf("  %s: not found: %.1f..%.1f s\n", stream.name.c_str(), event.begin, event.end);
    }
  }
  const auto judge = [](const Interval& moved, const Outcome& outcome, int& found,
                        std::vector<double>& latency) {
    const Told* first = nullptr;
    for (const Told& event : outcome.events) {
      if (first == nullptr && Touches(event.begin, event.end, moved, kSlack)) first = &event;
    }
    if (first == nullptr) return;
    ++found;
    // Of an event that was open before it says nothing.
    if (first->begin > moved.begin - kSlack) latency.push_back(first->told - moved.begin);
  };
  for (const Interval& moved : stream.motion) {
    sum.moving_s += moved.end - moved.begin;
    if (moved.begin < kLearningSeconds || moved.end - moved.begin < kEventMin) continue;
    ++sum.moved;
    judge(moved, full, sum.full_found, sum.full_latency);
    judge(moved, gated, sum.gated_found, sum.gated_latency);
  }
  return sum;
}

void PrintHead() {
  std::printf(
      "| stream | moving | AUC | full's events found | labelled: full, gated | false/h: full, "
      "gated "
      "| pictures | decode CPU | bursts/min | told after, gated p50, p95, worst (full p50, p95) |\n"
      "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
}

void Print(const std::string& name, const Sum& sum) {
  const double seconds = sum.hours * 3600;
  std::printf(
      "| %s | %.0f %% | %s | %d of %d | %d, %d of %d | %.0f, %.0f | %.1f %% | %.1f %% | %.1f | "
      "%.1f, %.1f, %.1f (%.1f, %.1f) s |\n",
      name.c_str(), 100 * sum.moving_s / seconds,
      sum.auc < 0 ? "" : absl::StrCat(static_cast<int>(sum.auc * 1000 + 0.5) / 1000.0).c_str(),
      sum.found_of_full, sum.full_events, sum.full_found, sum.gated_found, sum.moved,
      sum.full_false / sum.hours, sum.gated_false / sum.hours,
      100.0 * sum.gated_pictures / sum.full_pictures, 100 * sum.gated_cpu / sum.full_cpu,
      sum.bursts / seconds * 60, Quantile(sum.gated_latency, 0.5),
      Quantile(sum.gated_latency, 0.95), Quantile(sum.gated_latency, 1),
      Quantile(sum.full_latency, 0.5), Quantile(sum.full_latency, 0.95));
  std::fflush(stdout);
}

// For whoever studies what headers tell: a line for each unit.
void PrintLevels(const Stream& stream) {
  const std::vector<double> levels = Levels(stream);
  media::HeaderParser parser(stream.units.front()->codec);
  for (size_t i = 0; i < levels.size(); ++i) {
    const media::AccessUnit& unit = *stream.units[i];
    const media::CodedPicture coded = parser.Read(unit.data);
    const double time = absl::ToDoubleSeconds(unit.time - absl::UnixEpoch());
    std::printf("%s,%.3f,%d,%d,%zu,%.2f,%.2f,%d\n", stream.name.c_str(), time,
                unit.keyframe ? 1 : 0, static_cast<int>(coded.type), unit.data.size(),
                coded.qp.value_or(-1), levels[i],
                TouchesAny(time, time, stream.motion, 0)  ? 1
                : TouchesAny(time, time, stream.quiet, 0) ? 0
                                                          : -1);
  }
}

int Run(int count, char** arguments) {
  std::string shared = "../shared", cache = "/tmp/patrol-gated";
  std::vector<std::string> rendered, scenes_wanted, codings_wanted;
  bool levels = false;
  bool verbose = false;
  bool keep_full = false;
  ingest::AttentionOptions attention;
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    const auto value = [&] { return i + 1 < count ? std::string(arguments[++i]) : std::string(); };
    if (argument == "--shared") {
      shared = value();
    } else if (argument == "--cache") {
      cache = value();
    } else if (argument == "--scene") {
      scenes_wanted.push_back(value());
    } else if (argument == "--coding") {
      codings_wanted.push_back(value());
    } else if (argument == "--levels") {
      levels = true;
    } else if (argument == "--quiet-every") {
      attention.quiet_picture_every = absl::Seconds(std::atof(value().c_str()));
    } else if (argument == "--keep-full") {
      keep_full = true;
    } else if (argument == "--verbose") {
      verbose = true;
    } else if (argument.starts_with("--")) {
      std::fprintf(stderr, "gated_bench: unknown option %s\n", argument.c_str());
      return 2;
    } else {
      rendered.push_back(argument);
    }
  }
  const auto wanted = [](const std::vector<std::string>& list, const std::string& name) {
    return list.empty() || std::find(list.begin(), list.end(), name) != list.end();
  };
  const auto scenes = FindScenes(shared, rendered);
  if (!scenes.ok()) {
    std::fprintf(stderr, "gated_bench: %s\n", scenes.status().ToString().c_str());
    return 1;
  }
  if (!levels) PrintHead();
  Sum all;
  for (const Coding& coding : Codings()) {
    if (!wanted(codings_wanted, coding.name)) continue;
    Sum of_coding;
    for (const Scene& scene : *scenes) {
      if (!wanted(scenes_wanted, scene.name)) continue;
      const auto stream = MakeStream(scene, coding, cache);
      if (!stream.ok()) {
        std::fprintf(stderr, "gated_bench: %s\n", stream.status().ToString().c_str());
        return 1;
      }
      if (levels) {
        PrintLevels(*stream);
        continue;
      }
      const Sum sum =
          Measure(*stream, attention,
                  keep_full ? absl::StrCat(cache, "/", scene.name, "-", coding.name, ".full") : "",
                  verbose);
      Print(stream->name, sum);
      of_coding += sum;
    }
    if (levels) continue;
    Print(absl::StrCat("all ", coding.name), of_coding);
    all += of_coding;
  }
  if (!levels) Print("all", all);
  return 0;
}

}  // namespace
}  // namespace patrol::bench

int main(int count, char** arguments) { return patrol::bench::Run(count, arguments); }
