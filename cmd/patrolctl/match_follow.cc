// patrolctl match follow: the paths of units while their fixes come, each part as soon as it is
// certain or its delay is over.

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <google/protobuf/struct.pb.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cmd/patrolctl/commands.h"
#include "cmd/patrolctl/fix_file.h"
#include "cmd/patrolctl/match_rows.h"
#include "cmd/patrolctl/network_flags.h"
#include "cmd/patrolctl/printer.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/live_path.h"
#include "lib/patrol/tracks/mode_matchers.h"
#include "lib/patrol/tracks/path_walk.h"

namespace patrol::ctl {

namespace {

// A feed's fixes are told in about the order of time, from unit to unit: a unit that has been
// silent is taken to be only when others are so much further.
constexpr absl::Duration kFeedSkew = absl::Seconds(10);
// How often one looks at the units that are silent.
constexpr absl::Duration kSilenceTick = absl::Seconds(1);

struct FollowFlags {
  NetworkFlags network;
  FixFileFlags fixes;
  UnitModeFlags modes;
  std::string delay = kDelayUsual;
};

std::vector<Printer::Column> Columns() {
  return {{"kind", 5},          {"unit_id", 12},       {"time", 24},
          {"node_id", 11},      {"verdict", 12},       {"way_id", 11},
          {"seq", 4, true},     {"offset_m", 9, true}, {"distance_m", 10, true},
          {"delay_s", 8, true}, {"settled", 8}};
}

// Prints what is told, a row each: a fix with its verdict, a node passed, or a break of the path.
class Rows {
 public:
  explicit Rows(Format format) : printer_(format, Printer::Kind::kWatch, columns_) {}

  // more: cells after the first three, in the order of the columns; fewer than all will do.
  void Print(std::string_view kind, std::string_view unit_id, absl::Time time,
             std::vector<std::string> more) {
    std::vector<std::string> cells = {std::string(kind), std::string(unit_id), FormatUtc(time)};
    std::move(more.begin(), more.end(), std::back_inserter(cells));
    cells.resize(columns_.size());
    google::protobuf::Struct message;  // of JSON: numbers as such, and what is empty left out
    for (size_t i = 0; i < cells.size(); ++i) {
      if (cells[i].empty()) continue;
      google::protobuf::Value& value = (*message.mutable_fields())[columns_[i].name];
      double number = 0;
      if (columns_[i].name != "unit_id" && absl::SimpleAtod(cells[i], &number)) {
        value.set_number_value(number);
      } else {
        value.set_string_value(cells[i]);
      }
    }
    printer_.Add(message, cells);
  }

 private:
  const std::vector<Printer::Column> columns_ = Columns();
  Printer printer_;
};

// A unit being followed.
class Followed {
 public:
  Followed(const std::string& unit_id, roadnet::Mode mode, tracks::ModeModels* models,
           absl::Duration delay, Rows* rows)
      : unit_id_(unit_id),
        network_(models->network()),
        rows_(rows),
        path_(unit_id, mode, network_, &models->Of(mode), {.delay_max = delay}),
        walk_(network_),
        path_rows_(network_, [this](const PathRow& row) { PrintPathRow(row); }) {}

  void Feed(const tracks::Fix& fix) {
    path_.Feed(fix);
    Tell();
  }
  void Advance(absl::Time now) {
    if (path_.held() == 0) return;
    path_.Advance(now);
    Tell();
  }
  void Finish() {
    path_.Finish();
    Tell();
    path_rows_.EndPath();
  }

 private:
  void PrintPathRow(const PathRow& row) {
    if (!row.node) {
      rows_->Print("break", unit_id_, row.time, {});
    } else {
      rows_->Print("node", unit_id_, row.time,
                   {absl::StrCat(*row.node), "", absl::StrCat(row.way)});
    }
  }

  void PrintFix(const tracks::MatchedFix& fix, const tracks::Settlement& settlement) {
    const std::string cells =
        absl::StrCat(FixColumns(network_, fix), SettlementText(settlement));  // begins with a comma
    rows_->Print("fix", unit_id_, fix.time, absl::StrSplit(cells, ','));
  }

  void Tell() {
    const tracks::PathPiece piece = path_.Take();
    if (piece.empty()) return;
    for (size_t i = 0; i < piece.settlements.size(); ++i) {
      PrintFix(piece.track.fixes()[i], piece.settlements[i]);
    }
    walk_.Walk(piece.track, piece.goes_on ? 1 : 0, piece.track.points().size(),
               [&](const tracks::TimedPart& part) { path_rows_.Take(part); });
  }

  const std::string unit_id_;
  const roadnet::Network& network_;
  Rows* rows_;
  tracks::LivePath path_;
  tracks::TrackWalk walk_;
  PathRows path_rows_;
};

absl::Status Follow(const FollowFlags& flags, Format format) {
  PATROL_ASSIGN_OR_RETURN(const absl::Duration delay, ParseDelay(flags.delay));
  PATROL_ASSIGN_OR_RETURN(const UnitModes modes, UnitModes::Read(flags.modes));
  PATROL_ASSIGN_OR_RETURN(const roadnet::Network network, ReadNetwork(flags.network));
  const roadnet::SpatialIndex index(network);
  tracks::MatchGraphs graphs(network);
  tracks::ModeModels models(network, index, graphs);
  Rows rows(format);
  std::map<std::string, std::unique_ptr<Followed>, std::less<>> units;
  absl::Time now = absl::InfinitePast();
  absl::Time ticked = absl::InfinitePast();
  const auto take = [&](tracks::FixRow&& row) -> absl::Status {
    std::unique_ptr<Followed>& unit = units[row.fix.unit_id];
    if (unit == nullptr) {
      if (units.size() > limits::kUnitsMax) {
        return absl::ResourceExhaustedError(
            absl::StrCat("more than ", limits::kUnitsMax, " units in one feed"));
      }
      const std::string& id = row.fix.unit_id;
      unit = std::make_unique<Followed>(id, modes.Of(id), &models, delay, &rows);
    }
    unit->Feed(row.fix);
    now = std::max(now, row.fix.time);
    if (now - ticked < kSilenceTick) return absl::OkStatus();
    ticked = now;
    for (const auto& [id, other] : units) other->Advance(now - kFeedSkew);
    return absl::OkStatus();
  };
  PATROL_ASSIGN_OR_RETURN(const tracks::RowReport report, ReadFixFile(flags.fixes, take));
  for (const auto& [id, unit] : units) unit->Finish();
  PrintFaults(flags.fixes.path, report);
  return absl::OkStatus();
}

}  // namespace

void AddMatchFollow(Context& context) {
  CLI::App* follow =
      Group(context.app, "match", "match positions to the road network, without a service")
          ->add_subcommand("follow",
                           "tells the paths of units while their fixes come: each part once it is "
                           "certain, at the latest after --delay, and a verdict for each fix");
  const auto flags = std::make_shared<FollowFlags>();
  AddNetworkOptions(follow, &flags->network)->required();
  AddFixFileOptions(follow, "--fixes", &flags->fixes);
  AddUnitModeOptions(follow, &flags->modes);
  AddDelayOption(follow, &flags->delay);
  OnRun(context, follow, [&context, flags] { return Follow(*flags, context.format); });
}

}  // namespace patrol::ctl
