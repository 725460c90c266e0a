#include "cmd/patrolctl/network_flags.h"

#include "lib/base/status.h"
#include "lib/patrol/roadnet/network_file.h"

namespace patrol::ctl {

CLI::Option* AddNetworkOptions(CLI::App* command, NetworkFlags* flags) {
  command->add_option("--network-columns", flags->columns,
                      "of a vector file, all optional: class=A,oneway=B,speed=C,name=D,layer=L,"
                      "snap=METRES");
  return command->add_option("--network", flags->path,
                             "road network: .osm.pbf, .osm, .osm.gz, .pcn (network snapshot), or a "
                             "vector file (GeoPackage, Shapefile, GeoJSON)");
}

absl::StatusOr<roadnet::Network> ReadNetwork(const NetworkFlags& flags,
                                             roadnet::NetworkReport* report) {
  const absl::StatusOr<roadnet::VectorColumns> columns = roadnet::ParseVectorColumns(flags.columns);
  if (!columns.ok()) return Annotate(columns.status(), "--network-columns");
  return roadnet::ReadNetworkFile(flags.path, *columns, {}, report);
}

}  // namespace patrol::ctl
