// patrolctl coverage reach: reach from given sources, offline, from files to files.

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "cmd/patrolctl/commands.h"
#include "cmd/patrolctl/cpu_time.h"
#include "cmd/patrolctl/network_flags.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"
#include "lib/patrol/coverage/line_writer.h"
#include "lib/patrol/coverage/mode_graphs.h"
#include "lib/patrol/coverage/outreach.h"
#include "lib/patrol/coverage/reach.h"
#include "lib/patrol/coverage/reach_files.h"
#include "lib/patrol/coverage/reach_kernel.h"
#include "lib/patrol/coverage/result_file.h"
#include "lib/patrol/coverage/route.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/search_graph.h"
#include "lib/patrol/tracks/attach.h"

namespace patrol::ctl {
namespace {

struct ReachArguments {
  NetworkFlags network;
  std::string sources;
  std::string mode = "car";
  std::string reach = "180s";
  std::string why;
  std::string out;
  int timing = 0;  // searches timed; 0: none
};

double Median(std::vector<double> seconds) {
  const auto middle = seconds.begin() + static_cast<ptrdiff_t>(seconds.size() / 2);
  std::nth_element(seconds.begin(), middle, seconds.end());
  return *middle;
}

// Runs searches again and again, as a service does, and tells what one costs: to stderr.
void TimeSearch(const std::shared_ptr<const roadnet::Network>& network, roadnet::Mode mode,
                const roadnet::SearchGraph::Options& rules,
                const std::vector<coverage::Source>& sources, coverage::ArrivalUs reach, int times,
                coverage::Reach* search) {
  std::vector<double> plain, cold, warm;
  for (int i = 0; i < times; ++i) {
    const double begin = CpuSeconds();
    search->Run(sources, reach);
    plain.push_back(CpuSeconds() - begin);
  }
  coverage::ModeGraphs::Options all_rules{};
  all_rules[static_cast<size_t>(mode)] = rules;
  const auto graphs = std::make_shared<const coverage::ModeGraphs>(network, all_rules);
  // Sources in another order each time, so that no list is at hand from the time before.
  std::vector<coverage::Source> turned(sources.rbegin(), sources.rend());
  constexpr size_t kListBytes = size_t{256} << 20;
  constexpr int kColdMax = 5;
  for (int i = 0; i < std::min(times, kColdMax); ++i) {
    coverage::ReachKernel kernel(graphs, reach, kListBytes);
    auto& part = kernel.mode(mode);
    coverage::OutreachSearch lists(*network, part.chains, &part.lists);
    coverage::Outreach outreach;
    double begin = CpuSeconds();
    lists.Compute(sources, sources.size() * 2, &outreach);
    cold.push_back(CpuSeconds() - begin);
    for (int k = 0; k < times; ++k) {
      begin = CpuSeconds();
      lists.Compute(k % 2 == 0 ? turned : sources, 0, &outreach);
      warm.push_back(CpuSeconds() - begin);
    }
  }
  std::fprintf(stderr, "search: %.3f ms of CPU, median of %d, %zu sources\n", Median(plain) * 1e3,
               times, sources.size());
  std::fprintf(stderr, "with lists: warm %.4f ms, cold (all lists made first) %.3f ms\n",
               Median(warm) * 1e3, Median(cold) * 1e3);
}

// Which source is at "LON,LAT" first, when and by which way, however far: to stdout and
// route.geojson.
absl::Status TellWhy(const roadnet::Network& network, const roadnet::SearchGraph& graph,
                     const std::vector<coverage::Source>& sources, const ReachArguments& arguments,
                     absl::Duration reach) {
  const std::vector<std::string> parts = absl::StrSplit(arguments.why, ',');
  geo::LonLat place;
  if (parts.size() != 2 || !absl::SimpleAtod(parts[0], &place.lon) ||
      !absl::SimpleAtod(parts[1], &place.lat)) {
    return absl::InvalidArgumentError(absl::StrCat("--why: \"", arguments.why, "\" is no LON,LAT"));
  }
  const auto road = tracks::AttachPlace(roadnet::SpatialIndex(network), place, graph.mode(),
                                        tracks::AttachTo::kDrivenOrWalked);
  if (!road) {
    std::printf("off the network: %s\n", tracks::NoRoadText(place, graph.mode()).c_str());
    return absl::OkStatus();
  }
  const auto route = coverage::FindRoute(
      network, graph, sources, road->at,
      static_cast<coverage::ArrivalUs>(absl::ToInt64Microseconds(limits::kReachMax)));
  if (!route) {
    std::printf("not covered: no source gets there within an hour\n");
    return absl::OkStatus();
  }
  const double time_s = static_cast<double>(route->time_us + road->walk_us()) * 1e-6;
  std::printf("%s: source %u is there after %.1f s and %.0f m; the limit is %.0f s\n",
              absl::Seconds(time_s) <= reach ? "covered" : "not covered", route->source + 1, time_s,
              route->length_m, absl::ToDoubleSeconds(reach));
  coverage::LineWriter lines;
  lines.Begin(route->line.front());
  for (size_t i = 1; i < route->line.size(); ++i) lines.Add(route->line[i]);
  std::string properties = absl::StrCat("\"source\":", route->source + 1, ",\"time_s\":");
  coverage::AppendFixed(time_s, 6, &properties);
  properties.append(",\"length_m\":");
  coverage::AppendFixed(route->length_m, 1, &properties);
  lines.End(properties);
  PATROL_ASSIGN_OR_RETURN(coverage::ResultFile file,
                          coverage::ResultFile::Create(arguments.out, "route.geojson"));
  file.Write(std::move(lines).Finish());
  return file.Close();
}

absl::Status RunReach(const ReachArguments& arguments) {
  PATROL_ASSIGN_OR_RETURN(const roadnet::Mode mode, ReadModeFlag(arguments.mode));
  PATROL_ASSIGN_OR_RETURN(const absl::Duration reach, ParseDuration(arguments.reach));
  if (reach <= absl::ZeroDuration() || reach > limits::kReachMax) {
    return absl::InvalidArgumentError(absl::StrCat("--reach: ", arguments.reach, " is outside 0s..",
                                                   absl::FormatDuration(limits::kReachMax)));
  }
  PATROL_ASSIGN_OR_RETURN(roadnet::Network read, ReadNetwork(arguments.network));
  const auto shared = std::make_shared<const roadnet::Network>(std::move(read));
  const roadnet::Network& network = *shared;
  PATROL_ASSIGN_OR_RETURN(const roadnet::Waivers waivers, ReadWaivers(arguments.network));
  const roadnet::SearchGraph::Options& rules = waivers.graphs[static_cast<size_t>(mode)];
  const roadnet::SearchGraph graph(network, mode, rules);

  std::ifstream in(arguments.sources, std::ios::binary);
  if (!in) {
    return absl::NotFoundError(absl::StrCat("\"", arguments.sources, "\": cannot open"));
  }
  const absl::StatusOr<std::vector<coverage::Source>> sources =
      coverage::ReadSources(network, graph, in);
  if (!sources.ok()) return Annotate(sources.status(), arguments.sources);

  coverage::Reach search(network, graph);
  const auto reach_us = static_cast<coverage::ArrivalUs>(absl::ToInt64Microseconds(reach));
  search.Run(*sources, reach_us);
  if (arguments.timing > 0) {
    TimeSearch(shared, mode, rules, *sources, reach_us, arguments.timing, &search);
  }
  PATROL_RETURN_IF_ERROR(coverage::WriteReach(network, search, arguments.out));
  if (arguments.why.empty()) return absl::OkStatus();
  return TellWhy(network, graph, *sources, arguments, reach);
}

}  // namespace

void AddCoverageReach(Context& context) {
  CLI::App* coverage = Group(context.app, "coverage", "who could be where in three minutes");
  CLI::App* reach = coverage->add_subcommand("reach", "what is reached from given places, offline");
  auto arguments = std::make_shared<ReachArguments>();
  AddNetworkOptions(reach, &arguments->network)->required();
  reach
      ->add_option(
          "--sources", arguments->sources,
          "CSV: way_id,seq,offset_m, or lon,lat; delay_s: how much later a source sets off")
      ->required();
  reach->add_option("--mode", arguments->mode, "car, motorcycle, e-bike, bicycle or foot")
      ->capture_default_str()
      ->check(CLI::IsMember({"car", "motorcycle", "e-bike", "bicycle", "foot"}));
  reach->add_option("--reach", arguments->reach, "T, e.g. 180s; at most 1h")
      ->capture_default_str()
      ->check([](const std::string& text) {
        return std::string(ParseDuration(text).status().message());
      });
  reach->add_option("--out", arguments->out, "folder for nodes.csv and pieces.csv")->required();
  reach->add_option(
      "--why", arguments->why,
      "which source is at LON,LAT first, when and by which way: writes route.geojson");
  reach
      ->add_option("--timing", arguments->timing,
                   "runs the search so many times more and tells the CPU time of one")
      ->check(CLI::Range(1, 10000));
  OnRun(context, reach, [arguments] { return RunReach(*arguments); });
}

}  // namespace patrol::ctl
