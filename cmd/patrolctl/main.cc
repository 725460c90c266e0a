// patrolctl: client, importer and batch tool. Exit: 0 done, 1 failed, 2 wrong usage.

#include <cstdio>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "cmd/patrolctl/commands.h"
#include "lib/base/log.h"

namespace patrol::ctl {

int ExitCode(const absl::Status& outcome) {
  if (outcome.ok()) return 0;
  return absl::StartsWith(outcome.message(), "--") ? 2 : 1;
}

void OnRun(Context& context, CLI::App* command, std::function<absl::Status()> run) {
  command->callback([&context, run = std::move(run)] { context.outcome = run(); });
}

CLI::App* Group(CLI::App& parent, const std::string& name, const std::string& description) {
  for (CLI::App* group :
       parent.get_subcommands([&](CLI::App* app) { return app->get_name() == name; })) {
    return group;
  }
  CLI::App* group = parent.add_subcommand(name, description);
  group->require_subcommand(1);
  return group;
}

}  // namespace patrol::ctl

int main(int argc, char** argv) {
  using patrol::ctl::Context;
  using patrol::ctl::Format;

  patrol::InitLog("patrolctl", "info");
  CLI::App app("three-minute patrol circle and camera motion: client and batch tool", "patrolctl");
  app.set_version_flag("--version", PATROL_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  Context context{app};
  app.add_option("--server", context.server, "HOST:PORT of a running patrold")
      ->capture_default_str();
  app.add_option("--token-file", context.token_file, "file with the access token");
  app.add_option("--format", context.format, "how results are printed: table, json or csv")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Format>{
              {"table", Format::kTable}, {"json", Format::kJson}, {"csv", Format::kCsv}},
          CLI::ignore_case));
  // One line per group, sorted.
  patrol::ctl::AddAreaCommands(context);
  patrol::ctl::AddCameraCommands(context);
  patrol::ctl::AddCameraQuiet(context);
  patrol::ctl::AddCoverageLive(context);
  patrol::ctl::AddCoverageMap(context);
  patrol::ctl::AddCoverageReach(context);
  patrol::ctl::AddCoverageRun(context);
  patrol::ctl::AddCoverageWindow(context);
  patrol::ctl::AddEventCommands(context);
  patrol::ctl::AddMatchCommands(context);
  patrol::ctl::AddMatchFollow(context);
  patrol::ctl::AddMotionCommands(context);
  patrol::ctl::AddNetworkCommands(context);
  patrol::ctl::AddPositionCommands(context);
  patrol::ctl::AddPostCommands(context);
  patrol::ctl::AddUnitCommands(context);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (!context.outcome.ok()) {
    std::fprintf(stderr, "patrolctl: %s\n", std::string(context.outcome.message()).c_str());
  }
  return patrol::ctl::ExitCode(context.outcome);
}
