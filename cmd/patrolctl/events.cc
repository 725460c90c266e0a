// patrolctl events: list, watch, mark, still, clip; against a running service.

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cmd/patrolctl/client.h"
#include "cmd/patrolctl/clip_download.h"
#include "cmd/patrolctl/commands.h"
#include "cmd/patrolctl/files.h"
#include "cmd/patrolctl/printer.h"
#include "cmd/patrolctl/progress.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"
#include "patrol/v1/motion_service.grpc.pb.h"

namespace patrol::ctl {

namespace {

using Stub = v1::MotionService::Stub;

struct EventFlags {
  std::string camera;
  std::string from;
  std::string to;
  bool unattended = false;
  bool marked = false;
  bool undo = false;
  int64_t limit = limits::kPageSizeDefault;
  int64_t after = 0;
  int64_t count = 0;
  std::string id;
  std::string file;
  std::string http = "127.0.0.1:7780";
};

absl::StatusOr<std::unique_ptr<Stub>> ConnectEvents(const Context& context) {
  PATROL_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, Connect(context));
  return v1::MotionService::NewStub(channel);
}

Printer EventPrinter(Format format, Printer::Kind kind) {
  return Printer(format, kind,
                 {{"phase", 6},
                  {"camera_id", 16},
                  {"begin_time", 24},
                  {"last_time", 24},
                  {"strength", 8, true},
                  {"area_id", 12},
                  {"nearest_unit", 12},
                  {"arrival_s", 9, true},
                  {"unattended", 10},
                  {"event_id", 30},
                  {"reason"},
                  {"zone_id", 8},
                  {"direction", 10},
                  {"ending", 8},
                  {"confidence", 10, true},
                  {"seen"},
                  {"mark", 12},
                  {"onset", 8},
                  {"onset_uncertainty_s", 19, true}});
}

std::string PhaseText(v1::MotionPhase phase) {
  switch (phase) {
    case v1::MOTION_PHASE_BEGIN:
      return "begin";
    case v1::MOTION_PHASE_UPDATE:
      return "update";
    case v1::MOTION_PHASE_END:
      return "end";
    default:
      return "";
  }
}

std::vector<std::string> Cells(const v1::MotionEvent& event) {
  const v1::Response& response = event.response();
  return {PhaseText(event.phase()),
          IdOf(event.camera()),
          TimeText(event.has_begin_time(), event.begin_time()),
          TimeText(event.has_last_time(), event.last_time()),
          absl::StrFormat("%.3f", event.strength()),
          IdOf(response.area()),
          IdOf(response.nearest_unit()),
          SecondsText(response.has_arrival(), response.arrival()),
          YesNo(response.unattended()),
          IdOf(event.name()),
          response.reason(),
          event.zone_id(),
          event.direction(),
          event.ending(),
          absl::StrFormat("%.2f", event.confidence()),
          event.reason(),
          event.not_an_event() ? "not_an_event" : "",
          event.onset_source(),
          SecondsText(event.has_onset_uncertainty(), event.onset_uncertainty())};
}

absl::Status SetTime(const char* flag, const std::string& text,
                     google::protobuf::Timestamp* stamp) {
  const absl::StatusOr<absl::Time> time = ParseTime(text);
  if (!time.ok()) return Annotate(time.status(), flag);
  const int64_t seconds = absl::ToUnixSeconds(*time);
  stamp->set_seconds(seconds);
  stamp->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(*time - absl::FromUnixSeconds(seconds))));
  return absl::OkStatus();
}

absl::Status List(const Context& context, const EventFlags& flags) {
  v1::ListMotionEventsRequest request;
  if (!flags.camera.empty()) request.set_camera(NameOf("cameras", flags.camera));
  if (!flags.from.empty()) {
    PATROL_RETURN_IF_ERROR(SetTime("--from", flags.from, request.mutable_from_time()));
  }
  if (!flags.to.empty()) {
    PATROL_RETURN_IF_ERROR(SetTime("--to", flags.to, request.mutable_to_time()));
  }
  request.set_unattended_only(flags.unattended);
  request.set_marked_only(flags.marked);
  request.set_page_size(static_cast<int>(std::min<int64_t>(flags.limit, limits::kPageSizeMax)));
  PATROL_ASSIGN_OR_RETURN(const std::unique_ptr<Stub> stub, ConnectEvents(context));
  Printer printer = EventPrinter(context.format, Printer::Kind::kList);
  int64_t left = flags.limit;
  PATROL_RETURN_IF_ERROR(
      (CallPages<Stub, v1::ListMotionEventsRequest, v1::ListMotionEventsResponse>(
          context, *stub, &Stub::ListMotionEvents, request,
          [&](const v1::ListMotionEventsResponse& page) {
            for (const v1::MotionEvent& event : page.motion_events()) {
              if (left-- > 0) printer.Add(event, Cells(event));
            }
            return left > 0;
          })));
  printer.Finish();
  return absl::OkStatus();
}

// Until interrupted, or for --count messages. A reader that was too slow goes on where it was.
absl::Status Watch(const Context& context, const EventFlags& flags) {
  PATROL_ASSIGN_OR_RETURN(const std::unique_ptr<Stub> stub, ConnectEvents(context));
  Printer printer = EventPrinter(context.format, Printer::Kind::kWatch);
  int64_t revision = flags.after;
  while (true) {
    v1::WatchMotionEventsRequest request;
    request.set_after_revision(revision);
    grpc::ClientContext call;
    PATROL_RETURN_IF_ERROR(PrepareCall(context, absl::InfiniteDuration(), &call));
    const auto reader = stub->WatchMotionEvents(&call, request);
    v1::WatchMotionEventsResponse message;
    while (reader->Read(&message)) {
      revision = message.revision();
      if (!message.has_motion_event()) continue;
      printer.Add(message.motion_event(), Cells(message.motion_event()));
      if (flags.count > 0 && printer.rows() >= static_cast<size_t>(flags.count)) {
        call.TryCancel();
        reader->Finish();
        return absl::OkStatus();
      }
    }
    const absl::Status ended = FromGrpc(reader->Finish());
    if (absl::IsResourceExhausted(ended) && revision > request.after_revision()) continue;
    if (ended.ok()) return ended;
    return revision == 0 ? ended
                         : Annotate(ended, absl::StrCat("watch ended at revision ", revision,
                                                        " (--after goes on from there)"));
  }
}

absl::Status Mark(const Context& context, const EventFlags& flags) {
  PATROL_ASSIGN_OR_RETURN(const std::unique_ptr<Stub> stub, ConnectEvents(context));
  v1::UpdateMotionEventRequest request;
  request.mutable_motion_event()->set_name(NameOf("motionEvents", flags.id));
  request.mutable_motion_event()->set_not_an_event(!flags.undo);
  request.mutable_update_mask()->add_paths("not_an_event");
  v1::MotionEvent event;
  PATROL_RETURN_IF_ERROR(Call(context, *stub, &Stub::UpdateMotionEvent, request, &event));
  Printer printer = EventPrinter(context.format, Printer::Kind::kList);
  printer.Add(event, Cells(event));
  printer.Finish();
  return absl::OkStatus();
}

absl::Status Still(const Context& context, const EventFlags& flags) {
  PATROL_ASSIGN_OR_RETURN(const std::unique_ptr<Stub> stub, ConnectEvents(context));
  v1::GetMotionStillRequest request;
  request.set_name(NameOf("motionEvents", flags.id));
  v1::MotionStill still;
  PATROL_RETURN_IF_ERROR(Call(context, *stub, &Stub::GetMotionStill, request, &still));
  const std::string path = flags.file.empty() ? IdOf(flags.id) + ".jpg" : flags.file;
  PATROL_RETURN_IF_ERROR(WriteOutput(path, still.jpeg()));
  std::fprintf(stderr, "%s: %zu bytes\n", path.c_str(), still.jpeg().size());
  return absl::OkStatus();
}

absl::Status Clip(const Context& context, const EventFlags& flags) {
  PATROL_ASSIGN_OR_RETURN(const HttpPlace place, ParseHttpPlace(flags.http));
  PATROL_ASSIGN_OR_RETURN(const std::string token, ReadToken(context));
  const std::string id = IdOf(flags.id);
  const std::string path = flags.file.empty() ? id + ".mp4" : flags.file;
  Progress progress("bytes of the clip", 0);
  const absl::StatusOr<Download> download = DownloadFile(
      place, absl::StrCat("/v1/motionEvents/", id, "/clip"), token, path,
      [&progress](int64_t had, int64_t) { progress.Tell(static_cast<uint64_t>(had)); });
  progress.Clear();
  if (!download.ok()) return download.status();
  std::fprintf(stderr, "%s: %lld bytes%s\n", path.c_str(), static_cast<long long>(download->bytes),
               download->resumed > 0
                   ? absl::StrCat(", of which ", download->resumed, " were there already").c_str()
                   : "");
  return absl::OkStatus();
}

}  // namespace

void AddEventCommands(Context& context) {
  CLI::App* group = Group(context.app, "events", "what moves, and who could be there");
  auto flags = std::make_shared<EventFlags>();

  CLI::App* list = group->add_subcommand("list", "stored motion events, the latest first");
  list->add_option("--camera", flags->camera, "of this camera only");
  list->add_option("--from", flags->from, "that begin at or after this instant (RFC 3339)");
  list->add_option("--to", flags->to, "that begin before this instant (RFC 3339)");
  list->add_flag("--unattended", flags->unattended,
                 "with no unit within three minutes, and not marked as no event");
  list->add_flag("--marked", flags->marked, "marked as no event");
  list->add_option("--limit", flags->limit, "at most this many")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  OnRun(context, list, [&context, flags] { return List(context, *flags); });

  CLI::App* watch = group->add_subcommand("watch", "motion events as they begin, go on and end");
  watch->add_option("--after", flags->after, "go on after this revision; 0: from now on");
  watch->add_option("--count", flags->count, "end after this many messages; 0: never");
  OnRun(context, watch, [&context, flags] { return Watch(context, *flags); });

  CLI::App* mark = group->add_subcommand(
      "mark", "mark an event as none: it is kept, but is no longer among the unattended");
  mark->add_option("id", flags->id, "the event's id")->required();
  mark->add_flag("--undo", flags->undo, "take the mark back");
  OnRun(context, mark, [&context, flags] { return Mark(context, *flags); });

  CLI::App* still = group->add_subcommand("still", "the most moving picture of an event, as JPEG");
  still->add_option("id", flags->id, "the event's id")->required();
  still->add_option("--out", flags->file, "file to write; {id}.jpg where not given");
  OnRun(context, still, [&context, flags] { return Still(context, *flags); });

  CLI::App* clip = group->add_subcommand(
      "clip", "the clip of an event, as MP4; one that broke off goes on where it was");
  clip->add_option("id", flags->id, "the event's id")->required();
  clip->add_option("--out", flags->file, "file to write; {id}.mp4 where not given");
  clip->add_option("--http", flags->http, "HOST:PORT of the service's gateway")
      ->capture_default_str();
  OnRun(context, clip, [&context, flags] { return Clip(context, *flags); });
}

}  // namespace patrol::ctl
