// patrolctl coverage map: what is reached from given places, and what cameras see of it, as files
// for a GIS; offline.

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cmd/patrolctl/commands.h"
#include "cmd/patrolctl/files.h"
#include "cmd/patrolctl/network_flags.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"
#include "lib/geo/area.h"
#include "lib/patrol/coverage/area_file.h"
#include "lib/patrol/coverage/camera_view.h"
#include "lib/patrol/coverage/gis_files.h"
#include "lib/patrol/coverage/line_writer.h"
#include "lib/patrol/coverage/reach.h"
#include "lib/patrol/coverage/reach_files.h"
#include "lib/patrol/coverage/result_file.h"
#include "lib/patrol/coverage/watch_window.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/roadnet/search_graph.h"

namespace patrol::ctl {
namespace {

using coverage::WatchStretch;

struct MapArguments {
  NetworkFlags network;
  std::string sources;
  std::string areas;
  std::string cameras;
  double camera_range_m = 50;
  std::string mode = "car";
  std::string reach = "180s";
  double width_m = 15;
  double cell_m = 25;
  bool tiles = false;
  std::string out;
};

absl::StatusOr<std::vector<coverage::CameraView>> ReadViews(const MapArguments& arguments) {
  if (arguments.cameras.empty()) return std::vector<coverage::CameraView>();
  PATROL_ASSIGN_OR_RETURN(const std::string text, ReadText(arguments.cameras));
  absl::StatusOr<coverage::CameraViews> views =
      coverage::ReadCameraViews(text, arguments.camera_range_m);
  if (!views.ok()) return Annotate(views.status(), arguments.cameras);
  for (const std::string& fault : views->faults) {
    std::fprintf(stderr, "%s: %s\n", arguments.cameras.c_str(), fault.c_str());
  }
  return std::move(views->views);
}

absl::Status WriteStretches(const roadnet::Network& network,
                            const std::vector<WatchStretch>& stretches, const std::string& folder) {
  coverage::LineWriter lines;
  for (const WatchStretch& stretch : stretches) {
    const roadnet::Piece& piece = network.piece(stretch.piece);
    lines.Begin(coverage::PlaceAtShare(network, stretch.piece, stretch.share.begin));
    lines.Add(coverage::PlaceAtShare(network, stretch.piece, stretch.share.end));
    const std::string_view state = coverage::WatchName(stretch.covered, stretch.watched);
    lines.End(absl::StrFormat(R"("way_id":%d,"seq":%d,"state":"%s","length_m":%.3f)", piece.way_id,
                              piece.seq, absl::string_view(state.data(), state.size()),
                              piece.length_m * (stretch.share.end - stretch.share.begin)));
  }
  PATROL_ASSIGN_OR_RETURN(coverage::ResultFile file,
                          coverage::ResultFile::Create(folder, "watched.geojson"));
  file.Write(std::move(lines).Finish());
  return file.Close();
}

absl::Status WritePolygons(const geo::MultiPolygon& shape, const std::string& folder) {
  PATROL_ASSIGN_OR_RETURN(coverage::ResultFile file,
                          coverage::ResultFile::Create(folder, "polygons.geojson"));
  file.Write(
      R"({"type":"FeatureCollection","features":[{"type":"Feature","properties":{"state":"covered"},)");
  file.Write(absl::StrCat("\"geometry\":", geo::GeometryToJson(shape), "}]}\n"));
  return file.Close();
}

absl::Status RunMap(const MapArguments& arguments) {
  PATROL_ASSIGN_OR_RETURN(const roadnet::Mode mode, ReadModeFlag(arguments.mode));
  PATROL_ASSIGN_OR_RETURN(const absl::Duration reach, ParseDuration(arguments.reach));
  if (reach <= absl::ZeroDuration() || reach > limits::kReachMax) {
    return absl::InvalidArgumentError(absl::StrCat("--reach: ", arguments.reach, " is outside 0s..",
                                                   absl::FormatDuration(limits::kReachMax)));
  }
  std::vector<geo::Area> areas;
  if (!arguments.areas.empty()) {
    PATROL_ASSIGN_OR_RETURN(areas, coverage::ReadAreasFile(arguments.areas));
  }
  PATROL_ASSIGN_OR_RETURN(const std::vector<coverage::CameraView> views, ReadViews(arguments));
  PATROL_ASSIGN_OR_RETURN(const roadnet::Network network, ReadNetwork(arguments.network));
  PATROL_ASSIGN_OR_RETURN(const roadnet::Waivers waivers, ReadWaivers(arguments.network));
  const roadnet::SearchGraph graph(network, mode, waivers.graphs[static_cast<size_t>(mode)]);
  PATROL_ASSIGN_OR_RETURN(std::ifstream in, OpenInput(arguments.sources));
  const auto sources = coverage::ReadSources(network, graph, in);
  if (!sources.ok()) return Annotate(sources.status(), arguments.sources);

  const roadnet::SpatialIndex index(network);
  const tracks::AreaCuts cuts(network, index, areas);
  coverage::Reach search(network, graph);
  search.Run(*sources, static_cast<coverage::ArrivalUs>(absl::ToInt64Microseconds(reach)));
  std::vector<std::vector<coverage::Interval>> covered(network.piece_count());
  for (const roadnet::PieceIndex piece : search.pieces()) {
    search.AppendCovered(piece, &covered[piece]);
    coverage::Merge(&covered[piece]);
  }
  const auto watched = coverage::WatchedStretches(network, index, views);
  const std::vector<WatchStretch> stretches = coverage::CutByWatch(network, covered, watched);
  PATROL_ASSIGN_OR_RETURN(const geo::MultiPolygon shape,
                          coverage::CoveragePolygons(network, stretches, arguments.width_m));

  PATROL_RETURN_IF_ERROR(coverage::MakeFolder(arguments.out));
  PATROL_RETURN_IF_ERROR(WriteStretches(network, stretches, arguments.out));
  std::vector<coverage::WatchMetres> sums;
  for (const coverage::WatchLengths& sum : coverage::SumWatched(network, cuts, covered, watched)) {
    sums.push_back(coverage::ToMetres(sum));
  }
  PATROL_RETURN_IF_ERROR(coverage::WriteWatched(areas, sums, arguments.out));
  PATROL_RETURN_IF_ERROR(WritePolygons(shape, arguments.out));
  PATROL_RETURN_IF_ERROR(
      coverage::WriteGeoPackage(network, stretches, shape, arguments.out + "/coverage.gpkg"));
  if (arguments.tiles) {
    PATROL_RETURN_IF_ERROR(
        coverage::WriteVectorTiles(network, stretches, arguments.out + "/tiles"));
  }
  PATROL_RETURN_IF_ERROR(coverage::WriteArrivalTiff(network, search, arguments.cell_m,
                                                    arguments.out + "/arrival.tif"));
  const coverage::WatchMetres& town = sums.back();
  std::printf("covered %.3f of %.3f patrollable km",
              (town.covered_watched + town.covered_only) / 1000, town.total() / 1000);
  if (!views.empty()) {
    std::printf("; watched by cameras %.3f, neither %.3f",
                (town.covered_watched + town.watched_only) / 1000, town.neither / 1000);
  }
  std::printf("\n");
  return absl::OkStatus();
}

}  // namespace

void AddCoverageMap(Context& context) {
  CLI::App* coverage = Group(context.app, "coverage", "who could be where in three minutes");
  CLI::App* map = coverage->add_subcommand(
      "map", "what is reached from given places and what cameras see, as files for a GIS, offline");
  auto arguments = std::make_shared<MapArguments>();
  AddNetworkOptions(map, &arguments->network)->required();
  map->add_option("--sources", arguments->sources,
                  "CSV: way_id,seq,offset_m, or lon,lat; delay_s: how much later a source sets off")
      ->required();
  map->add_option("--areas", arguments->areas, "GeoJSON, GeoPackage ... of areas to sum over");
  map->add_option("--cameras", arguments->cameras,
                  "CSV or GeoJSON: id, lon, lat, heading_deg, field_of_view_deg, range_m");
  map->add_option("--camera-range", arguments->camera_range_m, "of cameras that name none, metres")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 5000.0));
  map->add_option("--mode", arguments->mode, "car, motorcycle, e-bike, bicycle or foot")
      ->capture_default_str()
      ->check(CLI::IsMember({"car", "motorcycle", "e-bike", "bicycle", "foot"}));
  map->add_option("--reach", arguments->reach, "T, e.g. 180s; at most 1h")
      ->capture_default_str()
      ->check([](const std::string& text) {
        return std::string(ParseDuration(text).status().message());
      });
  map->add_option("--width", arguments->width_m, "land on each side of a road in polygons, metres")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 500.0));
  map->add_option("--cell", arguments->cell_m, "of arrival.tif, metres")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 10000.0));
  map->add_flag("--tiles", arguments->tiles, "also writes Mapbox vector tiles, zooms 10..15");
  map->add_option("--out", arguments->out,
                  "folder for watched.csv, watched.geojson, polygons.geojson, coverage.gpkg, "
                  "arrival.tif, tiles")
      ->required();
  OnRun(context, map, [arguments] { return RunMap(*arguments); });
}

}  // namespace patrol::ctl
