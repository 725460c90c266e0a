// patrolsim town: writes the sample town.
#include "cmd/patrolsim/town.h"

#include <cstdio>
#include <memory>
#include <string>

#include "cmd/patrolsim/commands.h"
#include "lib/base/status.h"

namespace patrol::sim {

Town MakeTown(uint64_t seed) {
  Town town;
  town.plan = PlanTown(seed);
  town.roads = JoinRoads(seed, DrawRoads(seed, town.plan), town.plan);
  const roadnet::Network network = BuildNetwork(town.roads);
  town.cameras = PlaceCameras(seed, town.plan, network);
  town.patrols = SimulatePatrols(seed, town.plan, network);
  return town;
}

void AddTownCommand(Context& context) {
  struct Arguments {
    uint64_t seed = 1;
    std::string out;
  };
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = context.app.add_subcommand(
      "town", "writes a sample town: network, areas, cameras, units and a day of fixes");
  command->add_option("--seed", arguments->seed, "the same seed gives the same town")
      ->capture_default_str();
  command->add_option("--out", arguments->out, "folder to write to")->required();
  OnRun(context, command, [arguments]() -> absl::Status {
    const Town town = MakeTown(arguments->seed);
    PATROL_RETURN_IF_ERROR(WriteTown(town, arguments->out));
    std::printf(
        "nodes %zu, ways %zu, restrictions %zu, areas %zu, cameras %zu, units %zu, fixes %zu\n",
        town.roads.nodes.size(), town.roads.ways.size(), town.roads.restrictions.size(),
        town.plan.areas.size(), town.cameras.size(), town.patrols.units.size(),
        town.patrols.fixes.size());
    return absl::OkStatus();
  });
}

}  // namespace patrol::sim
