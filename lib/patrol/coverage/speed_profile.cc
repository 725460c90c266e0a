#include "lib/patrol/coverage/speed_profile.h"

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/patrol/roadnet/road_options.h"
#include "lib/patrol/tracks/csv_table.h"

namespace patrol::coverage {
namespace {

using roadnet::Mode;
using roadnet::RoadClass;

constexpr double kFactorMin = 0.05;
constexpr double kFactorMax = 5;

bool HoldsAt(int begin, int end, int hour) {
  return begin < end ? hour >= begin && hour < end : hour >= begin || hour < end;
}

}  // namespace

std::string SpeedProfile::ReadRule(const tracks::CsvTable& table, Rule* rule) {
  const auto field = [&](size_t column) { return std::string(table.field(column)); };
  if (!absl::SimpleAtoi(field(0), &rule->hour_begin) ||
      !absl::SimpleAtoi(field(1), &rule->hour_end) || rule->hour_begin < 0 ||
      rule->hour_begin > 23 || rule->hour_end < 0 || rule->hour_end > 24 ||
      rule->hour_begin == rule->hour_end) {
    return "hour_begin and hour_end are not two hours of the day";
  }
  if (!absl::SimpleAtod(field(2), &rule->factor) ||
      !(rule->factor >= kFactorMin && rule->factor <= kFactorMax)) {
    return absl::StrCat("factor \"", field(2), "\" is outside 0.05..5");
  }
  if (const std::string name = field(3); !name.empty()) {
    rule->road_class = roadnet::ParseRoadClass(name);
    if (roadnet::RoadClassName(*rule->road_class) != name) {
      return absl::StrCat("no road class \"", name, "\"");
    }
  }
  if (const std::string name = field(4); !name.empty()) {
    rule->mode = Mode::kCar;
    if (!roadnet::ParseMode(name, &*rule->mode)) return absl::StrCat("no mode \"", name, "\"");
  }
  return "";
}

absl::StatusOr<SpeedProfile> SpeedProfile::Read(std::istream& in) {
  SpeedProfile profile;
  PATROL_RETURN_IF_ERROR(
      tracks::ReadStrictCsv(in, {"hour_begin", "hour_end", "factor"}, {"class", "mode"},
                            [&](const tracks::CsvTable& table) {
                              return ReadRule(table, &profile.rules_.emplace_back());
                            }));
  return profile;
}

double SpeedProfile::Factor(int hour, RoadClass road_class, Mode mode) const {
  double factor = 1;
  for (const Rule& rule : rules_) {
    if (!HoldsAt(rule.hour_begin, rule.hour_end, hour)) continue;
    if (rule.road_class && rule.road_class != road_class) continue;
    if (rule.mode ? rule.mode != mode : mode == Mode::kFoot) continue;
    factor *= rule.factor;
  }
  return factor;
}

double SpeedProfile::Factors::Of(const roadnet::Piece& piece, Mode mode) const {
  const bool walked = (piece.walked_modes & roadnet::ModeBit(mode)) != 0;
  return of[static_cast<size_t>(piece.road_class)]
           [static_cast<size_t>(walked ? Mode::kFoot : mode)];
}

SpeedProfile::Factors SpeedProfile::Slowest(absl::Span<const int> hours) const {
  Factors factors;
  for (size_t c = 0; c < roadnet::kRoadClassCount; ++c) {
    for (size_t m = 0; m < roadnet::kModeCount; ++m) {
      double& least = factors.of[c][m];
      least = hours.empty() ? 1 : std::numeric_limits<double>::max();
      for (const int hour : hours) {
        least = std::min(least, Factor(hour, static_cast<RoadClass>(c), static_cast<Mode>(m)));
      }
    }
  }
  return factors;
}

std::vector<std::shared_ptr<const ModeGraphs>> SpeedProfile::GraphsByHour(
    const roadnet::Network& network, const ModeGraphs::Options& options) const {
  const Factors usual = Slowest({});
  std::vector<std::shared_ptr<const ModeGraphs>> graphs(24);
  std::map<Factors, std::shared_ptr<const ModeGraphs>> made;
  for (int hour = 0; hour < 24; ++hour) {
    const Factors factors = Slowest({hour});
    if (factors == usual) continue;
    std::shared_ptr<const ModeGraphs>& own = made[factors];
    if (own == nullptr) {
      own = std::make_shared<const ModeGraphs>(
          std::make_shared<const roadnet::Network>(network.WithSpeeds(
              [&](const roadnet::Piece& piece, Mode mode) { return factors.Of(piece, mode); })),
          options);
    }
    graphs[static_cast<size_t>(hour)] = own;
  }
  return graphs;
}

}  // namespace patrol::coverage
