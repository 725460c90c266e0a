#include "cmd/patrolctl/match_rows.h"

#include <cmath>
#include <cstdio>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cmd/patrolctl/files.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"
#include "lib/patrol/tracks/unit.h"

namespace patrol::ctl {

namespace {

// Two paths of a unit that meet on a piece, less than noise apart, are one passage of it.
constexpr double kSamePassageM = 50;

}  // namespace

void AddUnitModeOptions(CLI::App* command, UnitModeFlags* flags) {
  command->add_option("--units", flags->units, "CSV of the units, for their modes");
  command->add_option("--mode", flags->mode, "how units move that --units does not name")
      ->capture_default_str();
}

absl::StatusOr<UnitModes> UnitModes::Read(const UnitModeFlags& flags) {
  UnitModes modes;
  modes.flags_ = flags;
  if (!roadnet::ParseMode(flags.mode, &modes.otherwise_)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--mode: \"", flags.mode, "\" is not car, motorcycle, e-bike, bicycle or foot"));
  }
  if (flags.units.empty()) return modes;
  PATROL_ASSIGN_OR_RETURN(std::ifstream in, OpenInput(flags.units));
  const absl::StatusOr<tracks::RowReport> report =
      tracks::ReadUnitsCsv(in, [&](tracks::Unit&& unit) {
        modes.modes_[unit.id] = unit.mode;
        return absl::OkStatus();
      });
  if (!report.ok()) return Annotate(report.status(), flags.units);
  PATROL_RETURN_IF_ERROR(AllRowsGood(flags.units, *report));
  return modes;
}

roadnet::Mode UnitModes::Of(std::string_view unit_id) const {
  if (const auto found = modes_.find(unit_id); found != modes_.end()) return found->second;
  if (!flags_.units.empty()) {
    std::fprintf(stderr, "unit \"%s\" is not in %s; its fixes are matched as %s\n",
                 std::string(unit_id).c_str(), flags_.units.c_str(), flags_.mode.c_str());
  }
  return otherwise_;
}

void PrintFaults(const std::string& path, const tracks::RowReport& report) {
  PrintRowFaults(path, report);
  if (report.faulty > 0) {
    std::fprintf(stderr, "%s: %llu of %llu rows are bad, %llu imported\n", path.c_str(),
                 static_cast<unsigned long long>(report.faulty),
                 static_cast<unsigned long long>(report.rows),
                 static_cast<unsigned long long>(report.imported));
  }
  if (report.without_position > 0) {
    std::fprintf(stderr, "%s: %llu times the receiver had no fix\n", path.c_str(),
                 static_cast<unsigned long long>(report.without_position));
  }
}

std::string FixColumns(const roadnet::Network& network, const tracks::MatchedFix& fix) {
  std::string verdict(tracks::MatchVerdictName(fix.verdict));
  if (fix.reason != tracks::OutlierReason::kNone) {
    absl::StrAppend(&verdict, ":", std::string(tracks::OutlierReasonName(fix.reason)));
  }
  const bool placed = fix.verdict == tracks::MatchVerdict::kMatched ||
                      fix.verdict == tracks::MatchVerdict::kAttached;
  if (!placed) return absl::StrCat(",", verdict, ",,,,");
  const roadnet::Piece& piece = network.piece(fix.at.piece);
  return absl::StrCat(",", verdict, ",", piece.way_id, ",", piece.seq, ",",
                      absl::StrFormat("%.3f,%.3f", fix.at.offset_m, fix.distance_m));
}

CLI::Option* AddDelayOption(CLI::App* command, std::string* delay) {
  return command
      ->add_option(
          "--delay", *delay,
          "how long after a fix it is settled at the latest, certain or not; inf: once it is "
          "certain")
      ->capture_default_str();
}

absl::StatusOr<absl::Duration> ParseDelay(const std::string& text) {
  if (text == "inf") return absl::InfiniteDuration();
  const absl::StatusOr<absl::Duration> delay = ParseDuration(text);
  if (!delay.ok()) return Annotate(delay.status(), "--delay");
  if (*delay < absl::ZeroDuration()) {
    return absl::InvalidArgumentError(absl::StrCat("--delay: ", text, " is less than nothing"));
  }
  return *delay;
}

std::string SettlementText(const tracks::Settlement& settlement) {
  return absl::StrFormat(",%.3f,%s", absl::ToDoubleSeconds(settlement.delay),
                         settlement.forced ? "by_delay" : "certain");
}

void PathRows::Take(const tracks::TimedPart& part) {
  if (part.breaks || part.doubtful) EndPath();
  if (part.doubtful) return;
  const double length_m = std::abs(part.end_m - part.start_m);
  if (!open_) {
    if (length_m == 0) return;  // stands where the path begins
    if (seq_ > 0) sink_({seq_++, std::nullopt, part.start});
    if (!GoesOn(part)) NodeRow(part.arc, network_.tail(part.arc), part.start);
    open_ = true;
    listed_ = true;
    driven_m_ = 0;
  } else {
    const bool turned_midway = part.arc == roadnet::ReverseArc(arc_) && part.start_m != HeadM();
    const bool came_round = part.arc == arc_ && part.start_m != end_m_;
    if (came_round || (part.arc != arc_ && !turned_midway)) {
      NodeRow(arc_, network_.head(arc_), part.start);
      driven_m_ = 0;
    }
  }
  arc_ = part.arc;
  end_m_ = part.end_m;
  end_ = part.end;
  driven_m_ += length_m;
}

void PathRows::EndPath() {
  if (open_ && driven_m_ > 0) NodeRow(arc_, network_.head(arc_), end_);
  open_ = false;
}

// Whether a path that begins with `part` goes on where the one before has ended.
bool PathRows::GoesOn(const tracks::TimedPart& part) const {
  const double ahead_m = roadnet::IsBackward(arc_) ? end_m_ - part.start_m : part.start_m - end_m_;
  return listed_ && part.arc == arc_ && ahead_m > -kSamePassageM;
}

// Where the present arc ends, metres from its piece's first node.
double PathRows::HeadM() const {
  return roadnet::IsBackward(arc_) ? 0 : network_.piece(roadnet::PieceOf(arc_)).length_m;
}

void PathRows::NodeRow(roadnet::ArcIndex arc, roadnet::NodeIndex node, absl::Time time) {
  sink_({seq_++, network_.node(node).id, time, network_.piece(roadnet::PieceOf(arc)).way_id});
}

}  // namespace patrol::ctl
