#include "cmd/patrolctl/network_flags.h"

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/patrol/roadnet/network_file.h"
#include "lib/patrol/roadnet/snapshot.h"

namespace patrol::ctl {

CLI::Option* AddNetworkOptions(CLI::App* command, NetworkFlags* flags) {
  command->add_option("--network-columns", flags->columns,
                      "of a vector file, all optional: class=A,oneway=B,speed=C,name=D,layer=L,"
                      "snap=METRES");
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

absl::StatusOr<roadnet::Network> ReadNetwork(const NetworkFlags& flags,
                                             roadnet::NetworkReport* report) {
  const absl::StatusOr<roadnet::VectorColumns> columns = roadnet::ParseVectorColumns(flags.columns);
  if (!columns.ok()) return Annotate(columns.status(), "--network-columns");
  PATROL_ASSIGN_OR_RETURN(const roadnet::Waivers waivers, ReadWaivers(flags));
  if (waivers.in_network() && roadnet::LooksLikeSnapshot(flags.path)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--waive: \"", flags.path,
                     "\" is a snapshot, in which access and barriers are settled; waive them when "
                     "it is made (network snapshot --waive)"));
  }
  roadnet::RoadOptions options;
  waivers.AddTo(&options);
  return roadnet::ReadNetworkFile(flags.path, *columns, options, report);
}

}  // namespace patrol::ctl
