#pragma once

#include <array>
#include <compare>
#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "lib/patrol/coverage/mode_graphs.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/csv_table.h"

namespace patrol::coverage {

// How much faster or slower than usual roads are at each hour of the day.
//
// A CSV of rules: hour_begin, hour_end (0..24, end exclusive; 22,6 goes over midnight), factor
// (0.05..5, of the speed) and, both optional and empty for all, class (OSM's highway value) and
// mode. Where several rules fit, their factors are multiplied. Walkers, and crews on foot from
// their vehicles, are slowed by rules that name `foot` only.
class SpeedProfile {
 public:
  // Errors: INVALID_ARGUMENT naming the line.
  static absl::StatusOr<SpeedProfile> Read(std::istream& in);

  // Of each class and mode, at some hour or the slowest of several.
  struct Factors {
    std::array<std::array<double, roadnet::kModeCount>, roadnet::kRoadClassCount> of;

    // Where a crew goes on foot from its vehicle, the walker's.
    double Of(const roadnet::Piece& piece, roadnet::Mode mode) const;
    friend auto operator<=>(const Factors&, const Factors&) = default;
  };

  // 0 <= hour < 24.
  double Factor(int hour, roadnet::RoadClass road_class, roadnet::Mode mode) const;
  // The least of the hours' factors, of each class and mode; 1 without an hour.
  Factors Slowest(absl::Span<const int> hours) const;

  // Graphs for WindowOptions::graphs_by_hour: hours that are alike share theirs, and those as usual
  // have none.
  // Cost: a network and its graphs for each kind of hour.
  std::vector<std::shared_ptr<const ModeGraphs>> GraphsByHour(
      const roadnet::Network& network, const ModeGraphs::Options& options) const;

 private:
  struct Rule {
    int hour_begin = 0;
    int hour_end = 24;
    double factor = 1;
    std::optional<roadnet::RoadClass> road_class;
    std::optional<roadnet::Mode> mode;
  };

  // What is wrong with the row; nothing when `rule` is it.
  static std::string ReadRule(const tracks::CsvTable& table, Rule* rule);

  std::vector<Rule> rules_;
};

}  // namespace patrol::coverage
