// patrolctl network info|export|snapshot: what a road file amounts to, offline.

#include <algorithm>
#include <cinttypes>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cmd/patrolctl/commands.h"
#include "cmd/patrolctl/files.h"
#include "cmd/patrolctl/network_flags.h"
#include "lib/base/status.h"
#include "lib/patrol/roadnet/network_stats.h"
#include "lib/patrol/roadnet/search_graph.h"
#include "lib/patrol/roadnet/snapshot.h"

namespace patrol::ctl {

namespace {

using roadnet::ArcIndex;
using roadnet::Mode;
using roadnet::Network;
using roadnet::NetworkReport;
using roadnet::NetworkStats;

struct Arguments {
  NetworkFlags network;
  std::string mode = "car";
  std::string out;
};

absl::StatusOr<Mode> ReadMode(const std::string& name) {
  Mode mode;
  if (roadnet::ParseMode(name, &mode)) return mode;
  return absl::InvalidArgumentError(
      absl::StrCat("--mode: \"", name, "\" is not car, motorcycle, e-bike, bicycle or foot"));
}

size_t IgnoredRestrictions(const NetworkReport& report) {
  size_t ignored = 0;
  for (const auto& [reason, count] : report.restrictions_ignored) ignored += count;
  return ignored;
}

// Name and value of every figure, in order.
std::vector<std::pair<std::string, std::string>> Figures(const NetworkStats& stats,
                                                         const NetworkReport& report) {
  const auto metres = [](double value) { return absl::StrFormat("%.1f", value); };
  return {
      {"nodes", absl::StrCat(stats.nodes)},
      {"ways", absl::StrCat(stats.ways)},
      {"pieces", absl::StrCat(stats.pieces)},
      {"arcs", absl::StrCat(stats.arcs)},
      {"length_m", metres(stats.length_m)},
      {"patrollable_m", metres(stats.patrollable_m)},
      {"forbidden_turns", absl::StrCat(stats.restrictions)},
      {"components", absl::StrCat(stats.components)},
      {"largest_component_m", metres(stats.largest_component_m)},
      {"ways_read", absl::StrCat(report.ways_read)},
      {"ways_not_roads", absl::StrCat(report.ways_not_roads)},
      {"ways_closed", absl::StrCat(report.ways_closed)},
      {"ways_reversible", absl::StrCat(report.ways_reversible)},
      {"segments_zero_length", absl::StrCat(report.segments_zero_length)},
      {"segments_missing_node", absl::StrCat(report.segments_missing_node)},
      {"barriers", absl::StrCat(report.barriers)},
      {"times_capped", absl::StrCat(report.times_capped)},
      {"features_without_line", absl::StrCat(report.features_without_line)},
      {"ends_joined", absl::StrCat(report.ends_joined)},
      {"ways_self_crossing", absl::StrCat(report.ways_self_crossing.size())},
      {"classes_unknown", absl::StrCat(report.classes_unknown.count)},
      {"one_ways_unknown", absl::StrCat(report.one_ways_unknown.count)},
      {"speeds_unknown", absl::StrCat(report.speeds_unknown.count)},
      {"restrictions_read", absl::StrCat(report.restrictions_read)},
      {"restrictions_used", absl::StrCat(report.restrictions_used)},
      {"restrictions_ignored", absl::StrCat(IgnoredRestrictions(report))},
  };
}

// Ways that cross themselves are named up to this many.
constexpr size_t kWaysNamedMax = 20;

void PrintFigures(const Network& network,
                  const std::vector<std::pair<std::string, std::string>>& figures,
                  const NetworkStats& stats, const NetworkReport& report, Format format) {
  if (format == Format::kCsv) {
    absl::PrintF("figure,value\n");
    for (const auto& [name, value] : figures) absl::PrintF("%s,%s\n", name, value);
    return;
  }
  if (format == Format::kJson) {
    absl::PrintF("{");
    for (size_t i = 0; i < figures.size(); ++i) {
      absl::PrintF("%s\"%s\": %s", i == 0 ? "" : ", ", figures[i].first, figures[i].second);
    }
    absl::PrintF("}\n");
    return;
  }
  for (const auto& [name, value] : figures) absl::PrintF("%-22s %16s\n", name, value);
  for (size_t c = 0; c < roadnet::kRoadClassCount; ++c) {
    if (stats.class_length_m[c] <= 0) continue;
    absl::PrintF("  %-20s %16.1f m\n", RoadClassName(static_cast<roadnet::RoadClass>(c)),
                 stats.class_length_m[c]);
  }
  for (const auto& [reason, count] : report.restrictions_ignored) {
    absl::PrintF("  restrictions ignored, %s: %d\n", reason, count);
  }
  for (size_t i = 0; i < std::min(report.ways_self_crossing.size(), kWaysNamedMax); ++i) {
    absl::PrintF("  way %d crosses itself where it has no node\n", report.ways_self_crossing[i]);
  }
  for (const NetworkStats::Island& island : stats.islands) {
    const roadnet::Node& node = network.node(island.first_node);
    absl::PrintF("  island of %d nodes, %.1f m, at node %d (%.6f, %.6f)\n", island.nodes,
                 island.length_m, node.id, node.place.lon, node.place.lat);
  }
  if (stats.components > stats.islands.size() + 1) {
    absl::PrintF("  and %d smaller islands\n", stats.components - stats.islands.size() - 1);
  }
}

absl::Status RunInfo(const Arguments& arguments, Format format) {
  PATROL_ASSIGN_OR_RETURN(const Mode mode, ReadMode(arguments.mode));
  NetworkReport report;
  PATROL_ASSIGN_OR_RETURN(const Network network, ReadNetwork(arguments.network, &report));
  const NetworkStats stats = roadnet::ComputeStats(network, mode);
  PrintFigures(network, Figures(stats, report), stats, report, format);
  return absl::OkStatus();
}

absl::Status WriteArcs(const Network& network, const roadnet::SearchGraph& graph,
                       const std::string& path) {
  OutFile file(path);
  file.stream() << "way_id,seq,from_node,to_node,length_m,time_s\n";
  for (ArcIndex arc = 0; arc < network.arc_count(); ++arc) {
    const uint32_t time_us = graph.time_us(arc);
    if (time_us == roadnet::kNotAllowed) continue;
    const roadnet::Piece& piece = network.piece(roadnet::PieceOf(arc));
    file.stream() << absl::StreamFormat(
        "%d,%d,%d,%d,%.6f,%d.%06d\n", piece.way_id, piece.seq, network.node(network.tail(arc)).id,
        network.node(network.head(arc)).id, piece.length_m, time_us / 1000000, time_us % 1000000);
  }
  return file.Close();
}

// A row per arc of each forbidden turn, in the order they may not be passed. waived: all but those
// across barriers, whose relation_id is 0.
absl::Status WriteRestrictions(const Network& network, Mode mode, bool waived,
                               const std::string& path) {
  OutFile file(path);
  file.stream() << "turn,step,relation_id,way_id,seq,from_node,to_node\n";
  int64_t number = 0;
  for (const roadnet::ForbiddenTurn& turn : network.forbidden_turns()) {
    if ((turn.modes & roadnet::ModeBit(mode)) == 0) continue;
    if (waived && turn.relation_id != roadnet::ForbiddenTurn::kBarrier) continue;
    ++number;
    for (size_t step = 0; step < turn.arcs.size(); ++step) {
      const ArcIndex arc = turn.arcs[step];
      const roadnet::Piece& piece = network.piece(roadnet::PieceOf(arc));
      file.stream() << absl::StreamFormat(
          "%d,%d,%d,%d,%d,%d,%d\n", number, step + 1, turn.relation_id, piece.way_id, piece.seq,
          network.node(network.tail(arc)).id, network.node(network.head(arc)).id);
    }
  }
  return file.Close();
}

absl::Status RunExport(const Arguments& arguments) {
  PATROL_ASSIGN_OR_RETURN(const Mode mode, ReadMode(arguments.mode));
  PATROL_ASSIGN_OR_RETURN(const Network network, ReadNetwork(arguments.network));
  std::error_code error;
  std::filesystem::create_directories(arguments.out, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("folder \"", arguments.out, "\": cannot be made: ", error.message()));
  }
  PATROL_ASSIGN_OR_RETURN(const roadnet::Waivers waivers, ReadWaivers(arguments.network));
  const roadnet::SearchGraph::Options& rules = waivers.graphs[static_cast<size_t>(mode)];
  const roadnet::SearchGraph graph(network, mode, rules);
  PATROL_RETURN_IF_ERROR(WriteArcs(network, graph, arguments.out + "/arcs.csv"));
  return WriteRestrictions(network, mode, rules.ignore_restrictions,
                           arguments.out + "/restrictions.csv");
}

absl::Status RunSnapshot(const Arguments& arguments) {
  PATROL_ASSIGN_OR_RETURN(const Network network, ReadNetwork(arguments.network));
  return roadnet::WriteSnapshot(network, arguments.out);
}

void AddCommonOptions(CLI::App* command, Arguments& arguments) {
  AddNetworkOptions(command, &arguments.network)->required();
  command->add_option("--mode", arguments.mode, "car, motorcycle, e-bike, bicycle or foot")
      ->capture_default_str();
}

}  // namespace

void AddNetworkCommands(Context& context) {
  CLI::App* group = Group(context.app, "network", "the road network of a file");
  const auto arguments = std::make_shared<Arguments>();

  CLI::App* info = group->add_subcommand("info", "nodes, edges, length, components");
  AddCommonOptions(info, *arguments);
  OnRun(context, info, [arguments, &context] { return RunInfo(*arguments, context.format); });

  CLI::App* exporting = group->add_subcommand("export", "writes arcs.csv and restrictions.csv");
  AddCommonOptions(exporting, *arguments);
  exporting->add_option("--out", arguments->out, "folder to write to")->required();
  OnRun(context, exporting, [arguments] { return RunExport(*arguments); });

  CLI::App* snapshot = group->add_subcommand(
      "snapshot", "writes the network as one file (.pcn) that loads in milliseconds");
  AddNetworkOptions(snapshot, &arguments->network)->required();
  snapshot->add_option("--out", arguments->out, "file to write, .pcn")->required();
  OnRun(context, snapshot, [arguments] { return RunSnapshot(*arguments); });
}

}  // namespace patrol::ctl
