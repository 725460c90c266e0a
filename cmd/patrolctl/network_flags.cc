#include "cmd/patrolctl/network_flags.h"

#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/patrol/roadnet/network_file.h"
#include "lib/patrol/roadnet/snapshot.h"

namespace patrol::ctl {

CLI::Option* AddNetworkOptions(CLI::App* command, NetworkFlags* flags) {
  command->add_option("--network-columns", flags->columns,
                      "of a vector file, all optional: class=A,oneway=B,speed=C,name=D,layer=L,"
                      "snap=METRES; and what values stand for in OSM: class:VALUE=primary,"
                      "oneway:VALUE=yes (no, -1)");
  command->add_option("--waive", flags->waive,
                      "rules that do not bind a mode: car=emergency,e-bike=one-way+barriers; of "
                      "one-way, restrictions, turning-round, access, barriers; emergency: all");
  return command->add_option("--network", flags->path,
                             "road network: .osm.pbf, .osm, .osm.gz, .pcn (network snapshot), or a "
                             "vector file (GeoPackage, Shapefile, GeoJSON)");
}

absl::StatusOr<roadnet::Waivers> ReadWaivers(const NetworkFlags& flags) {
  absl::StatusOr<roadnet::Waivers> waivers = roadnet::ParseWaivers(flags.waive);
  if (!waivers.ok()) return Annotate(waivers.status(), "--waive");
  return waivers;
}

absl::StatusOr<roadnet::Mode> ReadModeFlag(const std::string& mode) {
  roadnet::Mode known = roadnet::Mode::kCar;
  if (roadnet::ParseMode(mode, &known)) return known;
  return absl::InvalidArgumentError(
      absl::StrCat("--mode: \"", mode, "\" is none of car, motorcycle, e-bike, bicycle, foot"));
}

namespace {

// A class or a direction that is not understood makes a network that looks whole and is slow, or
// lets cars drive the wrong way.
void WarnOfValues(const std::string& path, const roadnet::NetworkReport& report) {
  constexpr size_t kNamedMax = 8;
  const auto warn = [&](const roadnet::UnknownValues& values, const char* what, const char* taken,
                        const char* how) {
    if (values.count == 0) return;
    std::fprintf(stderr, "warning: %s: %zu roads have %s that is none of OSM's (%s): %s%s\n",
                 path.c_str(), values.count, what, values.Text(kNamedMax).c_str(), taken, how);
  };
  warn(report.classes_unknown, "a class", "taken for \"other\", the slowest",
       "; --network-columns class:VALUE=primary says what one stands for");
  warn(report.one_ways_unknown, "a one-way value", "taken for two-way",
       "; --network-columns oneway:VALUE=yes (no, -1) says what one stands for");
  warn(report.speeds_unknown, "a speed", "taken to have no posted limit", "");
}

}  // namespace

absl::StatusOr<roadnet::Network> ReadNetwork(const NetworkFlags& flags,
                                             roadnet::NetworkReport* report) {
  const absl::StatusOr<roadnet::VectorColumns> columns = roadnet::ParseVectorColumns(flags.columns);
  if (!columns.ok()) return Annotate(columns.status(), "--network-columns");
  if (!flags.columns.empty() && !roadnet::IsVectorFile(flags.path)) {
    return absl::InvalidArgumentError(absl::StrCat("--network-columns: \"", flags.path,
                                                   "\" is no vector file, and has no columns"));
  }
  PATROL_ASSIGN_OR_RETURN(const roadnet::Waivers waivers, ReadWaivers(flags));
  if (waivers.in_network() && roadnet::LooksLikeSnapshot(flags.path)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--waive: \"", flags.path,
                     "\" is a snapshot, in which access and barriers are settled; waive them when "
                     "it is made (network snapshot --waive)"));
  }
  roadnet::RoadOptions options;
  waivers.AddTo(&options);
  roadnet::NetworkReport read;
  PATROL_ASSIGN_OR_RETURN(roadnet::Network network,
                          roadnet::ReadNetworkFile(flags.path, *columns, options, &read));
  WarnOfValues(flags.path, read);
  if (report != nullptr) *report = std::move(read);
  return network;
}

}  // namespace patrol::ctl
