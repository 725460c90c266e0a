// Live coverage under load: from a position to the published snapshot that shows it.
//
// usage: live_bench NETWORK AREAS FIXES [UNITS=100] [SECONDS=600]
//
// `warm`: units drive as FIXES say (any number of them at a time, those of the first UNITS ids);
// each fix is matched, given to LiveCoverage, and Tick publishes. After the first half minute each
// fix is timed, in CPU time of the thread and by the clock on the wall (other work on the machine
// shows in the latter). `cold`: a new LiveCoverage gets all units at one instant and has no lists
// yet. `full refresh`: every unit has moved since the last Tick.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "lib/geo/area.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/live.h"
#include "lib/patrol/coverage/mode_graphs.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/roadnet/osm_reader.h"
#include "lib/patrol/tracks/fix_reader.h"
#include "lib/patrol/tracks/live_matcher.h"

namespace patrol {
namespace {

double Clock(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

class Timings {
 public:
  void Begin() {
    cpu_ = Clock(CLOCK_THREAD_CPUTIME_ID);
    wall_ = Clock(CLOCK_MONOTONIC);
  }
  void End() {
    cpu_ms_.push_back((Clock(CLOCK_THREAD_CPUTIME_ID) - cpu_) * 1e3);
    wall_ms_.push_back((Clock(CLOCK_MONOTONIC) - wall_) * 1e3);
  }
  void Print(const char* what) {
    const auto at = [](std::vector<double>& values, double share) {
      std::sort(values.begin(), values.end());
      return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1))];
    };
    std::printf("| %s | %zu | %.3f | %.3f | %.3f | %.3f |\n", what, cpu_ms_.size(),
                at(cpu_ms_, 0.5), at(cpu_ms_, 0.99), at(wall_ms_, 0.5), at(wall_ms_, 0.99));
  }

 private:
  double cpu_ = 0;
  double wall_ = 0;
  std::vector<double> cpu_ms_;
  std::vector<double> wall_ms_;
};

struct Town {
  std::shared_ptr<const roadnet::Network> network;
  std::shared_ptr<const coverage::ModeGraphs> graphs;
  std::shared_ptr<const coverage::AreaIndex> areas;
};

std::vector<tracks::Fix> ReadFixes(const char* path, size_t unit_count, absl::Duration span) {
  std::map<std::string, std::vector<tracks::Fix>> units;
  absl::Time first = absl::InfiniteFuture();
  std::ifstream in(path);
  auto read = tracks::ReadFixesCsv(in, {}, [&](tracks::FixRow&& row) {
    first = std::min(first, row.fix.time);
    units[row.fix.unit_id].push_back(std::move(row.fix));
    return absl::OkStatus();
  });
  if (!read.ok()) return {};
  std::vector<tracks::Fix> fixes;
  for (auto& [id, own] : units) {
    if (unit_count-- == 0) break;
    for (tracks::Fix& fix : own) {
      if (fix.time < first + span) fixes.push_back(std::move(fix));
    }
  }
  std::stable_sort(fixes.begin(), fixes.end(),
                   [](const auto& a, const auto& b) { return a.time < b.time; });
  return fixes;
}

void Warm(const Town& town, const std::vector<tracks::Fix>& fixes) {
  const roadnet::SpatialIndex index(*town.network);
  tracks::MatchGraphs graphs(*town.network);
  tracks::LiveMatcher matcher(*town.network, index, graphs);
  coverage::LiveCoverage live(town.graphs, town.areas, {});
  Timings published;
  Timings matched;
  for (const tracks::Fix& fix : fixes) {
    live.PutUnit({fix.unit_id});
    const bool timed = fix.time >= fixes.front().time + absl::Seconds(30);
    if (timed) matched.Begin();
    const tracks::LivePosition position = matcher.Feed(fix, roadnet::Mode::kCar);
    if (timed) {
      matched.End();
      published.Begin();
    }
    if (!live.Update(fix.unit_id, position.position, fix.time).ok()) std::abort();
    live.Tick(fix.time);
    if (timed) published.End();
  }
  const auto& counts = live.snapshot()->unit_counts;
  std::printf("| | | | | | |\n| at the end %d known, %d stale units | | | | | |\n", counts.known,
              counts.stale);
  matched.Print("warm, a fix matched");
  published.Print("warm, a matched fix published");
}

tracks::UnitPosition AnyPlace(const Town& town, std::mt19937* random) {
  for (;;) {
    const auto piece = static_cast<roadnet::PieceIndex>((*random)() % town.network->piece_count());
    if (!town.network->usable(roadnet::Mode::kCar, piece)) continue;
    return {{piece, town.network->piece(piece).length_m * ((*random)() % 1000) / 1000.0}, 0};
  }
}

void Refresh(const Town& town, int unit_count) {
  std::mt19937 random(7);
  Timings cold;
  Timings full;
  const absl::Time now = absl::FromUnixSeconds(1'770'000'000);
  for (int round = 0; round < 20; ++round) {
    coverage::LiveCoverage live(town.graphs, town.areas, {});
    std::vector<tracks::UnitPosition> places;
    for (int unit = 0; unit < unit_count; ++unit) {
      live.PutUnit({"u" + std::to_string(unit)});
      places.push_back(AnyPlace(town, &random));
    }
    const auto tick = [&](int second, Timings* timings) {
      for (int unit = 0; unit < unit_count; ++unit) {
        tracks::UnitPosition& place = places[static_cast<size_t>(unit)];
        // Along its piece, so that its lists stay the same.
        const double length_m = town.network->piece(place.at.piece).length_m;
        place.at.offset_m = length_m * static_cast<double>((unit * 37 + second * 11) % 100) / 100;
        if (!live.Update("u" + std::to_string(unit), place, now + absl::Seconds(second)).ok()) {
          std::abort();
        }
      }
      if (timings != nullptr) timings->Begin();
      live.Tick(now + absl::Seconds(second));
      if (timings != nullptr) timings->End();
    };
    tick(0, &cold);
    if (round > 3) continue;
    // A tick makes some of the missing lists; afterwards all are there.
    for (int second = 1; second < 200; ++second) tick(second, nullptr);
    for (int second = 200; second < 240; ++second) tick(second, &full);
  }
  cold.Print("cold, all units appear at once");
  full.Print("warm, full refresh: all units have moved");
}

int Run(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: live_bench NETWORK AREAS FIXES|- [UNITS] [SECONDS]\n");
    return 2;
  }
  const int unit_count = argc > 4 ? std::atoi(argv[4]) : 100;
  const int seconds = argc > 5 ? std::atoi(argv[5]) : 600;
  auto network = roadnet::ReadOsm(argv[1]);
  std::ifstream area_file(argv[2]);
  std::ostringstream area_text;
  area_text << area_file.rdbuf();
  auto areas = geo::ReadAreasGeoJson(area_text.str());
  if (!network.ok() || !areas.ok()) return 1;
  Town town;
  town.network = std::make_shared<const roadnet::Network>(*std::move(network));
  town.graphs = std::make_shared<const coverage::ModeGraphs>(town.network);
  town.areas = std::make_shared<const coverage::AreaIndex>(*town.network, *std::move(areas));
  std::printf("%zu nodes, %zu pieces, %zu areas, %d units\n\n", town.network->node_count(),
              town.network->piece_count(), town.areas->areas().size(), unit_count);
  std::printf("| | times | CPU p50, ms | CPU p99 | clock p50 | clock p99 |\n");
  std::printf("| --- | --- | --- | --- | --- | --- |\n");
  Refresh(town, unit_count);
  if (std::string(argv[3]) != "-") {
    Warm(town, ReadFixes(argv[3], static_cast<size_t>(unit_count), absl::Seconds(seconds)));
  }
  return 0;
}

}  // namespace
}  // namespace patrol

int main(int argc, char** argv) { return patrol::Run(argc, argv); }
