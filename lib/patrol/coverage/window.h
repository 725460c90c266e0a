#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "lib/patrol/coverage/shifts.h"
#include "lib/patrol/coverage/snapshot.h"
#include "lib/patrol/coverage/visits.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/track.h"

namespace patrol::coverage {

class AreaIndex;
class ModeGraphs;

struct WindowOptions {
  absl::Time from;  // sampled at from + k * step, below `to`
  absl::Time to;
  absl::Duration step = absl::Seconds(10);         // 1 s..1 h; each instant stands for so long
  absl::Duration reach = absl::Seconds(180);       // T; above 0, at most limits::kReachMax
  absl::Duration stale_after = absl::Seconds(60);  // as the tracks were matched with
  absl::Duration lost_after = absl::Minutes(10);
  absl::TimeZone zone = absl::UTCTimeZone();  // whose hours the rows are
  // By unit id, in order of time: outside of it a unit covers nothing and visits nothing. Units
  // that are not listed are on duty all the time.
  std::map<std::string, std::vector<DutyInterval>, std::less<>> duty;
  std::vector<absl::Duration> shift_starts;  // times of the day, ascending; none: no shifts
  std::vector<RequiredRound> rounds;         // checked in each shift; without any the window is one
  // Of the 24 hours of zone's day, where roads are faster or slower at some (SpeedProfile); of the
  // network that `graphs` is of but for its times. Empty: `graphs` holds at all hours.
  std::vector<std::shared_ptr<const ModeGraphs>> graphs_by_hour;
  // Also adds up where two units could be in time (BackupSearch): some ten times the work.
  bool backup = false;
  int threads = 0;  // 0: one for each core; results do not depend on it
  // Kept in reach lists, for each mode in use; too little costs time, not exactness. All lists of a
  // network of 32,000 nodes take about half of it (3 minutes at town speeds).
  size_t list_bytes_max = size_t{128} << 20;
  bool count_visits = true;  // false: CountVisits is left to the caller
  std::stop_token stop;      // ends ComputeWindow with CANCELLED, within some hundred steps
};

// Sums over the steps of a span of time, for one area or the town. Integers, so that the order of
// adding changes nothing.
struct SpanSums {
  int64_t steps = 0;
  int64_t patrollable_um = 0;
  __int128 covered_um_steps = 0;  // micrometres covered, added up over the steps
  __int128 unknown_um_steps = 0;
  __int128 backup_um_steps = 0;  // covered by two units that do not move together; if asked for
  // Covered ratio, percentiles over the steps.
  double covered_p5 = 0;
  double covered_p50 = 0;
  double covered_p95 = 0;
  // The longest run of steps in which no metre was covered.
  int64_t longest_uncovered_steps = 0;
  // Of the town: to its patrollable and all other roads alike.
  VisitSums visits;
  PresenceSums presence;

  // Time averages, 0..1; 0 where nothing is patrollable.
  double covered_ratio() const { return Ratio(covered_um_steps); }
  double unknown_ratio() const { return Ratio(unknown_um_steps); }
  double backup_ratio() const { return Ratio(backup_um_steps); }

 private:
  double Ratio(__int128 um_steps) const;
};

// One area (or the town) over the window and its hours.
struct AreaWindow {
  SpanSums window;
  std::vector<SpanSums> hours;    // in the order of WindowResult::hours
  std::vector<ShiftSums> shifts;  // in the order of WindowResult::shifts
};

struct PieceWindow {
  int64_t covered_um_steps = 0;
  int64_t unknown_um_steps = 0;
  int64_t backup_um_steps = 0;
  int64_t longest_uncovered_steps = 0;
  int64_t longest_uncovered_begin = 0;  // step
  VisitSums visits;
  absl::Duration mean_revisit;  // PresenceSums::mean_gap and p95_gap
  absl::Duration p95_revisit;
};

// An hour of the window: steps [first_step, end_step).
struct WindowHour {
  absl::Time start;  // of the whole hour, even where the window begins later
  int64_t first_step = 0;
  int64_t end_step = 0;
};

struct WindowResult {
  WindowOptions options;
  int64_t steps = 0;
  std::vector<WindowHour> hours;
  std::vector<Shift> shifts;
  AreaWindow town;
  std::vector<AreaWindow> areas;    // in the order of the index's areas
  std::vector<PieceWindow> pieces;  // [piece_count]
  std::vector<RoundResult> rounds;  // in order of round and shift
  uint8_t modes = 0;                // bit set (1 << Mode) of the tracks' modes
  // Units added up over the steps.
  int64_t known_unit_steps = 0;
  int64_t stale_unit_steps = 0;
  int64_t off_network_unit_steps = 0;
  int64_t searches = 0;  // steps for which coverage was computed anew

  absl::Time StepTime(int64_t step) const { return options.from + step * options.step; }
};

// Errors: INVALID_ARGUMENT naming the option that is out of range.
absl::Status CheckWindow(const WindowOptions& options);

// Coverage over a window, from matched paths of on-duty units. Unlike live coverage it knows the
// later fixes: a unit moves along its path between two of them, and after a unit's last fix, or in
// a gap longer than stale_after, nothing is made up: it is stale at once.
//
// progress: called now and then with the share done, 0..1; may be null.
// Errors:   CheckWindow's; CANCELLED by options.stop.
// Accuracy: what Field computes at each step, added up in integers.
// Threads:  starts options.threads of its own; `progress` is called from the calling one.
// Cost:     one Field a step in which a unit moved; steps without a known or stale unit are free.
//           Memory: options.list_bytes_max a mode; up to 50 bytes a piece and chain for each thread
//           and for the result, about 150 an area and hour, 8 an area and step.
absl::StatusOr<WindowResult> ComputeWindow(const ModeGraphs& graphs, const AreaIndex& index,
                                           absl::Span<const tracks::MatchedTrack> tracks,
                                           const WindowOptions& options,
                                           const std::function<void(double)>& progress);

}  // namespace patrol::coverage
