// patrolctl motion run: the service's own motion analysis on a clip.

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "cmd/patrolctl/commands.h"
#include "cmd/patrolctl/cpu_time.h"
#include "cmd/patrolctl/files.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"
#include "lib/video/media/annotated_clip.h"
#include "lib/video/media/clip_reader.h"
#include "lib/video/motion/analyser.h"
#include "lib/video/motion/mask_file.h"
#include "lib/video/motion/zones.h"

namespace patrol::ctl {

namespace {

struct MotionRun {
  std::string input;
  std::string out;
  std::string masks_out;
  std::string every = "frame";
  std::string zones;
  std::string start;  // RFC 3339; empty: nobody knows
  int min_object = motion::Detector::Options().min_object_size;
  bool annotate = false;
};

// Pictures between two lines of progress.
constexpr int64_t kProgressEvery = 50;

// Collects one entry per event, as last told. Zones may have events at the same time; sequence
// numbers count from 1 without a gap. Times as if the clip began at the epoch.
class EventList : public motion::MotionSink {
 public:
  explicit EventList(absl::Duration start) : start_(start) {}
  void OnMotion(const motion::MotionEvent& event) override {
    if (event.phase == motion::Phase::kBegin) events_.emplace_back();
    motion::MotionEvent& kept = events_[static_cast<size_t>(event.sequence) - 1];
    kept = event;
    kept.begin -= start_;
    kept.time -= start_;
  }
  const std::vector<motion::MotionEvent>& events() const { return events_; }

 private:
  const absl::Duration start_;  // of the clip, since the epoch
  std::vector<motion::MotionEvent> events_;
};

// Since the epoch; milliseconds are finer than any picture rate.
double Seconds(absl::Time time) {
  return std::round(absl::ToDoubleSeconds(time - absl::UnixEpoch()) * 1000) / 1000;
}

double Share(double value) { return std::round(value * 10000) / 10000; }

absl::Status MakeDirectory(const std::string& path) {
  std::error_code fault;
  std::filesystem::create_directories(path, fault);
  if (fault) {
    return absl::UnavailableError(
        absl::StrCat("directory \"", path, "\": cannot be made: ", fault.message()));
  }
  return absl::OkStatus();
}

// "still_000003.jpg": events and findings count from 1.
std::string StillName(const char* of, int64_t number) {
  return absl::StrFormat("%s_%06d.jpg", of, number);
}

struct Figures {
  absl::Duration start;  // of the clip, since the epoch
  int64_t pictures = 0;
  int64_t learning = 0;  // pictures the model was learning at
  uint64_t damaged = 0;
  uint64_t light_steps = 0;
  motion::AnalyserStatus status;
  double analysis_s = 0;  // CPU time of this thread
  double total_s = 0;
};

// Those that are over, then those that go on; times as if the clip began at the epoch.
std::vector<motion::HealthFinding> FindingsOf(const Figures& figures) {
  std::vector<motion::HealthFinding> findings = figures.status.health_past;
  findings.insert(findings.end(), figures.status.health.begin(), figures.status.health.end());
  for (motion::HealthFinding& finding : findings) {
    finding.onset -= figures.start;
    if (finding.ended) *finding.ended -= figures.start;
  }
  return findings;
}

nlohmann::json ToJson(const MotionRun& run, const media::ClipInfo& info, const Figures& figures,
                      const std::vector<motion::MotionEvent>& events) {
  nlohmann::json list = nlohmann::json::array();
  nlohmann::json motion = nlohmann::json::array();
  for (const motion::MotionEvent& event : events) {
    list.push_back(
        {{"sequence", event.sequence},
         {"begin_s", Seconds(event.begin)},
         {"end_s", Seconds(event.time)},
         {"duration_s", Seconds(absl::UnixEpoch() + (event.time - event.begin))},
         {"zone",
          {{"left", Share(event.zone.left)},
           {"top", Share(event.zone.top)},
           {"right", Share(event.zone.right)},
           {"bottom", Share(event.zone.bottom)}}},
         {"zone_id", event.zone_id},
         {"strength", Share(event.strength)},
         {"confidence", Share(event.confidence)},
         {"direction", std::string(motion::DirectionName(event.direction))},
         {"ending", std::string(motion::EndingName(event.ending))},
         {"onset_source", std::string(motion::OnsetSourceName(event.onset_source))},
         {"onset_uncertainty_s", absl::ToDoubleSeconds(event.onset_uncertainty)},
         {"reason", event.reason},
         {"still", event.still_jpeg != nullptr ? nlohmann::json(StillName("still", event.sequence))
                                               : nullptr}});
    motion.push_back({Seconds(event.begin), Seconds(event.time)});
  }
  nlohmann::json suppressed = nlohmann::json::object();
  for (size_t i = 0; i < motion::kSuppressions; ++i) {
    suppressed[std::string(motion::SuppressionName(static_cast<motion::Suppression>(i)))] =
        figures.status.suppressed[i];
  }
  nlohmann::json health = nlohmann::json::array();
  const auto add_finding = [&health](const motion::HealthFinding& finding) {
    const auto number = static_cast<int64_t>(health.size()) + 1;
    health.push_back(
        {{"state", std::string(motion::HealthStateName(finding.state))},
         {"onset_s", Seconds(finding.onset)},
         {"end_s", finding.ended ? nlohmann::json(Seconds(*finding.ended)) : nullptr},
         {"severity", Share(finding.severity)},
         {"reason", finding.reason},
         {"still",
          finding.still_jpeg != nullptr ? nlohmann::json(StillName("health", number)) : nullptr}});
  };
  for (const motion::HealthFinding& finding : FindingsOf(figures)) add_finding(finding);
  return {{"clip", std::filesystem::path(run.input).filename().string()},
          {"width", info.width},
          {"height", info.height},
          {"frames_per_second", info.frames_per_second},
          {"every", run.every},
          {"pictures", figures.pictures},
          {"pictures_learning", figures.learning},
          {"pictures_damaged", figures.damaged},
          {"light_steps", figures.light_steps},
          {"suppressed", suppressed},
          {"health", health},
          {"frames_per_second_analysed",
           static_cast<double>(figures.pictures) / std::max(figures.total_s, 1e-9)},
          {"analysis_cpu_ms_per_picture",
           figures.pictures > 0 ? figures.analysis_s * 1000 / static_cast<double>(figures.pictures)
                                : 0.0},
          {"events", list},
          {"motion", motion}};
}

void PrintTable(const std::vector<motion::MotionEvent>& events) {
  std::printf("%5s %10s %10s %9s  %-31s  %-12s %s\n", "event", "begin_s", "end_s", "strength",
              "zone (left top right bottom)", "zone_id", "reason");
  for (const motion::MotionEvent& event : events) {
    std::printf("%5lld %10.2f %10.2f %9.2f  %.3f %.3f %.3f %.3f          %-12s %s\n",
                static_cast<long long>(event.sequence), Seconds(event.begin), Seconds(event.time),
                event.strength, event.zone.left, event.zone.top, event.zone.right,
                event.zone.bottom, event.zone_id.c_str(), event.reason.c_str());
  }
}

void PrintCsv(const std::vector<motion::MotionEvent>& events) {
  std::printf("sequence,begin_s,end_s,strength,left,top,right,bottom,zone_id,ending\n");
  for (const motion::MotionEvent& event : events) {
    std::printf("%lld,%.3f,%.3f,%.4f,%.4f,%.4f,%.4f,%.4f,%s,%s\n",
                static_cast<long long>(event.sequence), Seconds(event.begin), Seconds(event.time),
                event.strength, event.zone.left, event.zone.top, event.zone.right,
                event.zone.bottom, event.zone_id.c_str(),
                std::string(motion::EndingName(event.ending)).c_str());
  }
}

absl::StatusOr<motion::CameraZones> ReadZones(const std::string& path) {
  if (path.empty()) return motion::CameraZones();
  PATROL_ASSIGN_OR_RETURN(const std::string text, ReadText(path));
  return motion::ParseZones(absl::StrCat("zones \"", path, "\""), text);
}

// Nobody knows at what hour the clip was taken: its zones are watched all the time.
void WatchAlways(motion::CameraZones& zones) {
  for (motion::AnalysisZone& zone : zones.zones) {
    if (zone.schedule.windows.empty()) continue;
    zone.schedule.windows.clear();
    std::fprintf(stderr,
                 "zone \"%s\": its hours are left aside; --start says when the clip begins\n",
                 zone.id.c_str());
  }
}

media::Outline OutlineOf(const motion::Polygon& polygon, media::Outline::Colour colour) {
  media::Outline outline{.corners = {}, .colour = colour};
  for (const motion::Point& point : polygon) outline.corners.emplace_back(point.x, point.y);
  return outline;
}

// What the analysis saw in a picture: red what moves, yellow what only stands out, blue zones, grey
// ignored; a red frame around it all while an event is open.
std::vector<media::Outline> OutlinesOf(const motion::Analyser& analyser,
                                       const motion::CameraZones& zones) {
  using Colour = media::Outline::Colour;
  std::vector<media::Outline> outlines;
  for (const motion::AnalysisZone& zone : zones.zones) {
    outlines.push_back(OutlineOf(zone.polygon, Colour::kBlue));
  }
  for (const motion::Polygon& polygon : zones.ignore) {
    outlines.push_back(OutlineOf(polygon, Colour::kGrey));
  }
  const auto add = [&outlines](const motion::Box& box, Colour colour) {
    outlines.push_back({.corners = {{box.left, box.top},
                                    {box.right, box.top},
                                    {box.right, box.bottom},
                                    {box.left, box.bottom}},
                        .colour = colour});
  };
  for (const motion::Region& region : analyser.last_regions()) {
    add(region.box, region.moving ? Colour::kRed : Colour::kYellow);
  }
  if (analyser.state() == motion::Analyser::State::kMoving) {
    add({.left = 0, .top = 0, .right = 1, .bottom = 1}, Colour::kRed);
  }
  return outlines;
}

// annotated.mp4; a clip whose pictures change their size goes on in annotated_2.mp4 and so forth.
class Annotations {
 public:
  explicit Annotations(std::string folder) : folder_(std::move(folder)) {}

  absl::Status Write(const media::Picture& picture, const std::vector<media::Outline>& outlines) {
    if (clip_ == nullptr || picture.width() != width_ || picture.height() != height_) {
      PATROL_RETURN_IF_ERROR(Finish());
      width_ = picture.width();
      height_ = picture.height();
      const std::string name =
          ++clips_ == 1 ? "annotated.mp4" : absl::StrCat("annotated_", clips_, ".mp4");
      PATROL_ASSIGN_OR_RETURN(
          clip_, media::AnnotatedClip::Open((std::filesystem::path(folder_) / name).string(),
                                            width_, height_));
    }
    return clip_->Write(picture, outlines);
  }
  absl::Status Finish() {
    if (clip_ == nullptr) return absl::OkStatus();
    const std::unique_ptr<media::AnnotatedClip> clip = std::exchange(clip_, nullptr);
    return clip->Finish();
  }

 private:
  const std::string folder_;
  std::unique_ptr<media::AnnotatedClip> clip_;
  int clips_ = 0;
  int width_ = 0;
  int height_ = 0;
};

absl::Status Run(const MotionRun& run, Format format) {
  if (run.input.find("://") != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("input \"", run.input.substr(0, run.input.find("://")),
                     "://...\": motion run reads clips; cameras are analysed by patrold"));
  }
  PATROL_ASSIGN_OR_RETURN(motion::CameraZones zones, ReadZones(run.zones));
  absl::Time start_time = absl::UnixEpoch();
  if (run.start.empty()) {
    WatchAlways(zones);
  } else {
    const absl::StatusOr<absl::Time> given = ParseTime(run.start);
    if (!given.ok()) return Annotate(given.status(), "--start");
    start_time = *given;
  }
  PATROL_ASSIGN_OR_RETURN(auto reader, media::ClipReader::Open(run.input, start_time));
  PATROL_RETURN_IF_ERROR(MakeDirectory(run.out));
  if (!run.masks_out.empty()) PATROL_RETURN_IF_ERROR(MakeDirectory(run.masks_out));

  using SteadyClock = std::chrono::steady_clock;
  Figures figures = {.start = start_time - absl::UnixEpoch()};
  EventList list(figures.start);
  motion::Analyser::Options options;
  options.detector.min_object_size = run.min_object;
  motion::Analyser analyser("clip", options, &list);
  analyser.SetZones(zones);
  Annotations annotations(run.out);
  const bool terminal = isatty(STDERR_FILENO) != 0;
  const SteadyClock::time_point start = SteadyClock::now();
  absl::Time last = start_time;
  while (true) {
    PATROL_ASSIGN_OR_RETURN(const auto picture, run.every == "keyframe" ? reader->NextKeyPicture()
                                                                        : reader->NextPicture());
    if (!picture.has_value()) break;
    const double before_s = CpuSeconds();
    analyser.OnPicture(*picture);
    figures.analysis_s += CpuSeconds() - before_s;
    ++figures.pictures;
    last = picture->time();
    const motion::Detection& detection = analyser.last_detection();
    if (detection.learning) ++figures.learning;
    if (!run.masks_out.empty()) {
      char name[32];
      std::snprintf(name, sizeof(name), "mask_%06lld.png",
                    static_cast<long long>(reader->number() + 1));
      PATROL_RETURN_IF_ERROR(
          motion::WriteMask(detection.mask, picture->width(), picture->height(),
                            (std::filesystem::path(run.masks_out) / name).string()));
    }
    if (run.annotate) {
      PATROL_RETURN_IF_ERROR(annotations.Write(*picture, OutlinesOf(analyser, zones)));
    }
    if (terminal && figures.pictures % kProgressEvery == 0) {
      std::fprintf(stderr, "\r%lld pictures, %.1f s of the clip, %zu events",
                   static_cast<long long>(figures.pictures), Seconds(last - figures.start),
                   list.events().size());
    }
  }
  if (terminal) std::fprintf(stderr, "\r");
  figures.status = analyser.status();
  analyser.OnStreamLost(last);
  PATROL_RETURN_IF_ERROR(annotations.Finish());
  figures.status.suppressed = analyser.status().suppressed;
  figures.total_s = std::chrono::duration<double>(SteadyClock::now() - start).count();
  figures.damaged = reader->damaged();
  figures.light_steps = analyser.light_steps();
  if (figures.pictures == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("clip \"", run.input, "\": no picture could be decoded"));
  }

  const nlohmann::json summary = ToJson(run, reader->info(), figures, list.events());
  const std::filesystem::path out(run.out);
  for (const motion::MotionEvent& event : list.events()) {
    if (event.still_jpeg == nullptr) continue;
    PATROL_RETURN_IF_ERROR(
        WriteOutput(out / StillName("still", event.sequence), *event.still_jpeg));
  }
  const std::vector<motion::HealthFinding> findings = FindingsOf(figures);
  for (size_t i = 0; i < findings.size(); ++i) {
    if (findings[i].still_jpeg == nullptr) continue;
    const std::string name = StillName("health", static_cast<int64_t>(i) + 1);
    PATROL_RETURN_IF_ERROR(WriteOutput(out / name, *findings[i].still_jpeg));
  }
  PATROL_RETURN_IF_ERROR(WriteOutput(out / "events.json", summary.dump(1) + "\n"));
  if (format == Format::kJson) {
    std::printf("%s\n", summary.dump(1).c_str());
  } else if (format == Format::kCsv) {
    PrintCsv(list.events());
  } else {
    PrintTable(list.events());
  }
  std::fprintf(stderr,
               "%lld pictures in %.2f s: %.1f frames/s; analysis %.3f CPU ms a picture; "
               "%llu damaged pictures skipped\n",
               static_cast<long long>(figures.pictures), figures.total_s,
               static_cast<double>(figures.pictures) / std::max(figures.total_s, 1e-9),
               figures.analysis_s * 1000 / static_cast<double>(figures.pictures),
               static_cast<unsigned long long>(figures.damaged));
  if (figures.learning == figures.pictures) {
    std::fprintf(stderr,
                 "all of them were learning what the camera shows: nothing could be told\n");
  }
  return absl::OkStatus();
}

}  // namespace

void AddMotionCommands(Context& context) {
  CLI::App* group = Group(context.app, "motion", "motion analysis");
  CLI::App* command = group->add_subcommand("run", "analyse a clip: events, stills and masks");
  auto run = std::make_shared<MotionRun>();
  command->add_option("--input", run->input, "clip (mp4, mkv, avi, raw, or images like in%06d.jpg)")
      ->required();
  command->add_option("--out", run->out, "directory for events.json and stills")->required();
  command->add_option("--masks-out", run->masks_out,
                      "directory for masks mask_%06d.png (0 or 255), numbered from 1");
  command->add_option("--every", run->every, "which pictures are decoded: frame or keyframe")
      ->check(CLI::IsMember({"frame", "keyframe"}))
      ->capture_default_str();
  command->add_option("--zones", run->zones,
                      "JSON file of the zones that are watched and of what is ignored");
  command->add_option("--start", run->start,
                      "when the clip begins, RFC 3339: for the hours of zones, which are else "
                      "watched all the time");
  command
      ->add_option("--min-object", run->min_object,
                   "smallest thing that must be found, pixels across; below 10: small targets, "
                   "also in events")
      ->check(CLI::Range(2, 1000))
      ->capture_default_str();
  command->add_flag("--annotate", run->annotate,
                    "also write annotated.mp4: red what moves, yellow what stands out, blue zones; "
                    "a red frame while an event is open");
  OnRun(context, command, [run, &context] { return Run(*run, context.format); });
}

}  // namespace patrol::ctl
