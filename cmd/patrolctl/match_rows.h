#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/csv_table.h"
#include "lib/patrol/tracks/path_walk.h"
#include "lib/patrol/tracks/track.h"
#include "lib/patrol/tracks/track_writer.h"

// What `match run` and `match follow` share: modes of units, rows of paths, verdicts.
namespace patrol::ctl {

struct UnitModeFlags {
  std::string units;         // CSV of the units
  std::string mode = "car";  // of those it does not name
};
void AddUnitModeOptions(CLI::App* command, UnitModeFlags* flags);

// How units move.
class UnitModes {
 public:
  // Errors: INVALID_ARGUMENT naming --mode; of the file, a bad row of it
  //         among them.
  static absl::StatusOr<UnitModes> Read(const UnitModeFlags& flags);

  roadnet::Mode otherwise() const { return otherwise_; }
  // Says on stderr when a units file does not name it.
  roadnet::Mode Of(std::string_view unit_id) const;

 private:
  UnitModeFlags flags_;
  roadnet::Mode otherwise_ = roadnet::Mode::kCar;
  std::map<std::string, roadnet::Mode, std::less<>> modes_;
};

// Names a file's bad rows, and times without a position, on stderr.
void PrintFaults(const std::string& path, const tracks::RowReport& report);

// ",verdict,way_id,seq,offset_m,distance_m" of a fix, as fixes.csv has it.
inline constexpr std::string_view kFixColumns = ",verdict,way_id,seq,offset_m,distance_m";
std::string FixColumns(const roadnet::Network& network, const tracks::MatchedFix& fix);

// How long after a fix a live path settles it at the latest.
inline constexpr char kDelayUsual[] = "60s";
CLI::Option* AddDelayOption(CLI::App* command, std::string* delay);
// "60s", or "inf". Errors: INVALID_ARGUMENT naming --delay.
absl::StatusOr<absl::Duration> ParseDelay(const std::string& text);

// ",delay_s,settled" of a fix of a live path: how long after it, and whether it is certain.
inline constexpr std::string_view kSettlementColumns = ",delay_s,settled";
std::string SettlementText(const tracks::Settlement& settlement);

// A row of path.csv. No node: the path breaks.
struct PathRow {
  uint64_t seq = 0;
  std::optional<int64_t> node;
  absl::Time time;
  int64_t way = 0;
};

// Makes the rows of path.csv of one unit: every node passed, in order, and both nodes of the pieces
// that a path begins and ends on. Of a piece that the path before ended on, and that this one goes
// on along, the first node stands there already: a piece passed once is listed once. What is in
// doubt is left out, as if the path broke there.
class PathRows {
 public:
  using Sink = std::function<void(const PathRow&)>;

  // network: outlives the rows.
  PathRows(const roadnet::Network& network, Sink sink)
      : network_(network), sink_(std::move(sink)) {}

  void Take(const tracks::TimedPart& part);
  // A path that only touches its last piece at the node has been told that node already.
  void EndPath();

 private:
  bool GoesOn(const tracks::TimedPart& part) const;
  double HeadM() const;
  void NodeRow(roadnet::ArcIndex arc, roadnet::NodeIndex node, absl::Time time);

  const roadnet::Network& network_;
  const Sink sink_;
  uint64_t seq_ = 0;
  bool listed_ = false;  // a path has been written; arc_ and end_m_ are of the last one
  bool open_ = false;    // the path goes on; the head of arc_ is not written yet
  roadnet::ArcIndex arc_ = 0;
  double end_m_ = 0;     // where on its piece the part before ended
  double driven_m_ = 0;  // on arc_ and, turned round, its reverse
  absl::Time end_;
};

}  // namespace patrol::ctl
