// patrolctl coverage reach: reach from given sources, offline, from files to files.

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cmd/patrolctl/commands.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"
#include "lib/patrol/coverage/reach.h"
#include "lib/patrol/coverage/reach_files.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/osm_reader.h"
#include "lib/patrol/roadnet/search_graph.h"

namespace patrol::ctl {
namespace {

struct ReachArguments {
  std::string network;
  std::string sources;
  std::string mode = "car";
  std::string reach = "180s";
  std::string out;
};

absl::Status RunReach(const ReachArguments& arguments) {
  roadnet::Mode mode;
  if (!roadnet::ParseMode(arguments.mode, &mode)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--mode: \"", arguments.mode, "\" is none of car, motorcycle, e-bike, bicycle, foot"));
  }
  PATROL_ASSIGN_OR_RETURN(const absl::Duration reach, ParseDuration(arguments.reach));
  if (reach <= absl::ZeroDuration() || reach > limits::kReachMax) {
    return absl::InvalidArgumentError(absl::StrCat("--reach: ", arguments.reach, " is outside 0s..",
                                                   absl::FormatDuration(limits::kReachMax)));
  }
  PATROL_ASSIGN_OR_RETURN(const roadnet::Network network, roadnet::ReadOsm(arguments.network));
  const roadnet::SearchGraph graph(network, mode, {});

  std::ifstream in(arguments.sources, std::ios::binary);
  if (!in) {
    return absl::NotFoundError(absl::StrCat("\"", arguments.sources, "\": cannot open"));
  }
  const absl::StatusOr<std::vector<coverage::Source>> sources =
      coverage::ReadSources(network, graph, in);
  if (!sources.ok()) return Annotate(sources.status(), arguments.sources);

  coverage::Reach search(network, graph);
  search.Run(*sources, static_cast<coverage::ArrivalUs>(absl::ToInt64Microseconds(reach)));
  return coverage::WriteReach(network, search, arguments.out);
}

}  // namespace

void AddCoverageReach(Context& context) {
  CLI::App* coverage = Group(context.app, "coverage", "who could be where in three minutes");
  CLI::App* reach = coverage->add_subcommand("reach", "what is reached from given places, offline");
  auto arguments = std::make_shared<ReachArguments>();
  reach->add_option("--network", arguments->network, "road network, .osm.pbf or .osm")->required();
  reach->add_option("--sources", arguments->sources, "CSV: way_id,seq,offset_m")->required();
  reach->add_option("--mode", arguments->mode, "car, motorcycle, e-bike, bicycle or foot")
      ->capture_default_str()
      ->check(CLI::IsMember({"car", "motorcycle", "e-bike", "bicycle", "foot"}));
  reach->add_option("--reach", arguments->reach, "T, e.g. 180s; at most 1h")
      ->capture_default_str()
      ->check([](const std::string& text) {
        return std::string(ParseDuration(text).status().message());
      });
  reach->add_option("--out", arguments->out, "folder for nodes.csv and pieces.csv")->required();
  OnRun(context, reach, [arguments] { return RunReach(*arguments); });
}

}  // namespace patrol::ctl
