// patrolctl posts run: where units should stand, offline, from files to files.

#include <algorithm>
#include <cstdio>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "cmd/patrolctl/commands.h"
#include "cmd/patrolctl/files.h"
#include "cmd/patrolctl/fix_file.h"
#include "cmd/patrolctl/network_flags.h"
#include "lib/base/clock.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"
#include "lib/geo/area.h"
#include "lib/patrol/coverage/area_file.h"
#include "lib/patrol/coverage/cover_matrix.h"
#include "lib/patrol/coverage/cover_solver.h"
#include "lib/patrol/coverage/point_file.h"
#include "lib/patrol/coverage/post_demand.h"
#include "lib/patrol/coverage/post_events.h"
#include "lib/patrol/coverage/post_files.h"
#include "lib/patrol/coverage/post_sites.h"
#include "lib/patrol/coverage/set_cover_solver.h"
#include "lib/patrol/coverage/speed_profile.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/roadnet/search_graph.h"

namespace patrol::ctl {
namespace {

using coverage::CoverProblem;
using coverage::PostsResult;

struct Arguments {
  NetworkFlags network;
  std::string areas;
  std::vector<std::string> only_areas;
  std::string candidates = "nodes";
  std::string weights = "length";
  std::string cameras;
  std::string hours;
  std::string speeds;
  std::string time_zone;
  std::string matrix;
  std::string matrix_columns;
  double within = -1;
  size_t count = 0;
  std::string objective = "mclp";
  double backup_share = 1;
  std::string mode = "car";
  std::string reach = "180s";
  std::string time_limit = "10s";
  double gap = 0;
  std::string out;
};

// A problem put from files, and what its candidates are.
struct Put {
  std::optional<roadnet::Network> network;  // none with a matrix
  CoverProblem problem{0};
  std::vector<coverage::PostSite> sites;  // [candidates]; none with a matrix
  std::vector<std::string> ids;           // of a matrix's candidates
  std::string weights;
  coverage::WeightUnit unit{"weight", 1e6};
};

void PrintFaults(const std::string& path, const std::vector<std::string>& faults) {
  const size_t named = std::min(faults.size(), limits::kRowFaultsNamedMax);
  for (size_t i = 0; i < named; ++i) {
    std::fprintf(stderr, "%s: %s\n", path.c_str(), faults[i].c_str());
  }
  if (named < faults.size()) {
    std::fprintf(stderr, "%s: %zu more faults\n", path.c_str(), faults.size() - named);
  }
}

absl::StatusOr<std::vector<coverage::FilePoint>> ReadPointFile(const std::string& path,
                                                               bool places_optional) {
  PATROL_ASSIGN_OR_RETURN(const std::string text, ReadText(path));
  absl::StatusOr<coverage::PointFile> file = coverage::ReadPoints(text, places_optional);
  if (!file.ok()) return Annotate(file.status(), path);
  PrintFaults(path, file->faults);
  return std::move(file->points);
}

absl::StatusOr<std::vector<geo::Area>> ChosenAreas(const Arguments& arguments) {
  PATROL_ASSIGN_OR_RETURN(const std::vector<geo::Area> areas,
                          coverage::ReadAreasFile(arguments.areas));
  if (arguments.only_areas.empty()) return areas;
  std::vector<geo::Area> kept;
  for (const std::string& id : arguments.only_areas) {
    const auto at = std::find_if(areas.begin(), areas.end(),
                                 [&](const geo::Area& area) { return area.id == id; });
    if (at == areas.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--area: no area \"", id, "\" in ", arguments.areas));
    }
    kept.push_back(*at);
  }
  return kept;
}

absl::StatusOr<coverage::ArrivalUs> ReachUs(const Arguments& arguments) {
  PATROL_ASSIGN_OR_RETURN(const absl::Duration reach, ParseDuration(arguments.reach));
  if (reach <= absl::ZeroDuration() || reach > limits::kReachMax) {
    return absl::InvalidArgumentError(absl::StrCat("--reach: ", arguments.reach, " is outside 0s..",
                                                   absl::FormatDuration(limits::kReachMax)));
  }
  return static_cast<coverage::ArrivalUs>(absl::ToInt64Microseconds(reach));
}

absl::StatusOr<coverage::PostSites> ReadSites(const Arguments& arguments,
                                              const roadnet::Network& network,
                                              const roadnet::SpatialIndex& index,
                                              const roadnet::SearchGraph& graph,
                                              const tracks::AreaCuts& cuts) {
  coverage::PostSites sites;
  if (arguments.candidates == "nodes") {
    sites = coverage::SitesAtNodes(network, graph, cuts, limits::kPostNodesMax);
    if (sites.nodes_offered > sites.sites.size()) {
      std::fprintf(stderr, "--candidates nodes: %zu nodes, thinned evenly to %zu\n",
                   sites.nodes_offered, sites.sites.size());
    }
  } else {
    PATROL_ASSIGN_OR_RETURN(const std::vector<coverage::FilePoint> points,
                            ReadPointFile(arguments.candidates, false));
    sites = coverage::SitesAtPoints(network, index, graph, points);
    PrintFaults(arguments.candidates, sites.faults);
  }
  if (sites.sites.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--candidates ", arguments.candidates, ": none is on the network"));
  }
  return sites;
}

// Demand points, or past motion events: told apart by begin_time.
absl::Status PutPoints(const Arguments& arguments, const roadnet::SpatialIndex& index,
                       const roadnet::SearchGraph& graph, coverage::ArrivalUs reach_us, Put* put) {
  PATROL_ASSIGN_OR_RETURN(std::vector<coverage::FilePoint> points,
                          ReadPointFile(arguments.weights, true));
  const bool events = std::any_of(points.begin(), points.end(), [](const auto& point) {
    return point.time.has_value() || !point.has_place;
  });
  put->weights = events ? "events" : "demand";
  if (events) {
    std::vector<coverage::FilePoint> cameras;
    if (!arguments.cameras.empty()) {
      PATROL_ASSIGN_OR_RETURN(cameras, ReadPointFile(arguments.cameras, false));
    }
    coverage::DayHours hours;
    if (!arguments.hours.empty()) {
      PATROL_ASSIGN_OR_RETURN(hours, coverage::ParseDayHours(arguments.hours));
    }
    PATROL_ASSIGN_OR_RETURN(const std::optional<absl::TimeZone> zone,
                            ParseTimeZone(arguments.time_zone));
    coverage::EventPlaces places =
        coverage::PlaceEvents(points, cameras, hours, zone.value_or(absl::UTCTimeZone()));
    PrintFaults(arguments.weights, places.faults);
    std::fprintf(stderr, "%s: %zu events at %zu places; %zu outside the hours, %zu repeated rows\n",
                 arguments.weights.c_str(), places.events, places.places.size(),
                 places.outside_hours, places.repeated);
    if (places.places.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(arguments.weights, ": no event counts"));
    }
    points = std::move(places.places);
  } else if (!arguments.hours.empty() && arguments.speeds.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--hours: ", arguments.weights, " has no begin_time to go by"));
  }
  absl::StatusOr<coverage::PointDemand> demand =
      coverage::DemandAtPoints(*put->network, index, graph, points, put->sites, reach_us);
  if (!demand.ok()) return Annotate(demand.status(), arguments.weights);
  PrintFaults(arguments.weights, demand->faults);
  put->problem = std::move(demand->problem);
  return absl::OkStatus();
}

// The network as it is at the slowest of --hours (without it, of the day), for each class and mode:
// what is covered then is covered at all of them.
absl::StatusOr<roadnet::Network> AtSpeeds(const Arguments& arguments, roadnet::Network network) {
  if (arguments.speeds.empty()) return network;
  PATROL_ASSIGN_OR_RETURN(std::ifstream in, OpenInput(arguments.speeds));
  const auto profile = coverage::SpeedProfile::Read(in);
  if (!profile.ok()) return Annotate(profile.status(), arguments.speeds);
  coverage::DayHours hours;
  if (!arguments.hours.empty()) {
    PATROL_ASSIGN_OR_RETURN(hours, coverage::ParseDayHours(arguments.hours));
  }
  std::vector<int> touched;
  for (int hour = 0; hour < 24; ++hour) {
    for (int minute = 0; minute < 60; ++minute) {
      const absl::Time at =
          absl::FromCivil(absl::CivilMinute(2000, 1, 1, hour, minute), absl::UTCTimeZone());
      if (!hours.Contains(at, absl::UTCTimeZone())) continue;
      touched.push_back(hour);
      break;
    }
  }
  coverage::SpeedProfile::Factors slowest = profile->Slowest(touched);
  return network.WithSpeeds(
      [&](const roadnet::Piece& piece, roadnet::Mode mode) { return slowest.Of(piece, mode); });
}

absl::StatusOr<Put> PutFromNetwork(const Arguments& arguments) {
  Put put;
  PATROL_ASSIGN_OR_RETURN(const roadnet::Mode mode, ReadModeFlag(arguments.mode));
  PATROL_ASSIGN_OR_RETURN(const coverage::ArrivalUs reach_us, ReachUs(arguments));
  PATROL_ASSIGN_OR_RETURN(const std::vector<geo::Area> areas, ChosenAreas(arguments));
  PATROL_ASSIGN_OR_RETURN(roadnet::Network read, ReadNetwork(arguments.network));
  PATROL_ASSIGN_OR_RETURN(put.network, AtSpeeds(arguments, std::move(read)));
  PATROL_ASSIGN_OR_RETURN(const roadnet::Waivers waivers, ReadWaivers(arguments.network));
  const roadnet::SearchGraph graph(*put.network, mode, waivers.graphs[static_cast<size_t>(mode)]);
  const roadnet::SpatialIndex index(*put.network);
  const tracks::AreaCuts cuts(*put.network, index, areas);
  PATROL_ASSIGN_OR_RETURN(coverage::PostSites sites,
                          ReadSites(arguments, *put.network, index, graph, cuts));
  put.sites = std::move(sites.sites);
  if (!arguments.hours.empty() && arguments.time_zone.empty()) {
    std::fprintf(stderr, "--hours: of the day in UTC; --time-zone +08:00 for a town's own\n");
  }
  if (arguments.weights != "length") {
    PATROL_RETURN_IF_ERROR(PutPoints(arguments, index, graph, reach_us, &put));
    return put;
  }
  if (!arguments.hours.empty() && arguments.speeds.empty()) {
    std::fprintf(stderr,
                 "--hours: without --speeds all hours are alike where road length counts\n");
  }
  put.weights = "length";
  put.unit.name = "m";
  PATROL_ASSIGN_OR_RETURN(put.problem,
                          coverage::RoadDemand(*put.network, graph, cuts, put.sites, reach_us));
  if (put.problem.total_weight() == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(arguments.areas, ": no patrollable road lies in any area"));
  }
  return put;
}

absl::StatusOr<Put> PutFromMatrix(const Arguments& arguments) {
  coverage::MatrixColumns columns;
  if (!arguments.matrix_columns.empty()) {
    for (const absl::string_view pair : absl::StrSplit(arguments.matrix_columns, ',')) {
      const std::pair<std::string, std::string> named =
          absl::StrSplit(pair, absl::MaxSplits('=', 1));
      if (named.first == "candidate") {
        columns.candidate = named.second;
      } else if (named.first == "demand") {
        columns.demand = named.second;
      } else if (named.first == "cost") {
        columns.cost = named.second;
      } else if (named.first == "weight") {
        columns.weight = named.second;
      } else {
        return absl::InvalidArgumentError(absl::StrCat(
            "--matrix-columns: \"", named.first, "\" is none of candidate, demand, cost, weight"));
      }
    }
  }
  PATROL_ASSIGN_OR_RETURN(std::ifstream in, OpenInput(arguments.matrix));
  absl::StatusOr<coverage::CoverMatrix> matrix =
      coverage::ReadCoverMatrix(in, columns, arguments.within);
  if (!matrix.ok()) return Annotate(matrix.status(), arguments.matrix);
  Put put;
  put.problem = std::move(matrix->problem);
  put.ids = std::move(matrix->candidates);
  put.weights = "matrix";
  return put;
}

absl::StatusOr<PostsResult> Solve(const Arguments& arguments, const Put& put) {
  PATROL_ASSIGN_OR_RETURN(const absl::Duration limit, ParseDuration(arguments.time_limit));
  const SystemClock& clock = SystemClock::Get();
  const absl::Duration begin = clock.Monotonic();
  PostsResult result;
  result.model = arguments.objective;
  result.weights = put.weights;
  result.unit = put.unit;
  result.gap_asked = arguments.gap;
  result.candidates = put.problem.candidate_count();
  result.rows = put.problem.row_count();
  result.total_weight = put.problem.total_weight();
  result.coverable_weight = put.problem.coverable_weight();
  std::vector<CoverProblem::Candidate> chosen;
  if (arguments.objective == "lscp") {
    PATROL_ASSIGN_OR_RETURN(const coverage::SetCoverSolution solution,
                            coverage::SolveSetCover(put.problem, {limit, arguments.gap}));
    chosen = coverage::OrderByGain(put.problem, solution.chosen, 0);
    result.objective = static_cast<double>(solution.chosen.size());
    result.bound = static_cast<double>(solution.bound);
    result.gap = solution.gap();
    result.proven = solution.proven;
  } else {
    coverage::MaxCoverOptions options;
    options.count = arguments.count;
    options.backup_share = arguments.objective == "backup" ? arguments.backup_share : 0;
    options.gap = arguments.gap;
    options.stop = [&clock, end = begin + limit] { return clock.Monotonic() >= end; };
    coverage::MaxCoverSolution solution = coverage::SolveMaxCover(put.problem, options);
    chosen = std::move(solution.chosen);
    result.objective = static_cast<double>(solution.gain) / put.unit.per_unit;
    result.bound = static_cast<double>(solution.bound) / put.unit.per_unit;
    result.gap = solution.gap();
    result.proven = solution.proven;
  }
  result.seconds = absl::ToDoubleSeconds(clock.Monotonic() - begin);
  result.posts = coverage::DescribePosts(put.problem, chosen);
  return result;
}

void PrintResult(const PostsResult& result, const Put& put, Format format) {
  if (format == Format::kCsv) {
    std::fputs(coverage::PostsCsv(result, put.sites, put.ids).c_str(), stdout);
    return;
  }
  if (format == Format::kJson) {
    std::fputs(coverage::PostsSummaryJson(result).c_str(), stdout);
    return;
  }
  const auto value = [&](int64_t weight) {
    return static_cast<double>(weight) / result.unit.per_unit;
  };
  std::printf("%4s  %-24s %16s %18s %8s\n", "rank", "candidate", "own", "covered so far", "share");
  for (size_t rank = 0; rank < result.posts.size(); ++rank) {
    const coverage::Post& post = result.posts[rank];
    const std::string& id =
        put.sites.empty() ? put.ids[post.candidate] : put.sites[post.candidate].id;
    std::printf("%4zu  %-24s %16.3f %18.3f %7.2f%%\n", rank + 1, id.c_str(), value(post.own_weight),
                value(post.covered),
                100 * static_cast<double>(post.covered) /
                    static_cast<double>(std::max<int64_t>(1, result.total_weight)));
  }
}

absl::Status Run(const Arguments& arguments, Format format) {
  if (arguments.objective != "lscp" && arguments.count == 0) {
    return absl::InvalidArgumentError("--count: how many posts?");
  }
  const bool from_matrix = !arguments.matrix.empty();
  if (from_matrix && arguments.within < 0) {
    return absl::InvalidArgumentError("--within: up to which cost does a candidate cover?");
  }
  if (!from_matrix &&
      (arguments.network.path.empty() || arguments.areas.empty() || arguments.candidates.empty())) {
    return absl::InvalidArgumentError(
        "--network, --areas and --candidates, or --matrix, are needed");
  }
  PATROL_ASSIGN_OR_RETURN(const Put put,
                          from_matrix ? PutFromMatrix(arguments) : PutFromNetwork(arguments));
  PATROL_ASSIGN_OR_RETURN(const PostsResult result, Solve(arguments, put));
  PATROL_RETURN_IF_ERROR(coverage::WritePosts(put.network ? &*put.network : nullptr, result,
                                              put.sites, put.ids, arguments.out));
  PrintResult(result, put, format);
  const std::string unit = result.model == "lscp" ? "posts" : result.unit.name;
  std::fprintf(stderr, "%s: objective %.3f %s, bound %.3f, gap %.4f %%, %s; %.3f s\n",
               result.model.c_str(), result.objective, unit.c_str(), result.bound, result.gap * 100,
               coverage::GapText(result).c_str(), result.seconds);
  if (result.coverable_weight < result.total_weight) {
    std::fprintf(stderr, "no candidate covers %.2f %% of the demand\n",
                 100 * (1 - static_cast<double>(result.coverable_weight) /
                                static_cast<double>(result.total_weight)));
  }
  return absl::OkStatus();
}

}  // namespace

void AddPostCommands(Context& context) {
  CLI::App* group = Group(context.app, "posts", "where units should stand");
  CLI::App* run = group->add_subcommand("run", "the best posts for a number of units, offline");
  auto arguments = std::make_shared<Arguments>();
  const auto check_duration = [](const std::string& text) {
    return std::string(ParseDuration(text).status().message());
  };
  AddNetworkOptions(run, &arguments->network);
  run->add_option("--areas", arguments->areas,
                  "GeoJSON, GeoPackage, Shapefile ... with id, name, kind, parent");
  run->add_option("--area", arguments->only_areas, "only these areas of --areas; may be repeated");
  run->add_option("--candidates", arguments->candidates,
                  "GeoJSON of Points or CSV (id,lon,lat[,node_id]); or \"nodes\": the network's");
  run->add_option("--count", arguments->count, "posts to choose (not for lscp)")
      ->check(CLI::Range(size_t{1}, limits::kUnitsMax));
  run->add_option("--objective", arguments->objective,
                  "mclp: cover the most; lscp: cover all with the fewest posts; backup: cover the "
                  "most, and twice what can be")
      ->capture_default_str()
      ->check(CLI::IsMember({"mclp", "lscp", "backup"}));
  run->add_option("--backup-share", arguments->backup_share,
                  "backup: what a second post on the same demand counts, of the first")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  run->add_option("--weights", arguments->weights,
                  "length: metres of patrollable road in the areas; or a file of demand points "
                  "(id,lon,lat,weight) or of past motion events (begin_time, lon,lat or camera_id)")
      ->capture_default_str();
  run->add_option("--cameras", arguments->cameras, "events: places of the cameras (id,lon,lat)");
  run->add_option("--hours", arguments->hours,
                  "22:00-06:00: of events only those of these hours of the day; with --speeds, "
                  "roads as slow as they are at the slowest of them");
  run->add_option("--speeds", arguments->speeds,
                  "CSV hour_begin,hour_end,factor[,class,mode], as of coverage run");
  run->add_option("--time-zone", arguments->time_zone,
                  "of --hours: Asia/Shanghai or +08:00 (default: UTC)");
  run->add_option("--mode", arguments->mode, "how units move")
      ->capture_default_str()
      ->check(CLI::IsMember({"car", "motorcycle", "e-bike", "bicycle", "foot"}));
  run->add_option("--reach", arguments->reach, "T, at most 1h")
      ->capture_default_str()
      ->check(check_duration);
  run->add_option("--time-limit", arguments->time_limit,
                  "of the search; its answer is unproven then")
      ->capture_default_str()
      ->check(check_duration);
  run->add_option("--gap", arguments->gap, "end once proven this close to the best possible, 0..1")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  run->add_option("--matrix", arguments->matrix,
                  "instead of a network: CSV candidate_id,demand_id,cost,weight");
  run->add_option("--matrix-columns", arguments->matrix_columns,
                  "its columns' names: candidate=A,demand=B,cost=C,weight=D");
  run->add_option("--within", arguments->within, "--matrix: a candidate covers up to this cost");
  run->add_option("--out", arguments->out,
                  "folder for posts.geojson, posts.csv, sources.csv, summary.json")
      ->required();
  OnRun(context, run, [arguments, &context] { return Run(*arguments, context.format); });
}

}  // namespace patrol::ctl
