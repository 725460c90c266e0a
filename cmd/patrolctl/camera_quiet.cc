// patrolctl cameras: snooze, accept-view; against a running service.

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "cmd/patrolctl/client.h"
#include "cmd/patrolctl/commands.h"
#include "cmd/patrolctl/printer.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"
#include "patrol/v1/camera_service.grpc.pb.h"

namespace patrol::ctl {

namespace {

using Stub = v1::CameraService::Stub;

struct QuietFlags {
  std::string id;
  std::string how_long;
  std::string until;
  bool off = false;
};

absl::Status Snooze(const Context& context, const QuietFlags& flags) {
  v1::UpdateCameraRequest request;
  request.mutable_camera()->set_name(NameOf("cameras", flags.id));
  request.mutable_update_mask()->add_paths("snoozed_until");
  if (!flags.off) {
    absl::Time until;
    if (!flags.until.empty()) {
      const absl::StatusOr<absl::Time> read = ParseTime(flags.until);
      if (!read.ok()) return Annotate(read.status(), "--until");
      until = *read;
    } else {
      const absl::StatusOr<absl::Duration> read = ParseDuration(flags.how_long);
      if (!read.ok()) return Annotate(read.status(), "--for");
      until = absl::Now() + *read;
    }
    if (until <= absl::Now()) {
      return absl::InvalidArgumentError("cameras snooze: that is past; --off ends a snooze");
    }
    const int64_t seconds = absl::ToUnixSeconds(until);
    request.mutable_camera()->mutable_snoozed_until()->set_seconds(seconds);
  }
  PATROL_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, Connect(context));
  const std::unique_ptr<Stub> stub = v1::CameraService::NewStub(channel);
  v1::Camera saved;
  PATROL_RETURN_IF_ERROR(Call(context, *stub, &Stub::UpdateCamera, request, &saved));
  if (saved.has_snoozed_until()) {
    std::fprintf(stderr, "%s: no motion events until %s\n", flags.id.c_str(),
                 TimeText(true, saved.snoozed_until()).c_str());
  } else {
    std::fprintf(stderr, "%s: not snoozed\n", flags.id.c_str());
  }
  return absl::OkStatus();
}

absl::Status AcceptView(const Context& context, const QuietFlags& flags) {
  PATROL_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, Connect(context));
  const std::unique_ptr<Stub> stub = v1::CameraService::NewStub(channel);
  v1::AcceptViewRequest request;
  request.set_name(NameOf("cameras", flags.id));
  v1::Camera camera;
  PATROL_RETURN_IF_ERROR(Call(context, *stub, &Stub::AcceptView, request, &camera));
  std::fprintf(stderr, "%s: what it shows now is its view\n", flags.id.c_str());
  if (camera.has_privacy_mask() && camera.view_moved()) {
    std::fprintf(stderr,
                 "%s: all is black until its mask is drawn anew: cameras update %s "
                 "--privacy-mask FILE\n",
                 flags.id.c_str(), flags.id.c_str());
  }
  return absl::OkStatus();
}

}  // namespace

void AddCameraQuiet(Context& context) {
  CLI::App* group = Group(context.app, "cameras", "the cameras of a running service");
  auto flags = std::make_shared<QuietFlags>();

  CLI::App* snooze = group->add_subcommand("snooze", "no motion events of a camera for a while");
  snooze->add_option("id", flags->id, "its id")->required();
  CLI::Option_group* how = snooze->add_option_group("how long", "at most seven days");
  how->add_option("--for", flags->how_long, "so long: 30m, 2h");
  how->add_option("--until", flags->until, "until this instant (RFC 3339)");
  how->add_flag("--off", flags->off, "no longer");
  how->require_option(1);
  OnRun(context, snooze, [&context, flags] { return Snooze(context, *flags); });

  CLI::App* accept = group->add_subcommand(
      "accept-view", "what a camera shows now is its view: it was re-aimed on purpose");
  accept->add_option("id", flags->id, "its id")->required();
  OnRun(context, accept, [&context, flags] { return AcceptView(context, *flags); });
}

}  // namespace patrol::ctl
