// patrolctl coverage now, coverage watch: against a running service.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "cmd/patrolctl/client.h"
#include "cmd/patrolctl/commands.h"
#include "cmd/patrolctl/files.h"
#include "cmd/patrolctl/printer.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"
#include "patrol/v1/coverage_service.grpc.pb.h"

namespace patrol::ctl {

namespace {

using Stub = v1::CoverageService::Stub;

struct CoverageFlags {
  std::string roads_file;
  std::string interval = "1s";
  int64_t count = 0;
  std::string place;
};

absl::StatusOr<std::unique_ptr<Stub>> ConnectCoverage(const Context& context) {
  PATROL_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, Connect(context));
  return v1::CoverageService::NewStub(channel);
}

std::vector<std::string> Cells(const v1::AreaCoverage& area) {
  return {area.area().empty() ? "(town)" : IdOf(area.area()),
          area.display_name(),
          area.kind(),
          absl::StrFormat("%.1f", area.patrollable_m()),
          absl::StrFormat("%.1f", area.covered_m()),
          absl::StrFormat("%.1f", area.unknown_m()),
          absl::StrFormat("%.1f", area.not_covered_m()),
          RatioText(area.covered_ratio()),
          RatioText(area.covered_or_unknown_ratio())};
}

absl::Status Now(const Context& context, const CoverageFlags& flags) {
  PATROL_ASSIGN_OR_RETURN(const std::unique_ptr<Stub> stub, ConnectCoverage(context));
  v1::Coverage coverage;
  PATROL_RETURN_IF_ERROR(
      Call(context, *stub, &Stub::GetCoverage, v1::GetCoverageRequest(), &coverage));
  if (!flags.roads_file.empty()) {
    v1::GeoJson roads;
    PATROL_RETURN_IF_ERROR(
        Call(context, *stub, &Stub::GetCoveredRoads, v1::GetCoveredRoadsRequest(), &roads));
    PATROL_RETURN_IF_ERROR(WriteOutput(flags.roads_file, roads.geojson()));
  }
  if (context.format == Format::kJson) {
    std::fprintf(stdout, "%s\n", ToJson(coverage).c_str());
    return absl::OkStatus();
  }
  if (context.format == Format::kTable) {
    const v1::UnitCounts& units = coverage.units();
    std::fprintf(stdout,
                 "coverage at %s, reach %s s, revision %lld; units: %d known, %d stale, %d lost, "
                 "%d off network, %d off duty\n\n",
                 TimeText(coverage.has_time(), coverage.time()).c_str(),
                 SecondsText(coverage.has_reach(), coverage.reach()).c_str(),
                 static_cast<long long>(coverage.revision()), units.known(), units.stale(),
                 units.lost(), units.off_network(), units.off_duty());
  }
  Printer printer(context.format, Printer::Kind::kList,
                  {{"area_id"},
                   {"name"},
                   {"kind"},
                   {"patrollable_m", 0, true},
                   {"covered_m", 0, true},
                   {"unknown_m", 0, true},
                   {"not_covered_m", 0, true},
                   {"covered_ratio", 0, true},
                   {"covered_or_unknown_ratio", 0, true}});
  printer.Add(coverage.town(), Cells(coverage.town()));
  for (const v1::AreaCoverage& area : coverage.areas()) printer.Add(area, Cells(area));
  printer.Finish();
  return absl::OkStatus();
}

// The whole network only, a line for each change; --format json tells the areas as well.
absl::Status Watch(const Context& context, const CoverageFlags& flags) {
  const absl::StatusOr<absl::Duration> interval = ParseDuration(flags.interval);
  if (!interval.ok()) return Annotate(interval.status(), "--interval");
  v1::WatchCoverageRequest request;
  const int64_t us = absl::ToInt64Microseconds(*interval);
  request.mutable_interval()->set_seconds(us / 1000000);
  request.mutable_interval()->set_nanos(static_cast<int32_t>(us % 1000000) * 1000);

  PATROL_ASSIGN_OR_RETURN(const std::unique_ptr<Stub> stub, ConnectCoverage(context));
  Printer printer(context.format, Printer::Kind::kWatch,
                  {{"time", 24},
                   {"revision", 10, true},
                   {"covered_ratio", 13, true},
                   {"covered_or_unknown_ratio", 24, true},
                   {"covered_m", 11, true},
                   {"unknown_m", 11, true},
                   {"not_covered_m", 13, true},
                   {"known", 5, true},
                   {"stale", 5, true},
                   {"lost", 5, true},
                   {"off_network", 11, true},
                   {"off_duty", 8, true}});
  grpc::ClientContext call;
  PATROL_RETURN_IF_ERROR(PrepareCall(context, absl::InfiniteDuration(), &call));
  const auto reader = stub->WatchCoverage(&call, request);
  v1::Coverage coverage;
  while (reader->Read(&coverage)) {
    const v1::AreaCoverage& town = coverage.town();
    const v1::UnitCounts& units = coverage.units();
    printer.Add(
        coverage,
        {TimeText(coverage.has_time(), coverage.time()), absl::StrCat(coverage.revision()),
         RatioText(town.covered_ratio()), RatioText(town.covered_or_unknown_ratio()),
         absl::StrFormat("%.1f", town.covered_m()), absl::StrFormat("%.1f", town.unknown_m()),
         absl::StrFormat("%.1f", town.not_covered_m()), absl::StrCat(units.known()),
         absl::StrCat(units.stale()), absl::StrCat(units.lost()), absl::StrCat(units.off_network()),
         absl::StrCat(units.off_duty())});
    if (flags.count > 0 && printer.rows() >= static_cast<size_t>(flags.count)) {
      call.TryCancel();
      reader->Finish();
      return absl::OkStatus();
    }
  }
  return FromGrpc(reader->Finish());
}

absl::Status Why(const Context& context, const CoverageFlags& flags) {
  const std::vector<std::string> parts = absl::StrSplit(flags.place, ',');
  double lon = 0;
  double lat = 0;
  if (parts.size() != 2 || !absl::SimpleAtod(parts[0], &lon) || !absl::SimpleAtod(parts[1], &lat)) {
    return absl::InvalidArgumentError(absl::StrCat("\"", flags.place, "\" is no LON,LAT"));
  }
  v1::ExplainPlaceRequest request;
  request.set_lon(lon);
  request.set_lat(lat);
  PATROL_ASSIGN_OR_RETURN(const std::unique_ptr<Stub> stub, ConnectCoverage(context));
  v1::PlaceExplanation place;
  PATROL_RETURN_IF_ERROR(Call(context, *stub, &Stub::ExplainPlace, request, &place));
  Printer printer(context.format, Printer::Kind::kList,
                  {{"state"},
                   {"unit_id"},
                   {"arrival_s", 0, true},
                   {"route_m", 0, true},
                   {"road_distance_m", 0, true},
                   {"reason"}});
  std::string state = v1::PlaceExplanation::State_Name(place.state());
  printer.Add(place, {absl::AsciiStrToLower(state.substr(std::min<size_t>(6, state.size()))),
                      place.unit().empty() ? "" : IdOf(place.unit()),
                      SecondsText(place.has_arrival(), place.arrival()),
                      absl::StrFormat("%.1f", place.route_length_m()),
                      absl::StrFormat("%.1f", place.road_distance_m()), place.reason()});
  printer.Finish();
  return absl::OkStatus();
}

}  // namespace

void AddCoverageLive(Context& context) {
  CLI::App* group = Group(context.app, "coverage", "who can be where in three minutes");
  auto flags = std::make_shared<CoverageFlags>();

  CLI::App* now =
      group->add_subcommand("now", "coverage of the town and every area at this instant");
  now->add_option("--roads", flags->roads_file, "also write covered and unknown roads as GeoJSON");
  OnRun(context, now, [&context, flags] { return Now(context, *flags); });

  CLI::App* watch = group->add_subcommand("watch", "the town's coverage whenever it changes");
  watch->add_option("--interval", flags->interval, "least time between two lines, 100ms..1h")
      ->capture_default_str();
  watch->add_option("--count", flags->count, "end after this many lines; 0: never");
  OnRun(context, watch, [&context, flags] { return Watch(context, *flags); });

  CLI::App* why = group->add_subcommand(
      "why", "why a place is covered now, or not: who is there first, when; the way with json");
  why->add_option("place", flags->place, "LON,LAT")->required();
  OnRun(context, why, [&context, flags] { return Why(context, *flags); });
}

}  // namespace patrol::ctl
