// patrolsim: RTSP cameras, GPS units and a sample town, for demo, tests and benchmarks.
// Exit: 0 done, 1 failed, 2 wrong usage.

#include <cstdio>
#include <string>
#include <utility>

#include "cmd/patrolsim/commands.h"
#include "lib/base/log.h"

namespace patrol::sim {

void OnRun(Context& context, CLI::App* command, std::function<absl::Status()> run) {
  command->callback([&context, run = std::move(run)] { context.outcome = run(); });
}

}  // namespace patrol::sim

int main(int argc, char** argv) {
  using patrol::sim::Context;

  patrol::InitLog("patrolsim", "info");
  CLI::App app("simulated cameras, patrol units and town", "patrolsim");
  app.set_version_flag("--version", PATROL_VERSION);
  app.require_subcommand(1);
  Context context{app};
  // One line per subcommand, sorted.
  patrol::sim::AddCamerasCommand(context);
  patrol::sim::AddTownCommand(context);
  patrol::sim::AddUnitsCommand(context);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (!context.outcome.ok()) {
    std::fprintf(stderr, "patrolsim: %s\n", std::string(context.outcome.message()).c_str());
    return 1;
  }
  return 0;
}
